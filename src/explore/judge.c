/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bp_status bp_answer_choose(bp_context *ctx, const char *text, bp_answer *answer)
{
    bp_analysis a = {0};
    *answer = (bp_answer){0};
    bp_status status = bp_analysis_choose(ctx, text, &a);
    answer->technique = a.technique;
    memcpy(answer->params, a.params, sizeof a.params);
    return status;
}

bp_status bp_answer_find(bp_context *ctx, const bp_science_stack *reference, const bp_science_stack *noise,
                         bp_answer *answer)
{
    const bp_technique *t = answer->technique;
    bp_status status = t->run(ctx, answer->params, reference, &answer->outcomes);
    if (status != BP_OK || !t->compare || !noise)
        return status;
    status = t->compare(ctx, answer->params, reference, reference, &answer->perfect);
    /* without noise that the technique could work on there is nothing to compare agreement with */
    if (status == BP_OK && t->compare(ctx, answer->params, reference, noise, &answer->noise) != BP_OK)
        bp_outcomes_fini(&answer->noise);
    return status;
}

void bp_answer_fini(bp_answer *answer)
{
    bp_outcomes_fini(&answer->outcomes);
    bp_outcomes_fini(&answer->perfect);
    bp_outcomes_fini(&answer->noise);
}

void bp_judged_fini(bp_judged *judged)
{
    bp_verdict_fini(&judged->verdict);
    bp_outcomes_fini(&judged->test);
    bp_outcomes_fini(&judged->agreement);
}

static bp_status copy_outcomes(bp_context *ctx, const bp_outcomes *from, bp_outcomes *to)
{
    bp_status status = BP_OK;
    for (size_t i = 0; i < from->count && status == BP_OK; i++)
        status = bp_outcomes_add(ctx, to, &from->items[i]);
    return status;
}

bp_status bp_judge_run(bp_context *ctx, const bp_answer *answer, const bp_science_stack *reference,
                       const bp_science_stack *test, bp_judged *j)
{
    const bp_technique *t = answer->technique;
    *j = (bp_judged){.answer = answer};
    if (!test) {
        bp_status status = copy_outcomes(ctx, &answer->outcomes, &j->test);
        return status == BP_OK ? copy_outcomes(ctx, &answer->perfect, &j->agreement) : status;
    }
    bool same = reference->rows == test->rows && reference->columns == test->columns &&
                reference->frames == test->frames;
    bp_status status = t->run(ctx, answer->params, test, &j->test);
    if (status == BP_OK && answer->noise.count > 0 && same)
        status = t->compare(ctx, answer->params, reference, test, &j->agreement);
    if (status == BP_E_INPUT || status == BP_E_UNSUPPORTED) {
        snprintf(j->failed, sizeof j->failed, "%s", bp_context_message(ctx));
        bp_outcomes_fini(&j->test);
        bp_outcomes_fini(&j->agreement);
        status = BP_OK;
    }
    return status;
}

bp_status bp_judge_decide(bp_context *ctx, const bp_budgets *budgets, bp_judged *j)
{
    const bp_answer *a = j->answer;
    bp_verdict_fini(&j->verdict);
    bp_status status = bp_verdict_make(ctx, &a->outcomes, &j->test, budgets, &j->verdict);
    if (status == BP_OK && a->noise.count > 0)
        status = bp_verdict_add_agreement(ctx, &a->perfect, &a->noise, &j->agreement, &j->verdict);
    return status;
}

bp_status bp_judge_stack(bp_context *ctx, const bp_answer *answer, const bp_science_stack *reference,
                         const bp_science_stack *test, const bp_budgets *budgets, bp_judged *j)
{
    bp_status status = bp_judge_run(ctx, answer, reference, test, j);
    return status == BP_OK ? bp_judge_decide(ctx, budgets, j) : status;
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
    if (changed.dtype == BP_F32 || changed.dtype == BP_F64)
        changed.marks = reference->frames.dtype;
    changed.read = read_borrowed;
    changed.side = side_borrowed;
    changed.user = &both;
    bp_realisation noise;
    bp_status status = bp_noise_model_of(ctx, &reference->frames, &report->noise);
    bp_realisation_init(&noise, &reference->frames, &report->noise, 1);
    if (status != BP_OK)
        return name_place(ctx, status, reference);
    report->decision = BP_NOT_JUDGED;
    for (size_t i = 0; i < report->count; i++) {
        bp_answer *answer = &report->answers[i];
        bp_judged *j = &report->items[i];
        status = bp_answer_find(ctx, &reference->frames, report->noise.known ? &noise.stack : NULL, answer);
        if (status != BP_OK)
            return name_place(ctx, status, reference);
        status = bp_judge_stack(ctx, answer, &reference->frames, &changed, &options->budgets, j);
        if (status != BP_OK)
            return name_place(ctx, status, test);
        report->decision = bp_decision_worse(report->decision, j->verdict.decision);
    }
    return BP_OK;
}

static bp_status choose_all(bp_context *ctx, const bp_judge_options *options, bp_judge_report *report)
{
    report->items = calloc(options->technique_count + 1, sizeof *report->items);
    report->answers = calloc(options->technique_count + 1, sizeof *report->answers);
    if (!report->items || !report->answers)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = 0; i < options->technique_count; i++) {
        bp_status status = bp_answer_choose(ctx, options->techniques[i], &report->answers[i]);
        if (status != BP_OK)
            return status;
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
    for (size_t i = 0; i < report->count; i++)
        bp_answer_fini(&report->answers[i]);
    free(report->answers);
    free(report->items);
    free(report->dataset);
    free(report->test_dataset);
    *report = (bp_judge_report){0};
}
