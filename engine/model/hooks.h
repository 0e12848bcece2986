#ifndef ENGINE_MODEL_HOOKS_H
#define ENGINE_MODEL_HOOKS_H

/* The linker's --wrap: __wrap_x stands in for x, __real_x is the engine's own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int64_t __wrap_clock_boot_ms(void);
int64_t __wrap_clock_wall_ms(void);
const char *__wrap_clock_boot_id(void);
pid_t __wrap_getpid(void);
int64_t __wrap_holder_start(int64_t pid);
int __wrap_gethostname(char *name, size_t size);
char *__wrap_getenv(const char *name);
int __wrap_malloc_trim(size_t pad);
struct arena;
struct extract;
struct record;
struct tx;

struct error *__real_tx_begin(struct record *record, struct tx *tx);
struct error *__real_tx_look(struct record *record, struct tx *tx);
struct error *__wrap_tx_begin(struct record *record, struct tx *tx);
struct error *__wrap_tx_look(struct record *record, struct tx *tx);
struct error *__real_tx_commit(struct tx *tx);
struct error *__wrap_tx_commit(struct tx *tx);
bool __real_extract_number(struct arena *arena, const struct extract *extract, const char *body, size_t length,
                           double *out, const char **why);
bool __wrap_extract_number(struct arena *arena, const struct extract *extract, const char *body, size_t length,
                           double *out, const char **why);
const char *__real_extract_identity(struct arena *arena, const char *path, const char *body, size_t length);
const char *__wrap_extract_identity(struct arena *arena, const char *path, const char *body, size_t length);

#endif
