#ifndef TESTS_CONTRACT_HAPROXY_TEXTS_H
#define TESTS_CONTRACT_HAPROXY_TEXTS_H

/* Pieces of HAProxy's answers, to be put together; and the doors that they belong to. */

#define QUESTION "show servers state app; show stat app 7 -1; show info"
#define HEAD \
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_port\n"
#define STAT \
    "\n# pxname,svname,qcur,scur,status,weight,type,check_status,last_chk,algo,used_conn_cur,check_rise,check_fall\n"
#define INFO "\nName: HAProxy\nVersion: 2.6.12\nPid: 42\nUptime_sec: 5\nStopping: 0\nStart_time_sec: 1700000000\n\n"
#define FRONT "front-127.0.0.1:8080,FRONTEND,,0,OPEN,,0,,,,,,\n"
#define BACK "app,BACKEND,0,0,UP,0,1,,,roundrobin,0,,\n"
/* One server as the two tables show it: operational state, administrative state, weight, queued, running. */
#define STATE(name, up, admin, weight) "3 app 1 " name " 127.0.0.1 " #up " " #admin " " #weight " 1 5001\n"
#define ROW(name, queued, running, check) "app," name "," #queued "," #running ",UP,1,2," check ",,," #running ",2,3\n"
#define MAP "\n0x1 a /health#1000#127.0.0.1:5001\n"

#define SEEN_NONE HEAD STAT FRONT BACK INFO
#define SEEN_A(admin, weight, queued, running) \
    HEAD STATE("a", 2, admin, weight)          \
    STAT FRONT ROW("a", queued, running, "L7OK") BACK INFO
#define SEEN_AB(weight_a, weight_b)                                                              \
    HEAD STATE("a", 2, 0, weight_a) STATE("b", 2, 0, weight_b) STAT FRONT ROW("a", 0, 0, "L7OK") \
        ROW("b", 0, 0, "L7OK") BACK INFO

#define DOOR_EXISTING "{'managed': false, 'socket': '/run/haproxy.sock', 'pools': [{'name': 'app', 'match': '/'}]}"
#define DOOR_MANAGED                                                                                             \
    "{'managed': true, 'bind': '127.0.0.1:8080', 'socket': '/var/door/admin.sock', 'dir': '/var/door', 'mark': " \
    "'PENSTOCK_DOOR=x', 'pools': [{'name': 'app', 'match': '/'}]}"

#endif
