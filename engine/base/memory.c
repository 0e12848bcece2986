/*
 * An arena is a list of chunks, the one in use in front. Chunks double up to a ceiling; what is large gets a chunk
 * of its own, so that the rest of the front one is not wasted. Chunks come zeroed from calloc, and no byte
 * is handed out twice, so what is handed out is zero.
 *
 * The libraries get what malloc gives, so that it does not matter which of them was used before the others.
 */

#include "base/memory.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sqlite3.h>

/* What malloc gives out and takes back the quick way. An arena's first chunk is that small: most are of one small step. */
#define SMALL_BYTES ((size_t)1024)
#define CHUNK_FIRST_BYTES (SMALL_BYTES - sizeof(struct chunk))
#define CHUNK_LAST_BYTES ((size_t)256 * 1024)

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*undo)(void *thing);
    void *thing;
};

struct arena {
    struct deferred *deferred; /* last one first; the nodes live in the chunks */
    struct chunk *chunks;      /* the front one is in use */
    struct chunk *own;         /* each for one large piece */
    size_t chunk_bytes;        /* size of the next chunk */
};

_Noreturn void out_of_memory(void)
{
    fputs("penstock: out of memory\n", stderr);
    exit(error_exit_code(ERR_BUG));
}

static void *given(void *memory)
{
    if (!memory)
        out_of_memory();
    return memory;
}

void *heap_alloc(size_t size)
{
    /* calloc never takes the quick way, but large memory comes zeroed from the kernel. */
    void *memory = given(size > SMALL_BYTES ? calloc(1, size) : malloc(size ? size : 1));

    if (size <= SMALL_BYTES)
        memset(memory, 0, size);
    return memory;
}

void *heap_realloc(void *old, size_t size)
{
    return given(realloc(old, size ? size : 1));
}

char *heap_text(const char *text)
{
    size_t size;
    char *copy;

    if (!text)
        return NULL;
    size = strlen(text) + 1;
    copy = heap_alloc(size);
    memcpy(copy, text, size);
    return copy;
}

char *heap_vprintf(const char *format, va_list arguments)
{
    char *text = NULL;

    if (vasprintf(&text, format, arguments) < 0)
        out_of_memory();
    return text;
}

char *heap_printf(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = heap_vprintf(format, arguments);
    va_end(arguments);
    return text;
}

void heap_cleanup(void *pointer_to_pointer)
{
    void *memory;

    memcpy(&memory, pointer_to_pointer, sizeof(memory));
    free(memory);
    memset(pointer_to_pointer, 0, sizeof(memory));
}

static struct sqlite3_mem_methods sqlite_plain;

static void *json_alloc(size_t size)
{
    return given(malloc(size));
}

static void *sqlite_alloc(int size)
{
    return given(sqlite_plain.xMalloc(size));
}

static void *sqlite_realloc(void *old, int size)
{
    return given(sqlite_plain.xRealloc(old, size));
}

/* Before main: SQLite takes it only before its first use. */
__attribute__((constructor)) static void provide_libraries(void)
{
    struct sqlite3_mem_methods methods;

    json_set_alloc_funcs(json_alloc, free);
    MUST(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_plain) == SQLITE_OK);
    methods = sqlite_plain;
    methods.xMalloc = sqlite_alloc;
    methods.xRealloc = sqlite_realloc;
    MUST(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
}

struct arena *arena_new(void)
{
    struct arena *arena = heap_alloc(sizeof(*arena));

    arena->chunk_bytes = CHUNK_FIRST_BYTES;
    return arena;
}

static void chunks_free(struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct deferred *d = arena->deferred; d; d = d->next)
        d->undo(d->thing);
    chunks_free(arena->chunks);
    chunks_free(arena->own);
    free(arena);
}

void arena_cleanup(struct arena **arena)
{
    arena_free(*arena);
    *arena = NULL;
}

static struct chunk *chunk_new(size_t size)
{
    struct chunk *chunk;
    size_t whole;

    if (__builtin_add_overflow(sizeof(*chunk), size, &whole))
        out_of_memory();
    chunk = heap_alloc(whole);
    chunk->size = size;
    return chunk;
}

static _Bool chunk_is_own(const struct arena *arena, size_t size)
{
#ifdef __SANITIZE_ADDRESS__
    /* Each allocation apart, so that the sanitizer sees a step over its end. */
    (void)arena;
    return size > 0;
#else
    return size > arena->chunk_bytes / 4;
#endif
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct chunk *front = arena->chunks;
    size_t rounded;
    void *memory;

    if (__builtin_add_overflow(size, align - 1, &rounded))
        out_of_memory();
    rounded -= rounded % align;

    if (chunk_is_own(arena, rounded)) {
        struct chunk *own = chunk_new(size);

        own->next = arena->own;
        arena->own = own;
        return own->bytes;
    }
    if (!front || front->size - front->used < rounded) {
        front = chunk_new(rounded > arena->chunk_bytes ? rounded : arena->chunk_bytes);
        front->next = arena->chunks;
        arena->chunks = front;
        if (arena->chunk_bytes < CHUNK_LAST_BYTES)
            arena->chunk_bytes *= 2;
    }
    memory = front->bytes + front->used;
    front->used += rounded;
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t whole;

    if (__builtin_mul_overflow(count, size, &whole))
        out_of_memory();
    return arena_alloc(arena, whole);
}

char *arena_text(struct arena *arena, const char *text)
{
    return text ? arena_text_n(arena, text, strlen(text)) : NULL;
}

char *arena_text_n(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;
    char *text;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    MUST(length >= 0);
    text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

void *arena_grow(struct arena *arena, const void *old, size_t old_count, size_t new_count, size_t size)
{
    void *grown = arena_array(arena, new_count, size);

    MUST(new_count >= old_count);
    if (old_count)
        memcpy(grown, old, old_count * size);
    return grown;
}

void arena_defer(struct arena *arena, void (*undo)(void *thing), void *thing)
{
    struct deferred *deferred = ARENA_NEW(arena, struct deferred);

    *deferred = (struct deferred){arena->deferred, undo, thing};
    arena->deferred = deferred;
}
