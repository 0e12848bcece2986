#include "pick/generate.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "pick/texts.h"

/* ------------------------------------------------------------------------------------------------ files */

static struct made_file *find(struct made_tree *tree, const char *path)
{
    for (int i = 0; i < tree->count; i++)
        if (text_is(tree->files[i].path, path))
            return &tree->files[i];
    return NULL;
}

static struct made_file *put(struct made_tree *tree, const char *path, const char *mode, const char *text)
{
    struct made_file *file = find(tree, path);

    if (!file)
        file = &tree->files[tree->count++];
    *file = (struct made_file){.path = path, .mode = mode, .bytes = text, .size = strlen(text)};
    return file;
}

static void take_away(struct made_tree *tree, const char *path)
{
    struct made_file *file = find(tree, path);

    if (file)
        *file = tree->files[--tree->count];
}

static struct made_file *put_text(struct dice *dice, struct made_tree *tree, const char *path, int count)
{
    struct made_file *file = put(tree, path, "100644", "");
    struct lines lines;

    make_lines(dice, count, &lines);
    join(dice, &lines, true, file);
    return file;
}

static void rename_file(struct made_tree *tree, const char *from, const char *to)
{
    struct made_file *file = find(tree, from);

    if (!file)
        return;
    if (find(tree, to)) {
        take_away(tree, to);
        file = find(tree, from);
    }
    file->path = to;
}

static struct made_file *any_file(struct dice *dice, struct made_tree *tree)
{
    return &tree->files[roll(dice, tree->count)];
}

static bool is_text(const struct made_file *file)
{
    return text_is(file->mode, "100644") || text_is(file->mode, "100755");
}

static void make_base(struct dice *dice, struct made_tree *tree)
{
    put_text(dice, tree, "main.c", 20 + roll(dice, 40));
    put_text(dice, tree, "src/a.c", 15 + roll(dice, 30));
    put_text(dice, tree, "src/b.c", 15 + roll(dice, 30));
    put_text(dice, tree, "src/deep/c.c", 5 + roll(dice, 30));
    put_text(dice, tree, "lib/d.c", 10 + roll(dice, 20));
    put_text(dice, tree, "lib/e.c", 10 + roll(dice, 20));
    put_text(dice, tree, "tools/f", 10 + roll(dice, 20))->mode = "100755";
    put_text(dice, tree, "README", 8);
}

/* What a branch does in months, in other files than the pick's when `far`. */
static void live_on(struct dice *dice, struct made_tree *tree, bool far)
{
    edit_anywhere(dice, find(tree, "README"));
    if (!far && find(tree, "main.c"))
        edit_anywhere(dice, find(tree, "main.c"));
    if (once_in(dice, 2))
        put_text(dice, tree, arena_printf(dice->arena, "news/%d", roll(dice, 9)), 4);
}

/* ------------------------------------------------------------------------------------------------ kinds */

typedef void make_fn(struct dice *dice, struct made_case *made);

static struct made_tree *commit(struct made_case *made)
{
    return &made->commits[0];
}

static void make_clean(struct dice *dice, struct made_case *made)
{
    live_on(dice, &made->branch, false);
    edit_anywhere(dice, find(commit(made), "src/a.c"));
    put_text(dice, commit(made), "src/test_a.c", 10);
}

static void make_same_file(struct dice *dice, struct made_case *made)
{
    edit_text(dice, find(&made->branch, "src/a.c"), 1 + roll(dice, 3), 0, 40);
    edit_text(dice, find(commit(made), "src/a.c"), 1 + roll(dice, 3), 60, 100);
}

static void make_content(struct dice *dice, struct made_case *made)
{
    edit_anywhere(dice, find(&made->branch, "src/a.c"));
    edit_anywhere(dice, find(commit(made), "src/a.c"));
    if (once_in(dice, 3))
        *find(&made->branch, "src/b.c") = *find(commit(made), "src/b.c");
}

static void make_rename_branch(struct dice *dice, struct made_case *made)
{
    rename_file(&made->branch, "src/a.c", once_in(dice, 2) ? "src/moved.c" : "other/a.c");
    if (once_in(dice, 2))
        edit_text(dice, &made->branch.files[1], 1 + roll(dice, 12), 0, 40);
    edit_text(dice, find(commit(made), "src/a.c"), 1 + roll(dice, 2), 50, 100);
}

