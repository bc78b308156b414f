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

/* SSIM of the window whose first pixel is (row, at), by the definition; or its contrast part. */
static double one_window(const bp_window_weights *w, bool contrast, size_t row, size_t at)
{
    double m[4] = {0};
    size_t taps = w->taps;
    for (size_t r = 0; r < taps; r++)
        for (size_t i = 0; i < taps; i++) {
            size_t down = r <= taps / 2 ? r : taps - 1 - r, across = i <= taps / 2 ? i : taps - 1 - i;
            double first = taps == 7 ? w->first[0] : w->weights[down] * w->first[across];
            double second = taps == 7 ? w->second[0] : w->weights[down] * w->second[across];
            double p = x[row + r][at + i], q = y[row + r][at + i];
            m[0] += first * p;
            m[1] += first * q;
            m[2] += second * (p * p + q * q);
            m[3] += second * p * q;
        }
    double squares = m[0] * m[0] + m[1] * m[1], product = m[0] * m[1];
    double structure =
        (2 * w->covariance * (m[3] - product) + w->c2) / (w->covariance * (m[2] - squares) + w->c2);
    return contrast ? structure : structure * (2 * product + w->c1) / (squares + w->c1);
}

static void check_windows(const bp_metric_kernels *c, const bp_metric_kernels *k, size_t taps, bool contrast,
                          size_t columns)
{
    bp_window_weights w = {.taps = taps, .covariance = taps == 7 ? 1.25 : 1, .c1 = 1e-4, .c2 = 9e-4};
    double sums[4][BP_SSIM_ROWS], scale = 1.0 / 1000;
    int8_t keep[COLUMNS * BP_SSIM_ROWS];
    const double *a[ROWS], *b[ROWS];
    size_t width = columns - taps + 1;
    for (size_t i = 0; i < 6; i++) {
        w.weights[i] = taps == 7 ? 1.0 : 1.0 / (9 + fabs((double)i - 5));
        w.first[i] = taps == 7 ? scale / 49 : w.weights[i] * scale;
        w.second[i] = taps == 7 ? scale * scale / 49 : w.weights[i] * scale * scale;
    }
    for (size_t r = 0; r < ROWS; r++) {
        a[r] = x[r];
        b[r] = y[r];
    }
    for (size_t i = 0; i < sizeof keep; i++)
        keep[i] = i % 11 == 3 ? 0 : -1;
    for (int v = 0; v < 4; v++) /* plain C and this level, of all windows and of some */
        (v % 2 ? k : c)->windows(&w, contrast, a, b, columns, v < 2 ? NULL : keep, sums[v]);
    assert_memory_equal(sums[0], sums[1], sizeof sums[0]);
    assert_memory_equal(sums[2], sums[3], sizeof sums[2]);
    for (size_t r = 0; r < BP_SSIM_ROWS; r++) {
        double all = 0, some = 0;
        for (size_t i = 0; i < width; i++) {
            double value = one_window(&w, contrast, r, i);
            all += value;
            some += keep[i * BP_SSIM_ROWS + r] ? value : 0;
        }
        assert_true(fabs(all - sums[0][r]) <= 1e-9 * (double)width);
        assert_true(fabs(some - sums[2][r]) <= 1e-9 * (double)width);
    }
    /* a row of windows sums up the same wherever it stands among the others */
    for (size_t r = 0; r < ROWS; r++) {
        a[r] = x[r ? r - 1 : 0];
        b[r] = y[r ? r - 1 : 0];
    }
    k->windows(&w, contrast, a, b, columns, NULL, sums[1]);
    assert_memory_equal(&sums[0][0], &sums[1][1], (BP_SSIM_ROWS - 1) * sizeof sums[0][0]);
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
    uint16_t counts[COLUMNS];
    float singles[COLUMNS];
    double values[2][COLUMNS];
    for (size_t i = 0; i < n; i++) {
        counts[i] = (uint16_t)(i * 40503);
        singles[i] = (float)x[1][i];
    }
    k->from_u16(counts, n, values[0]);
    k->from_f32(singles, n, values[1]);
    for (size_t i = 0; i < n; i++) {
        assert_true(values[0][i] == counts[i]);
        double single = singles[i];
        assert_memory_equal(&values[1][i], &single, sizeof single);
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
            for (size_t columns = 11; kind == 0 && columns <= COLUMNS; columns = columns * 3 / 2 + 1) {
                check_windows(c, kernels->metric, 11, false, columns);
                check_windows(c, kernels->metric, 11, true, columns);
                check_windows(c, kernels->metric, 7, false, columns - 4);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
