/* SPDX-License-Identifier: BSD-3-Clause
 * Fourier transforms against the sum that defines them, and properties that hold for every length. */
#include <math.h>
#include <stdlib.h>

#include "algo/fft.h"
#include "unit/cmocka_all.h"

#define PI 3.14159265358979323846

static double next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0 - 0.5;
}

static bp_complex slow(const bp_complex *x, size_t n, size_t k, int sign)
{
    bp_complex sum = {0, 0};
    for (size_t j = 0; j < n; j++) {
        double angle = sign * 2 * PI * (double)((j * k) % n) / (double)n;
        sum.re += x[j].re * cos(angle) - x[j].im * sin(angle);
        sum.im += x[j].re * sin(angle) + x[j].im * cos(angle);
    }
    return sum;
}

static void one_length(size_t n, bool backward)
{
    uint64_t seed = n;
    bp_fft *plan = bp_fft_new(n);
    bp_fftf *single = bp_fftf_new(n);
    assert_non_null(plan);
    assert_non_null(single);
    bp_complex *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
    bp_complexf *z = malloc(n * sizeof *z);
    bp_complex *scratch = malloc(bp_fft_scratch(plan) * sizeof *scratch);
    bp_complexf *scratchf = malloc(bp_fftf_scratch(single) * sizeof *scratchf);
    for (size_t j = 0; j < n; j++) {
        y[j] = x[j] = (bp_complex){next(&seed), next(&seed)};
        z[j] = (bp_complexf){(float)x[j].re, (float)x[j].im};
    }
    bp_fft_run(plan, y, backward, scratch);
    bp_fftf_run(single, z, backward, scratchf);
    for (size_t k = 0; k < n; k++) {
        bp_complex expected = slow(x, n, k, backward ? 1 : -1);
        assert_true(hypot(y[k].re - expected.re, y[k].im - expected.im) < 1e-13 * (double)n + 1e-14);
        assert_true(hypot(z[k].re - expected.re, z[k].im - expected.im) < 2e-6 * sqrt((double)n) + 1e-6);
    }
    free(x);
    free(y);
    free(z);
    free(scratch);
    free(scratchf);
    bp_fft_free(plan);
    bp_fftf_free(single);
}

static void test_definition(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 130; n++) {
        one_length(n, false);
        one_length(n, true);
    }
    static const size_t others[] = {210, 243, 256, 343, 360, 509, 512, 1001, 1013};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        one_length(others[i], i % 2);
}

/* Back and forth is n times what was there, and the energy is kept (Parseval). */
static void test_large(void **state)
{
    (void)state;
    static const size_t lengths[] = {4096, 5040, 6000, 7919, 16807};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t n = lengths[i];
        uint64_t seed = 5;
        bp_fft *plan = bp_fft_new(n);
        assert_non_null(plan);
        bp_complex *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
        bp_complex *scratch = malloc(bp_fft_scratch(plan) * sizeof *scratch);
        double energy = 0, there = 0;
        for (size_t j = 0; j < n; j++) {
            y[j] = x[j] = (bp_complex){next(&seed), next(&seed)};
            energy += x[j].re * x[j].re + x[j].im * x[j].im;
        }
        bp_fft_run(plan, y, false, scratch);
        for (size_t j = 0; j < n; j++)
            there += y[j].re * y[j].re + y[j].im * y[j].im;
        assert_true(fabs(there / (double)n / energy - 1) < 1e-12);
        bp_fft_run(plan, y, true, scratch);
        for (size_t j = 0; j < n; j++)
            assert_true(hypot(y[j].re / (double)n - x[j].re, y[j].im / (double)n - x[j].im) < 1e-12);
        free(x);
        free(y);
        free(scratch);
        bp_fft_free(plan);
    }
}

static void test_image(void **state)
{
    (void)state;
    enum { ROWS = 12, COLUMNS = 11 };
    uint64_t seed = 9;
    bp_complex x[ROWS][COLUMNS], y[ROWS][COLUMNS];
    for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < COLUMNS; c++)
            y[r][c] = x[r][c] = (bp_complex){next(&seed), next(&seed)};
    assert_true(bp_fft_image(ROWS, COLUMNS, &y[0][0], false));
    for (size_t k = 0; k < ROWS; k++)
        for (size_t l = 0; l < COLUMNS; l++) {
            bp_complex sum = {0, 0};
            for (size_t r = 0; r < ROWS; r++)
                for (size_t c = 0; c < COLUMNS; c++) {
                    double angle = -2 * PI * ((double)(r * k) / ROWS + (double)(c * l) / COLUMNS);
                    sum.re += x[r][c].re * cos(angle) - x[r][c].im * sin(angle);
                    sum.im += x[r][c].re * sin(angle) + x[r][c].im * cos(angle);
                }
            assert_true(hypot(sum.re - y[k][l].re, sum.im - y[k][l].im) < 1e-11);
        }
}

static void test_lengths(void **state)
{
    (void)state;
    assert_null(bp_fft_new(0));
    assert_int_equal(bp_fft_good_length(0), 1);
    assert_int_equal(bp_fft_good_length(11), 12);
    assert_int_equal(bp_fft_good_length(2048), 2048);
    assert_int_equal(bp_fft_good_length(2049), 2058);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_image),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
