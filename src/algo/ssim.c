/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/ssim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

static void set_range(bp_ssim_window *window, double range, const double *weights, double scale)
{
    for (size_t i = 0; i < 6; i++) {
        window->weights[i] = weights[i];
        window->first[i] = weights[i] * scale / range;
        window->second[i] = weights[i] * scale / range / range;
    }
    window->c1 = 0.01 * 0.01;
    window->c2 = 0.03 * 0.03;
}

void bp_ssim_gauss(bp_ssim_window *window, double range)
{
    double total = 0, values[11];
    *window = (bp_ssim_window){.taps = 11, .covariance = 1};
    for (size_t i = 0; i < 11; i++) {
        double at = (double)i - 5;
        total += values[i] = exp(-at * at / (2 * 1.5 * 1.5));
    }
    for (size_t i = 0; i < 6; i++)
        values[i] /= total;
    set_range(window, range, values, 1);
}

void bp_ssim_box(bp_ssim_window *window, double range)
{
    static const double equal[6] = {1, 1, 1, 1, 1, 1};
    *window = (bp_ssim_window){.taps = 7, .covariance = 49.0 / 48};
    set_range(window, range, equal, 1.0 / 49);
}

/* Which windows of a row have no excluded pixel in one of `taps` rows; returns how many. any: room for a
 * row. */
static uint64_t keep_windows(const bp_ssim_rows *image, const uint8_t *first, size_t taps, uint8_t *any,
                             int8_t *keep)
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
        keep[at * BP_SSIM_ROWS] = inside ? 0 : -1;
        left += inside == 0;
        inside -= any[at] != 0;
    }
    return left;
}

/* All windows whose last rows are `count` rows from `last` on. memory: for excluded pixels. */
static void add_rows(const bp_ssim_window *window, const bp_ssim_rows *image, size_t last, size_t count,
                     uint8_t *memory, bool contrast, bp_ssim_sums *sums)
{
    const double *x[BP_SSIM_TAPS + BP_SSIM_ROWS], *y[BP_SSIM_TAPS + BP_SSIM_ROWS];
    double rows[BP_SSIM_ROWS];
    size_t taps = window->taps;
    int8_t *keep = image->excluded ? (int8_t *)memory + image->columns : NULL;
    ptrdiff_t stride = (ptrdiff_t)image->stride, first = (ptrdiff_t)last - (ptrdiff_t)(taps - 1);
    for (size_t k = 0; k < taps + BP_SSIM_ROWS - 1; k++) {
        size_t row = k < taps + count - 1 ? k : taps + count - 2; /* any row, for windows that do not count */
        x[k] = image->x + (first + (ptrdiff_t)row) * stride;
        y[k] = image->y + (first + (ptrdiff_t)row) * stride;
    }
    for (size_t r = 0; r < count; r++)
        sums->windows += keep ? keep_windows(image, image->excluded + (first + (ptrdiff_t)r) * stride, taps,
                                             memory, keep + r)
                              : image->columns - (taps - 1);
    bp_kernels_get()->metric->windows(window, contrast, x, y, image->columns, keep, rows);
    for (size_t r = 0; r < count; r++)
        sums->ssim += rows[r];
}

bool bp_ssim_add(const bp_ssim_window *window, const bp_ssim_rows *image, bool contrast, bp_ssim_sums *sums)
{
    size_t need = window->taps - 1, last = image->above < need ? need - image->above : 0;
    if (image->columns <= need || last >= image->rows)
        return true;
    uint8_t *memory = image->excluded ? calloc(1 + BP_SSIM_ROWS, image->columns) : NULL;
    if (image->excluded && !memory)
        return false;
    for (size_t count; last < image->rows; last += count) {
        count = image->rows - last < BP_SSIM_ROWS ? image->rows - last : BP_SSIM_ROWS;
        add_rows(window, image, last, count, memory, contrast, sums);
    }
    free(memory);
    return true;
}
