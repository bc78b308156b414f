/* SPDX-License-Identifier: BSD-3-Clause
 * The loops of metrics: every SIMD level gives the numbers of plain C, bit by bit. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "cmocka_all.h"
#include "kernel/kernel.h"

#define COLUMNS 215
#define ROWS    (BP_SSIM_TAPS + BP_SSIM_ROWS - 1)

static double x[ROWS][COLUMNS], y[ROWS][COLUMNS];

/* kind 0: counts; 1: any magnitude; 2: with NaN and infinite values. */
static void fill(int kind)
{
    bp_random random;
    bp_random_init(&random, 7, (uint64_t)kind);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < COLUMNS; i++) {
            double u = (double)(bp_random_next(&random) >> 11) * 0x1p-53;
            double v = (double)(bp_random_next(&random) >> 11) * 0x1p-53;
            x[r][i] = kind == 0 ? floor(1000 * u) : ldexp(u - 0.5, (int)(i % 60));
            y[r][i] = x[r][i] + (kind == 0 ? floor(3 * v) - 1 : v);
            if (kind == 2 && i % 17 == 3)
                (i % 2 ? x : y)[r][i] = i % 3 ? (double)NAN : -(double)INFINITY;
        }
}

static void check_windows(const bp_metric_kernels *c, const bp_metric_kernels *k, size_t taps, size_t rows,
                          size_t columns)
{
    bp_window_weights w = {.taps = taps, .scale = 1.0 / 49, .covariance = 1.25, .c1 = 3, .c2 = 11};
    static double out[3][2][BP_SSIM_ROWS][COLUMNS + 8];
    size_t width = columns - taps + 1;
    const double *a[ROWS], *b[ROWS];
    memset(out, 0, sizeof out);
    for (size_t i = 0; i < taps / 2 + 1; i++)
        w.weights[i] = taps == 7 ? 1.0 / 7 : 1.0 / (2 + fabs((double)i - (double)(taps / 2)));
    for (size_t r = 0; r < ROWS; r++) {
        a[r] = x[r];
        b[r] = y[r];
    }
    for (int v = 0; v < 3; v++) { /* plain C, this level, and this level row by row */
        double *ssim[BP_SSIM_ROWS], *contrast[BP_SSIM_ROWS];
        for (size_t r = 0; r < rows; r++) {
            ssim[r] = out[v][0][r];
            contrast[r] = out[v][1][r];
        }
        double *const *wanted = taps == 11 ? contrast : NULL;
        for (size_t r = 0; v == 2 && r < rows; r++)
            k->windows(&w, a + r, b + r, 1, columns, ssim + r, wanted ? wanted + r : NULL);
        if (v < 2)
            (v ? k : c)->windows(&w, a, b, rows, columns, ssim, wanted);
    }
    for (size_t part = 0; part < (taps == 11 ? 2 : 1); part++)
        for (size_t r = 0; r < rows; r++)
            for (int v = 1; v < 3; v++)
                assert_memory_equal(out[0][part][r], out[v][part][r], width * sizeof(double));
    /* a window by the definition */
    double m[4] = {0};
    size_t row = rows - 1, at = width - 1;
    for (size_t r = 0; r < taps; r++)
        for (size_t i = 0; i < taps; i++) {
            double weight =
                w.weights[r <= taps / 2 ? r : taps - 1 - r] * w.weights[i <= taps / 2 ? i : taps - 1 - i];
            double p = x[row + r][at + i], q = y[row + r][at + i];
            m[0] += weight * p;
            m[1] += weight * q;
            m[2] += weight * (p * p + q * q);
            m[3] += weight * p * q;
        }
    double squares = m[0] * m[0] + m[1] * m[1], product = m[0] * m[1];
    double ssim = (2 * w.covariance * (m[3] - product) + w.c2) * (2 * product + w.c1) /
                  ((w.covariance * (m[2] - squares) + w.c2) * (squares + w.c1));
    assert_true(fabs(ssim - out[0][0][row][at]) <= 1e-9 * (1 + fabs(ssim)));
}

static void check_pixels(const bp_metric_kernels *c, const bp_metric_kernels *k, size_t n)
{
    bp_point_lanes lanes[2];
    bp_row_survey rows[2];
    uint8_t out[2][COLUMNS], excluded[COLUMNS];
    size_t whole = n - n % BP_METRIC_LANES;
    memset(lanes, 0, sizeof lanes);
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; i < n; i++)
        excluded[i] = i % 13 == 4;
    for (int v = 0; v < 2; v++) {
        (v ? k : c)->point(x[0], y[0], NULL, whole, 100, &lanes[v]);
        (v ? k : c)->survey(x[1], y[1], excluded, true, x[1][5 % n], n, out[v], &rows[v]);
    }
    assert_memory_equal(&lanes[0], &lanes[1], sizeof lanes[0]);
    assert_memory_equal(&rows[0], &rows[1], sizeof rows[0]);
    assert_memory_equal(out[0], out[1], n);
    uint64_t left = 0;
    for (size_t i = 0; i < n; i++) {
        bool leave = excluded[i] || x[1][i] == x[1][5 % n] || !isfinite(x[1][i]) || !isfinite(y[1][i]);
        assert_int_equal(out[0][i], leave);
        left += leave;
    }
    assert_int_equal(left, rows[0].excluded + rows[0].labels + rows[0].not_finite);
}

static void all_levels_agree(void **state)
{
    (void)state;
    const bp_metric_kernels *c = bp_kernels_at(BP_SIMD_C)->metric;
    for (int level = 0; level < BP_SIMD_COUNT; level++) {
        const bp_kernels *kernels = bp_kernels_at((bp_simd)level);
        if (!kernels) {
            print_message("SKIP %s: not on this CPU\n", bp_simd_name((bp_simd)level));
            continue;
        }
        for (int kind = 0; kind < 3; kind++) {
            fill(kind);
            for (size_t n = 1; n <= COLUMNS; n = n * 2 + 1)
                check_pixels(c, kernels->metric, n);
            for (size_t columns = 11; kind < 2 && columns <= COLUMNS; columns += 25) {
                for (size_t rows = 1; rows <= BP_SSIM_ROWS; rows++) {
                    check_windows(c, kernels->metric, 11, rows, columns);
                    check_windows(c, kernels->metric, 7, rows, columns - columns % 8 + 7);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
