#include "unit/io/real.h"

#include <sys/resource.h>

/* ---------------------------------------------------------------------------------------- a server that misbehaves */

static void say(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t wrote = send(fd, text, length, MSG_NOSIGNAL);

        if (wrote <= 0)
            exit(0);
        text += wrote;
        length -= (size_t)wrote;
    }
}

static void answer(int fd, const char *body)
{
    char head[128];

    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    say(fd, head);
    say(fd, body);
}

/* One request with its body; what follows must wait for the answer. */
static char *read_request(int fd, char *text, size_t size)
{
    size_t length = 0;
    size_t body = 0;
    char *end = NULL;

    while (!end || length < (size_t)(end - text) + 4 + body) {
        ssize_t got = read(fd, text + length, size - 1 - length);
        char *header;

        if (got <= 0)
            exit(0);
        length += (size_t)got;
        text[length] = '\0';
        end = strstr(text, "\r\n\r\n");
        header = strstr(text, "Content-Length: ");
        body = header ? (size_t)atoi(header + 16) : 0;
    }
    return text;
}

static void serve_one(int fd, int connection)
{
    static char text[1 << 17];
    const char *request = read_request(fd, text, sizeof(text));
    const char *path = strchr(request, ' ') + 1;

    if (strncmp(path, "/echo", 5) == 0) {
        answer(fd, request);
    } else if (strncmp(path, "/connection", 11) == 0) {
        char body[32];

        snprintf(body, sizeof(body), "%d", connection);
        answer(fd, body);
    } else if (strncmp(path, "/missing", 8) == 0) {
        say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
    } else if (strncmp(path, "/empty", 6) == 0) {
        say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    } else if (strncmp(path, "/moved", 6) == 0) {
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n");
    } else if (strncmp(path, "/big", 4) == 0) {
        say(fd, "HTTP/1.1 200 OK\r\n\r\n");
        for (;;)
            say(fd, "0123456789");
    } else if (strncmp(path, "/trickle", 8) == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        for (;;) {
            say(fd, "0");
            usleep(10000);
        }
    } else if (strncmp(path, "/headers", 8) == 0) {
        say(fd, "HTTP/1.1 200 OK\r\n");
        for (;;)
            say(fd, "X-More: and more and more and more\r\n");
    } else if (strncmp(path, "/partial", 8) == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
        exit(0);
    } else if (strncmp(path, "/garbage", 8) == 0) {
        say(fd, "what is this\r\n\r\n");
        exit(0);
    } else if (strncmp(path, "/close", 6) == 0) {
        exit(0);
    } else if (strncmp(path, "/once", 5) == 0) {
        answer(fd, "once"); /* and closes although it did not say so */
        exit(0);
    } else {
        pause(); /* silence */
    }
}

static struct {
    pid_t pid;
    int port;
} server;

static void serve(int listener)
{
    signal(SIGCHLD, SIG_IGN);
    for (int connection = 1;; connection++) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            exit(1);
        if (fork() == 0) {
            close(listener);
            for (;;)
                serve_one(fd, connection);
        }
        close(fd);
    }
}

static int start_server(void **state)
{
    int listener = real_listen(&server.port);

    (void)state;
    server.pid = fork();
    if (server.pid == 0) {
        setsid();
        serve(listener);
    }
    close(listener);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    kill(-server.pid, SIGKILL);
    waitpid(server.pid, NULL, 0);
    return 0;
}

/* ---------------------------------------------------------------------------------------- tests */

static struct effect http_of(struct real *real, const char *method, const char *path)
{
    return (struct effect){
        .kind = EFFECT_HTTP,
        .timeout_ms = 3000,
        .method = method,
        .url = arena_printf(real->arena, "http://127.0.0.1:%d%s", server.port, path),
    };
}

static struct reply get(struct real *real, const char *path)
{
    struct effect http = http_of(real, "GET", path);

    return real_do(real, &http);
}

static void test_http__gets_status_and_body(void **state)
{
    struct reply reply = get(*state, "/missing");

    assert_int_equal(reply.transport, TRANSPORT_OK);
    assert_int_equal(reply.status, 404);
    assert_string_equal(reply.text, "gone");
    assert_int_equal(reply.length, 4);
}

static void test_http__no_content_is_an_empty_body(void **state)
{
    struct reply reply = get(*state, "/empty");

    assert_int_equal(reply.status, 204);
    assert_string_equal(reply.text, "");
}

