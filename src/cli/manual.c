/* SPDX-License-Identifier: BSD-3-Clause
 * Man pages, made from the tables. No date stands in them: the same source gives the same pages. */
#include <ctype.h>
#include <string.h>

#include "cli/list_params.h"
#include "cli/manual.h"

const bp_exit_code bp_exit_codes[] = {
    {0, "done"},
    {1, "the answer is no: verify found a difference, doctor something to do"},
    {2, "wrong use of the command"},
    {3, "the input cannot be read, or is damaged"},
    {4, "not supported, or something would be lost"},
    {5, "the output could not be written"},
    {6, "decompress --salvage: the output is written, but chunks of the input are lost"},
    {130, "interrupted; no partial output is left"},
    {0, NULL},
};

/* Text for roff: no line may start with a dot, backslashes and hyphens stand for themselves. */
static void write_text(FILE *stream, const char *text)
{
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\''))
            fputs("\\&", stream);
        if (*text == '\n' && text[1] == '\n') {
            fputs("\n.PP\n", stream);
            text++;
            start = true;
            continue;
        }
        if (*text == '\\')
            fputs("\\e", stream);
        else if (*text == '-')
            fputs("\\-", stream);
        else
            fputc(*text, stream);
        start = *text == '\n';
    }
}

static void write_title(FILE *stream, const char *name, const char *summary)
{
    fputs(".TH \"", stream);
    for (const char *c = name; *c; c++)
        fputc(toupper((unsigned char)*c), stream);
    fprintf(stream, "\" \"1\" \"\" \"beampress %s\" \"beampress\"\n.SH NAME\n", BP_VERSION_STRING);
    write_text(stream, name);
    fputs(" \\- ", stream);
    write_text(stream, summary);
    fputs("\n", stream);
}

static void write_option(FILE *stream, const bp_option *option)
{
    fputs(".TP\n", stream);
    if (option->letter)
        fprintf(stream, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", stream);
    write_text(stream, option->name);
    fputs("\\fR", stream);
    if (option->argument) {
        fputs(" \\fI", stream);
        write_text(stream, option->argument);
        fputs("\\fR", stream);
    }
    fputs("\n", stream);
    write_text(stream, option->help);
    fputs("\n", stream);
}

static void write_options(FILE *stream, bool (*wanted)(const bp_option *, unsigned), unsigned commands)
{
    fputs(".SH OPTIONS\n", stream);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (wanted(&bp_options[i], commands))
            write_option(stream, &bp_options[i]);
}

static bool is_for(const bp_option *option, unsigned commands)
{
    return (option->commands & commands) != 0;
}

static bool is_for_all(const bp_option *option, unsigned commands)
{
    return option->commands == commands;
}

static void write_simulators(FILE *stream)
{
    const bp_simulator *simulator;
    for (size_t i = 0; (simulator = bp_simulator_at(i)) != NULL; i++) {
        fprintf(stream, ".SH KIND %s\n", simulator->name);
        write_text(stream, simulator->model);
        fputs("\n", stream);
        for (size_t k = 0; k < simulator->param_count; k++) {
            char text[768];
            bp_list_param_describe(&simulator->params[k], text, sizeof text);
            fprintf(stream, ".TP\n\\fB%s\\fR=\n", simulator->params[k].name);
            write_text(stream, text);
            fputs("\n", stream);
        }
    }
}

static void write_end(FILE *stream, const bp_command *command)
{
    fputs(".SH EXIT STATUS\n", stream);
    for (const bp_exit_code *code = bp_exit_codes; code->text; code++) {
        fprintf(stream, ".TP\n%d\n", code->code);
        write_text(stream, code->text);
        fputs("\n", stream);
    }
    if (command) {
        fputs(".SH EXAMPLES\n", stream);
        for (const bp_example *example = command->examples; example->line; example++) {
            fputs(".TP\n\\fB", stream);
            write_text(stream, example->line);
            fputs("\\fR\n", stream);
            write_text(stream, example->does);
            fputs("\n", stream);
        }
    }
    fputs(".SH ENVIRONMENT\n.TP\nBEAMPRESS_SIMD\nc, avx2 or avx512: the highest level of vector "
          "instructions to use. It never changes a result.\n.TP\nHDF5_PLUGIN_PATH\nfolders where HDF5 looks "
          "for plug\\-ins, with a colon between them; they replace the built\\-in one.\n",
          stream);
    fputs(".SH SEE ALSO\n", stream);
    if (command)
        fputs("\\fBbeampress\\fR(1)\n", stream);
    for (size_t i = 0; !command && i < COMMAND_COUNT; i++)
        fprintf(stream, "%s\\fBbeampress\\-%s\\fR(1)", i ? ",\n" : "", bp_commands[i].name);
    if (!command)
        fputs("\n", stream);
}

static void write_overview(FILE *stream)
{
    write_title(stream, "beampress", "makes photon-science data small without harming the science");
    fputs(".SH SYNOPSIS\n\\fBbeampress\\fR \\fISUBCOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIFILE\\fR...]\n"
          ".SH DESCRIPTION\nCompresses detector data in HDF5 and NeXus files, losslessly unless asked "
          "otherwise, and proves that nothing was lost. The output is an ordinary HDF5 file.\n"
          ".SH SUBCOMMANDS\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(stream, ".TP\n\\fB%s\\fR ", bp_commands[i].name);
        write_text(stream, bp_commands[i].arguments);
        fputs("\n", stream);
        write_text(stream, bp_commands[i].summary);
        fputs("\n", stream);
    }
    write_options(stream, is_for_all, ON_ALL);
}

void bp_manual_write(FILE *stream, const bp_command *command)
{
    if (command) {
        char name[64];
        snprintf(name, sizeof name, "beampress-%s", command->name);
        write_title(stream, name, command->summary);
        fprintf(stream, ".SH SYNOPSIS\n\\fBbeampress %s\\fR [\\fIOPTIONS\\fR] %s\n.SH DESCRIPTION\n",
                command->name, command->arguments);
        write_text(stream, command->description);
        fputs("\n", stream);
        if (command == &bp_commands[COMMAND_SIMULATE])
            write_simulators(stream);
        write_options(stream, is_for, 1u << (command - bp_commands));
    } else {
        write_overview(stream);
    }
    write_end(stream, command);
}
