#include "unit/unit/scratch.h"

#include "unit/source.h"

static struct error *export(struct scratch *scratch)
{
    return source_export(in(scratch, "repo"), ask(scratch, "git -C repo rev-parse HEAD"), in(scratch, "out"));
}

/* The export fails so, and leaves nothing behind. */
static void assert_refused(struct scratch *scratch, enum error_code code, const char *text, const char *hint)
{
    assert_fails_with_hint(export(scratch), code, text, hint);
    assert_false(file_exists(in(scratch, "out")));
    assert_false(file_exists(in(scratch, "out.new")));
}

static const char *listing(struct scratch *scratch)
{
    return ask(scratch, "cd out && find . -mindepth 1 -printf '%y %m %P %l\\n' | LC_ALL=C sort -k3");
}

static void test_source_export__files_programs_and_links(void **state)
{
    struct scratch *scratch = *state;
    mode_t old = umask(077);

    sh(scratch,
       "git init repo; cd repo; mkdir -p bin deep/er; echo hi > bin/run; chmod +x bin/run; echo text > a;"
       "ln -s ../bin/run deep/link; ln -s er deep/dir; ln -s missing dangling; printf 'no newline' > deep/er/b;"
       ": > empty; git add -A; git commit -m x");
    assert_ok(export(scratch));
    assert_string_equal(listing(scratch), "f 644 a \n"
                                          "d 755 bin \n"
                                          "f 755 bin/run \n"
                                          "l 777 dangling missing\n"
                                          "d 755 deep \n"
                                          "l 777 deep/dir er\n"
                                          "d 755 deep/er \n"
                                          "f 644 deep/er/b \n"
                                          "l 777 deep/link ../bin/run\n"
                                          "f 644 empty ");
    assert_string_equal(read_text(scratch, "out/deep/er/b"), "no newline");
    assert_string_equal(ask(scratch, "stat -c %a out"), "755");
    assert_string_equal(ask(scratch, "stat -c %Y out/a"), "1767323045"); /* the commit's time */
    umask(0);
    sh(scratch, "rm -r out");
    assert_ok(export(scratch));
    assert_string_equal(ask(scratch, "find out -perm /022 ! -type l | wc -l"), "0");
    umask(old);
}

static void test_source_export__replaces_what_was_there(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; echo 1 > a; git add a; git commit -m x; cd ..; mkdir out out.new out/old;"
                "echo old > out/a; echo left > out.new/left; chmod 500 out/old");
    assert_ok(export(scratch));
    assert_string_equal(listing(scratch), "f 644 a ");
    assert_string_equal(read_text(scratch, "out/a"), "1\n");
    assert_false(file_exists(in(scratch, "out.new")));
}

static void test_source_export__makes_parents(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; echo 1 > a; git add a; git commit -m x");
    assert_ok(source_export(in(scratch, "repo"), ask(scratch, "git -C repo rev-parse HEAD"), in(scratch, "x/y/src")));
    assert_string_equal(read_text(scratch, "x/y/src/a"), "1\n");
}

static void test_source_export__a_failure_keeps_the_old_directory(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; echo 1 > a; ln -s /etc b; git add -A; git commit -m x; cd ..; mkdir out;"
                "echo old > out/a");
    assert_fails(export(scratch), ERR_REPOSITORY, "the link 'b' is absolute: it leads to '/etc'");
    assert_string_equal(read_text(scratch, "out/a"), "old\n");
    assert_false(file_exists(in(scratch, "out.new")));
}

