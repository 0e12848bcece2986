/* Any words as a command line: what is accepted is an option of the table or an argument; the rest is refused in words. */

#include "fuzz/fuzz.h"

#include "cli/command.h"
#include "cli/options.h"

#define WORDS_MOST 64

/* One word a line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    char *text CLEANUP(heap_cleanup) = fuzz_text(data, size);
    char *argv[WORDS_MOST + 2] = {(char[]){"penstock"}};
    const struct command *command;
    struct options options = {0};
    int argc = 1;
    int at;

    for (char *word = text; word && argc <= WORDS_MOST;) {
        argv[argc++] = word;
        word = strchr(word, '\n');
        if (word)
            *word++ = '\0';
    }
    at = argc;
    if (!fuzz_fine(options_parse(arena, argc, argv, NULL, &at, &options)))
        return 0;
    MUST(at >= 1 && at <= argc);
    command = at < argc ? command_find(argv[at]) : NULL;
    if (!command || !fuzz_fine(options_parse(arena, argc - at, argv + at, command->options, NULL, &options)))
        return 0;
    MUST(options.argument_count >= 0 && options.argument_count < argc);
    for (int i = 0; i < options.argument_count; i++)
        MUST(options.arguments[i]);
    MUST(!options.arguments[options.argument_count]);
    for (int i = OPTION_NONE + 1; i < OPTION_COUNT; i++)
        MUST(!options.values[i] || options.given[i] > 0);
    return 0;
}