static void test_http__posts_json_and_expects_nothing_before(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "POST", "/echo");
    struct reply reply;

    http.body = "{\"drain\":true}";
    reply = real_do(real, &http);
    assert_true(strncmp(reply.text, "POST /echo HTTP/1.1\r\n", 21) == 0);
    assert_non_null(strstr(reply.text, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(reply.text, "Content-Length: 14\r\n"));
    assert_non_null(strstr(reply.text, "\r\n\r\n{\"drain\":true}"));
    assert_null(strstr(reply.text, "Expect"));
}

static void test_http__posts_a_long_body(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "POST", "/echo");
    char *body = arena_alloc(real->arena, 100001);

    memset(body, 'x', 100000);
    http.body = body;
    http.limit_bytes = 200000;
    assert_non_null(strstr(real_do(real, &http).text, body));
}

static void test_http__sends_other_methods(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "DELETE", "/echo");

    assert_true(strncmp(real_do(real, &http).text, "DELETE /echo HTTP/1.1\r\n", 23) == 0);
    http.method = "PUT";
    assert_non_null(strstr(real_do(real, &http).text, "Content-Length: 0\r\n"));
    http.method = "HEAD";
    assert_string_equal(real_do(real, &http).text, "");
}

static void test_http__does_not_follow_redirects(void **state)
{
    assert_int_equal(get(*state, "/moved").status, 302);
}

static void test_http__takes_no_proxy_from_the_environment(void **state)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    assert_int_equal(get(*state, "/missing").status, 404);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void test_http__nobody_listens(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "GET", "/");
    int port;
    struct reply reply;

    close(real_listen(&port));
    http.url = arena_printf(real->arena, "http://127.0.0.1:%d/", port);
    reply = real_do(real, &http);
    assert_int_equal(reply.transport, TRANSPORT_REFUSED);
    assert_string_equal(reply.text, "Connection refused");
}

static void test_http__no_answer_in_time(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "GET", "/silence");
    struct reply reply;

    http.timeout_ms = 80;
    reply = real_do(real, &http);
    assert_int_equal(reply.transport, TRANSPORT_TIMEOUT);
    assert_string_equal(reply.text, "no answer in time");
    assert_in_range(reply.elapsed_ms, 79, 1000);
}

/* Something comes all the time, and it is not the end. */
static void test_http__a_trickle_is_no_answer_in_time(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "GET", "/trickle");
    struct reply reply;

    http.timeout_ms = 150;
    reply = real_do(real, &http);
    assert_int_equal(reply.transport, TRANSPORT_TIMEOUT);
    assert_string_equal(reply.text, "no answer in time");
    assert_in_range(reply.elapsed_ms, 149, 1000);
}

static void test_http__cuts_an_answer_that_is_too_long(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "GET", "/big");
    struct reply reply;

    http.limit_bytes = 5000;
    reply = real_do(real, &http);
    assert_int_equal(reply.transport, TRANSPORT_CUT);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.length, 5000);
    assert_int_equal(get(real, "/big").length, 65536);
}

static void test_http__headers_have_a_limit(void **state)
{
    struct reply reply = get(*state, "/headers");

    assert_int_equal(reply.transport, TRANSPORT_BROKEN);
    assert_string_equal(reply.text, "the headers are too long");
}

static void test_http__cut_answers_are_in_doubt(void **state)
{
    assert_int_equal(get(*state, "/partial").transport, TRANSPORT_BROKEN);
    assert_int_equal(get(*state, "/garbage").transport, TRANSPORT_BROKEN);
    assert_int_equal(get(*state, "/close").transport, TRANSPORT_BROKEN);
}

static void test_http__refuses_what_it_may_not_ask(void **state)
{
    static const char *const urls[] = {
        "https://127.0.0.1:1/",          "file:///etc/passwd", "gopher://127.0.0.1:1/",
        "http://user:word@127.0.0.1:1/", "nonsense:/",         "",
    };
    struct real *real = *state;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct effect http = http_of(real, "GET", "/");

        http.url = urls[i];
        assert_int_equal(real_do(real, &http).transport, TRANSPORT_FAILED);
    }
}

