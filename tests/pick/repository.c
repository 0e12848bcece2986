#include "pick/repository.h"

#include <ctype.h>

#include "base/text.h"

#define SHARES 2 /* of the cases; each has a clone and a process of its own */

/* ------------------------------------------------------------------------------------------------ making them */

/* What `git fast-import` reads. Commits have marks: case * 16 + place. */
struct stream {
    FILE *file;
    int case_number;
};

enum place { PLACE_ROOT = 1, PLACE_LEFT, PLACE_RIGHT, PLACE_BASE, PLACE_BRANCH, PLACE_SIDE, PLACE_FIRST_COMMIT };

static int mark_of(int number, int place)
{
    return number * 16 + place;
}

static void write_path(FILE *file, const char *path)
{
    fputc('"', file);
    for (; *path; path++)
        if (isalnum((unsigned char)*path) || strchr("/._- ", *path))
            fputc(*path, file);
        else
            fprintf(file, "\\%03o", (unsigned char)*path);
    fputc('"', file);
}

static void write_tree(FILE *file, const struct made_tree *tree)
{
    fputs("deleteall\n", file);
    for (int i = 0; i < tree->count; i++) {
        const struct made_file *made = &tree->files[i];

        if (text_is(made->mode, "160000")) {
            fprintf(file, "M 160000 %s ", made->bytes);
            write_path(file, made->path);
            fputc('\n', file);
            continue;
        }
        fprintf(file, "M %s inline ", made->mode);
        write_path(file, made->path);
        fprintf(file, "\ndata %zu\n", made->size);
        fwrite(made->bytes, 1, made->size, file);
        fputc('\n', file);
    }
}

/* Its parents are places; 0 = none. */
static void write_commit(struct stream *stream, int place, const struct made_tree *tree, int parent, int second)
{
    static const char *const endings[] = {"", "\n\nA body.\n\n\nWith two blank lines.   \n",
                                          "\n\nBody.\n\nSigned-off-by: Grace <grace@example.org>\n",
                                          "\n\n(cherry picked from commit 0123456789012345678901234567890123456789)"};
    int number = stream->case_number, at = mark_of(number, place);
    char message[400];

    snprintf(message, sizeof(message), "case %d, place %d%s", number, place, endings[at % 4]);
    fprintf(stream->file, "commit refs/heads/case/%d/%d\nmark :%d\n", number, place, at);
    fprintf(stream->file, "author Grace Hopper <grace@example.org> %d +0130\n", 1700000000 + at);
    fprintf(stream->file, "committer Alan Turing <alan@example.org> %d -0500\n", 1700000500 + at);
    fprintf(stream->file, "data %zu\n%s\n", strlen(message), message);
    if (parent)
        fprintf(stream->file, "from :%d\n", mark_of(number, parent));
    if (second)
        fprintf(stream->file, "merge :%d\n", mark_of(number, second));
    write_tree(stream->file, tree);
}

static void write_history(struct stream *stream, const struct made_case *made)
{
    int parent = PLACE_BASE;

    write_commit(stream, PLACE_ROOT, &made->base, 0, 0);
    write_commit(stream, PLACE_LEFT, &made->branch, PLACE_ROOT, 0);
    write_commit(stream, PLACE_RIGHT, &made->commits[0], PLACE_ROOT, 0);
    if (made->history == HISTORY_CRISS_CROSS) {
        write_commit(stream, PLACE_BASE, &made->base, PLACE_LEFT, PLACE_RIGHT);
        write_commit(stream, PLACE_BRANCH, &made->branch, PLACE_RIGHT, PLACE_LEFT);
    } else {
        write_commit(stream, PLACE_BASE, &made->base, PLACE_ROOT, 0);
        write_commit(stream, PLACE_BRANCH, &made->branch, PLACE_ROOT, 0);
    }
    for (int i = 0; i < made->commit_count; i++) {
        int place = PLACE_FIRST_COMMIT + i;

        if (made->history == HISTORY_MERGE_1)
            write_commit(stream, place, &made->commits[i], PLACE_BASE, PLACE_LEFT);
        else if (made->history == HISTORY_MERGE_2)
            write_commit(stream, place, &made->commits[i], PLACE_RIGHT, PLACE_BASE);
        else
            write_commit(stream, place, &made->commits[i], parent, 0);
        parent = place;
    }
}

