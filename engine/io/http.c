#include "io/loop.h"

/*
 * HTTP: libcurl's multi interface, its sockets watched by our loop. http only, no redirects, no proxy, nothing from
 * the environment; answers and headers have limits. A probe may use a connection again; a request that changes
 * something may not, because curl silently repeats a request whose old connection turns out dead.
 */

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

#define HEADERS_LIMIT_BYTES ((size_t)64 * 1024)
#define RECEIVE_BYTES 1024L   /* curl's buffer of each transfer: a thousand of them must stay small */
#define SPARE_HANDLES 32      /* easy handles kept for the next requests */
#define WINDOW 128            /* so many requests begin at once; each costs curl some 13 KiB */
#define WINDOW_MS 20          /* slow peers hold up the others no longer than this: then the window opens further */
#define CONNECTIONS_LEAST 16L /* however few descriptors the process may have */
#define CONNECTIONS_MOST 2048L

TAILQ_HEAD(http_effects, http_effect);

struct io_http {
    struct io *io;
    CURLM *multi;
    uv_timer_t timer;            /* curl's one timeout */
    struct http_effects waiting; /* for the window */
    struct io_timer *open_timer; /* while some wait */
    int running;                 /* requests that curl has */
    int window;                  /* of them at most */
    int finished;                /* since the window was last looked at */
    struct curl_slist *json_headers;
    CURL *spare[SPARE_HANDLES];
    int spare_count;
};

/* One socket of curl's. */
struct http_socket {
    struct io_http *http;
    struct io_watch *watch;
    curl_socket_t fd;
};

struct http_effect {
    struct io_effect base;
    TAILQ_ENTRY(http_effect) link; /* in `waiting` */
    bool waiting;
    CURL *easy; /* NULL when curl does not have it yet, or any more */
    struct strbuf body;
    size_t header_bytes;
    bool address_refused;
    int socket_errno; /* why we could not have a socket */
    char words[CURL_ERROR_SIZE];
};

/* ------------------------------------------------------------------------------------------------ curl and the loop */

static void finish_transfers(struct io_http *http);

static void on_socket(void *context, int events)
{
    struct http_socket *socket = context;
    struct io_http *http = socket->http;
    int flags = ((events & UV_READABLE) ? CURL_CSELECT_IN : 0) | ((events & UV_WRITABLE) ? CURL_CSELECT_OUT : 0);
    int running;

    curl_multi_socket_action(http->multi, socket->fd, flags, &running); /* may free `socket` */
    finish_transfers(http);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *own)
{
    struct io_http *http = context;
    struct http_socket *socket = own;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket) {
            io_watch_close(&socket->watch);
            free(socket);
            curl_multi_assign(http->multi, fd, NULL);
        }
        return 0;
    }
    if (!socket) {
        socket = heap_alloc(sizeof(*socket));
        socket->http = http;
        socket->fd = fd;
        socket->watch = io_watch_open(http->io, fd, on_socket, socket);
        if (!socket->watch) {
            free(socket);
            return -1;
        }
        curl_multi_assign(http->multi, fd, socket);
    }
    io_watch_set(socket->watch, ((what & CURL_POLL_IN) ? UV_READABLE : 0) | ((what & CURL_POLL_OUT) ? UV_WRITABLE : 0));
    return 0;
}

static void on_timeout(uv_timer_t *timer)
{
    struct io_http *http = timer->data;
    int running;

    curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_transfers(http);
}

static int want_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct io_http *http = context;

    (void)multi;
    if (timeout_ms < 0) {
        uv_timer_stop(&http->timer);
        return 0;
    }
    uv_update_time(&http->io->loop);
    uv_timer_start(&http->timer, on_timeout, (uint64_t)timeout_ms, 0);
    return 0;
}

/* Half of the descriptors that we may have: instances, logs and the record need theirs. */
static long connections_most(void)
{
    struct rlimit limit;
    long most = CONNECTIONS_MOST;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < (rlim_t)CONNECTIONS_MOST)
        most = (long)(limit.rlim_cur / 2);
    return most < CONNECTIONS_LEAST ? CONNECTIONS_LEAST : most;
}

/* The first request pays for curl, so that a process without HTTP does not. */
static struct io_http *http_open(struct io *io)
{
    struct io_http *http;

