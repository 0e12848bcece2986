#!/usr/bin/env bats
# What is printed from tables in the code and kept in the tree must be what the code prints now (`make reference`), and
# the pipelines that users copy must be right.

bats_require_minimum_version 1.5.0

setup()
{
    cd "$BATS_TEST_DIRNAME/../.." || return 1
}

same()
{
    "$PENSTOCK" __reference "$1" | diff -u "docs/reference/$2" -
}

# bats test_tags=fast
@test "docs/reference is what the tables say" {
    same commands command-line.md
    same project project.md
    same pipeline pipeline.md
    same audit audit-views.md
}

# bats test_tags=fast
@test "the pipelines that users copy are valid" {
    "$PENSTOCK" -C pipelines validate
}

# bats test_tags=fast
@test "every decision record is in the list" {
    local file

    for file in docs/adr/0*.md; do
        grep -q "(${file##*/})" docs/adr/README.md
    done
}

# bats test_tags=fast
@test "no document points to a file that is not there" {
    local broken

    broken=$(grep -rnoE '\]\([^)#:]+' README.md docs --include=*.md | while IFS=: read -r file line link; do
        target=${link#](}
        [[ -e $(dirname "$file")/$target ]] || echo "$file:$line: $target"
    done)
    [[ -z $broken ]] || { echo "$broken"; false; }
}
