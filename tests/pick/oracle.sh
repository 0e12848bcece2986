#!/bin/bash
# oracle.sh CLONE <CASES >ANSWERS
#
# What git cherry-pick itself does, in a work tree of its own. A case is a line "number onto mainline commit...", an answer
# "number clean tip", "number empty commit", or "number conflict commit" and its paths, each on a line that begins with a tab.
set -u

cd "$1" || exit 2
# A file that is not as its own attributes want it looks changed at once, and stops git before it begins.
mkdir -p .git/info && echo '* -text' >.git/info/attributes
while read -r number onto mainline commits; do
    options=(-x)
    [[ $mainline == 0 ]] || options+=(-m "$mainline")
    git reset -q --hard "$onto" || exit 2
    # shellcheck disable=SC2086 # words on purpose
    if git cherry-pick "${options[@]}" $commits >/dev/null 2>&1; then
        echo "$number clean $(git rev-parse HEAD)"
        continue
    fi
    picking=$(git rev-parse CHERRY_PICK_HEAD) || exit 2
    paths=$(git -c core.quotePath=false ls-files -u -z | tr '\n\0' '?\n' | sed 's/^[^\t]*\t/\t/' | sort -u)
    if [[ -z $paths ]]; then
        echo "$number empty $picking"
    else
        printf '%s conflict %s\n%s\n' "$number" "$picking" "$paths"
    fi
    git cherry-pick --quit
    git reset -q --hard
    git clean -ffdqx
done