static void make_rename_commit(struct dice *dice, struct made_case *made)
{
    edit_text(dice, find(&made->branch, "lib/d.c"), 1 + roll(dice, 2), 0, 40);
    rename_file(commit(made), "lib/d.c", once_in(dice, 2) ? "lib/moved.c" : "other/d.c");
    if (once_in(dice, 2))
        edit_text(dice, &commit(made)->files[4], 1 + roll(dice, 10), 50, 100);
}

static void make_rename_rename(struct dice *dice, struct made_case *made)
{
    const char *to = once_in(dice, 2) ? "src/moved.c" : "lib/d2.c";

    rename_file(&made->branch, once_in(dice, 4) ? "src/b.c" : "src/a.c", to);
    rename_file(commit(made), once_in(dice, 4) ? "src/b.c" : "src/a.c", once_in(dice, 2) ? to : "src/elsewhere.c");
    if (once_in(dice, 2))
        edit_text(dice, &made->branch.files[1], 1, 0, 30);
    if (once_in(dice, 2))
        edit_text(dice, &commit(made)->files[1], 1, 60, 100);
}

static void make_delete(struct dice *dice, struct made_case *made)
{
    struct made_tree *deleter = once_in(dice, 2) ? &made->branch : commit(made);
    struct made_tree *changer = once_in(dice, 5) ? deleter : deleter == commit(made) ? &made->branch : commit(made);

    edit_anywhere(dice, find(changer, "src/b.c"));
    take_away(deleter, "src/b.c");
    if (once_in(dice, 4))
        take_away(changer, "src/b.c");
    edit_anywhere(dice, find(commit(made), "README"));
}

static void make_mode(struct dice *dice, struct made_case *made)
{
    find(commit(made), "src/a.c")->mode = "100755";
    if (once_in(dice, 2))
        find(&made->branch, "src/a.c")->mode = "100755";
    if (once_in(dice, 2))
        find(&made->branch, "tools/f")->mode = "100644";
    if (once_in(dice, 2))
        edit_text(dice, find(&made->branch, "src/a.c"), 2, 0, 30);
    if (once_in(dice, 2))
        edit_text(dice, find(commit(made), "src/a.c"), 2, 70, 100);
    edit_text(dice, find(commit(made), "tools/f"), 1, 0, 100);
}

static void put_binary(struct dice *dice, struct made_tree *tree, const char *path)
{
    size_t size = 200 + (size_t)roll(dice, 3000);
    char *bytes = arena_alloc(dice->arena, size);
    struct made_file *file = put(tree, path, "100644", "");

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)roll(dice, 256);
    bytes[roll(dice, 100)] = '\0';
    file->bytes = bytes;
    file->size = size;
}

static void make_binary(struct dice *dice, struct made_case *made)
{
    put_binary(dice, &made->base, "image.png");
    made->branch = made->base;
    *commit(made) = made->base;
    if (!once_in(dice, 3))
        put_binary(dice, commit(made), "image.png");
    if (!once_in(dice, 3))
        put_binary(dice, &made->branch, "image.png");
    put_binary(dice, commit(made), "new.png");
    if (once_in(dice, 3))
        rename_file(&made->branch, "image.png", "art/image.png");
}

static const char *any_commit_id(struct dice *dice)
{
    return arena_printf(dice->arena, "%08x%08x%08x%08x%08x", roll(dice, 1 << 30), roll(dice, 1 << 30),
                        roll(dice, 1 << 30), roll(dice, 1 << 30), 1 + roll(dice, 1 << 30));
}

static void make_submodule(struct dice *dice, struct made_case *made)
{
    put(&made->base, "vendor/lib", "160000", any_commit_id(dice));
    made->branch = made->base;
    *commit(made) = made->base;
    edit_anywhere(dice, find(commit(made), "main.c"));
    if (!once_in(dice, 3))
        put(commit(made), "vendor/lib", "160000", any_commit_id(dice));
    if (once_in(dice, 3))
        put(&made->branch, "vendor/lib", "160000", any_commit_id(dice));
    if (once_in(dice, 3))
        put(commit(made), "vendor/new", "160000", any_commit_id(dice));
    if (once_in(dice, 6))
        take_away(&made->branch, "vendor/lib");
}

