#ifndef ENGINE_BASE_MEMORY_H
#define ENGINE_BASE_MEMORY_H

/*
 * Memory: arenas for data, checked heap calls for the rest.
 *
 * An arena owns everything that was built in it and frees it at once. Lifetimes have names: run, step, command.
 *
 * Lack of memory ends the process, with "penstock: out of memory" and exit code 70, and the journal resumes the work:
 * nothing here returns NULL, and nothing is ever read by half. That holds for the libraries that read and keep what comes
 * from outside too. jansson and SQLite get their memory through here, since a key that an object could not take, or a
 * column that is NULL, looks like an answer; libyaml's and libc's "no memory" end the process where they are told.
 * Where the kernel, libgit2 or libcurl lack memory, that is an error like their others, and mostly a transient one.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);
void arena_cleanup(struct arena **arena); /* for CLEANUP(arena_cleanup) */

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size);
char *arena_text(struct arena *arena, const char *text); /* NULL stays NULL */
char *arena_text_n(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* A larger copy of an array that was built in the arena; the old one stays as waste until arena_free. */
void *arena_grow(struct arena *arena, const void *old, size_t old_count, size_t new_count, size_t size);
/* Calls `undo(thing)` when the arena is freed, last deferred first: for things of a library that live as long. */
void arena_defer(struct arena *arena, void (*undo)(void *thing), void *thing);

/* For those who are told by somebody else that there is no memory. */
_Noreturn void out_of_memory(void);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
/* Appends one zeroed element to a growing array: `items`, `count`, `capacity` are lvalues; counts may be int. */
#define ARENA_PUSH(arena, items, count, capacity)                                                                 \
    (((count) == (capacity)                                                                                       \
          ? (void)((capacity) = (capacity) ? (capacity)*2 : 8,                                                    \
                   (items) = arena_grow((arena), (items), (size_t)(count), (size_t)(capacity), sizeof(*(items)))) \
          : (void)0),                                                                                             \
     &(items)[(count)++])

void *heap_alloc(size_t size); /* zeroed */
void *heap_realloc(void *old, size_t size);
char *heap_text(const char *text);
char *heap_printf(const char *format, ...) PRINTF_LIKE(1, 2);
char *heap_vprintf(const char *format, va_list arguments) PRINTF_LIKE(1, 0);
void heap_cleanup(void *pointer_to_pointer); /* for CLEANUP(heap_cleanup) */

#endif
