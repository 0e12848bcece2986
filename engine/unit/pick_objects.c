#include "unit/pick_objects.h"

#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/memory.h"
#include "unit/repository.h"

#define BEFORE_THE_DISK 1000 /* libgit2 gives its own backends 1 and 2 */

struct held {
    git_oid id;
    git_object_t type;
    size_t size;
    void *bytes;
};

struct pick_objects {
    git_odb_backend backend; /* first: libgit2 hands us this */
    struct held *items;      /* as they were made: contents, directories, then the commit that has them */
    size_t count;
    size_t capacity;
};

/* A pick makes few objects. */
static const struct held *find(const git_odb_backend *backend, const git_oid *id)
{
    const struct pick_objects *objects = (const struct pick_objects *)(const void *)backend;

    for (size_t i = objects->count; i-- > 0;)
        if (git_oid_equal(&objects->items[i].id, id))
            return &objects->items[i];
    return NULL;
}

static int held_read(void **bytes, size_t *size, git_object_t *type, git_odb_backend *backend, const git_oid *id)
{
    const struct held *held = find(backend, id);

    if (!held)
        return GIT_ENOTFOUND;
    *bytes = git_odb_backend_data_alloc(backend, held->size + 1);
    if (!*bytes)
        return -1;
    memcpy(*bytes, held->bytes, held->size);
    ((char *)*bytes)[held->size] = '\0';
    *size = held->size;
    *type = held->type;
    return 0;
}

static int held_read_header(size_t *size, git_object_t *type, git_odb_backend *backend, const git_oid *id)
{
    const struct held *held = find(backend, id);

    if (!held)
        return GIT_ENOTFOUND;
    *size = held->size;
    *type = held->type;
    return 0;
}

static int held_exists(git_odb_backend *backend, const git_oid *id)
{
    return find(backend, id) != NULL;
}

static int held_write(git_odb_backend *backend, const git_oid *id, const void *bytes, size_t size, git_object_t type)
{
    struct pick_objects *objects = (struct pick_objects *)(void *)backend;
    struct held *held;

    if (objects->count == objects->capacity) {
        objects->capacity = objects->capacity ? objects->capacity * 2 : 16;
        objects->items = heap_realloc(objects->items, objects->capacity * sizeof(*objects->items));
    }
    held = &objects->items[objects->count++];
    *held = (struct held){.id = *id, .type = type, .size = size, .bytes = heap_alloc(size + 1)};
    if (size)
        memcpy(held->bytes, bytes, size);
    return 0;
}

static void held_free(git_odb_backend *backend)
{
    struct pick_objects *objects = (struct pick_objects *)(void *)backend;

    for (size_t i = 0; i < objects->count; i++)
        free(objects->items[i].bytes);
    free(objects->items);
    free(objects);
}

struct error *pick_objects_hold(git_repository *git, struct pick_objects **out)
{
    struct pick_objects *objects = heap_alloc(sizeof(*objects));
    git_odb *odb = NULL;
    int result = git_odb_init_backend(&objects->backend, GIT_ODB_BACKEND_VERSION);

    objects->backend.read = held_read;
    objects->backend.read_header = held_read_header;
    objects->backend.exists = held_exists;
    objects->backend.write = held_write;
    objects->backend.free = held_free;
    if (result == 0)
        result = git_repository_odb(&odb, git);
    if (result == 0)
        result = git_odb_add_backend(odb, &objects->backend, BEFORE_THE_DISK);
    git_odb_free(odb);
    if (result < 0) {
        free(objects);
        return repository_error("cannot hold new objects in memory");
    }
    *out = objects;
    return NULL;
}

/*
 * As one pack: it is there with all its objects or not at all, and has to be synced once, however many they are.
 */
struct error *pick_objects_keep(git_repository *git, const struct pick_objects *objects)
{
    git_packbuilder *pack = NULL;
    int result;

    if (objects->count == 0)
        return NULL; /* the repository has them all, of an earlier try */
    result = git_packbuilder_new(&pack, git);
    if (result == 0)
        git_packbuilder_set_threads(pack, 1);
    for (size_t i = 0; i < objects->count && result == 0; i++)
        result = git_packbuilder_insert(pack, &objects->items[i].id, NULL);
    if (result == 0) {
        fault_point("pick.before");
        repository_sync(true);
        result = git_packbuilder_write(pack, NULL, 0, NULL, NULL);
        repository_sync(false);
        fault_point("pick.after");
    }
    git_packbuilder_free(pack);
    return result < 0 ? repository_error("cannot write the new commits to the repository") : NULL;
}