static void make_link(struct dice *dice, struct made_case *made)
{
    put(&made->base, "link", "120000", "main.c");
    made->branch = made->base;
    *commit(made) = made->base;
    if (!once_in(dice, 4))
        put(commit(made), "link", "120000", once_in(dice, 2) ? "README" : "src/a.c");
    if (once_in(dice, 2))
        put(&made->branch, "link", "120000", once_in(dice, 2) ? "README" : "src/b.c");
    if (once_in(dice, 4))
        put(&made->branch, "link", "100644", "no link any more\n");
    if (once_in(dice, 4))
        put(commit(made), "lib/d.c", "120000", "e.c");
    if (once_in(dice, 4))
        edit_anywhere(dice, find(&made->branch, "lib/d.c"));
    edit_anywhere(dice, find(commit(made), "README"));
}

static void with_returns(struct dice *dice, struct made_file *file)
{
    struct lines lines;

    split(dice, file, &lines);
    for (int i = 0; i < lines.count; i++)
        if (!text_ends(lines.items[i], "\r"))
            lines.items[i] = arena_printf(dice->arena, "%s\r", lines.items[i]);
    join(dice, &lines, true, file);
}

static void make_returns(struct dice *dice, struct made_case *made)
{
    with_returns(dice, find(&made->base, "src/a.c"));
    if (once_in(dice, 3))
        put(&made->base, ".gitattributes", "100644", "*.c text eol=lf\n");
    made->branch = made->base;
    *commit(made) = made->base;
    edit_text(dice, find(&made->branch, "src/a.c"), 2, 0, 40);
    edit_text(dice, find(commit(made), "src/a.c"), 2, 60, 100);
    if (once_in(dice, 2))
        with_returns(dice, find(&made->branch, "src/a.c"));
    if (once_in(dice, 3))
        with_returns(dice, find(commit(made), "src/b.c"));
}

static void make_merge(struct dice *dice, struct made_case *made)
{
    made->history = once_in(dice, 2) ? HISTORY_MERGE_1 : HISTORY_MERGE_2;
    make_content(dice, made);
    edit_anywhere(dice, find(commit(made), "lib/e.c"));
}

static void make_applied(struct dice *dice, struct made_case *made)
{
    edit_anywhere(dice, find(commit(made), "src/a.c"));
    *find(&made->branch, "src/a.c") = *find(commit(made), "src/a.c");
    if (once_in(dice, 3))
        edit_text(dice, find(&made->branch, "src/a.c"), 1, 0, 5);
    if (once_in(dice, 3)) {
        take_away(commit(made), "lib/d.c");
        take_away(&made->branch, "lib/d.c");
    }
    live_on(dice, &made->branch, true);
}

static void make_empty(struct dice *dice, struct made_case *made)
{
    live_on(dice, &made->branch, false);
}

static void make_criss_cross(struct dice *dice, struct made_case *made)
{
    made->history = HISTORY_CRISS_CROSS;
    make_content(dice, made);
}

static void move_directory(struct dice *dice, struct made_tree *tree, const char *from, const char *to)
{
    for (int i = 0; i < tree->count; i++)
        if (text_starts(tree->files[i].path, from))
            tree->files[i].path = arena_printf(dice->arena, "%s%s", to, tree->files[i].path + strlen(from));
}

static void make_directory_rename(struct dice *dice, struct made_case *made)
{
    struct made_tree *mover = once_in(dice, 2) ? &made->branch : commit(made);
    struct made_tree *other = mover == commit(made) ? &made->branch : commit(made);
    const char *from = once_in(dice, 4) ? "src/deep/" : once_in(dice, 2) ? "src/" : "lib/";

    move_directory(dice, mover, from, once_in(dice, 3) ? "core/inner/" : "core/");
    if (!once_in(dice, 4))
        put_text(dice, other, arena_printf(dice->arena, "%snew.c", from), 12);
    if (once_in(dice, 2))
        edit_text(dice, find(other, "src/a.c"), 1, 0, 100);
    edit_anywhere(dice, find(commit(made), "README"));
}

static void make_empty_file(struct dice *dice, struct made_case *made)
{
    put(&made->base, "empty", "100644", "");
    put(&made->base, "src/__init__.py", "100644", "");
    made->branch = made->base;
    *commit(made) = made->base;
    if (once_in(dice, 2))
        rename_file(&made->branch, "empty", "void");
    else if (once_in(dice, 2))
        take_away(&made->branch, "empty");
    if (once_in(dice, 2))
        put_text(dice, commit(made), "empty", 3);
    if (once_in(dice, 2))
        put(commit(made), "src/a.c", "100644", "");
    if (once_in(dice, 3))
        put(&made->branch, "both", "100644", "");
    put(commit(made), once_in(dice, 2) ? "both" : "lib/__init__.py", "100644", once_in(dice, 2) ? "" : "x\n");
}

