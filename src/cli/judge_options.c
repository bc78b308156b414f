/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/judge_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bp_question_fini(bp_question *q)
{
    for (size_t i = 0; i < q->technique_count; i++)
        free(q->techniques[i]);
    free(q->techniques);
    free(q->budgets.items);
    free(q->text);
    *q = (bp_question){0};
}

static bp_status no_memory(bp_cli *cli)
{
    return bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
}

/* Puts `word` behind what a technique has of parameters. */
static bp_status append(bp_cli *cli, char **technique, const char *word, size_t length)
{
    size_t size = strlen(*technique) + length + 2;
    char *longer = malloc(size);
    if (!longer)
        return no_memory(cli);
    snprintf(longer, size, "%s%s%.*s", *technique, strchr(*technique, ':') ? "," : ":", (int)length, word);
    free(*technique);
    *technique = longer;
    return BP_OK;
}

static const bp_technique *technique_of(const char *text)
{
    char name[64] = "";
    size_t length = strcspn(text, ":,");
    if (length >= sizeof name)
        return NULL;
    memcpy(name, text, length);
    return bp_technique_by_name(name);
}

/* "segment,xpcs:frame_time=0.1,levels=6": a word that names a technique begins one, others are parameters. */
static bp_status split_science(bp_cli *cli, bp_question *q, const char *text)
{
    bp_status status = BP_OK;
    while (*text && status == BP_OK) {
        size_t length = strcspn(text, ",");
        if (technique_of(text) || q->technique_count == 0) {
            char **items = realloc(q->techniques, (q->technique_count + 1) * sizeof *items);
            if (!items)
                return no_memory(cli);
            q->techniques = items;
            items[q->technique_count] = strndup(text, length);
            if (!items[q->technique_count])
                return no_memory(cli);
            q->technique_count++;
        } else if (memchr(text, '=', length)) {
            status = append(cli, &q->techniques[q->technique_count - 1], text, length);
        } else {
            return bp_fail(cli->ctx, BP_E_USAGE,
                           "there is no technique '%.*s' (see `beampress list science`)", (int)length, text);
        }
        text += length + (text[length] == ',');
    }
    return status;
}

static bp_status take_budget(bp_cli *cli, bp_question *q, char *word, char *value)
{
    bool random = strncmp(word, "random", 6) == 0;
    char *name = word + 6, *end;
    double number = strtod(value, &end);
    if (strspn(value, "0123456789.eE+-") != strlen(value) || end == value || *end || !(number >= 0) ||
        !isfinite(number))
        return bp_fail(cli->ctx, BP_E_USAGE, "%s=%s: a number of at least 0, in units of sigma, is expected",
                       word, value);
    bp_budget *items = realloc(q->budgets.items, (q->budgets.count + 1) * sizeof *items);
    if (!items)
        return no_memory(cli);
    q->budgets.items = items;
    items[q->budgets.count++] =
        (bp_budget){*name ? name + 1 : NULL, random ? (double)NAN : number, random ? number : (double)NAN};
    return BP_OK;
}

/* key=value for every technique that knows the key. */
static bp_status take_parameter(bp_cli *cli, bp_question *q, const char *word)
{
    size_t length = strcspn(word, "="), taken = 0;
    bp_status status = BP_OK;
    for (size_t i = 0; i < q->technique_count && status == BP_OK; i++) {
        const bp_technique *t = technique_of(q->techniques[i]);
        for (size_t k = 0; t && k < t->param_count && status == BP_OK; k++)
            if (strncmp(t->params[k].name, word, length) == 0 && !t->params[k].name[length]) {
                status = append(cli, &q->techniques[i], word, strlen(word));
                taken++;
                break;
            }
    }
    if (status == BP_OK && taken == 0)
        return bp_fail(cli->ctx, BP_E_USAGE, "'%s': no technique of %s has a parameter '%.*s'", word,
                       cli->values[OPTION_SCIENCE], (int)length, word);
    return status;
}

static bool is_budget(const char *word)
{
    size_t length = strcspn(word, "=.");
    return length == 6 && (strncmp(word, "budget", 6) == 0 || strncmp(word, "random", 6) == 0);
}

static bp_status take_words(bp_cli *cli, size_t files, bp_question *q)
{
    size_t size = 1;
    bp_status status = BP_OK;
    for (size_t i = files; i < cli->files.count; i++)
        size += strlen(cli->files.items[i]) + 1;
    q->text = malloc(size);
    if (!q->text)
        return no_memory(cli);
    char *at = q->text;
    for (size_t i = files; i < cli->files.count && status == BP_OK; i++) {
        size_t length = strlen(cli->files.items[i]) + 1;
        char *word = memcpy(at, cli->files.items[i], length), *value = strchr(word, '=');
        at += length;
        if (!value || value == word)
            return bp_fail(cli->ctx, BP_E_USAGE, "%s: '%s' is no key=value", cli->command->name, word);
        if (is_budget(word)) {
            *value = 0;
            status = take_budget(cli, q, word, value + 1);
        } else {
            status = take_parameter(cli, q, word);
        }
    }
    return status;
}

bp_status bp_cli_question(bp_cli *cli, size_t files, bp_question *q)
{
    *q = (bp_question){0};
    const char *science = cli->values[OPTION_SCIENCE];
    if (!science || !*science)
        return bp_fail(cli->ctx, BP_E_USAGE,
                       "%s: --science says which analysis decides, such as segment (see `beampress list "
                       "science`)",
                       cli->command->name);
    bp_status status = split_science(cli, q, science);
    return status == BP_OK ? take_words(cli, files, q) : status;
}
