#include "unit/committer.h"

#include <stdlib.h>

#include "base/memory.h"
#include "unit/handles.h"
#include "unit/repository.h"

static struct error *read_from(struct arena *arena, git_repository *git, int64_t at_s, struct pick_person *out)
{
    git_signature *signature CLEANUP(signature_cleanup) = NULL;
    const char *name = getenv("GIT_COMMITTER_NAME"), *mail = getenv("GIT_COMMITTER_EMAIL");

    /* As git does: the environment comes first. */
    if ((!name || !*name || !mail || !*mail) && git_signature_default(&signature, git) < 0)
        return error_hint(
            error_new(ERR_REPOSITORY, KIND_PERMANENT, "git does not know who you are"),
            "git config --global user.name 'Your Name' && git config --global user.email you@example.org");
    *out = (struct pick_person){.name = arena_text(arena, name && *name ? name : signature->name),
                                .mail = arena_text(arena, mail && *mail ? mail : signature->email),
                                .at_s = at_s};
    return NULL;
}

struct error *committer_read(struct arena *arena, const char *repository, int64_t at_s, struct pick_person *out)
{
    git_repository *git = NULL;
    struct error *error = repository_open(repository, &git);

    if (!error)
        error = read_from(arena, git, at_s, out);
    repository_close(&git);
    return error;
}
