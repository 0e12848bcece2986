#ifndef TESTS_PICK_REPOSITORY_H
#define TESTS_PICK_REPOSITORY_H

/* Made-up cases as commits of one repository, and what git itself answers. Include unit/unit/scratch.h before it. */

#include "pick/generate.h"

#include "unit/unit/scratch.h"

enum git_verdict { GIT_CLEAN, GIT_EMPTY, GIT_CONFLICT };

struct git_answer {
    enum git_verdict verdict;
    const char *commit; /* the new tip, or the commit that did not go */
    const char **paths; /* in conflict */
    int path_count;
};

struct asked {
    const struct made_case *made;
    const char *onto;
    const char *commits[COMMITS_MOST];
    int mainline;
    struct git_answer answer;
};

/* Makes "repo", with a branch checked out and a change in its index, and the commits of all cases. */
void make_cases(struct scratch *scratch, struct asked *asked, int count);
/* Asks git, in clones that are thrown away. */
void ask_git(struct scratch *scratch, struct asked *asked, int count);

#endif
