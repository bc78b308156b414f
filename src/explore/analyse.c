/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/analyse.h"

#include <stdlib.h>
#include <string.h>

#include "io/hdf5_stack.h"

static bp_status choose(bp_context *ctx, const char *text, bp_analysis *a)
{
    char name[64] = "";
    size_t length = strcspn(text, ":");
    if (length < sizeof name)
        memcpy(name, text, length);
    name[length < sizeof name ? length : 0] = 0;
    a->technique = bp_technique_by_name(name);
    if (!a->technique)
        return bp_fail(ctx, BP_E_USAGE, "there is no technique '%.*s' (see `beampress list science`)",
                       (int)length, text);
    bp_param_defaults(a->technique->params, a->technique->param_count, a->params);
    return bp_param_parse(ctx, name, a->technique->params, a->technique->param_count,
                          text[length] ? text + length + 1 : "", a->params);
}

/* What a technique reads through. */
typedef struct input {
    const char *file;
    bp_stack *stack;
    uint8_t *mask;
    const bp_analyse_options *options;
    bp_science_stack frames;
} input;

static bp_status read_frames(bp_context *ctx, void *user, uint64_t first, size_t count, double *values)
{
    return bp_stack_read(ctx, ((input *)user)->stack, first, count, values);
}

/* Names under which programs keep maps of regions. */
static bp_status read_regions(bp_context *ctx, const input *in, double **values, size_t *count)
{
    static const char *const names[] = {"regions", "roi_map", "qmap", "dynamic_roi_map", "dqmap"};
    if (in->options->regions) {
        bp_status status = bp_stack_side(ctx, in->stack, in->options->regions, values, count);
        return status == BP_OK && !*values
                   ? bp_fail(ctx, BP_E_INPUT, "there is no map of regions %s", in->options->regions)
                   : status;
    }
    bp_status status = BP_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && status == BP_OK && !*values; i++)
        status = bp_stack_side(ctx, in->stack, names[i], values, count);
    return status;
}

static bp_status read_side(bp_context *ctx, void *user, const char *name, double **values, size_t *count)
{
    const input *in = user;
    *values = NULL;
    *count = 0;
    return strcmp(name, "regions") == 0 ? read_regions(ctx, in, values, count)
                                        : bp_stack_side(ctx, in->stack, name, values, count);
}

static bp_status open_input(bp_context *ctx, const char *file, const bp_analyse_options *options, input *in)
{
    *in = (input){.file = file, .options = options};
    bp_status status = bp_stack_open(ctx, file, options->dataset, options->threads, &in->stack);
    if (status == BP_OK && !options->no_mask)
        status = bp_stack_mask(ctx, in->stack, &in->mask);
    if (status != BP_OK)
        return status;
    const bp_stack_facts *facts = bp_stack_get_facts(in->stack);
    in->frames = (bp_science_stack){.rows = facts->rows,
                                    .columns = facts->columns,
                                    .frames = facts->frames,
                                    .dtype = facts->dtype,
                                    .excluded = in->mask,
                                    .read = read_frames,
                                    .side = read_side,
                                    .user = in};
    return BP_OK;
}

static void close_input(input *in)
{
    free(in->mask);
    if (in->stack)
        bp_stack_close(in->stack);
}

static bp_status compare(bp_context *ctx, const bp_science_stack *frames, bp_analysis *a,
                         const bp_analyse_options *options)
{
    input test;
    if (!a->technique->compare)
        return bp_fail(ctx, BP_E_USAGE, "%s has nothing to say of two files together; analyse each",
                       a->technique->name);
    bp_status status = open_input(ctx, options->against, options, &test);
    const bp_science_stack *b = &test.frames;
    if (status == BP_OK &&
        (b->rows != frames->rows || b->columns != frames->columns || b->frames != frames->frames))
        status = bp_fail(ctx, BP_E_INPUT, "%s has %llu frames of %zux%zu, not %llu of %zux%zu",
                         options->against, (unsigned long long)b->frames, b->rows, b->columns,
                         (unsigned long long)frames->frames, frames->rows, frames->columns);
    if (status == BP_OK)
        status = a->technique->compare(ctx, a->params, frames, b, &a->outcomes);
    close_input(&test);
    return status;
}

bp_status bp_analyse(bp_context *ctx, const char *technique, const char *file,
                     const bp_analyse_options *options, bp_analysis *a)
{
    input in = {0};
    memset(a, 0, sizeof *a);
    bp_status status = choose(ctx, technique, a);
    if (status == BP_OK)
        status = open_input(ctx, file, options, &in);
    if (status == BP_OK) {
        const bp_stack_facts *facts = bp_stack_get_facts(in.stack);
        a->frames = facts->frames;
        a->rows = facts->rows;
        a->columns = facts->columns;
        a->dataset = strdup(facts->path);
        if (!a->dataset)
            status = bp_fail(ctx, BP_E_MEMORY, "no memory");
        if (status == BP_OK)
            status = options->against ? compare(ctx, &in.frames, a, options)
                                      : a->technique->run(ctx, a->params, &in.frames, &a->outcomes);
        bool named = strstr(bp_context_message(ctx), file) ||
                     (options->against && strstr(bp_context_message(ctx), options->against));
        if (status != BP_OK && status != BP_E_USAGE && !named)
            status = bp_fail_in(ctx, status, "%s: %s", file, facts->path);
    }
    close_input(&in);
    return status;
}

void bp_analysis_fini(bp_analysis *analysis)
{
    bp_outcomes_fini(&analysis->outcomes);
    free(analysis->dataset);
    memset(analysis, 0, sizeof *analysis);
}
