#ifndef ENGINE_CLI_FOLLOW_H
#define ENGINE_CLI_FOLLOW_H

/*
 * What commands do with a release that exists: run it here and show how it goes, leave a runner behind, or watch
 * another runner. Each ends with the release's exit code in cli->exit_code and advice in cli->next.
 */

#include <jansson.h>

#include "base/error.h"
#include "view/progress.h"

struct cli;
struct release_view;

/* How progress is to look, by the options and by where the output goes. */
struct progress_options follow_form(const struct cli *cli);

/* Runs the release in this process until it ends, is held, or is stopped. Needs the record, open for writing. */
NODISCARD struct error *follow_run(struct cli *cli, const char *release, const char *person);
/* The same for one that another release comes after: without the document and the advice of its end. */
NODISCARD struct error *follow_through(struct cli *cli, const char *release, const char *person);
/* Starts `penstock resume` for it in a session of its own, and waits until it runs. Needs the record. */
NODISCARD struct error *follow_detach(struct cli *cli, const char *release, const char *environment);
/* follow_run(), or follow_detach() with --detach. */
NODISCARD struct error *follow_start(struct cli *cli, const char *release, const char *environment, const char *person);
/* Reads along until it ends, is held without a runner, or the person has seen enough. */
NODISCARD struct error *follow_watch(struct cli *cli, const char *release);

/*
 * The end of every command that touched a release: the failure with its log, the show document for -o json, the exit
 * code of an ended release, and advice.
 */
NODISCARD struct error *follow_close(struct cli *cli, const char *release);
/* True, and says who: a runner works on this release now. */
NODISCARD struct error *follow_is_running(struct cli *cli, const char *release, const char *environment, bool *out);

#endif
