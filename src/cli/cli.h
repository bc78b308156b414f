/* SPDX-License-Identifier: BSD-3-Clause
 * What the subcommands share: the tables of commands and options, the parsed command line, errors. */
#ifndef BP_CLI_CLI_H
#define BP_CLI_CLI_H

#include <jansson.h>
#include <stdint.h>

#include "beampress/beampress.h"

/* In the order of the table in commands.c. */
typedef enum bp_command_id {
    COMMAND_COMPRESS,
    COMMAND_DECOMPRESS,
    COMMAND_INFO,
    COMMAND_VERIFY,
    COMMAND_LIST,
    COMMAND_BENCH,
    COMMAND_SIMULATE,
    COMMAND_METRIC,
    COMMAND_ANALYSE,
    COMMAND_JUDGE,
    COMMAND_EXPLORE,
    COMMAND_REPORT,
    COMMAND_RUN,
    COMMAND_CHECK,
    COMMAND_HISTORY,
    COMMAND_REPRODUCE,
    COMMAND_DOCTOR,
    COMMAND_COUNT
} bp_command_id;

#define ON_COMPRESS   (1u << COMMAND_COMPRESS)
#define ON_DECOMPRESS (1u << COMMAND_DECOMPRESS)
#define ON_INFO       (1u << COMMAND_INFO)
#define ON_VERIFY     (1u << COMMAND_VERIFY)
#define ON_LIST       (1u << COMMAND_LIST)
#define ON_BENCH      (1u << COMMAND_BENCH)
#define ON_SIMULATE   (1u << COMMAND_SIMULATE)
#define ON_METRIC     (1u << COMMAND_METRIC)
#define ON_ANALYSE    (1u << COMMAND_ANALYSE)
#define ON_JUDGE      (1u << COMMAND_JUDGE)
#define ON_REPORT     (1u << COMMAND_REPORT)
#define ON_EXPLORE    (1u << COMMAND_EXPLORE)
#define ON_RUN        (1u << COMMAND_RUN)
#define ON_CHECK      (1u << COMMAND_CHECK)
#define ON_HISTORY    (1u << COMMAND_HISTORY)
#define ON_REPRODUCE  (1u << COMMAND_REPRODUCE)
#define ON_DOCTOR     (1u << COMMAND_DOCTOR)
#define ON_ALL        ((1u << COMMAND_COUNT) - 1u)

typedef enum bp_option_id {
#define OPTION(id, name, letter, argument, commands, completion, help) OPTION_##id,
#include "cli/options.def"
#undef OPTION
    OPTION_COUNT
} bp_option_id;

typedef struct bp_option {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: a switch */
    unsigned commands;    /* ON_... */
    const char *completion;
    const char *help;
} bp_option;

extern const bp_option bp_options[OPTION_COUNT];

typedef struct bp_example {
    const char *line; /* what to type */
    const char *does;
} bp_example;

typedef struct bp_cli bp_cli;

typedef struct bp_command {
    const char *name;
    const char *arguments;
    const char *summary;
    const char *description;    /* paragraphs, an empty line between them */
    const bp_example *examples; /* ends with a row of NULL */
    size_t min_files, max_files;
    bp_status (*run)(bp_cli *cli);
} bp_command;

extern const bp_command bp_commands[COMMAND_COUNT];

typedef struct bp_texts {
    const char **items;
    size_t count;
} bp_texts;

struct bp_cli {
    bp_context *ctx;
    const bp_command *command;
    const char *values[OPTION_COUNT]; /* the last argument, "" for a switch; NULL when it was not given */
    bp_texts codecs, datasets, drops, files;
    bool json, quiet;
    int verbose;
    char *pointer;  /* lines that follow the message of a failure; or NULL; owned */
    json_t *result; /* the object that --json prints; what a failing command got so far is kept */
};

/* Reads argv[1 ...] into cli. BP_E_USAGE with a message. cli->json is right also after a failure. */
bp_status bp_cli_parse(bp_cli *cli, int argc, char **argv);
void bp_cli_fini(bp_cli *cli);
static inline bool bp_cli_has(const bp_cli *cli, bp_option_id option)
{
    return cli->values[option] != NULL;
}

/* Strict numbers: nothing before or behind them. *value stays as it is when the option was not given. */
bp_status bp_cli_number(bp_cli *cli, bp_option_id option, uint64_t min, uint64_t max, uint64_t *value);
/* The same with K, M, G or T behind it, for powers of 1024. */
bp_status bp_cli_bytes(bp_cli *cli, bp_option_id option, uint64_t min, uint64_t *value);
bp_status bp_cli_real(bp_cli *cli, bp_option_id option, double *value);
/* "AxBxC" */
bp_status bp_cli_shape(bp_cli *cli, bp_option_id option, size_t *rank, size_t *shape);
bp_status bp_cli_threads(bp_cli *cli, unsigned *threads);
/* -1 when it was not given. */
bp_status bp_cli_level(bp_cli *cli, int *level);
/* --chunk, or fallback. */
bp_status bp_cli_chunking(bp_cli *cli, bp_chunking fallback, bp_chunking *chunking, size_t *rank,
                          size_t *shape);

/* Puts "FILE: " before the message unless that, or the name of the other file (or NULL), stands there.
 * Returns status. */
bp_status bp_cli_fail_file(bp_cli *cli, bp_status status, const char *file, const char *other);
/* Prints the message of cli->ctx as one line `beampress: ...` on standard error. */
void bp_cli_print_error(const bp_cli *cli, bp_status status);
/* A remark on standard error, unless --quiet. */
void bp_cli_note(const bp_cli *cli, const char *format, ...) BP_PRINTF(2, 3);

void bp_cli_print_help(const bp_command *command);
void bp_cli_print_overview(void);
void bp_cli_print_version(const bp_cli *cli);
json_t *bp_cli_versions(void);

/* Writes man pages or completions below a folder; for the build. */
bp_status bp_cli_generate(bp_cli *cli, const char *what, const char *folder);

bp_status bp_cli_compress(bp_cli *cli);
bp_status bp_cli_decompress(bp_cli *cli);
bp_status bp_cli_info(bp_cli *cli);
bp_status bp_cli_verify(bp_cli *cli);
bp_status bp_cli_list(bp_cli *cli);
bp_status bp_cli_bench(bp_cli *cli);
bp_status bp_cli_simulate(bp_cli *cli);
bp_status bp_cli_metric(bp_cli *cli);
bp_status bp_cli_analyse(bp_cli *cli);
bp_status bp_cli_judge(bp_cli *cli);
bp_status bp_cli_report(bp_cli *cli);
bp_status bp_cli_explore(bp_cli *cli);
bp_status bp_cli_run(bp_cli *cli);
bp_status bp_cli_check(bp_cli *cli);
bp_status bp_cli_history(bp_cli *cli);
bp_status bp_cli_reproduce(bp_cli *cli);
bp_status bp_cli_doctor(bp_cli *cli);

#endif