static void make_names(struct dice *dice, struct made_case *made)
{
    static const char *const names[] = {"na\u00efve.c",
                                        "\u6587\u4ef6.c",
                                        "with space",
                                        " leading",
                                        "quote\"d",
                                        "back\\slash",
                                        "semi;colon",
                                        "-dash",
                                        "dollar$(x)",
                                        "src-a.c",
                                        "src.c",
                                        "tab\there",
                                        "a/b/c/d/e/f/g.c",
                                        "e\u0301.c",
                                        "star*",
                                        "\xff\xfe"
                                        "bytes",
                                        "src/a.c.orig",
                                        "#hash",
                                        "src/deep/",
                                        "~tilde"};
    int count = (int)(sizeof(names) / sizeof(names[0]));

    for (int i = 0; i < 6; i++) {
        const char *name = names[roll(dice, count)];

        if (!text_ends(name, "/"))
            put_text(dice, &made->base, name, 12);
    }
    made->branch = made->base;
    *commit(made) = made->base;
    for (int i = 0; i < 3; i++) {
        edit_text(dice, any_file(dice, &made->branch), 1, 0, 40);
        edit_text(dice, any_file(dice, commit(made)), 1, 60, 100);
    }
    put_text(dice, commit(made), names[roll(dice, 18)], 5);
}

static void make_long_lines(struct dice *dice, struct made_case *made)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < 12; i++) {
        for (int j = 0; j < 300; j++)
            strbuf_printf(&text, "%d,", roll(dice, 100000));
        strbuf_char(&text, '\n');
    }
    put(&made->base, "data.csv", "100644", arena_text(dice->arena, strbuf_view(&text)));
    made->branch = made->base;
    *commit(made) = made->base;
    edit_text(dice, find(&made->branch, "data.csv"), 1, 0, 50);
    edit_text(dice, find(commit(made), "data.csv"), 1, 30, 100);
    if (once_in(dice, 3))
        rename_file(&made->branch, "data.csv", "data/old.csv");
}

static void make_sequence(struct dice *dice, struct made_case *made)
{
    made->commit_count = 2 + roll(dice, 2);
    live_on(dice, &made->branch, true);
    if (once_in(dice, 2))
        edit_text(dice, find(&made->branch, "main.c"), 1, 0, 100);
    for (int i = 0; i < made->commit_count; i++) {
        if (i > 0)
            made->commits[i] = made->commits[i - 1];
        edit_text(dice, find(&made->commits[i], "main.c"), 1, 0, 100);
        if (once_in(dice, 2))
            put_text(dice, &made->commits[i], arena_printf(dice->arena, "src/n%d.c", i), 8);
        if (once_in(dice, 4))
            rename_file(&made->commits[i], "lib/d.c", "lib/g.c");
    }
}

static void make_attributes(struct dice *dice, struct made_case *made)
{
    static const char *const texts[] = {"*.c merge=union\n", "*.c -merge\n", "*.c binary\n",
                                        "*.c merge=ours\n",  "*.c merge\n",  "README -merge\n"};
    const char *path = once_in(dice, 2) ? ".gitattributes" : "src/.gitattributes";

    put(&made->base, path, "100644", texts[roll(dice, 6)]);
    made->branch = made->base;
    *commit(made) = made->base;
    edit_text(dice, find(&made->branch, "src/a.c"), 1, 0, 40);
    edit_text(dice, find(commit(made), "src/a.c"), 1, 30, 100);
}

static void make_file_directory(struct dice *dice, struct made_case *made)
{
    struct made_tree *first = once_in(dice, 2) ? &made->branch : commit(made);
    struct made_tree *second = first == commit(made) ? &made->branch : commit(made);

    switch (roll(dice, 3)) {
    case 0: /* a file becomes a directory */
        take_away(first, "README");
        put_text(dice, first, "README/first", 5);
        if (once_in(dice, 2))
            edit_anywhere(dice, find(second, "README"));
        break;
    case 1: /* a directory becomes a file */
        move_directory(dice, first, "src/deep/", "gone-");
        put_text(dice, first, "src/deep", 5);
        if (once_in(dice, 2))
            edit_anywhere(dice, find(second, "src/deep/c.c"));
        break;
    default: /* new on both sides */
        put_text(dice, first, "new", 5);
        put_text(dice, second, "new/file", 5);
    }
    edit_anywhere(dice, find(commit(made), "lib/d.c"));
}