static void test_source_export__ignores_what_git_archive_ignores(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; mkdir -p docs/deep src/gen src/docs x/y/z tests only/ignored;"
                "touch docs/a docs/deep/b src/m.c src/gen/g.c src/docs/kept a.log src/keep.log src/b.log secret x/y/z/f"
                " tests/t only/ignored/f 'with blank' .hidden;"
                "printf '%s\\n' '/docs/ export-ignore' '*.log export-ignore' '[attr]private export-ignore'"
                " 'secret private' 'x/**/f export-ignore' 'tests export-ignore' 'ignored export-ignore'"
                " 'with?blank export-ignore' '.gitattributes -export-ignore' > .gitattributes;"
                "printf '%s\\n' 'gen export-ignore' 'keep.log -export-ignore' 'b.log !export-ignore'"
                " > src/.gitattributes;"
                "git add -A; git commit -m x");
    assert_ok(export(scratch));
    assert_string_equal(ask(scratch, "cd out && find . -type f -printf '%P\\n' | sort"),
                        ask(scratch, "git -C repo archive HEAD | tar t | grep -v '/$' | sort"));
    assert_string_equal(ask(scratch, "cd out && find . -type f -printf '%P\\n' | LC_ALL=C sort"),
                        ".gitattributes\n.hidden\nsrc/.gitattributes\nsrc/b.log\nsrc/docs/kept\nsrc/keep.log\nsrc/m.c");
    assert_string_equal(ask(scratch, "find out -type d -empty"), "");
}

static void test_source_export__only_the_commit_says_what_is_ignored(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch,
       "git init repo; cd repo; mkdir d; touch a b c d/e f; echo 'f export-ignore' > .gitattributes; git add -A;"
       "git commit -m x; echo 'a export-ignore' > .gitattributes; git add -A;"
       "echo 'b export-ignore' > .gitattributes; echo 'c export-ignore' > .git/info/attributes;"
       "mkdir ../git; echo 'd export-ignore' > ../git/attributes; echo 'd export-ignore' > ../mine;"
       "git config --global core.attributesFile $PWD/../mine");
    assert_ok(export(scratch));
    assert_string_equal(ask(scratch, "cd out && find . -type f -printf '%P\\n' | LC_ALL=C sort"),
                        ".gitattributes\na\nb\nc\nd/e");
}

static void test_source_export__no_filters_and_no_hooks(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch,
       "git init repo; cd repo; printf '* text=auto eol=crlf ident filter=evil\\n'"
       " > .gitattributes; printf '$Id$\\nline\\n' > a; git add -A; git commit -m x;"
       "git config filter.evil.smudge 'touch ../smudged; cat'; git config core.autocrlf true;"
       "printf '#!/bin/sh\\ntouch ../hooked\\n' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout");
    assert_ok(export(scratch));
    assert_string_equal(ask(scratch, "git -C repo cat-file blob HEAD:a | cmp - out/a && echo same"), "same");
    assert_false(file_exists(in(scratch, "smudged")));
    assert_false(file_exists(in(scratch, "hooked")));
}

static void test_source_export__changes_nothing_in_the_repository(void **state)
{
    static const char look[] = "find repo -printf '%p %m %T@ %s\\n' | sort";
    struct scratch *scratch = *state;
    const char *before;

    sh(scratch, "git init repo; cd repo; echo 1 > a; git add a; git commit -m x; echo 2 > a; echo 3 > new");
    before = ask(scratch, look);
    assert_ok(export(scratch));
    assert_string_equal(ask(scratch, look), before);
    assert_string_equal(read_text(scratch, "out/a"), "1\n");
}

static void test_source_export__refuses_links_that_lead_out(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; mkdir d; ln -s ../.. d/up; git add -A; git commit -m x");
    assert_refused(scratch, ERR_REPOSITORY, "the link 'd/up' leads out of the tree: to '../..'", NULL);
    sh(scratch, "cd repo; git rm -q d/up; ln -s a/../../b x; git add -A; git commit -m x");
    assert_refused(scratch, ERR_REPOSITORY, "the link 'x' leads out of the tree: to 'a/../../b'", NULL);
    /* Each is harmless by its text; one through the other is not. */
    sh(scratch, "cd repo; git rm -q x; mkdir -p deep; ln -s .. deep/top; ln -s deep/top/../../etc x; git add -A;"
                "git commit -m x");
    assert_refused(scratch, ERR_REPOSITORY, "the link 'x' leads out of the tree through other links", NULL);
    sh(scratch, "cd repo; git rm -q x; ln -s deep/top/.. x; git add -A; git commit -m x");
    assert_refused(scratch, ERR_REPOSITORY, "the link 'x' leads out of the tree through other links", NULL);
    sh(scratch, "cd repo; git rm -q x; ln -s deep/top/deep x; ln -s loop loop; git add -A; git commit -m x");
    assert_ok(export(scratch));
}

