/* SPDX-License-Identifier: BSD-3-Clause
 * Completions for bash and zsh, made from the tables. */
#include <string.h>

#include "cli/manual.h"

static void write_codecs(FILE *stream)
{
    const bp_codec *codec;
    for (size_t i = 0; (codec = bp_codec_at(i)) != NULL; i++)
        fprintf(stream, "%s%s", i ? " " : "", codec->name);
    fputs(" auto", stream);
}

static void write_words(FILE *stream, const char *completion)
{
    if (strcmp(completion, "codec") == 0)
        write_codecs(stream);
    else
        fputs(completion, stream);
}

static bool has_words(const bp_option *option)
{
    return option->argument && *option->completion && strcmp(option->completion, "file") != 0 &&
           strcmp(option->completion, "folder") != 0;
}

static void write_bash_values(FILE *stream)
{
    fputs("    case \"$previous\" in\n", stream);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const bp_option *option = &bp_options[i];
        if (!option->argument)
            continue;
        if (option->letter)
            fprintf(stream, "    --%s|-%c)\n", option->name, option->letter);
        else
            fprintf(stream, "    --%s)\n", option->name);
        if (has_words(option)) {
            fputs("        COMPREPLY=($(compgen -W \"", stream);
            write_words(stream, option->completion);
            fputs("\" -- \"$word\"))\n", stream);
        } else if (strcmp(option->completion, "folder") == 0) {
            fputs("        COMPREPLY=($(compgen -d -- \"$word\"))\n", stream);
        } else if (strcmp(option->completion, "file") == 0) {
            fputs("        COMPREPLY=($(compgen -f -- \"$word\"))\n", stream);
        }
        fputs("        return ;;\n", stream);
    }
    fputs("    esac\n", stream);
}

static void write_kinds(FILE *stream)
{
    const bp_simulator *simulator;
    for (size_t i = 0; (simulator = bp_simulator_at(i)) != NULL; i++)
        fprintf(stream, "%s%s", i ? " " : "", simulator->name);
}

/* Every key of every kind, once. */
static void write_keys(FILE *stream, const char *between)
{
    const bp_simulator *simulator;
    for (size_t i = 0; (simulator = bp_simulator_at(i)) != NULL; i++)
        for (size_t k = 0; k < simulator->param_count; k++) {
            const char *name = simulator->params[k].name;
            bool told = false;
            for (size_t e = 0; e < i; e++)
                for (size_t m = 0; m < bp_simulator_at(e)->param_count; m++)
                    told |= strcmp(bp_simulator_at(e)->params[m].name, name) == 0;
            if (!told)
                fprintf(stream, "%s%s=", i + k ? between : "", name);
        }
}

/* KIND first, then a file, then keys. */
static void write_bash_simulators(FILE *stream)
{
    fputs("        elif [ \"${COMP_WORDS[1]}\" = simulate ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
          "            COMPREPLY=($(compgen -W '",
          stream);
    write_kinds(stream);
    fputs("' -- \"$word\"))\n        elif [ \"${COMP_WORDS[1]}\" = simulate ] && [ \"$COMP_CWORD\" -gt 3 ]; "
          "then\n"
          "            compopt -o nospace 2>/dev/null\n            COMPREPLY=($(compgen -W '",
          stream);
    write_keys(stream, " ");
    fputs("' -- \"$word\"))\n", stream);
}

void bp_completion_write_bash(FILE *stream)
{
    fputs("# bash completion for beampress, made by its build\n_beampress()\n{\n"
          "    local word=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" options=\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "%s ", bp_commands[i].name);
    fputs("--help --version\" -- \"$word\"))\n        return\n    fi\n", stream);
    write_bash_values(stream);
    fputs("    case \"${COMP_WORDS[1]}\" in\n", stream);
    for (size_t c = 0; c < COMMAND_COUNT; c++) {
        fprintf(stream, "    %s) options=\"", bp_commands[c].name);
        for (size_t i = 0; i < OPTION_COUNT; i++)
            if (bp_options[i].commands & 1u << c)
                fprintf(stream, "--%s ", bp_options[i].name);
        fputs("\" ;;\n", stream);
    }
    fputs("    esac\n    case \"$word\" in\n    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
          "    *)\n        if [ \"${COMP_WORDS[1]}\" = list ]; then\n"
          "            COMPREPLY=($(compgen -W 'codecs simulate metrics science stages' -- \"$word\"))\n",
          stream);
    write_bash_simulators(stream);
    fputs("        else\n"
          "            COMPREPLY=($(compgen -f -- \"$word\"))\n        fi ;;\n    esac\n}\n"
          "complete -o filenames -F _beampress beampress\n",
          stream);
}

/* Text inside '...[...]' of _arguments: quotes, colons and brackets would end it. */
static void write_zsh_text(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stream);
        else if (strchr("[]:\\", *text))
            fprintf(stream, "\\%c", *text);
        else
            fputc(*text, stream);
    }
}

static void write_zsh_option(FILE *stream, const bp_option *option, const char *name)
{
    fprintf(stream, "            '*%s[", name);
    write_zsh_text(stream, option->help);
    fputs("]", stream);
    if (option->argument) {
        fputs(":", stream);
        write_zsh_text(stream, option->argument);
        fputs(":", stream);
        if (has_words(option)) {
            fputs("(", stream);
            write_words(stream, option->completion);
            fputs(")", stream);
        } else if (strcmp(option->completion, "folder") == 0) {
            fputs("_files -/", stream);
        } else if (strcmp(option->completion, "file") == 0) {
            fputs("_files", stream);
        } else {
            fputs(" ", stream);
        }
    }
    fputs("' \\\n", stream);
}

static void write_zsh_command(FILE *stream, size_t c)
{
    fprintf(stream, "    %s)\n        _arguments \\\n", bp_commands[c].name);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const bp_option *option = &bp_options[i];
        char name[64];
        if (!(option->commands & 1u << c))
            continue;
        snprintf(name, sizeof name, "--%s", option->name);
        write_zsh_option(stream, option, name);
        if (option->letter) {
            snprintf(name, sizeof name, "-%c", option->letter);
            write_zsh_option(stream, option, name);
        }
    }
    if (c == COMMAND_SIMULATE) {
        fputs("            '1:kind:(", stream);
        write_kinds(stream);
        fputs(")' '2:file:_files' '*:parameter:(", stream);
        write_keys(stream, " ");
        fputs(")' ;;\n", stream);
    } else if (c == COMMAND_LIST) {
        fputs("            '*:what:(codecs simulate metrics science stages)' ;;\n", stream);
    } else {
        fputs("            '*:file:_files' ;;\n", stream);
    }
}

void bp_completion_write_zsh(FILE *stream)
{
    fputs("#compdef beampress\n# zsh completion for beampress, made by its build\n_beampress()\n{\n"
          "    local -a commands\n    commands=(\n",
          stream);
    for (size_t c = 0; c < COMMAND_COUNT; c++) {
        fprintf(stream, "        '%s:", bp_commands[c].name);
        write_zsh_text(stream, bp_commands[c].summary);
        fputs("'\n", stream);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe 'subcommand' commands\n        return\n"
          "    fi\n    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command in\n",
          stream);
    for (size_t c = 0; c < COMMAND_COUNT; c++)
        write_zsh_command(stream, c);
    fputs("    esac\n}\n_beampress \"$@\"\n", stream);
}
