/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/point_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/metric.h"

#define SSIM_FRAMES 8

typedef struct pair {
    const bp_science_stack *reference, *test;
    size_t pixels;
    double label; /* a mark, no value; NAN: the type has none */
    double *frames;
    uint8_t *excluded, *unused;
    uint64_t marks;
    bp_survey survey;
} pair;

/* Both frames; what takes no part is 0 in both. */
static bp_status read_pair(bp_context *ctx, pair *p, uint64_t frame, bp_metric_frame *out)
{
    const bp_science_stack *a = p->reference, *b = p->test;
    double *x = p->frames, *y = x + p->pixels;
    bp_status status = a->read(ctx, a->user, frame, 1, x);
    if (status == BP_OK)
        status = b->read(ctx, b->user, frame, 1, y);
    bool any = false;
    for (size_t i = 0; status == BP_OK && i < p->pixels; i++) {
        bool out_of_it =
            (a->excluded && a->excluded[i]) || x[i] == p->label || !isfinite(x[i]) || !isfinite(y[i]);
        p->excluded[i] = out_of_it;
        any = any || out_of_it;
        if (out_of_it)
            x[i] = y[i] = 0;
    }
    *out = (bp_metric_frame){a->rows, a->columns, x, y, any ? p->excluded : NULL, a->columns, 0, frame};
    return status;
}

static bp_status survey(bp_context *ctx, pair *p)
{
    bp_status status = BP_OK;
    bp_survey_init(&p->survey, p->reference->rows, p->reference->columns, p->reference->dtype);
    for (uint64_t f = 0; f < p->reference->frames && status == BP_OK; f++) {
        bp_metric_frame frame;
        status = read_pair(ctx, p, f, &frame);
        if (status == BP_OK)
            bp_survey_add(&p->survey, frame.reference, frame.test, frame.excluded, NULL, &p->marks,
                          p->unused);
    }
    return status;
}

static bp_status add_frame(bp_context *ctx, pair *p, const bp_metric *m, const double *params, uint64_t f,
                           void *state)
{
    bp_metric_frame frame;
    void *one = NULL;
    bp_status status = read_pair(ctx, p, f, &frame);
    if (status == BP_OK)
        status = m->begin(ctx, params, &p->survey, &one);
    if (status == BP_OK)
        status = m->add(ctx, one, &frame);
    if (status == BP_OK)
        status = m->merge(ctx, state, one);
    if (one)
        m->end(one);
    return status;
}

/* One metric over every step-th frame; picks its quantities by name. */
static bp_status measure(bp_context *ctx, pair *p, const char *name, uint64_t step, const char *const *wanted,
                         double *const *to, size_t count)
{
    const bp_metric *m = bp_metric_by_name(name);
    double params[BP_MAX_PARAMS];
    void *state = NULL;
    if (!m)
        return BP_OK;
    bp_param_defaults(m->params, m->param_count, params);
    double *values = calloc(bp_metric_value_total(m, params, &p->survey) + 1, sizeof *values);
    bp_status status = values ? m->begin(ctx, params, &p->survey, &state)
                              : bp_fail(ctx, BP_E_MEMORY, "no memory for metrics");
    for (uint64_t f = 0; f < p->reference->frames && status == BP_OK; f += step)
        status = add_frame(ctx, p, m, params, f, state);
    if (status == BP_OK)
        status = m->finish(ctx, state, values);
    for (size_t q = 0, at = 0; status == BP_OK && q < m->quantity_count; q++) {
        for (size_t i = 0; i < count; i++)
            if (strcmp(wanted[i], m->quantities[q].name) == 0)
                *to[i] = values[at];
        at += m->value_count ? m->value_count(params, &p->survey, q) : 1;
    }
    if (state)
        m->end(state);
    free(values);
    return status;
}

bp_status bp_point_metrics(bp_context *ctx, const bp_science_stack *reference, const bp_science_stack *test,
                           bp_metrics *out)
{
    pair p = {reference, test, reference->rows * reference->columns, NAN, NULL, NULL, NULL, 0, {0}};
    *out = (bp_metrics){NAN, NAN, NAN, NAN};
    if (reference->rows != test->rows || reference->columns != test->columns ||
        reference->frames != test->frames)
        return BP_OK;
    if (reference->dtype == BP_U16)
        p.label = 65535;
    if (reference->dtype == BP_U32)
        p.label = 4294967295.0;
    p.frames = malloc((2 * p.pixels + 1) * sizeof *p.frames);
    p.excluded = malloc(p.pixels + 1);
    p.unused = malloc(p.pixels + 1);
    static const char *const of_point[] = {"psnr_range", "max_abs", "rmse"}, *const of_ssim[] = {"ssim"};
    uint64_t step = reference->frames / SSIM_FRAMES + 1;
    bp_status status = p.frames && p.excluded && p.unused
                           ? survey(ctx, &p)
                           : bp_fail(ctx, BP_E_MEMORY, "no memory for metrics");
    if (status == BP_OK)
        status = measure(ctx, &p, "point", 1, of_point,
                         (double *const[]){&out->psnr_range, &out->max_abs, &out->rmse}, 3);
    if (status == BP_OK)
        status = measure(ctx, &p, "similarity", step, of_ssim, (double *const[]){&out->ssim}, 1);
    free(p.frames);
    free(p.excluded);
    free(p.unused);
    return status;
}