static void test_source_export__refuses_submodules_by_name(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init lib; git -C lib commit --allow-empty -m x; git init repo; cd repo; echo 1 > a; git add a;"
                "git -c protocol.file.allow=always submodule add ../lib vendor/lib; git commit -m x");
    assert_refused(scratch, ERR_REPOSITORY, "submodule 'vendor/lib' has no content here",
                   "put its files into the repository, or mark it 'export-ignore' in .gitattributes");
    sh(scratch, "cd repo; echo 'vendor/lib export-ignore' > .gitattributes; git add -A; git commit -m y");
    assert_ok(export(scratch));
    assert_false(file_exists(in(scratch, "out/vendor")));
}

static void test_source_export__refuses_lfs_pointers(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch,
       "git init repo; cd repo; printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:4d7a\\nsize 5\\n'"
       " > big.bin; git add -A; git commit -m x");
    assert_refused(scratch, ERR_REPOSITORY, "'big.bin' is a git-lfs pointer and not the file itself",
                   "git lfs migrate export --include='big.bin' --everything, or mark it 'export-ignore' in "
                   ".gitattributes");
}

/* A tree with one entry of this name, made past git's own checks. */
static void commit_name(struct scratch *scratch, const char *name)
{
    sh(scratch, arena_printf(scratch->arena,
                             "rm -rf repo; git init repo; cd repo; echo 1 > a; blob=$(git hash-object -w a);"
                             "{ printf '100644 %s\\0'; perl -e 'print pack \"H*\", shift' $blob; } > ../tree;"
                             "tree=$(git hash-object -t tree -w --literally ../tree);"
                             "git update-ref HEAD $(git commit-tree -m x $tree)",
                             name));
}

static void test_source_export__refuses_unlawful_names(void **state)
{
    static const char *const names[] = {"..", ".", ".git", ".GIT", "a/b", "../evil", "/tmp/evil"};
    struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        commit_name(scratch, names[i]);
        assert_refused(scratch, ERR_REPOSITORY,
                       arena_printf(scratch->arena, "the commit has an entry with the unlawful name '%s'", names[i]),
                       NULL);
    }
}

/* A hundred names for the same directory, five levels deep: small to store, endless to write. */
static void test_source_export__refuses_bombs(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; t=$(git mktree </dev/null);"
                "t=$(echo 1 | git hash-object -w --stdin | xargs printf '100644 blob %s\\tf\\n' | git mktree);"
                "for i in 1 2 3 4 5; do t=$(seq 100 | sed \"s/.*/040000 tree $t\\t&/\" | git mktree); done;"
                "git update-ref HEAD $(git commit-tree -m x $t)");
    assert_refused(scratch, ERR_LIMIT, "the commit has more than 1000000 files", NULL);
    sh(scratch,
       "rm -rf repo; git init repo; cd repo; { printf 'commit refs/heads/main\\ncommitter a <b> 1 +0000\\ndata 1\\nx"
       "\\nM 100644 inline '; printf 'a/%.0s' $(seq 129); printf 'f\\ndata 1\\nx\\n'; } | git fast-import");
    assert_refused(scratch, ERR_LIMIT, "the commit has more than 128 directories in each other", NULL);
}

static void test_source_export__a_clone_that_lacks_the_content(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch,
       "git init whole; cd whole; git config uploadpack.allowFilter true; echo 1 > a; mkdir d; echo 2 > d/b;"
       "git add -A; git commit -m x; cd ..; git clone --no-checkout --filter=blob:none file://$PWD/whole repo");
    assert_refused(
        scratch, ERR_REPOSITORY,
        arena_printf(scratch->arena, "the content of 'a' is not in the partial clone '%s'", in(scratch, "repo")),
        arena_printf(scratch->arena, "git -C %s fetch --refetch --no-filter", in(scratch, "repo")));
    sh(scratch, "git -C repo fetch --refetch --no-filter");
    assert_ok(export(scratch));
    sh(scratch, "rm -rf out repo; mv whole repo; cd repo; rm -f .git/objects/$(git rev-parse HEAD:d | sed 's,..,&/,')");
    assert_refused(
        scratch, ERR_NOT_FOUND,
        arena_printf(scratch->arena, "the directory 'd' is not in the git repository '%s'", in(scratch, "repo")), NULL);
}

