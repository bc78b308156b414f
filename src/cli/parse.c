/* SPDX-License-Identifier: BSD-3-Clause
 * The command line: getopt_long driven by the table of options. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

const bp_option bp_options[OPTION_COUNT] = {
#define OPTION(id, name, letter, argument, commands, completion, help)                                       \
    [OPTION_##id] = {name, letter, argument, commands, completion, help},
#include "cli/options.def"
#undef OPTION
};

static bp_status add_text(bp_cli *cli, bp_texts *texts, const char *text)
{
    const char **items = realloc(texts->items, (texts->count + 1) * sizeof *items);
    if (!items)
        return bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
    items[texts->count++] = text;
    texts->items = items;
    return BP_OK;
}

void bp_cli_fini(bp_cli *cli)
{
    free(cli->codecs.items);
    free(cli->datasets.items);
    free(cli->drops.items);
    free(cli->pointer);
    free(cli->files.items);
    json_decref(cli->result);
    bp_context_free(cli->ctx);
}

static const bp_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(bp_commands[i].name, name) == 0)
            return &bp_commands[i];
    return NULL;
}

static bp_status take_option(bp_cli *cli, bp_option_id id, const char *argument)
{
    cli->values[id] = argument ? argument : "";
    switch (id) {
    case OPTION_CODEC:
        return add_text(cli, &cli->codecs, argument);
    case OPTION_DATASET:
        return add_text(cli, &cli->datasets, argument);
    case OPTION_DROP:
        return add_text(cli, &cli->drops, argument);
    case OPTION_JSON:
        cli->json = true;
        return BP_OK;
    case OPTION_QUIET:
        cli->quiet = true;
        return BP_OK;
    case OPTION_VERBOSE:
        cli->verbose++;
        return BP_OK;
    default:
        return BP_OK;
    }
}

/* What getopt_long needs, made from the table: the options of one command, or of all. */
typedef struct getopt_tables {
    struct option longs[OPTION_COUNT + 1];
    char shorts[2 + 2 * OPTION_COUNT + 1];
} getopt_tables;

static void make_tables(getopt_tables *tables, unsigned commands)
{
    struct option *row = tables->longs;
    char *letters = tables->shorts;
    *letters++ = ':'; /* tell a missing argument from an unknown option */
    for (int i = 0; i < OPTION_COUNT; i++) {
        const bp_option *option = &bp_options[i];
        if (!(option->commands & commands))
            continue;
        *row++ =
            (struct option){option->name, option->argument ? required_argument : no_argument, NULL, 256 + i};
        if (option->letter) {
            *letters++ = option->letter;
            if (option->argument)
                *letters++ = ':';
        }
    }
    *row = (struct option){NULL, 0, NULL, 0};
    *letters = 0;
}

static int find_letter(int letter, unsigned commands)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (bp_options[i].letter == letter && bp_options[i].commands & commands)
            return i;
    return -1;
}

static bp_status unknown_option(bp_cli *cli, int result, const char *word)
{
    const char *name = cli->command ? cli->command->name : "";
    const char *space = cli->command ? " " : "";
    const char *what = result == ':' ? "needs a value" : "is no option here";
    if (optopt > 0 && optopt < 256)
        return bp_fail(cli->ctx, BP_E_USAGE, "'-%c' %s (see `beampress %s%s--help`)", optopt, what, name,
                       space);
    return bp_fail(cli->ctx, BP_E_USAGE, "'%s' %s (see `beampress %s%s--help`)", word, what, name, space);
}

static bp_status parse_words(bp_cli *cli, int argc, char **argv)
{
    unsigned commands = cli->command ? 1u << (cli->command - bp_commands) : ON_ALL;
    getopt_tables tables;
    make_tables(&tables, commands);
    opterr = 0;
    optind = 1;
    for (;;) {
        int at = optind, result = getopt_long(argc, argv, tables.shorts, tables.longs, NULL);
        if (result == -1)
            break;
        if (result == '?' || result == ':')
            return unknown_option(cli, result, argv[at < argc ? (optind > at ? optind - 1 : at) : argc - 1]);
        int id = result >= 256 ? result - 256 : find_letter(result, commands);
        bp_status status = take_option(cli, (bp_option_id)id, optarg);
        if (status != BP_OK)
            return status;
    }
    bp_status status = BP_OK;
    for (int i = optind; i < argc && status == BP_OK; i++)
        status = add_text(cli, &cli->files, argv[i]);
    return status;
}

static bp_status check_files(bp_cli *cli)
{
    const bp_command *command = cli->command;
    if (cli->files.count < command->min_files)
        return bp_fail(cli->ctx, BP_E_USAGE, "%s %s: %s is missing", command->name, command->arguments,
                       cli->files.count ? "another file" : "a file");
    if (cli->files.count > command->max_files)
        return bp_fail(cli->ctx, BP_E_USAGE, "%s %s: '%s' is one word too many", command->name,
                       command->arguments, cli->files.items[command->max_files]);
    for (size_t i = 0; i < cli->files.count; i++)
        if (!*cli->files.items[i])
            return bp_fail(cli->ctx, BP_E_USAGE, "%s: an empty file name", command->name);
    return BP_OK;
}

