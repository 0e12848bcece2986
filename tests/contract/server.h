#ifndef TESTS_CONTRACT_SERVER_H
#define TESTS_CONTRACT_SERVER_H

/*
 * A small HTTP server to put behind a front door: the test program itself, run as `test_x serve ADDRESS NAME`.
 *
 *     GET /health        200 "ok"; 503 after POST /sick
 *     GET /last          the last request for /health, whole
 *     GET /slow?MS       answers after MS milliseconds
 *     GET /upgrade       101, then sends back what it is sent
 *     anything else      200 with NAME
 *
 * Connections are kept open, so that reuse and idle connections can be tested. Ends by SIGTERM.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *server_name;
static bool server_sick;
static char server_last[4096];

static void server_echo(int fd)
{
    static const char head[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n";
    char bytes[512];
    ssize_t got;

    (void)!write(fd, head, strlen(head));
    while ((got = read(fd, bytes, sizeof(bytes))) > 0)
        (void)!write(fd, bytes, (size_t)got);
}

static void server_answer(int fd, const char *request)
{
    char body[4096];
    char head[4400];
    int status = 200;

    snprintf(body, sizeof(body), "%s", server_name);
    if (strncmp(request, "GET /health", 11) == 0) {
        status = server_sick ? 503 : 200;
        snprintf(body, sizeof(body), "%s", server_sick ? "sick" : "ok");
        snprintf(server_last, sizeof(server_last), "%s", request);
    } else if (strncmp(request, "POST /sick", 10) == 0) {
        server_sick = true;
    } else if (strncmp(request, "GET /slow?", 10) == 0) {
        usleep((useconds_t)strtol(request + 10, NULL, 10) * 1000);
    } else if (strncmp(request, "GET /last", 9) == 0) {
        snprintf(body, sizeof(body), "%s", server_last);
    } else if (strncmp(request, "GET /upgrade", 12) == 0) {
        server_echo(fd);
        return;
    }
    snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);
    (void)!write(fd, head, strlen(head));
}

static void *server_connection(void *context)
{
    int fd = (int)(intptr_t)context;
    char request[4096];
    size_t length = 0;
    ssize_t got;

    while ((got = read(fd, request + length, sizeof(request) - 1 - length)) > 0) {
        length += (size_t)got;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n")) {
            server_answer(fd, request);
            length = 0;
            if (strstr(request, "onnection: close"))
                break;
        }
    }
    close(fd);
    return NULL;
}

/* `test_x serve 127.0.0.1:1234 name`; returns only when the port is taken. */
static int server_main(char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    char *colon = strrchr(argv[2], ':');

    server_name = argv[3];
    address.sin_port = htons((uint16_t)atoi(colon + 1));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 128) != 0) {
        fprintf(stderr, "cannot listen on %s\n", argv[2]);
        return 3;
    }
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;

        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        pthread_create(&thread, NULL, server_connection, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
}

#endif
