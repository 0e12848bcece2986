/* init and validate: the files that people write. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/embedded.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/print.h"
#include "spec/diagnostics.h"
#include "spec/project.h"
#include "unit/windows.h"

#define PROJECT_PLACE "PROJECT" /* in the templates: the directory's name */

struct scaffold {
    const char *template; /* in templates/init/ */
    const char *path;     /* below the directory */
};

static const struct scaffold scaffolds[] = {
    {"templates/init/penstock.yaml", "penstock.yaml"},
    {"templates/init/prod.yaml", "pipelines/prod.yaml"},
};
#define SCAFFOLDS (sizeof(scaffolds) / sizeof(scaffolds[0]))

/* A name that the language takes, from a directory's name: other characters become '-'. */
static const char *project_name(struct arena *arena, const char *directory)
{
    char here[PATH_MAX];
    const char *base;
    char *name;

    if (!realpath(directory, here) || !(base = strrchr(here, '/')) || !base[1])
        return "example";
    name = arena_text(arena, base + 1);
    for (char *at = name; *at; at++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *at))
            *at = '-';
    while (*name == '-' || *name == '_')
        name++;
    if (strlen(name) > 40)
        name[40] = '\0';
    return *name ? name : "example";
}

/* The template with the project's name in it. */
static void fill_template(const char *bytes, const char *name, struct strbuf *out)
{
    const char *at;

    while ((at = strstr(bytes, PROJECT_PLACE))) {
        strbuf_add(out, bytes, (size_t)(at - bytes));
        strbuf_text(out, name);
        bytes = at + strlen(PROJECT_PLACE);
    }
    strbuf_text(out, bytes);
}

static struct error *check_free(struct cli *cli, const char *directory)
{
    for (size_t i = 0; i < SCAFFOLDS; i++) {
        const char *path = arena_printf(cli->arena, "%s/%s", directory, scaffolds[i].path);

        if (!file_exists(path))
            continue;
        next_add(cli, "check what is there", "validate");
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "'%s' is there already; nothing was written",
                         text_is(directory, ".") ? scaffolds[i].path : path);
    }
    return NULL;
}

static struct error *write_one(struct cli *cli, const char *directory, const struct scaffold *scaffold, json_t *written)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *path = arena_printf(cli->arena, "%s/%s", directory, scaffold->path);
    const struct embedded *template = embedded_find(scaffold->template);
    char *slash;

    MUST(template);
    fill_template(template->bytes, project_name(cli->arena, directory), &text);
    slash = strrchr(path, '/');
    TRY(file_make_dirs(arena_text_n(cli->arena, path, (size_t)(slash - path))));
    TRY(file_put(path, strbuf_view(&text), text.length, 0644));
    json_array_append_new(written, json_string(text_is(directory, ".") ? scaffold->path : path));
    return NULL;
}

struct error *cmd_init(struct cli *cli)
{
    const char *directory = cli->options.argument_count ? cli->options.arguments[0] : ".";
    json_t *written CLEANUP(json_cleanup) = json_array();
    size_t index;
    const json_t *path;
    json_t *document;

    TRY(check_free(cli, directory));
    TRY(file_make_dirs(directory));
    for (size_t i = 0; i < SCAFFOLDS; i++)
        TRY(write_one(cli, directory, &scaffolds[i], written));
    next_add(cli, "check this machine", "doctor");
    next_add(cli, "see what a release would do", "plan prod");
    if (wants_json(cli)) {
        document = document_new("init");
        json_object_set(document, "written", written);
        json_object_set_new(document, "next", json_incref(cli->next));
        print_document(cli, document);
        return NULL;
    }
    json_array_foreach(written, index, path)
    {
        print_text(cli, arena_printf(cli->arena, "wrote %s\n", json_string_value(path)));
    }
    return NULL;
}

static bool is_named(const struct cli *cli, const char *environment)
{
    for (int i = 0; i < cli->options.argument_count; i++)
        if (text_is(cli->options.arguments[i], environment))
            return true;
    return cli->options.argument_count == 0;
}

static void show_valid(struct cli *cli, json_t *files)
{
    json_t *document;
    size_t index;
    const json_t *file;

    if (wants_json(cli)) {
        document = document_new("validation");
        json_object_set_new(document, "valid", json_true());
        json_object_set(document, "files", files);
        print_document(cli, document);
        return;
    }
    json_array_foreach(files, index, file)
    {
        print_text(cli,
                   arena_printf(cli->arena, "%s %s\n", screen_mark(&cli->out, MARK_DONE), json_string_value(file)));
    }
}

/* All problems of all files at once: a pipeline's problems do not hide the next one's. */
struct error *cmd_validate(struct cli *cli)
{
    json_t *files CLEANUP(json_cleanup) = json_array();
    const struct environment_spec *unused;

    TRY(project_load(cli));
    for (int i = 0; i < cli->options.argument_count; i++)
        TRY(environment_need(cli, cli->options.arguments[i], &unused));
    json_array_append_new(files, json_string(cli->project->file));
    for (int i = 0; i < cli->project->environment_count; i++) {
        const struct environment_spec *environment = &cli->project->environments[i];
        struct pipeline_spec *pipeline;

        if (!is_named(cli, environment->name))
            continue;
        /* What it says is in cli->problems. */
        error_free(pipeline_load(cli, environment, &pipeline));
        TRY(windows_check(cli->arena, environment, clock_wall_ms(), cli->problems));
        json_array_append_new(files, json_string(arena_printf(cli->arena, "%s%s", cli->prefix, environment->pipeline)));
    }
    TRY(diagnostics_error(cli->problems));
    next_add(cli, "see what a release would do", "plan %s", cli->project->environments[0].name);
    show_valid(cli, files);
    return NULL;
}
