/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/ssim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

typedef struct scratch {
    double *work;             /* BP_MOMENTS rows */
    double *rows[BP_MOMENTS]; /* filtered along the row: `taps` rows of a ring */
    double *ssim, *contrast;  /* of the windows of one row */
    unsigned *out_rows;       /* excluded pixels in each window of one row: a ring */
    unsigned *out_sum;
    size_t width; /* windows in a row */
    double *memory;
} scratch;

static void constants(bp_ssim_window *window, double range)
{
    window->c1 = 0.01 * range * 0.01 * range;
    window->c2 = 0.03 * range * 0.03 * range;
}

void bp_ssim_gauss(bp_ssim_window *window, double range)
{
    double total = 0;
    window->taps = 11;
    for (size_t i = 0; i < 11; i++) {
        double at = (double)i - 5;
        total += window->weights[i] = exp(-at * at / (2 * 1.5 * 1.5));
    }
    for (size_t i = 0; i < 11; i++)
        window->weights[i] /= total;
    window->covariance = 1;
    constants(window, range);
}

void bp_ssim_box(bp_ssim_window *window, double range)
{
    window->taps = 7;
    for (size_t i = 0; i < 7; i++)
        window->weights[i] = 1.0 / 7;
    window->covariance = 49.0 / 48;
    constants(window, range);
}

static bool scratch_init(scratch *s, size_t columns, size_t taps)
{
    size_t width = columns - taps + 1, values = BP_MOMENTS * (columns + taps * width) + 2 * width;
    s->width = width;
    s->memory = malloc(values * sizeof(double) + (taps + 1) * width * sizeof(unsigned));
    if (!s->memory)
        return false;
    s->work = s->memory;
    double *at = s->work + BP_MOMENTS * columns;
    for (size_t m = 0; m < BP_MOMENTS; m++, at += taps * width)
        s->rows[m] = at;
    s->ssim = at;
    s->contrast = at + width;
    s->out_rows = (unsigned *)(void *)(at + 2 * width);
    s->out_sum = s->out_rows + taps * width;
    return true;
}

/* Excluded pixels in the windows of one row. */
static void count_excluded(scratch *s, size_t slot, size_t taps, size_t columns, const uint8_t *excluded)
{
    unsigned count = 0;
    for (size_t i = 0; i < columns; i++) {
        count += excluded[i] != 0;
        if (i + 1 >= taps) {
            s->out_rows[slot + i + 1 - taps] = count;
            count -= excluded[i + 1 - taps] != 0;
        }
    }
}

/* The windows whose last row is `last`. */
static void take_windows(scratch *s, const bp_ssim_window *window, size_t last, bool contrast)
{
    const double *rows[BP_MOMENTS * 11];
    size_t taps = window->taps, first = last + 1 - taps;
    for (size_t m = 0; m < BP_MOMENTS; m++)
        for (size_t k = 0; k < taps; k++)
            rows[m * taps + k] = s->rows[m] + (first + k) % taps * s->width;
    bp_kernels_get()->metric->windows(window, rows, s->width, s->ssim, contrast ? s->contrast : NULL);
}

/* Lane by lane, so that the order of the sum is always the same. */
static double sum_of(const double *values, size_t count)
{
    double lanes[BP_METRIC_LANES] = {0}, sum = 0;
    for (size_t at = 0; at < count; at += BP_METRIC_LANES)
        for (size_t i = 0; i < BP_METRIC_LANES && at + i < count; i++)
            lanes[i] += values[at + i];
    for (size_t i = 0; i < BP_METRIC_LANES; i++)
        sum += lanes[i];
    return sum;
}

/* Windows with an excluded pixel are taken out; returns how many are left. */
static uint64_t drop_windows(scratch *s, size_t taps)
{
    uint64_t left = s->width;
    memset(s->out_sum, 0, s->width * sizeof *s->out_sum);
    for (size_t k = 0; k < taps; k++)
        for (size_t i = 0; i < s->width; i++)
            s->out_sum[i] += s->out_rows[k * s->width + i];
    for (size_t i = 0; i < s->width; i++) {
        if (s->out_sum[i]) {
            s->ssim[i] = s->contrast[i] = 0;
            left--;
        }
    }
    return left;
}

bool bp_ssim_add(const bp_ssim_window *window, size_t rows, size_t columns, const double *x, const double *y,
                 const uint8_t *excluded, bool contrast, bp_ssim_sums *sums)
{
    scratch s;
    size_t taps = window->taps;
    if (rows < taps || columns < taps)
        return true;
    if (!scratch_init(&s, columns, taps))
        return false;
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        size_t slot = r % taps * s.width;
        double *const out[BP_MOMENTS] = {s.rows[0] + slot, s.rows[1] + slot, s.rows[2] + slot,
                                         s.rows[3] + slot};
        bp_kernels_get()->metric->moments(window, x, y, columns, s.work, out);
        if (excluded)
            count_excluded(&s, slot, taps, columns, excluded + r * columns);
        if (r + 1 < taps)
            continue;
        take_windows(&s, window, r, contrast);
        sums->windows += excluded ? drop_windows(&s, taps) : s.width;
        sums->ssim += sum_of(s.ssim, s.width);
        if (contrast)
            sums->contrast += sum_of(s.contrast, s.width);
    }
    free(s.memory);
    return true;
}
