#ifndef ENGINE_PLAN_TEMPLATE_NAMES_H
#define ENGINE_PLAN_TEMPLATE_NAMES_H

/*
 * `${name}` in the pipeline's texts, filled in when the plan is made, so that the plan says what will really be run.
 *
 * Late names (an address is known only when the instance was started) stay in the text; the driver fills them in right
 * before the child starts.
 */

#include <jansson.h>

#include "base/error.h"
#include "plan/builder.h"

/* The list with all early names filled in; late names stay when `instance` is given. New reference. */
json_t *template_list(struct builder *b, const struct text_list *list, const struct plan_instance *instance);
/* The same for a list that a contract holds. */
json_t *template_json(struct builder *b, const json_t *list, const struct plan_instance *instance);
json_t *template_env(struct builder *b, const struct env_entry *env, int count, const struct plan_instance *instance);
/* "PENSTOCK_INSTANCE=<record>/<unit>/<instance>": what every process of an instance carries in its environment. */
const char *instance_mark(struct builder *b, const char *instance);
/* Where checks and commands run: the exported sources. */
const char *source_cwd(struct builder *b);
/* Where instances run: what the build left, or the sources when nothing is built. */
const char *stamps_cwd(struct builder *b);

#endif
