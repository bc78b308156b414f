/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/denoise.h"

static double mean_of(const bp_image *in, size_t count, size_t at, size_t *values)
{
    double sum = 0;
    *values = 0;
    for (size_t k = 0; k < count; k++) {
        if (in[k].labels && in[k].labels[at])
            continue;
        sum += in[k].values[at];
        ++*values;
    }
    return *values ? sum / (double)*values : 0;
}

/* The value that as many are below as above, by counting; of an even number the mean of two. count is small.
 */
static double median_of(const bp_image *in, size_t count, size_t at, size_t *values)
{
    *values = 0;
    for (size_t k = 0; k < count; k++)
        *values += !(in[k].labels && in[k].labels[at]);
    if (!*values)
        return 0;
    size_t low = (*values - 1) / 2, high = *values / 2; /* places in rising order */
    double a = 0, b = 0;
    for (size_t k = 0; k < count; k++) {
        if (in[k].labels && in[k].labels[at])
            continue;
        double v = in[k].values[at];
        size_t below = 0, equal = 0;
        for (size_t j = 0; j < count; j++) {
            if (in[j].labels && in[j].labels[at])
                continue;
            below += in[j].values[at] < v;
            equal += in[j].values[at] == v;
        }
        a = below <= low && low < below + equal ? v : a;
        b = below <= high && high < below + equal ? v : b;
    }
    return (a + b) / 2;
}

void bp_temporal_image(const bp_image *in, size_t count, int median, size_t middle, double *out)
{
    const bp_image *here = &in[middle];
    for (size_t i = 0; i < here->rows * here->columns; i++) {
        size_t values = 0;
        double v = median ? median_of(in, count, i, &values) : mean_of(in, count, i, &values);
        out[i] = !values || (here->labels && here->labels[i]) ? here->values[i] : v;
    }
}
