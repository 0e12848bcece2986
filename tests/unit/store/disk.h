#ifndef TESTS_UNIT_STORE_DISK_H
#define TESTS_UNIT_STORE_DISK_H

/*
 * A disk between SQLite and the real one, as a VFS. It can fail at its n-th operation, and it can remember what was
 * written since the last sync of each file, so that a test can see what a power cut at that moment might leave: of
 * what was not synced, any part, in any order, torn at any sector.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define DISK_FILES 16
#define DISK_SECTOR 512

/* A write that was not synced yet; bytes NULL: a truncation to `offset`. */
struct disk_write {
    sqlite3_int64 offset;
    int length;
    char *bytes;
};

/* What is surely on the disk, and what may be. */
struct disk_image {
    char name[512];
    char *bytes;
    size_t length;
    struct disk_write *writes;
    size_t count, capacity;
};

static struct disk {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    int operations; /* so far */
    int fail_at;    /* this operation fails, and all after it while `fail_on`; 0 = none */
    bool fail_on;
    int failure; /* the result code */
    bool recording;
    struct disk_image images[DISK_FILES];
    void (*at_sync)(void *context); /* before each sync of a recorded file */
    void *context;
} disk;

struct disk_file {
    sqlite3_file base;
    struct disk_image *image;
    sqlite3_file *real; /* behind this one */
};

static sqlite3_file *disk_real(sqlite3_file *file)
{
    return ((struct disk_file *)(void *)file)->real;
}

static int disk_fails(int code)
{
    disk.operations++;
    if (disk.fail_at && (disk.operations == disk.fail_at || (disk.fail_on && disk.operations > disk.fail_at)))
        return disk.failure ? disk.failure : code;
    return SQLITE_OK;
}

static struct disk_image *disk_image(const char *name)
{
    for (int i = 0; i < DISK_FILES; i++) {
        struct disk_image *image = &disk.images[i];

        if (!*image->name) {
            FILE *file = fopen(name, "re");

            snprintf(image->name, sizeof(image->name), "%s", name);
            if (file && fseek(file, 0, SEEK_END) == 0 && ftell(file) > 0) {
                image->length = (size_t)ftell(file);
                image->bytes = heap_alloc(image->length);
                rewind(file);
                MUST(fread(image->bytes, 1, image->length, file) == image->length);
            }
            if (file)
                fclose(file);
            return image;
        }
        if (strcmp(image->name, name) == 0)
            return image;
    }
    BUG("too many files");
}

static void disk_remember(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
    struct disk_image *image = ((struct disk_file *)(void *)file)->image;
    struct disk_write *write;

    if (!disk.recording || !image)
        return;
    if (image->count == image->capacity) {
        image->capacity = image->capacity ? image->capacity * 2 : 64;
        image->writes = heap_realloc(image->writes, image->capacity * sizeof(*image->writes));
    }
    write = &image->writes[image->count++];
    *write = (struct disk_write){.offset = offset, .length = length};
    if (bytes) {
        write->bytes = heap_alloc((size_t)length);
        memcpy(write->bytes, bytes, (size_t)length);
    }
}

/* Part of a write onto an image in memory. */
static void disk_apply(char **bytes, size_t *length, const struct disk_write *write, size_t from, size_t size)
{
    size_t at = (size_t)write->offset + from;

    if (!write->bytes) {
        if (*length > at)
            *length = at;
        return;
    }
    if (*length < at + size) {
        *bytes = heap_realloc(*bytes, at + size);
        memset(*bytes + *length, 0, at + size - *length);
        *length = at + size;
    }
    memcpy(*bytes + at, write->bytes + from, size);
}

static void disk_settle(struct disk_image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        disk_apply(&image->bytes, &image->length, &image->writes[i], 0, (size_t)image->writes[i].length);
        free(image->writes[i].bytes);
    }
    image->count = 0;
}

/* What a power cut now might leave of `image`: each sector that was not synced is there or not, as the dice fall. */
static void disk_cut(const struct disk_image *image, const char *path, unsigned *dice)
{
    char *bytes = heap_alloc(image->length + 1);
    size_t length = image->length;
    FILE *file;

    if (length)
        memcpy(bytes, image->bytes, length);
    for (size_t i = 0; i < image->count; i++) {
        const struct disk_write *write = &image->writes[i];
        int all = rand_r(dice) % 4; /* 0: none of it, 1: all of it, else: by sector */

        if (all == 1 || !write->bytes) {
            if (all)
                disk_apply(&bytes, &length, write, 0, (size_t)write->length);
            continue;
        }
        for (int at = 0; all && at < write->length; at += DISK_SECTOR) {
            int size = write->length - at < DISK_SECTOR ? write->length - at : DISK_SECTOR;

            if (rand_r(dice) % 2)
                disk_apply(&bytes, &length, write, (size_t)at, (size_t)size);
        }
    }
    file = fopen(path, "we");
    MUST(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
    free(bytes);
}

static int disk_close(sqlite3_file *file)
{
    int code = disk_real(file)->pMethods ? disk_real(file)->pMethods->xClose(disk_real(file)) : SQLITE_OK;

    free(disk_real(file));
    return code;
}

static int disk_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset)
{
    int code = disk_fails(SQLITE_IOERR_READ);

    return code ? code : disk_real(file)->pMethods->xRead(disk_real(file), bytes, length, offset);
}

