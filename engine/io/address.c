#include "io/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static struct error *open_long(const char *path, struct unix_address *out)
{
    char *directory CLEANUP(heap_cleanup) = heap_text(path);
    char *slash = strrchr(directory, '/');
    int size;

    if (!slash) {
        errno = ENAMETOOLONG;
        return error_errno("cannot use the socket '%s'", path);
    }
    *slash = '\0';
    out->directory_fd = open(slash == directory ? "/" : directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out->directory_fd < 0)
        return error_errno("cannot open '%s'", directory);
    size = snprintf(out->sockaddr.sun_path, sizeof(out->sockaddr.sun_path), "/proc/self/fd/%d/%s", out->directory_fd,
                    slash + 1);
    if (size < 0 || (size_t)size >= sizeof(out->sockaddr.sun_path)) {
        unix_address_close(out);
        errno = ENAMETOOLONG;
        return error_errno("cannot use the socket '%s'", path);
    }
    return NULL;
}

struct error *unix_address_open(const char *path, struct unix_address *out)
{
    size_t length = strlen(path);

    memset(out, 0, sizeof(*out));
    out->directory_fd = -1;
    out->length = sizeof(out->sockaddr);
    out->sockaddr.sun_family = AF_UNIX;
    if (length >= sizeof(out->sockaddr.sun_path))
        return open_long(path, out);
    memcpy(out->sockaddr.sun_path, path, length + 1);
    return NULL;
}

void unix_address_close(struct unix_address *address)
{
    int number = errno;

    if (address->directory_fd >= 0)
        close(address->directory_fd);
    address->directory_fd = -1;
    errno = number;
}