static void test_http__does_not_ask_link_local_addresses(void **state)
{
    static const char *const urls[] = {
        "http://169.254.169.254/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
    };
    struct real *real = *state;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct effect http = http_of(real, "GET", "/");
        struct reply reply;

        http.url = urls[i];
        reply = real_do(real, &http);
        assert_int_equal(reply.transport, TRANSPORT_FAILED);
        assert_string_equal(reply.text, "a link-local address is not asked");
    }
}

static void test_http__resolves_names(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "GET", "/");

    http.url = arena_printf(real->arena, "http://localhost:%d/missing", server.port);
    assert_int_equal(real_do(real, &http).status, 404);
    http.url = "http://no-such-host.invalid/";
    http.timeout_ms = 1000;
    assert_int_not_equal(real_do(real, &http).transport, TRANSPORT_OK);
}

static void test_http__our_own_want_of_descriptors_is_not_a_refusal(void **state)
{
    struct real *real = *state;
    struct rlimit limit;
    struct rlimit small;
    struct reply reply;

    (void)get(real, "/missing"); /* curl and the loop have what they need */
    getrlimit(RLIMIT_NOFILE, &limit);
    small = limit;
    small.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &small);
    {
        struct effect http = http_of(real, "POST", "/echo"); /* on a connection of its own */

        reply = real_do(real, &http);
    }
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text, "Too many open files");
}

static void test_http__uses_a_connection_again_for_probes_only(void **state)
{
    struct real *real = *state;
    const char *first = get(real, "/connection").text;
    struct effect post = http_of(real, "POST", "/connection");

    assert_string_equal(get(real, "/connection").text, first);
    assert_string_not_equal(real_do(real, &post).text, first);
}

static void test_http__a_dead_connection_is_replaced(void **state)
{
    struct real *real = *state;

    assert_string_equal(get(real, "/once").text, "once");
    real_turn(real, 20);
    assert_string_equal(get(real, "/once").text, "once");
}

static void count_reply(void *context, const struct reply *reply)
{
    struct kept *kept = context;

    assert_int_equal(reply->transport, TRANSPORT_OK);
    if (--kept->count == 0)
        io_stop(kept->real->io);
}

