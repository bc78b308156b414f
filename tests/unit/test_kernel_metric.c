/* SPDX-License-Identifier: BSD-3-Clause
 * The loops of metrics: every SIMD level gives the numbers of plain C, bit by bit. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "cmocka_all.h"
#include "kernel/kernel.h"

#define COLUMNS 211
#define ROWS    11

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

static void check_windows(const bp_metric_kernels *c, const bp_metric_kernels *k, size_t taps, size_t columns)
{
    bp_window_weights w = {.taps = taps, .covariance = 1.25, .c1 = 3, .c2 = 11};
    static double work[BP_MOMENTS * COLUMNS], filtered[2][BP_MOMENTS][ROWS][COLUMNS], out[2][2][COLUMNS];
    size_t width = columns - taps + 1;
    memset(filtered, 0, sizeof filtered);
    memset(out, 0, sizeof out);
    for (size_t i = 0; i < taps; i++)
        w.weights[i] = 1.0 / (2 + fabs((double)i - (double)(taps / 2)));
    for (int v = 0; v < 2; v++) {
        const bp_metric_kernels *used = v ? k : c;
        const double *rows[BP_MOMENTS * ROWS];
        for (size_t r = 0; r < taps; r++) {
            double *const to[BP_MOMENTS] = {filtered[v][0][r], filtered[v][1][r], filtered[v][2][r],
                                            filtered[v][3][r]};
            used->moments(&w, x[r], y[r], columns, work, to);
            for (size_t m = 0; m < BP_MOMENTS; m++)
                rows[m * taps + r] = to[m];
        }
        used->windows(&w, rows, width, out[v][0], out[v][1]);
        used->windows(&w, rows, width, work, NULL);
        assert_memory_equal(work, out[v][0], width * sizeof *work);
    }
    assert_memory_equal(filtered[0], filtered[1], sizeof filtered[0]);
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    /* one window by the definition */
    double sum = 0;
    for (size_t r = 0; r < taps; r++)
        for (size_t i = 0; i < taps; i++)
            sum += w.weights[r] * w.weights[i] * x[r][i];
    double mean = 0;
    for (size_t r = 0; r < taps; r++)
        mean += w.weights[r] * filtered[0][BP_MOMENT_X][r][0];
    assert_true(fabs(mean - sum) <= 1e-9 * (1 + fabs(sum)));
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
                check_windows(c, kernels->metric, 11, columns);
                check_windows(c, kernels->metric, 7, columns);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
