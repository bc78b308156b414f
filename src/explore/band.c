/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/band.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "explore/point_metrics.h"

static const char how_noise[] = "counting noise of the same size once more, in every value";
static const char how_half[] =
    "half the photons, each kept by chance (binomial thinning), the answers in the units of the whole dose";
static const char how_counted[] = "half the photons, each kept by chance (binomial thinning)";
static const char how_resampled[] =
    "as many independent units, drawn with replacement, from the answers without each of them";

static bp_status begin(bp_context *ctx, const bp_trial *trial, const char *kind, const char *how, bp_band *b)
{
    *b = (bp_band){.kind = kind, .how = how, .metrics = {NAN, NAN, NAN, NAN}};
    b->judged = calloc(trial->answer_count + 1, sizeof *b->judged);
    return b->judged ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a band");
}

static bool needs_counts(const bp_trial *trial)
{
    bool counts = false;
    for (size_t i = 0; i < trial->answer_count; i++)
        counts = counts || trial->answers[i].technique->counts;
    return counts;
}

static bp_status measure(bp_context *ctx, const bp_trial *trial, const bp_realisation *r, bp_band *b)
{
    bp_status status = BP_OK;
    for (size_t i = 0; i < trial->answer_count && status == BP_OK; i++) {
        b->count++;
        status = bp_judge_stack(ctx, &trial->answers[i], &trial->view.science, &r->stack, &trial->budgets,
                                &b->judged[i]);
    }
    if (status == BP_OK)
        status = bp_point_metrics(ctx, &trial->view.science, &r->stack, &b->metrics);
    b->measured = true;
    return status;
}

/* The answer of units drawn again: the mean of pseudo-values n R - (n - 1) R_u over them. */
static void draw(bp_outcome *o, const size_t *drawn)
{
    double n = (double)o->unit_count;
    for (size_t k = 0; k < o->count; k++) {
        double sum = 0;
        for (size_t u = 0; u < o->unit_count; u++)
            sum += o->without[drawn[u] * o->count + k];
        o->values[k] = n * o->values[k] - (n - 1) * sum / n;
    }
}

static bp_status resample(bp_context *ctx, const bp_answer *answer, const bp_budgets *budgets, bp_judged *j)
{
    bp_random random;
    *j = (bp_judged){.answer = answer};
    bp_status status = BP_OK;
    for (size_t i = 0; i < answer->outcomes.count && status == BP_OK; i++) {
        const bp_outcome *from = &answer->outcomes.items[i];
        size_t units = from->without ? from->unit_count : 0, *drawn = calloc(units + 1, sizeof *drawn);
        if (!drawn)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a band");
        status = bp_outcomes_add(ctx, &j->test, from);
        bp_random_init(&random, 4, units); /* the same units in all results */
        for (size_t u = 0; u < units; u++)
            drawn[u] = (size_t)(bp_random_uniform(&random) * (double)units);
        if (status == BP_OK && units > 1)
            draw(&j->test.items[i], drawn);
        free(drawn);
        if (status == BP_OK) { /* its own units are not those of the reference */
            free(j->test.items[i].without);
            j->test.items[i].without = NULL;
            j->test.items[i].unit_count = 0;
        }
    }
    return status == BP_OK ? bp_verdict_make(ctx, &answer->outcomes, &j->test, budgets, &j->verdict) : status;
}

bp_status bp_bands_make(bp_context *ctx, const bp_trial *trial, const bp_noise_model *noise,
                        bp_band bands[BP_BAND_KINDS], size_t *count)
{
    bp_realisation r;
    bp_status status = BP_OK;
    bool counted = noise->photons && needs_counts(trial); /* counts with more noise are counts no more */
    *count = 0;
    if (noise->known && !counted) {
        bp_realisation_init(&r, &trial->view.science, noise, 2);
        status = begin(ctx, trial, "noise", how_noise, &bands[(*count)++]);
        if (status == BP_OK)
            status = measure(ctx, trial, &r, &bands[*count - 1]);
    }
    if (status != BP_OK)
        return status;
    if (noise->photons) {
        bp_realisation_half(&r, &trial->view.science, noise, 5, counted);
        status = begin(ctx, trial, "half dose", counted ? how_counted : how_half, &bands[(*count)++]);
        return status == BP_OK ? measure(ctx, trial, &r, &bands[*count - 1]) : status;
    }
    bp_band *b = &bands[(*count)++];
    status = begin(ctx, trial, "resampled", how_resampled, b);
    for (size_t i = 0; i < trial->answer_count && status == BP_OK; i++) {
        b->count++;
        status = resample(ctx, &trial->answers[i], &trial->budgets, &b->judged[i]);
    }
    return status;
}

void bp_band_fini(bp_band *band)
{
    for (size_t i = 0; i < band->count; i++)
        bp_judged_fini(&band->judged[i]);
    free(band->judged);
    *band = (bp_band){0};
}
