#ifndef ENGINE_CLI_CLI_H
#define ENGINE_CLI_CLI_H

/* The command line: argv -> a row of the command table -> exit code. */

int cli_main(int argc, char **argv);

#endif