static void test_source_export__the_number_of_a_commit_only(void **state)
{
    struct scratch *scratch = *state;
    const char *repo = in(scratch, "repo");

    sh(scratch, "git init repo; cd repo; echo 1 > a; git add -A; git commit -m x");
    assert_fails(source_export(repo, "main", in(scratch, "out")), ERR_NOT_FOUND, "'main' is not a full commit number");
    assert_fails(source_export(repo, "1234567890123456789012345678901234567890", in(scratch, "out")), ERR_NOT_FOUND,
                 arena_printf(scratch->arena,
                              "commit '1234567890123456789012345678901234567890' is not in the git repository '%s'",
                              repo));
    sh(scratch, "mv repo whole; cd whole; git commit --allow-empty -m y; cd ..;"
                "git clone --depth 1 file://$PWD/whole repo");
    assert_fails_with_hint(source_export(repo, ask(scratch, "git -C whole rev-parse HEAD~1"), in(scratch, "out")),
                           ERR_REPOSITORY,
                           arena_printf(scratch->arena, "commit '%s' is not in the shallow clone '%s'",
                                        ask(scratch, "git -C whole rev-parse HEAD~1"), repo),
                           arena_printf(scratch->arena, "git -C %s fetch --unshallow", repo));
    assert_ok(export(scratch)); /* what is there can be exported */
}

static void test_source_export__says_that_it_cannot_write(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; echo 1 > a; git add -A; git commit -m x; cd ..; echo file > there");
    {
        struct error *error =
            source_export(in(scratch, "repo"), ask(scratch, "git -C repo rev-parse HEAD"), in(scratch, "there/out"));

        assert_non_null(error);
        assert_int_equal(error->code, ERR_IO);
        error_free(error);
    }
}

static void test_source_export__many_files(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; for d in a b c d; do mkdir $d; (cd $d; seq -f 'f%g' 100 | xargs touch); done;"
                "git add -A; git commit -m x; git gc -q");
    assert_ok(export(scratch));
    assert_string_equal(ask(scratch, "find out -type f | wc -l"), "400");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_source_export__files_programs_and_links),
        TEST_WITH_SCRATCH(test_source_export__replaces_what_was_there),
        TEST_WITH_SCRATCH(test_source_export__makes_parents),
        TEST_WITH_SCRATCH(test_source_export__a_failure_keeps_the_old_directory),
        TEST_WITH_SCRATCH(test_source_export__ignores_what_git_archive_ignores),
        TEST_WITH_SCRATCH(test_source_export__only_the_commit_says_what_is_ignored),
        TEST_WITH_SCRATCH(test_source_export__no_filters_and_no_hooks),
        TEST_WITH_SCRATCH(test_source_export__changes_nothing_in_the_repository),
        TEST_WITH_SCRATCH(test_source_export__refuses_links_that_lead_out),
        TEST_WITH_SCRATCH(test_source_export__refuses_submodules_by_name),
        TEST_WITH_SCRATCH(test_source_export__refuses_lfs_pointers),
        TEST_WITH_SCRATCH(test_source_export__refuses_unlawful_names),
        TEST_WITH_SCRATCH(test_source_export__refuses_bombs),
        TEST_WITH_SCRATCH(test_source_export__a_clone_that_lacks_the_content),
        TEST_WITH_SCRATCH(test_source_export__the_number_of_a_commit_only),
        TEST_WITH_SCRATCH(test_source_export__says_that_it_cannot_write),
        TEST_WITH_SCRATCH(test_source_export__many_files),
    };

    return RUN_TESTS(tests);
}
