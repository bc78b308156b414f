/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "beampress/metric.h"
#include "kernel/kernel.h"

#define METRIC(name) extern const bp_metric bp_metric_##name;
#include "registry/metrics.def"
#undef METRIC

static const bp_metric *const metrics[] = {
#define METRIC(name) &bp_metric_##name,
#include "registry/metrics.def"
#undef METRIC
};

#define METRIC_COUNT (sizeof metrics / sizeof metrics[0])

const bp_metric *bp_metric_at(size_t index)
{
    return index < METRIC_COUNT ? metrics[index] : NULL;
}

const bp_metric *bp_metric_by_name(const char *name)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (strcmp(metrics[i]->name, name) == 0)
            return metrics[i];
    return NULL;
}

size_t bp_metric_value_total(const bp_metric *metric, const double *params, const bp_survey *survey)
{
    size_t total = 0;
    for (size_t i = 0; i < metric->quantity_count; i++)
        total += metric->value_count ? metric->value_count(params, survey, i) : 1;
    return total;
}

void bp_survey_init(bp_survey *survey, size_t rows, size_t columns, bp_dtype dtype)
{
    *survey = (bp_survey){.rows = rows,
                          .columns = columns,
                          .reference_min = NAN,
                          .reference_max = NAN,
                          .test_min = NAN,
                          .test_max = NAN,
                          .dtype = dtype};
}

/* Comparisons with NAN are false: the first value is taken. */
static inline void widen(double v, double *min, double *max)
{
    if (!(v >= *min))
        *min = v;
    if (!(v <= *max))
        *max = v;
}

static void count_nonsense(bp_survey *survey, const double *reference, const double *test,
                           const uint8_t *excluded, const double *label)
{
    for (size_t i = 0; i < survey->columns; i++) {
        if ((excluded && excluded[i]) || (label && reference[i] == *label))
            continue;
        survey->reference_nan += isnan(reference[i]) != 0;
        survey->reference_infinite += isinf(reference[i]) != 0;
        survey->test_nan += isnan(test[i]) != 0;
        survey->test_infinite += isinf(test[i]) != 0;
    }
}

static void add_row(bp_survey *survey, const double *reference, const double *test, const uint8_t *excluded,
                    const double *label, uint64_t *labels, uint8_t *out)
{
    bp_row_survey row;
    size_t n = survey->columns;
    bp_kernels_get()->metric->survey(reference, test, excluded, label != NULL, label ? *label : 0, n, out,
                                     &row);
    if (row.not_finite)
        count_nonsense(survey, reference, test, excluded, label);
    uint64_t used = n - row.excluded - row.labels - row.not_finite;
    *labels += row.labels;
    survey->masked += row.excluded + row.labels;
    survey->used += used;
    if (used == 0)
        return;
    widen(row.reference_min, &survey->reference_min, &survey->reference_max);
    widen(row.reference_max, &survey->reference_min, &survey->reference_max);
    widen(row.test_min, &survey->test_min, &survey->test_max);
    widen(row.test_max, &survey->test_min, &survey->test_max);
}

void bp_survey_add(bp_survey *survey, const double *reference, const double *test, const uint8_t *excluded,
                   const double *label, uint64_t *labels, uint8_t *out)
{
    size_t n = survey->columns;
    survey->frames++;
    for (size_t at = 0; at < survey->rows * n; at += n)
        add_row(survey, reference + at, test + at, excluded ? excluded + at : NULL, label, labels, out + at);
}

void bp_survey_merge(bp_survey *survey, const bp_survey *more)
{
    survey->frames += more->frames;
    survey->used += more->used;
    survey->masked += more->masked;
    survey->reference_nan += more->reference_nan;
    survey->reference_infinite += more->reference_infinite;
    survey->test_nan += more->test_nan;
    survey->test_infinite += more->test_infinite;
    if (more->used == 0)
        return;
    widen(more->reference_min, &survey->reference_min, &survey->reference_max);
    widen(more->reference_max, &survey->reference_min, &survey->reference_max);
    widen(more->test_min, &survey->test_min, &survey->test_max);
    widen(more->test_max, &survey->test_min, &survey->test_max);
}
