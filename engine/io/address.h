#ifndef ENGINE_IO_ADDRESS_H
#define ENGINE_IO_ADDRESS_H

/*
 * The address of a UNIX socket whose path may be longer than the 107 bytes that the kernel's struct holds: the
 * directory is opened and named through /proc/self/fd.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"

struct unix_address {
    struct sockaddr_un sockaddr;
    socklen_t length;
    int directory_fd; /* -1 when the path fits; must stay open while the address is used */
};

/* Fails when the directory cannot be opened, with errno kept, or the last name alone is too long. */
NODISCARD struct error *unix_address_open(const char *path, struct unix_address *out);
void unix_address_close(struct unix_address *address); /* keeps errno */

#endif
