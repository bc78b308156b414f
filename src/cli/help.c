/* SPDX-License-Identifier: BSD-3-Clause
 * --help, made from the tables. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/list_params.h"
#include "cli/manual.h"

#define TEXT_WIDTH  80
#define TEXT_COLUMN 24

/* Prints text in lines of at most TEXT_WIDTH, each but the first behind indent blanks; column is where it
 * starts. A newline in text ends a line. */
static void print_wrapped(const char *text, size_t column, size_t indent)
{
    bool first = true; /* word of its line */
    for (;;) {
        text += strspn(text, " ");
        size_t length = strcspn(text, " \n");
        if (!first && column + 1 + length > TEXT_WIDTH) {
            printf("\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        column += (size_t)printf("%s%.*s", first ? "" : " ", (int)length, text);
        first = false;
        text += length;
        if (!*text)
            break;
        if (*text == '\n') {
            printf("\n%*s", text[1] == '\n' ? 0 : (int)indent, "");
            column = indent;
            first = true;
            text++;
        }
    }
    putchar('\n');
}

/* A name on the left and what it means in a column of its own, below a name that is too long. */
static void print_beside(const char *name, const char *text)
{
    size_t width = strlen(name);
    printf("%s", name);
    if (width > TEXT_COLUMN - 2)
        printf("\n%*s", TEXT_COLUMN, "");
    else
        printf("%*s", (int)(TEXT_COLUMN - width), "");
    print_wrapped(text, TEXT_COLUMN, TEXT_COLUMN);
}

static void print_option(const bp_option *option)
{
    char name[96];
    int n = option->letter ? snprintf(name, sizeof name, "  -%c, --%s", option->letter, option->name)
                           : snprintf(name, sizeof name, "      --%s", option->name);
    if (option->argument && n > 0)
        snprintf(name + n, sizeof name - (size_t)n, " %s", option->argument);
    print_beside(name, option->help);
}

static void print_simulators(void)
{
    const bp_simulator *simulator;
    for (size_t i = 0; (simulator = bp_simulator_at(i)) != NULL; i++) {
        printf("\nKIND %s: ", simulator->name);
        print_wrapped(simulator->summary, strlen("KIND : ") + strlen(simulator->name), 2);
        for (size_t k = 0; k < simulator->param_count; k++) {
            char name[64], text[768];
            bp_list_param_describe(&simulator->params[k], text, sizeof text);
            snprintf(name, sizeof name, "  %s", simulator->params[k].name);
            print_beside(name, text);
        }
    }
}

void bp_cli_print_help(const bp_command *command)
{
    unsigned bit = 1u << (command - bp_commands);
    printf("beampress %s [OPTIONS]%s%s\n\n", command->name, *command->arguments ? " " : "",
           command->arguments);
    print_wrapped(command->description, 0, 0);
    if (command == &bp_commands[COMMAND_SIMULATE])
        print_simulators();
    printf("\nOptions:\n");
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (bp_options[i].commands & bit)
            print_option(&bp_options[i]);
    printf("\nExamples:\n");
    for (const bp_example *example = command->examples; example->line; example++) {
        printf("  %s\n      ", example->line);
        print_wrapped(example->does, 6, 6);
    }
    printf("\nExit codes:\n");
    for (const bp_exit_code *code = bp_exit_codes; code->text; code++) {
        printf("  %-4d", code->code);
        print_wrapped(code->text, 6, 6);
    }
}

void bp_cli_print_overview(void)
{
    printf("beampress SUBCOMMAND [OPTIONS] [FILE...]\n\n"
           "Makes photon-science data small without harming the science.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char usage[64];
        snprintf(usage, sizeof usage, "  %s %s", bp_commands[i].name, bp_commands[i].arguments);
        print_beside(usage, bp_commands[i].summary);
    }
    printf("\nOptions of every subcommand:\n");
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (bp_options[i].commands == ON_ALL)
            print_option(&bp_options[i]);
    printf("\n`beampress SUBCOMMAND --help` says more.\n");
}
