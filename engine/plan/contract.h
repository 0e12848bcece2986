#ifndef ENGINE_PLAN_CONTRACT_H
#define ENGINE_PLAN_CONTRACT_H

/* From checked spec structs to the JSON objects that steps carry (docs/reference/steps.md). New references. */

#include <jansson.h>

#include "spec/pipeline.h"

json_t *contract_of(const struct pipeline_spec *pipeline);
json_t *contract_http(const struct http_spec *http, int64_t timeout_ms);
json_t *contract_list(const struct text_list *list);
const char *stamp_driver_text(enum stamp_driver_kind driver);

#endif