static void test_http__many_at_once_over_few_connections(void **state)
{
    struct real *real = *state;
    struct kept kept = {.real = real, .count = 150};
    struct effect http = http_of(real, "GET", "/missing");
    struct rlimit limit;
    struct rlimit small;

    getrlimit(RLIMIT_NOFILE, &limit);
    small = limit;
    small.rlim_cur = 80;
    setrlimit(RLIMIT_NOFILE, &small);
    for (int i = 0; i < 150; i++)
        (void)io_start(real->io, &http, count_reply, &kept);
    io_run(real->io);
    assert_int_equal(kept.count, 0);
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void test_http__silent_peers_do_not_hold_up_the_others(void **state)
{
    struct real *real = *state;
    struct kept kept = {.real = real};
    struct effect silence = http_of(real, "GET", "/silence");
    struct io_effect *silent[200];
    struct reply reply;

    for (int i = 0; i < 200; i++)
        silent[i] = io_start(real->io, &silence, real_keep, &kept);
    reply = get(real, "/missing");
    assert_int_equal(reply.status, 404);
    assert_in_range(reply.elapsed_ms, 0, 2500); /* and not the 3000 of the silent ones */
    for (int i = 0; i < 200; i++)
        io_cancel(silent[i]);
    assert_int_equal(kept.count, 0);
}

static void test_http__waiting_for_a_turn_counts_as_time(void **state)
{
    struct real *real = *state;
    struct kept kept = {.real = real};
    struct effect silence = http_of(real, "GET", "/silence");

    silence.timeout_ms = 100;
    for (int i = 0; i < 140; i++)
        (void)io_start(real->io, &silence, real_keep, &kept);
    while (kept.count < 140)
        io_run(real->io);
    assert_int_equal(kept.reply.transport, TRANSPORT_TIMEOUT);
    assert_in_range(kept.reply.elapsed_ms, 99, 1000);
}

static void never(void *context, const struct reply *reply)
{
    (void)context;
    (void)reply;
    fail_msg("a cancelled effect replied");
}

static void test_http__cancel_before_connect_and_while_waiting(void **state)
{
    struct real *real = *state;
    struct effect http = http_of(real, "GET", "/silence");
    struct io_effect *effect;

    io_cancel(io_start(real->io, &http, never, NULL));
    effect = io_start(real->io, &http, never, NULL);
    real_turn(real, 20);
    io_cancel(effect);
    real_turn(real, 20);
    (void)io_start(real->io, &http, never, NULL); /* and one that io_close() meets */
    real_turn(real, 20);
}

struct pair {
    struct real *real;
    struct io_effect *effects[2];
    int replies;
};

static void cancel_other(void *context, const struct reply *reply)
{
    struct pair *pair = context;

    (void)reply;
    pair->replies++;
    io_cancel(pair->effects[0]);
    io_cancel(pair->effects[1]);
    io_stop(pair->real->io);
}

static void cancel_second(void *context, const struct reply *reply)
{
    struct pair *pair = context;

    (void)reply;
    pair->effects[0] = NULL;
    cancel_other(context, reply);
}

static void cancel_first(void *context, const struct reply *reply)
{
    struct pair *pair = context;

    (void)reply;
    pair->effects[1] = NULL;
    cancel_other(context, reply);
}

static void test_http__a_reply_may_cancel_another_that_is_ready_too(void **state)
{
    struct real *real = *state;

    for (int i = 0; i < 20; i++) {
        struct pair pair = {.real = real};
        struct effect http = http_of(real, "GET", "/missing");

        pair.effects[0] = io_start(real->io, &http, cancel_second, &pair);
        pair.effects[1] = io_start(real->io, &http, cancel_first, &pair);
        io_run(real->io);
        real_turn(real, 3);
        assert_int_equal(pair.replies, 1);
    }
}

struct chain {
    struct real *real;
    struct effect http;
    int left;
};

static void next_in_chain(void *context, const struct reply *reply)
{
    struct chain *chain = context;

    assert_int_equal(reply->transport, TRANSPORT_OK);
    if (--chain->left == 0)
        io_stop(chain->real->io);
    else
        (void)io_start(chain->real->io, &chain->http, next_in_chain, chain);
}

static void test_http__a_reply_may_start_the_next(void **state)
{
    struct chain chain = {.real = *state, .http = http_of(*state, "GET", "/missing"), .left = 50};

    (void)io_start(chain.real->io, &chain.http, next_in_chain, &chain);
    io_run(chain.real->io);
    assert_int_equal(chain.left, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_IO(test_http__gets_status_and_body),
        TEST_WITH_IO(test_http__no_content_is_an_empty_body),
        TEST_WITH_IO(test_http__posts_json_and_expects_nothing_before),
        TEST_WITH_IO(test_http__posts_a_long_body),
        TEST_WITH_IO(test_http__sends_other_methods),
        TEST_WITH_IO(test_http__does_not_follow_redirects),
        TEST_WITH_IO(test_http__takes_no_proxy_from_the_environment),
        TEST_WITH_IO(test_http__nobody_listens),
        TEST_WITH_IO(test_http__no_answer_in_time),
        TEST_WITH_IO(test_http__a_trickle_is_no_answer_in_time),
        TEST_WITH_IO(test_http__cuts_an_answer_that_is_too_long),
        TEST_WITH_IO(test_http__headers_have_a_limit),
        TEST_WITH_IO(test_http__cut_answers_are_in_doubt),
        TEST_WITH_IO(test_http__refuses_what_it_may_not_ask),
        TEST_WITH_IO(test_http__does_not_ask_link_local_addresses),
        TEST_WITH_IO(test_http__resolves_names),
        TEST_WITH_IO(test_http__our_own_want_of_descriptors_is_not_a_refusal),
        TEST_WITH_IO(test_http__uses_a_connection_again_for_probes_only),
        TEST_WITH_IO(test_http__a_dead_connection_is_replaced),
        TEST_WITH_IO(test_http__many_at_once_over_few_connections),
        TEST_WITH_IO(test_http__silent_peers_do_not_hold_up_the_others),
        TEST_WITH_IO(test_http__waiting_for_a_turn_counts_as_time),
        TEST_WITH_IO(test_http__cancel_before_connect_and_while_waiting),
        TEST_WITH_IO(test_http__a_reply_may_cancel_another_that_is_ready_too),
        TEST_WITH_IO(test_http__a_reply_may_start_the_next),
    };

    return cmocka_run_group_tests_name(__FILE__, tests, start_server, stop_server);
}
