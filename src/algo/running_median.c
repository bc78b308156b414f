/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/running_median.h"

size_t bp_mirror(ptrdiff_t at, size_t n)
{
    ptrdiff_t period = 2 * (ptrdiff_t)n;
    at %= period;
    at += at < 0 ? period : 0;
    return (size_t)(at < (ptrdiff_t)n ? at : period - 1 - at);
}

/* First place in the sorted window whose value is not below v. */
static size_t place_of(const double *window, size_t count, double v)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (window[middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(double *window, size_t count, double v)
{
    size_t at = place_of(window, count, v);
    memmove(window + at + 1, window + at, (count - at) * sizeof *window);
    window[at] = v;
}

/* Takes one value out and another in, moving only what stands between them. */
static void replace(double *window, size_t count, double out, double in)
{
    size_t from = place_of(window, count, out), to = place_of(window, count, in);
    if (to > from) {
        memmove(window + from, window + from + 1, (to - from - 1) * sizeof *window);
        window[to - 1] = in;
    } else {
        memmove(window + to + 1, window + to, (from - to) * sizeof *window);
        window[to] = in;
    }
}

void bp_running_median(const double *in, size_t n, size_t size, double *out, double *window)
{
    ptrdiff_t before = (ptrdiff_t)(size / 2),
              after = (ptrdiff_t)size - before; /* values i-before ... i+after-1 */
    for (size_t k = 0; k < size; k++)
        insert(window, k, in[bp_mirror((ptrdiff_t)k - before, n)]);
    for (size_t i = 0; i < n; i++) {
        out[i] = window[size / 2];
        ptrdiff_t at = (ptrdiff_t)i;
        if (i + 1 < n)
            replace(window, size, in[bp_mirror(at - before, n)], in[bp_mirror(at + after, n)]);
    }
}
