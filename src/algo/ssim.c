/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/ssim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

static void constants(bp_ssim_window *window, double range)
{
    window->c1 = 0.01 * range * 0.01 * range;
    window->c2 = 0.03 * range * 0.03 * range;
}

void bp_ssim_gauss(bp_ssim_window *window, double range)
{
    double total = 0, values[11];
    *window = (bp_ssim_window){.taps = 11, .scale = 1, .covariance = 1};
    for (size_t i = 0; i < 11; i++) {
        double at = (double)i - 5;
        total += values[i] = exp(-at * at / (2 * 1.5 * 1.5));
    }
    for (size_t i = 0; i < 6; i++)
        window->weights[i] = values[i] / total;
    constants(window, range);
}

void bp_ssim_box(bp_ssim_window *window, double range)
{
    *window = (bp_ssim_window){.taps = 7, .scale = 1.0 / 49, .covariance = 49.0 / 48};
    constants(window, range);
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

/* Takes out the windows with an excluded pixel in one of `taps` rows; returns how many are left. any: room
 * for a row. */
static uint64_t drop_windows(const bp_ssim_rows *image, const uint8_t *first, size_t taps, uint8_t *any,
                             double *ssim, double *contrast)
{
    size_t columns = image->columns, inside = 0;
    uint64_t left = 0;
    memcpy(any, first, columns);
    for (size_t k = 1; k < taps; k++)
        for (size_t i = 0; i < columns; i++)
            any[i] |= first[k * image->stride + i];
    for (size_t i = 0; i < columns; i++) {
        inside += any[i] != 0;
        if (i + 1 < taps)
            continue;
        size_t at = i + 1 - taps;
        if (inside)
            ssim[at] = contrast[at] = 0;
        else
            left++;
        inside -= any[at] != 0;
    }
    return left;
}

/* All windows whose last rows are `count` rows from `last` on. */
static void add_rows(const bp_ssim_window *window, const bp_ssim_rows *image, size_t last, size_t count,
                     double *memory, bool contrast, bp_ssim_sums *sums)
{
    const double *x[BP_SSIM_TAPS + BP_SSIM_ROWS], *y[BP_SSIM_TAPS + BP_SSIM_ROWS];
    double *ssim[BP_SSIM_ROWS], *contrasts[BP_SSIM_ROWS];
    size_t taps = window->taps, width = image->columns - taps + 1, room = image->columns + 8;
    ptrdiff_t stride = (ptrdiff_t)image->stride, first = (ptrdiff_t)last - (ptrdiff_t)(taps - 1);
    for (size_t k = 0; k < taps + count - 1; k++) {
        x[k] = image->x + (first + (ptrdiff_t)k) * stride;
        y[k] = image->y + (first + (ptrdiff_t)k) * stride;
    }
    for (size_t r = 0; r < count; r++) {
        ssim[r] = memory + r * room;
        contrasts[r] = memory + (BP_SSIM_ROWS + r) * room;
    }
    bp_kernels_get()->metric->windows(window, x, y, count, image->columns, ssim, contrast ? contrasts : NULL);
    for (size_t r = 0; r < count; r++) {
        const uint8_t *out = image->excluded ? image->excluded + (first + (ptrdiff_t)r) * stride : NULL;
        sums->windows += out ? drop_windows(image, out, taps, (uint8_t *)(memory + 2 * BP_SSIM_ROWS * room),
                                            ssim[r], contrasts[r])
                             : width;
        sums->ssim += sum_of(ssim[r], width);
        if (contrast)
            sums->contrast += sum_of(contrasts[r], width);
    }
}

bool bp_ssim_add(const bp_ssim_window *window, const bp_ssim_rows *image, bool contrast, bp_ssim_sums *sums)
{
    size_t need = window->taps - 1, last = image->above < need ? need - image->above : 0;
    if (image->columns <= need || last >= image->rows)
        return true;
    double *memory = malloc((2 * BP_SSIM_ROWS + 1) * (image->columns + 8) * sizeof *memory);
    if (!memory)
        return false;
    for (size_t count; last < image->rows; last += count) {
        count = image->rows - last < BP_SSIM_ROWS ? image->rows - last : BP_SSIM_ROWS;
        add_rows(window, image, last, count, memory, contrast, sums);
    }
    free(memory);
    return true;
}
