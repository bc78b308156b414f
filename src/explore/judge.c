/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bp_judged_fini(bp_judged *judged)
{
    bp_verdict_fini(&judged->verdict);
    bp_outcomes_fini(&judged->reference);
    bp_outcomes_fini(&judged->test);
}

bp_status bp_judge_stack(bp_context *ctx, const bp_science_stack *test, const bp_budgets *budgets,
                         bp_judged *j)
{
    bp_status status = j->technique->run(ctx, j->params, test, &j->test);
    if (status == BP_E_INPUT || status == BP_E_UNSUPPORTED) {
        snprintf(j->failed, sizeof j->failed, "%s", bp_context_message(ctx));
        bp_outcomes_fini(&j->test);
        status = BP_OK;
    }
    return status == BP_OK ? bp_verdict_make(ctx, &j->reference, &j->test, budgets, &j->verdict) : status;
}

static bp_status same_shape(bp_context *ctx, const bp_source *a, const bp_source *b)
{
    const bp_stack_facts *x = bp_stack_get_facts(a->stack), *y = bp_stack_get_facts(b->stack);
    if (x->frames == y->frames && x->rows == y->rows && x->columns == y->columns)
        return BP_OK;
    return bp_fail(ctx, BP_E_UNSUPPORTED,
                   "%s: %s has %llu frames of %zux%zu pixels, but %s: %s has %llu of %zux%zu", a->file,
                   x->path, (unsigned long long)x->frames, x->rows, x->columns, b->file, y->path,
                   (unsigned long long)y->frames, y->rows, y->columns);
}

/* Frames of one file, everything else of another. */
typedef struct borrowed {
    const bp_science_stack *frames, *rest;
} borrowed;

static bp_status read_borrowed(bp_context *ctx, void *user, uint64_t first, size_t count, double *values)
{
    const bp_science_stack *s = ((const borrowed *)user)->frames;
    return s->read(ctx, s->user, first, count, values);
}

static bp_status side_borrowed(bp_context *ctx, void *user, const char *name, double **values, size_t *count)
{
    const bp_science_stack *s = ((const borrowed *)user)->rest;
    return s->side(ctx, s->user, name, values, count);
}

static bp_status name_place(bp_context *ctx, bp_status status, const bp_source *in)
{
    if (status == BP_OK || status == BP_E_USAGE || strstr(bp_context_message(ctx), in->file))
        return status;
    return bp_fail_in(ctx, status, "%s: %s", in->file, bp_stack_get_facts(in->stack)->path);
}

static bp_status judge_all(bp_context *ctx, const bp_source *reference, const bp_source *test,
                           const bp_judge_options *options, bp_judge_report *report)
{
    borrowed both = {&test->frames, &reference->frames};
    bp_science_stack changed = reference->frames;
    changed.dtype = test->frames.dtype;
    changed.read = read_borrowed;
    changed.side = side_borrowed;
    changed.user = &both;
    report->decision = BP_NOT_JUDGED;
    for (size_t i = 0; i < report->count; i++) {
        bp_judged *j = &report->items[i];
        bp_status status = j->technique->run(ctx, j->params, &reference->frames, &j->reference);
        if (status != BP_OK)
            return name_place(ctx, status, reference);
        status = bp_judge_stack(ctx, &changed, &options->budgets, j);
        if (status != BP_OK)
            return name_place(ctx, status, test);
        report->decision = bp_decision_worse(report->decision, j->verdict.decision);
    }
    return BP_OK;
}

static bp_status choose_all(bp_context *ctx, const bp_judge_options *options, bp_judge_report *report)
{
    report->items = calloc(options->technique_count + 1, sizeof *report->items);
    if (!report->items)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = 0; i < options->technique_count; i++) {
        bp_analysis a = {0};
        bp_status status = bp_analysis_choose(ctx, options->techniques[i], &a);
        if (status != BP_OK)
            return status;
        report->items[i].technique = a.technique;
        memcpy(report->items[i].params, a.params, sizeof a.params);
        report->count++;
    }
    return BP_OK;
}

static bp_status take_facts(bp_context *ctx, const bp_source *reference, const bp_source *test,
                            bp_judge_report *report)
{
    const bp_stack_facts *facts = bp_stack_get_facts(reference->stack);
    report->dataset = strdup(facts->path);
    report->test_dataset = strdup(bp_stack_get_facts(test->stack)->path);
    report->frames = facts->frames;
    report->rows = facts->rows;
    report->columns = facts->columns;
    return report->dataset && report->test_dataset ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

bp_status bp_judge(bp_context *ctx, const char *reference, const char *test, const bp_judge_options *options,
                   bp_judge_report *report)
{
    bp_source a = {0}, b = {0};
    bp_analyse_options of_test = options->input;
    of_test.dataset = options->test_dataset ? options->test_dataset : options->input.dataset;
    of_test.no_mask = true;
    *report = (bp_judge_report){0};
    bp_status status = choose_all(ctx, options, report);
    if (status == BP_OK)
        status = bp_source_open(ctx, reference, &options->input, &a);
    if (status == BP_OK)
        status = bp_source_open(ctx, test, &of_test, &b);
    if (status == BP_OK)
        status = same_shape(ctx, &a, &b);
    if (status == BP_OK)
        status = take_facts(ctx, &a, &b, report);
    if (status == BP_OK)
        status = judge_all(ctx, &a, &b, options, report);
    bp_source_close(&a);
    bp_source_close(&b);
    return status;
}

void bp_judge_report_fini(bp_judge_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        bp_judged_fini(&report->items[i]);
    free(report->items);
    free(report->dataset);
    free(report->test_dataset);
    *report = (bp_judge_report){0};
}
