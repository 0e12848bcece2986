#ifndef ENGINE_SPEC_YAML_ERROR_H
#define ENGINE_SPEC_YAML_ERROR_H

/* What libyaml found wrong, in our words, with its place. Private to the yaml files. */

#include <yaml.h>

struct diagnostics;
struct yaml_tree;

void yaml_error_report(const struct yaml_tree *tree, const yaml_parser_t *parser, struct diagnostics *problems);

#endif