/* The ids that fast-import gave to the marks. */
static void read_marks(struct scratch *scratch, struct asked *asked, int count)
{
    const char *text = read_text(scratch, "marks");
    int mark, length;
    char id[41];

    while (sscanf(text, ":%d %40s\n%n", &mark, id, &length) == 2) {
        int number = mark / 16, place = mark % 16;

        assert_true(number < count);
        if (place == PLACE_BRANCH)
            asked[number].onto = arena_text(scratch->arena, id);
        if (place >= PLACE_FIRST_COMMIT)
            asked[number].commits[place - PLACE_FIRST_COMMIT] = arena_text(scratch->arena, id);
        text += length;
    }
}

void make_cases(struct scratch *scratch, struct asked *asked, int count)
{
    struct stream stream = {.file = fopen(in(scratch, "stream"), "we")};

    assert_non_null(stream.file);
    for (int i = 0; i < count; i++) {
        stream.case_number = i;
        write_history(&stream, asked[i].made);
        asked[i].mainline = asked[i].made->history == HISTORY_MERGE_1   ? 1
                            : asked[i].made->history == HISTORY_MERGE_2 ? 2
                                                                        : 0;
    }
    assert_int_equal(fclose(stream.file), 0);
    sh(scratch, "git init repo; cd repo; echo a > file; git add file; git commit -m own; echo b > file; git add file;"
                "echo c > file; echo d > untracked; git fast-import --quiet --export-marks=../marks < ../stream");
    read_marks(scratch, asked, count);
}

/* ------------------------------------------------------------------------------------------------ asking git */

static void write_questions(struct scratch *scratch, const struct asked *asked, int count)
{
    for (int share = 0; share < SHARES; share++) {
        FILE *file = fopen(in(scratch, arena_printf(scratch->arena, "questions-%d", share)), "we");

        assert_non_null(file);
        for (int i = share; i < count; i += SHARES) {
            fprintf(file, "%d %s %d", i, asked[i].onto, asked[i].mainline);
            for (int j = 0; j < asked[i].made->commit_count; j++)
                fprintf(file, " %s", asked[i].commits[j]);
            fputc('\n', file);
        }
        assert_int_equal(fclose(file), 0);
    }
}

static void read_answers(struct scratch *scratch, struct asked *asked, int count)
{
    const char *text = ask(scratch, "cat answers-*");
    struct git_answer *answer = NULL;
    int capacity = 0, found = 0;

    while (*text) {
        size_t length = strcspn(text, "\n");
        const char *line = arena_text_n(scratch->arena, text, length);
        char verdict[16], id[41];
        int number;

        text += length + (text[length] == '\n');
        if (line[0] == '\t') {
            assert_non_null(answer);
            *ARENA_PUSH(scratch->arena, answer->paths, answer->path_count, capacity) = line + 1;
            continue;
        }
        assert_int_equal(sscanf(line, "%d %15s %40s", &number, verdict, id), 3);
        assert_true(number < count);
        answer = &asked[number].answer;
        capacity = 0;
        answer->verdict = text_is(verdict, "clean") ? GIT_CLEAN : text_is(verdict, "empty") ? GIT_EMPTY : GIT_CONFLICT;
        answer->commit = arena_text(scratch->arena, id);
        found++;
    }
    assert_int_equal(found, count);
}

void ask_git(struct scratch *scratch, struct asked *asked, int count)
{
    char *here CLEANUP(heap_cleanup) = realpath("tests/pick/oracle.sh", NULL);

    assert_non_null(here);
    write_questions(scratch, asked, count);
    sh(scratch,
       arena_printf(scratch->arena,
                    "for i in $(seq 0 %d); do git clone -qs --no-checkout repo clone-$i; done\n"
                    "pids=; for i in $(seq 0 %d); do %s clone-$i <questions-$i >answers-$i & pids=\"$pids $!\"; done\n"
                    "for pid in $pids; do wait $pid; done\n"
                    "rm -rf clone-*",
                    SHARES - 1, SHARES - 1, here));
    read_answers(scratch, asked, count);
}