static int disk_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
    int code = disk_fails(SQLITE_IOERR_WRITE);

    if (!code)
        code = disk_real(file)->pMethods->xWrite(disk_real(file), bytes, length, offset);
    if (!code)
        disk_remember(file, bytes, length, offset);
    return code;
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = disk_fails(SQLITE_IOERR_TRUNCATE);

    if (!code)
        code = disk_real(file)->pMethods->xTruncate(disk_real(file), size);
    if (!code)
        disk_remember(file, NULL, 0, size);
    return code;
}

static int disk_sync(sqlite3_file *file, int flags)
{
    struct disk_image *image = ((struct disk_file *)(void *)file)->image;
    int code = disk_fails(SQLITE_IOERR_FSYNC);

    if (code)
        return code;
    if (disk.recording && image) {
        disk.at_sync(disk.context);
        disk_settle(image);
        return SQLITE_OK; /* the cut is ours, so the real one need not wait */
    }
    return disk_real(file)->pMethods->xSync(disk_real(file), flags);
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return disk_real(file)->pMethods->xFileSize(disk_real(file), size);
}

static int disk_lock(sqlite3_file *file, int lock)
{
    return disk_real(file)->pMethods->xLock(disk_real(file), lock);
}

static int disk_unlock(sqlite3_file *file, int lock)
{
    return disk_real(file)->pMethods->xUnlock(disk_real(file), lock);
}

static int disk_check_lock(sqlite3_file *file, int *out)
{
    return disk_real(file)->pMethods->xCheckReservedLock(disk_real(file), out);
}

static int disk_control(sqlite3_file *file, int op, void *argument)
{
    return disk_real(file)->pMethods->xFileControl(disk_real(file), op, argument);
}

static int disk_sector(sqlite3_file *file)
{
    return disk_real(file)->pMethods->xSectorSize(disk_real(file));
}

static int disk_traits(sqlite3_file *file)
{
    return disk_real(file)->pMethods->xDeviceCharacteristics(disk_real(file));
}

static int disk_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    int code = disk_fails(SQLITE_IOERR_SHMMAP);

    return code ? code : disk_real(file)->pMethods->xShmMap(disk_real(file), page, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return disk_real(file)->pMethods->xShmLock(disk_real(file), offset, count, flags);
}

static void disk_shm_barrier(sqlite3_file *file)
{
    disk_real(file)->pMethods->xShmBarrier(disk_real(file));
}

static int disk_shm_unmap(sqlite3_file *file, int remove)
{
    return disk_real(file)->pMethods->xShmUnmap(disk_real(file), remove);
}

static const sqlite3_io_methods disk_methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_lock,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct disk_file *own = (struct disk_file *)(void *)file;
    int code = disk_fails(SQLITE_CANTOPEN);

    (void)vfs;
    memset(own, 0, sizeof(*own));
    if (code)
        return code;
    own->real = heap_alloc((size_t)disk.real->szOsFile);
    code = disk.real->xOpen(disk.real, name, own->real, flags, out);
    if (code) {
        free(own->real);
        return code;
    }
    own->base.pMethods = &disk_methods;
    own->image = name && disk.recording ? disk_image(name) : NULL;
    return SQLITE_OK;
}

/* From here on, each record that is opened is on this disk. */
static void disk_insert(void)
{
    memset(&disk, 0, sizeof(disk));
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "disk";
    disk.vfs.szOsFile = sizeof(struct disk_file);
    disk.vfs.xOpen = disk_open;
    MUST(sqlite3_vfs_register(&disk.vfs, 1) == SQLITE_OK);
}

static void disk_remove(void)
{
    sqlite3_vfs_unregister(&disk.vfs);
    MUST(sqlite3_vfs_register(disk.real, 1) == SQLITE_OK);
    for (int i = 0; i < DISK_FILES; i++) {
        disk_settle(&disk.images[i]);
        free(disk.images[i].bytes);
        free(disk.images[i].writes);
    }
}

#endif
