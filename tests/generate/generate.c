/* generate DIRECTORY RELEASES: makes a state directory with so many releases in its record (history.h). */

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "generate/history.h"

int main(int argc, char **argv)
{
    struct error *error CLEANUP(error_cleanup) = NULL;
    char *line CLEANUP(heap_cleanup) = NULL;

    if (argc != 3 || atoll(argv[2]) < 0) {
        fputs("usage: generate DIRECTORY RELEASES\n", stderr);
        return 2;
    }
    error = history_generate(argv[1], atoll(argv[2]));
    if (!error)
        return 0;
    line = error_line(error);
    fprintf(stderr, "generate: %s\n", line);
    return 1;
}
