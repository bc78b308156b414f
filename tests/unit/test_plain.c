/* SPDX-License-Identifier: BSD-3-Clause
 * Functions made of + - * / against libm, and the running median against sorting. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "algo/plain_exp.h"
#include "algo/running_median.h"
#include "algo/stripes.h"
#include "unit/cmocka_all.h"

static void test_exp(void **state)
{
    (void)state;
    for (int i = -70000; i <= 70000; i++) {
        double x = i / 100.0 + i * 1e-9, expected = exp(x);
        assert_true(fabs(bp_plain_exp(x) - expected) <= 1e-15 * expected);
    }
    assert_true(bp_plain_exp(0) == 1);
    assert_true(bp_plain_exp(-800) == 0);
    assert_true(bp_plain_exp(-745) > 0);
    assert_true(isinf(bp_plain_exp(800)));
    assert_true(bp_plain_exp(709.7) < DBL_MAX);
    assert_true(isnan(bp_plain_exp((double)NAN)));
}

static void test_turn(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 2, 3, 4, 7, 8, 12, 217, 1000, 65536};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t k = 0; k < 2 * lengths[i]; k++) {
            double angle = 6.28318530717958648 * (double)(k % lengths[i]) / (double)lengths[i], c, s;
            bp_plain_turn(k, lengths[i], &c, &s);
            assert_true(fabs(c - cos(angle)) < 2e-15 && fabs(s - sin(angle)) < 2e-15);
        }
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void test_running_median(void **state)
{
    (void)state;
    enum { MOST = 60 };
    double in[MOST], out[MOST], window[2 * MOST], sorted[2 * MOST];
    uint32_t seed = 1;
    for (size_t n = 1; n <= MOST; n += 7)
        for (size_t size = 1; size < 2 * MOST; size++) {
            for (size_t i = 0; i < n; i++)
                in[i] = (double)((seed = seed * 1664525u + 1013904223u) >> 27); /* many equal ones */
            bp_running_median(in, n, size, out, window);
            for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < size; k++)
                    sorted[k] = in[bp_mirror((ptrdiff_t)(i + k) - (ptrdiff_t)(size / 2), n)];
                qsort(sorted, size, sizeof *sorted, by_size);
                assert_true(out[i] == sorted[size / 2]);
            }
        }
}

/* A sinogram of noise with a stripe on top: every method that knows such stripes takes most of it away. What
 * is not finite stays. */
static void test_stripes(void **state)
{
    (void)state;
    enum { ROWS = 120, COLUMNS = 90, STRIPE = 40 };
    static double sinogram[ROWS * COLUMNS];
    for (int method = 0; method < BP_STRIPE_METHODS; method++) {
        bp_stripes stripes = bp_stripes_defaults((bp_stripe_method)method);
        uint32_t seed = 7;
        for (size_t i = 0; i < ROWS * COLUMNS; i++) {
            double noise = (double)((seed = seed * 1664525u + 1013904223u) >> 8) / 16777216 - 0.5;
            sinogram[i] = 10 + 0.1 * noise + 0.001 * (double)(i % COLUMNS) + (i % COLUMNS == STRIPE ? 2 : 0);
        }
        sinogram[5 * COLUMNS + 7] = (double)NAN;
        sinogram[9 * COLUMNS] = (double)INFINITY;
        assert_true(bp_stripes_remove(&stripes, sinogram, ROWS, COLUMNS));
        assert_true(isnan(sinogram[5 * COLUMNS + 7]) && isinf(sinogram[9 * COLUMNS]));
        double left = 0;
        for (size_t y = 0; y < ROWS; y++) {
            const double *at = sinogram + y * COLUMNS + STRIPE;
            left += (at[0] - (at[-3] + at[3]) / 2) / ROWS;
        }
        /* smooth windows lower a stripe of one column, those with a median take it away */
        bool smooth = method == BP_STRIPES_FITTING || method == BP_STRIPES_FOURIER;
        assert_true(fabs(left) < (smooth ? 1.5 : 0.1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exp), cmocka_unit_test(test_turn),
                                       cmocka_unit_test(test_running_median), cmocka_unit_test(test_stripes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