bp_status bp_cli_parse(bp_cli *cli, int argc, char **argv)
{
    /* an error before --json is reached is still reported as JSON */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        cli->json |= strcmp(argv[i], "--json") == 0;
    if (argc < 2)
        return bp_fail(cli->ctx, BP_E_USAGE, "a subcommand is missing (see `beampress --help`)");
    if (argv[1][0] != '-') {
        cli->command = find_command(argv[1]);
        if (!cli->command)
            return bp_fail(cli->ctx, BP_E_USAGE, "there is no subcommand '%s' (see `beampress --help`)",
                           argv[1]);
        argc--;
        argv++;
    }
    bp_status status = parse_words(cli, argc, argv);
    if (status != BP_OK || bp_cli_has(cli, OPTION_HELP) || bp_cli_has(cli, OPTION_VERSION))
        return status;
    if (!cli->command)
        return bp_fail(cli->ctx, BP_E_USAGE, "a subcommand must come first (see `beampress --help`)");
    return check_files(cli);
}

static bool read_digits(const char *text, const char **end, uint64_t *value)
{
    if (*text < '0' || *text > '9')
        return false; /* no sign, no space */
    char *stop;
    errno = 0;
    unsigned long long number = strtoull(text, &stop, 10);
    *end = stop;
    *value = number;
    return errno == 0;
}

static bp_status bad_value(bp_cli *cli, bp_option_id option, const char *expected)
{
    return bp_fail(cli->ctx, BP_E_USAGE, "--%s %s: %s", bp_options[option].name, cli->values[option],
                   expected);
}

bp_status bp_cli_number(bp_cli *cli, bp_option_id option, uint64_t min, uint64_t max, uint64_t *value)
{
    const char *text = cli->values[option], *end;
    uint64_t number;
    if (!text)
        return BP_OK;
    if (!read_digits(text, &end, &number) || *end || number < min || number > max)
        return bp_fail(cli->ctx, BP_E_USAGE, "--%s %s: a whole number from %llu to %llu is expected",
                       bp_options[option].name, text, (unsigned long long)min, (unsigned long long)max);
    *value = number;
    return BP_OK;
}

bp_status bp_cli_bytes(bp_cli *cli, bp_option_id option, uint64_t min, uint64_t *value)
{
    static const char suffixes[] = "KMGT";
    const char *text = cli->values[option], *end, *suffix = "";
    uint64_t number;
    if (!text)
        return BP_OK;
    bool good = read_digits(text, &end, &number);
    if (good && *end && (suffix = strchr(suffixes, *end)) != NULL)
        end++;
    unsigned shift = good && suffix && *suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
    if (!good || *end || number > UINT64_MAX >> shift)
        return bad_value(cli, option, "a number of bytes is expected, with K, M, G or T behind it or not");
    if (number << shift < min)
        return bp_fail(cli->ctx, BP_E_USAGE, "--%s %s: at least %llu bytes are needed",
                       bp_options[option].name, text, (unsigned long long)min);
    *value = number << shift;
    return BP_OK;
}

bp_status bp_cli_real(bp_cli *cli, bp_option_id option, double *value)
{
    const char *text = cli->values[option];
    if (!text)
        return BP_OK;
    char *end;
    double number = strtod(text, &end);
    /* strtod alone would take leading blanks, "inf", "nan" and hexadecimal digits */
    if (strspn(text, "0123456789.eE+-") != strlen(text) || end == text || *end || !isfinite(number) ||
        number < 0)
        return bad_value(cli, option, "a number of at least 0 is expected");
    *value = number;
    return BP_OK;
}

bp_status bp_cli_shape(bp_cli *cli, bp_option_id option, size_t *rank, size_t *shape)
{
    const char *text = cli->values[option];
    size_t axes = 0;
    for (const char *end = text;; text = end + 1) {
        uint64_t extent;
        if (axes == BP_MAX_RANK || !read_digits(text, &end, &extent) || extent == 0 || extent > SIZE_MAX)
            break;
        shape[axes++] = (size_t)extent;
        if (!*end) {
            *rank = axes;
            return BP_OK;
        }
        if (*end != 'x')
            break;
    }
    return bad_value(cli, option,
                     "extents of at least 1 with an x between them are expected, like 1x512x512");
}

bp_status bp_cli_threads(bp_cli *cli, unsigned *threads)
{
    uint64_t number = *threads;
    bp_status status = bp_cli_number(cli, OPTION_THREADS, 1, 1024, &number);
    *threads = (unsigned)number;
    return status;
}

bp_status bp_cli_level(bp_cli *cli, int *level)
{
    static const char *const words[BP_LEVEL_COUNT] = {"fast", "balanced", "max"};
    *level = -1;
    if (!bp_cli_has(cli, OPTION_LEVEL))
        return BP_OK;
    for (int i = 0; i < BP_LEVEL_COUNT; i++)
        if (strcmp(words[i], cli->values[OPTION_LEVEL]) == 0)
            *level = i;
    return *level >= 0 ? BP_OK : bad_value(cli, OPTION_LEVEL, "fast, balanced or max is expected");
}

bp_status bp_cli_chunking(bp_cli *cli, bp_chunking fallback, bp_chunking *chunking, size_t *rank,
                          size_t *shape)
{
    const char *text = cli->values[OPTION_CHUNK];
    *chunking = fallback;
    if (!text)
        return BP_OK;
    *chunking = strcmp(text, "frame") == 0      ? BP_CHUNKING_FRAME
                : strcmp(text, "sinogram") == 0 ? BP_CHUNKING_SINOGRAM
                                                : BP_CHUNKING_EXACT;
    return *chunking == BP_CHUNKING_EXACT ? bp_cli_shape(cli, OPTION_CHUNK, rank, shape) : BP_OK;
}
