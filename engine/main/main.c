/* The door: everything is in the rooms below. */

#include "base/text.h"
#include "cli/cli.h"
#include "main/zygote.h"

int main(int argc, char **argv)
{
#ifdef PENSTOCK_FAULTS
    if (argc == 2 && text_is(argv[1], "__zygote"))
        return zygote_serve(cli_main);
#endif
    return cli_main(argc, argv);
}
