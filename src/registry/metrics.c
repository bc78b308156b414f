/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "beampress/metric.h"

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

void bp_survey_add(bp_survey *survey, const double *reference, const double *test, const uint8_t *excluded,
                   uint8_t *out_excluded)
{
    size_t pixels = survey->rows * survey->columns;
    survey->frames++;
    for (size_t i = 0; i < pixels; i++) {
        bool out = excluded && excluded[i];
        if (out) {
            survey->masked++;
        } else if (!isfinite(reference[i]) || !isfinite(test[i])) {
            out = true;
            survey->reference_nan += isnan(reference[i]) != 0;
            survey->reference_infinite += isinf(reference[i]) != 0;
            survey->test_nan += isnan(test[i]) != 0;
            survey->test_infinite += isinf(test[i]) != 0;
        } else {
            survey->used++;
            widen(reference[i], &survey->reference_min, &survey->reference_max);
            widen(test[i], &survey->test_min, &survey->test_max);
        }
        if (out_excluded)
            out_excluded[i] = out;
    }
}
