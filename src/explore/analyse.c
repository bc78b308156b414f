/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/analyse.h"

#include <stdlib.h>
#include <string.h>

bp_status bp_analysis_choose(bp_context *ctx, const char *text, bp_analysis *a)
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

static bp_status compare(bp_context *ctx, const bp_science_stack *frames, bp_analysis *a,
                         const bp_analyse_options *options)
{
    bp_source test;
    if (!a->technique->compare)
        return bp_fail(ctx, BP_E_USAGE, "%s has nothing to say of two files together; analyse each",
                       a->technique->name);
    bp_status status = bp_source_open(ctx, options->against, options, &test);
    const bp_science_stack *b = &test.frames;
    if (status == BP_OK &&
        (b->rows != frames->rows || b->columns != frames->columns || b->frames != frames->frames))
        status = bp_fail(ctx, BP_E_INPUT, "%s has %llu frames of %zux%zu, not %llu of %zux%zu",
                         options->against, (unsigned long long)b->frames, b->rows, b->columns,
                         (unsigned long long)frames->frames, frames->rows, frames->columns);
    if (status == BP_OK)
        status = a->technique->compare(ctx, a->params, frames, b, &a->outcomes);
    bp_source_close(&test);
    return status;
}

bp_status bp_analyse(bp_context *ctx, const char *technique, const char *file,
                     const bp_analyse_options *options, bp_analysis *a)
{
    bp_source in = {0};
    memset(a, 0, sizeof *a);
    bp_status status = bp_analysis_choose(ctx, technique, a);
    if (status == BP_OK)
        status = bp_source_open(ctx, file, options, &in);
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
                     (options->against && strstr(bp_context_message(ctx), options->against)) ||
                     (options->geometry && strstr(bp_context_message(ctx), options->geometry));
        if (status != BP_OK && status != BP_E_USAGE && !named)
            status = bp_fail_in(ctx, status, "%s: %s", file, facts->path);
    }
    bp_source_close(&in);
    return status;
}

void bp_analysis_fini(bp_analysis *analysis)
{
    bp_outcomes_fini(&analysis->outcomes);
    free(analysis->dataset);
    memset(analysis, 0, sizeof *analysis);
}