    if (io->http)
        return io->http;
    http = heap_alloc(sizeof(*http));
    http->io = io;
    http->window = WINDOW;
    TAILQ_INIT(&http->waiting);
    MUST(uv_timer_init(&io->loop, &http->timer) == 0);
    http->timer.data = http;
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK || !(http->multi = curl_multi_init()))
        BUG("curl cannot be initialised");
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_most());
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, connections_most());
    /* No "Expect: 100-continue": it costs a round trip, and small servers do not know it. */
    http->json_headers = curl_slist_append(NULL, "Content-Type: application/json");
    http->json_headers = curl_slist_append(http->json_headers, "Expect:");
    io->http = http;
    return http;
}

static void free_http(uv_handle_t *timer)
{
    free(timer->data);
}

/* All effects are cancelled by now. */
void http_close(struct io *io)
{
    struct io_http *http = io->http;

    if (!http)
        return;
    while (http->spare_count > 0)
        curl_easy_cleanup(http->spare[--http->spare_count]);
    curl_multi_cleanup(http->multi);
    io_timer_stop(http->open_timer);
    curl_slist_free_all(http->json_headers);
    curl_global_cleanup();
    uv_close((uv_handle_t *)&http->timer, free_http);
    io->http = NULL;
}

/* ------------------------------------------------------------------------------------------------ one request */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_effect *self = context;

    strbuf_add(&self->body, bytes, size * count);
    return self->body.cut ? 0 : size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct http_effect *self = context;

    (void)bytes;
    self->header_bytes += size * count;
    return self->header_bytes > HEADERS_LIMIT_BYTES ? 0 : size * count;
}

/* Clouds answer questions about their secrets on link-local addresses; nothing of ours is there. */
static bool is_forbidden(const struct curl_sockaddr *address)
{
    static const uint8_t aws[] = {0xfd, 0x00, 0x0e, 0xc2}; /* fd00:ec2::/32 */

    if (address->family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->addr;

        return (ntohl(v4->sin_addr.s_addr) & 0xffff0000U) == 0xa9fe0000U;
    }
    if (address->family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->addr;
        const uint8_t *bytes = v6->sin6_addr.s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            return bytes[12] == 169 && bytes[13] == 254;
        return IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) || memcmp(bytes, aws, sizeof(aws)) == 0;
    }
    return true;
}

static curl_socket_t make_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_effect *self = context;
    int fd;

    (void)purpose;
    if (is_forbidden(address)) {
        self->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        self->socket_errno = errno;
    return fd;
}

static void set_request(struct http_effect *self, struct io_http *http)
{
    const struct effect *effect = self->base.effect;
    CURL *easy = self->easy;

    curl_easy_setopt(easy, CURLOPT_URL, effect->url);
    if (effect->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, effect->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(effect->body));
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->json_headers);
    } else if (text_is(effect->method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (text_is(effect->method, "POST") || text_is(effect->method, "PUT") || text_is(effect->method, "PATCH")) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ""); /* says "Content-Length: 0" */
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->json_headers);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, effect->method);
    if (!text_is(effect->method, "GET")) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
}

static void set_manners(struct http_effect *self)
{
    CURL *easy = self->easy;
    long left_ms = (long)(effect_timeout(self->base.effect) - (clock_boot_ms() - self->base.begun_ms));

    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    /* At the end of each transfer curl walks through all names it remembers; ours are mostly numbers. */
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "penstock");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left_ms > 0 ? left_ms : 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->words);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, self);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, self);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, make_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, self);
}

static void launch(struct http_effect *self)
{
    struct io_http *http = self->base.io->http;

    self->easy = http->spare_count > 0 ? http->spare[--http->spare_count] : curl_easy_init();
    MUST(self->easy);
    http->running++;
    set_manners(self);
    set_request(self, http);
    MUST(curl_multi_add_handle(http->multi, self->easy) == CURLM_OK);
}

static void stop_waiting(struct io_http *http, struct http_effect *self)
{
    TAILQ_REMOVE(&http->waiting, self, link);
    self->waiting = false;
    if (!TAILQ_EMPTY(&http->waiting))
        return;
    http->window = WINDOW;
    io_timer_stop(http->open_timer);
    http->open_timer = NULL;
}

static void launch_waiting(struct io_http *http)
{
    struct http_effect *next;

    while (http->running < http->window && (next = TAILQ_FIRST(&http->waiting))) {
        stop_waiting(http, next);
        launch(next);
    }
}

