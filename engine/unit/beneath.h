#ifndef ENGINE_UNIT_BENEATH_H
#define ENGINE_UNIT_BENEATH_H

/*
 * Opens a path that must not lead out of a directory, whatever links are on the way; the kernel does the judging.
 * -1 with errno EXDEV: it leads out. O_CLOEXEC is added to `flags`.
 */
int open_beneath(int directory_fd, const char *path, int flags);

#endif