/* Few different lines: where a change belongs depends on how lines are compared. */
static void make_repeated(struct dice *dice, struct made_case *made)
{
    static const char *const few[] = {"{", "}", "", "a", "b"};
    struct lines lines = {.count = 0};
    struct made_tree *sides[] = {&made->branch, commit(made)};

    for (int i = 8 + roll(dice, 30); i > 0; i--)
        lines.items[lines.count++] = few[roll(dice, 5)];
    join(dice, &lines, true, put(&made->base, "src/a.c", "100644", ""));
    made->branch = made->base;
    *commit(made) = made->base;
    for (int side = 0; side < 2; side++) {
        split(dice, find(&made->base, "src/a.c"), &lines);
        for (int i = 1 + roll(dice, 3); i > 0; i--) {
            int at = roll(dice, lines.count);

            if (once_in(dice, 2))
                insert(&lines, at, few[roll(dice, 5)]);
            else if (once_in(dice, 2))
                cut(&lines, at);
            else
                lines.items[at] = few[roll(dice, 5)];
        }
        join(dice, &lines, true, find(sides[side], "src/a.c"));
    }
    edit_anywhere(dice, find(commit(made), "README"));
}

/* Anything, on both sides. */
static void disturb(struct dice *dice, struct made_tree *tree)
{
    for (int i = 1 + roll(dice, 4); i > 0; i--) {
        struct made_file *file = any_file(dice, tree);

        switch (roll(dice, 8)) {
        case 0:
            rename_file(tree, file->path, arena_printf(dice->arena, "moved/%d.c", roll(dice, 3)));
            break;
        case 1:
            take_away(tree, file->path);
            break;
        case 2:
            put_text(dice, tree, arena_printf(dice->arena, "lib/n%d.c", roll(dice, 3)), 6);
            break;
        case 3:
            move_directory(dice, tree, once_in(dice, 2) ? "src/deep/" : "lib/", "core/");
            break;
        default:
            if (is_text(file))
                edit_anywhere(dice, file);
        }
    }
}

static void make_anything(struct dice *dice, struct made_case *made)
{
    disturb(dice, &made->branch);
    disturb(dice, commit(made));
}

/* All of a project moved one directory down. */
static void make_root_rename(struct dice *dice, struct made_case *made)
{
    struct made_tree *mover = once_in(dice, 2) ? &made->branch : commit(made);
    struct made_tree *other = mover == commit(made) ? &made->branch : commit(made);

    move_directory(dice, mover, "", "all/");
    edit_text(dice, find(other, "main.c"), 1, 0, 100);
    if (once_in(dice, 2))
        put_text(dice, other, once_in(dice, 2) ? "new.c" : "src/new.c", 10);
}

static const struct {
    const char *name;
    make_fn *make;
} kinds[KIND_COUNT] = {
    {"clean", make_clean},
    {"same file", make_same_file},
    {"content", make_content},
    {"rename by branch", make_rename_branch},
    {"rename by commit", make_rename_commit},
    {"rename against rename", make_rename_rename},
    {"delete against change", make_delete},
    {"mode", make_mode},
    {"binary", make_binary},
    {"submodule", make_submodule},
    {"symbolic link", make_link},
    {"carriage returns", make_returns},
    {"merge with mainline", make_merge},
    {"already applied", make_applied},
    {"empty", make_empty},
    {"criss-cross", make_criss_cross},
    {"directory rename", make_directory_rename},
    {"empty file", make_empty_file},
    {"names", make_names},
    {"long lines", make_long_lines},
    {"sequence", make_sequence},
    {"attributes", make_attributes},
    {"file and directory", make_file_directory},
    {"repeated lines", make_repeated},
    {"anything", make_anything},
};

const char *made_kind(int kind)
{
    return kinds[kind].name;
}

struct made_case *make_case(struct arena *arena, uint64_t seed, int number)
{
    struct dice dice = {.arena = arena, .state = seed * 1000003 + (uint64_t)number};
    struct made_case *made = ARENA_NEW(arena, struct made_case);
    int kind = number % KIND_COUNT;

    next(&dice);
    made->kind = kinds[kind].name;
    made->commit_count = 1;
    make_base(&dice, &made->base);
    made->branch = made->base;
    made->commits[0] = made->base;
    if (text_is(made->kind, "directory rename") && once_in(&dice, 5))
        make_root_rename(&dice, made);
    else
        kinds[kind].make(&dice, made);
    return made;
}