static void on_window(void *context)
{
    struct io_http *http = context;

    http->open_timer = NULL;
    if (http->finished < WINDOW)
        http->window = http->running + WINDOW - http->finished;
    http->finished = 0;
    launch_waiting(http);
    if (!TAILQ_EMPTY(&http->waiting))
        http->open_timer = io_timer_start(http->io, WINDOW_MS, on_window, http);
}

static void begin(struct io_effect *base)
{
    struct http_effect *self = (struct http_effect *)base;
    struct io_http *http = http_open(base->io);

    self->body = (struct strbuf)STRBUF_INIT(effect_limit(base->effect));
    if (http->running < http->window && TAILQ_EMPTY(&http->waiting)) {
        launch(self);
        return;
    }
    TAILQ_INSERT_TAIL(&http->waiting, self, link);
    self->waiting = true;
    if (http->open_timer)
        return;
    http->finished = 0;
    http->open_timer = io_timer_start(base->io, WINDOW_MS, on_window, http);
}

/* Takes it from curl; the handle is kept for a later request if there is room. */
static void detach(struct http_effect *self)
{
    struct io_http *http = self->base.io->http;

    curl_multi_remove_handle(http->multi, self->easy);
    if (http->spare_count < SPARE_HANDLES) {
        curl_easy_reset(self->easy);
        http->spare[http->spare_count++] = self->easy;
    } else {
        curl_easy_cleanup(self->easy);
    }
    self->easy = NULL;
    http->running--;
    http->finished++;
    launch_waiting(http);
}

static void release(struct io_effect *base)
{
    struct http_effect *self = (struct http_effect *)base;

    if (self->waiting)
        stop_waiting(base->io->http, self);
    if (self->easy)
        detach(self);
    strbuf_release(&self->body);
}

/* ------------------------------------------------------------------------------------------------ what came of it */

/* Our own want of something must not look like a peer that is not there. */
static bool is_own_fault(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM || number == EADDRNOTAVAIL;
}

/* `sent`: at least a part of the request left us, so it may have been obeyed. */
static enum transport_result transport_of(const struct http_effect *self, CURLcode code, int system_errno, bool sent)
{
    switch ((int)code) {
    case CURLE_OK:
        return TRANSPORT_OK;
    case CURLE_COULDNT_CONNECT:
        return self->address_refused || is_own_fault(system_errno) ? TRANSPORT_FAILED : TRANSPORT_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return TRANSPORT_TIMEOUT;
    case CURLE_WRITE_ERROR:
        return self->body.cut ? TRANSPORT_CUT : TRANSPORT_BROKEN;
    default:
        return sent ? TRANSPORT_BROKEN : TRANSPORT_FAILED;
    }
}

static const char *words_of(const struct http_effect *self, CURLcode code, int system_errno)
{
    if (self->address_refused)
        return "a link-local address is not asked";
    if (code == CURLE_COULDNT_CONNECT && system_errno != 0)
        return strerror(system_errno);
    if (code == CURLE_WRITE_ERROR)
        return "the headers are too long";
    if (code == CURLE_OPERATION_TIMEDOUT)
        return "no answer in time";
    return self->words[0] ? self->words : curl_easy_strerror(code);
}

static void finish(struct http_effect *self, CURLcode code)
{
    struct reply reply = {0};
    long status = 0;
    long request_bytes = 0;
    long system_errno = 0;
    int own_errno;

    curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(self->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    curl_easy_getinfo(self->easy, CURLINFO_OS_ERRNO, &system_errno);
    detach(self);
    own_errno = is_own_fault(self->socket_errno) ? self->socket_errno : (int)system_errno;
    reply.transport = transport_of(self, code, own_errno, request_bytes > 0);
    reply.status = (int)status;
    if (reply.transport == TRANSPORT_OK || reply.transport == TRANSPORT_CUT) {
        reply.text = strbuf_view(&self->body);
        reply.length = self->body.length;
    } else {
        reply.text = words_of(self, code, own_errno);
        reply.length = strlen(reply.text);
    }
    effect_reply(&self->base, &reply);
}

/* Callers' functions run in here and may start and cancel requests; curl forgets the messages of cancelled ones. */
static void finish_transfers(struct io_http *http)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        CURLcode code = message->data.result;
        struct http_effect *self = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&self);
        finish(self, code);
    }
}

const struct effect_way http_way = {
    .size = sizeof(struct http_effect),
    .begin = begin,
    .release = release,
};
