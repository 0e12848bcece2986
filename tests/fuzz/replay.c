/*
 * Gives every file of a fuzz target's corpus to it once, as one test: what fuzzing found once stays found.
 *
 *   build/tests/fuzz/replay_yaml [DIRECTORY...]      without any: tests/fuzz/corpus/yaml
 */

#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>

#include "base/file.h"
#include "base/strbuf.h"

#define LARGEST ((size_t)16 * 1024 * 1024)

static int replay_file(const char *path)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(LARGEST);

    if (!fuzz_fine(file_read(path, &text)))
        return 0;
    LLVMFuzzerTestOneInput((const uint8_t *)strbuf_view(&text), text.length);
    return 1;
}

static int replay_directory(const char *directory)
{
    DIR *entries = opendir(directory);
    const struct dirent *entry;
    int count = 0;

    while (entries && (entry = readdir(entries))) {
        char *path CLEANUP(heap_cleanup) = heap_printf("%s/%s", directory, entry->d_name);

        if (entry->d_name[0] != '.') {
            /* Known when it ends the process. */
            fprintf(stderr, "# %s\n", path);
            count += replay_file(path);
        }
    }
    if (entries)
        closedir(entries);
    return count;
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '_');
    char *own CLEANUP(heap_cleanup) = heap_printf("tests/fuzz/corpus/%s", name ? name + 1 : "");
    int count = argc > 1 ? 0 : replay_directory(own);

    for (int i = 1; i < argc; i++)
        count += replay_directory(argv[i]);
    printf("1..1\n%sok 1 - %d inputs\n", count ? "" : "not ", count);
    return count ? 0 : 1;
}
