/* SPDX-License-Identifier: BSD-3-Clause
 * What every denoiser keeps: labels, constants, the mean; and the calibration without a clean image. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/anscombe.h"
#include "algo/denoise.h"
#include "unit/cmocka_all.h"

enum { ROWS = 61, COLUMNS = 83, COUNT = ROWS * COLUMNS };

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/* Sum of twelve: close enough to normal, sigma 1. */
static double normal(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform(state);
    return sum;
}

typedef struct scene {
    double clean[COUNT], noisy[COUNT], out[COUNT], other[COUNT];
    uint8_t labels[COUNT];
    double *scratch;
} scene;

/* A slope and a disc with noise of sigma 1; a gap of two columns, a dead row, single pixels. */
static void set_scene(scene *s)
{
    uint64_t seed = 3;
    for (size_t i = 0; i < COUNT; i++) {
        double y = (double)(i / COLUMNS), x = (double)(i % COLUMNS);
        s->clean[i] = 20 + 0.05 * x + (hypot(y - 30, x - 40) < 15 ? 12 : 0);
        s->noisy[i] = s->clean[i] + normal(&seed);
        s->labels[i] = i % COLUMNS == 25 || i % COLUMNS == 26 || i / COLUMNS == 50 || i % 397 == 5;
    }
}

static void run(scene *s, bp_denoise_method method, const double *values, const uint8_t *labels, double *out)
{
    bp_denoise how = bp_denoise_defaults(method, 1);
    bp_image in = {ROWS, COLUMNS, values, labels};
    size_t need = bp_denoise_scratch(method, &how, ROWS, COLUMNS);
    s->scratch = malloc((need + 1) * sizeof *s->scratch);
    assert_non_null(s->scratch);
    s->scratch[need] = 12345; /* nothing is written behind it */
    bp_denoise_run(method, &how, &in, out, s->scratch);
    assert_true(s->scratch[need] == 12345);
    free(s->scratch);
}

static double error_of(const scene *s, const double *values)
{
    double squares = 0, count = 0;
    for (size_t i = 0; i < COUNT; i++)
        if (!s->labels[i]) {
            squares += (values[i] - s->clean[i]) * (values[i] - s->clean[i]);
            count++;
        }
    return sqrt(squares / count);
}

static void test_labels(void **state)
{
    scene *s = *state;
    for (int method = 0; method < BP_DENOISE_METHODS; method++) {
        set_scene(s);
        run(s, (bp_denoise_method)method, s->noisy, s->labels, s->out);
        double before = error_of(s, s->noisy), after = error_of(s, s->out);
        assert_true(after < 0.8 * before);
        /* what stands at a label makes no difference, and stays */
        for (size_t i = 0; i < COUNT; i++)
            s->noisy[i] = s->labels[i] ? 65535 + (double)i : s->noisy[i];
        run(s, (bp_denoise_method)method, s->noisy, s->labels, s->other);
        for (size_t i = 0; i < COUNT; i++)
            assert_true(s->other[i] == (s->labels[i] ? s->noisy[i] : s->out[i]));
        /* no labels is the same as none marked, up to rounding */
        set_scene(s);
        memset(s->labels, 0, COUNT);
        run(s, (bp_denoise_method)method, s->noisy, s->labels, s->out);
        run(s, (bp_denoise_method)method, s->noisy, NULL, s->other);
        for (size_t i = 0; i < COUNT; i++)
            assert_true(fabs(s->out[i] - s->other[i]) < 1e-12);
    }
}

static void test_constant(void **state)
{
    scene *s = *state;
    set_scene(s);
    for (size_t i = 0; i < COUNT; i++)
        s->noisy[i] = 7;
    for (int method = 0; method < BP_DENOISE_METHODS; method++) {
        run(s, (bp_denoise_method)method, s->noisy, s->labels, s->out);
        for (size_t i = 0; i < COUNT; i++)
            assert_true(fabs(s->out[i] - 7) < 1e-12);
        memset(s->labels, 1, COUNT); /* nothing but labels */
        run(s, (bp_denoise_method)method, s->noisy, s->labels, s->out);
        assert_memory_equal(s->out, s->noisy, sizeof s->out);
        memset(s->labels, 0, COUNT);
    }
}

/* Down to single pixels: defined, and nothing read beyond (which the sanitizers see). */
static void test_small(void **state)
{
    scene *s = *state;
    for (int method = 0; method < BP_DENOISE_METHODS; method++)
        for (size_t rows = 1; rows < 12; rows++)
            for (size_t columns = 1; columns < 12; columns++) {
                bp_denoise how = bp_denoise_defaults((bp_denoise_method)method, 1);
                size_t need = bp_denoise_scratch((bp_denoise_method)method, &how, rows, columns);
                double *in = malloc(rows * columns * sizeof *in), *out = malloc(rows * columns * sizeof *out);
                s->scratch = malloc((need + 1) * sizeof *s->scratch);
                assert_true(in && out && s->scratch);
                for (size_t i = 0; i < rows * columns; i++)
                    in[i] = (double)(i * 7 % 5);
                bp_image image = {rows, columns, in, NULL};
                bp_denoise_run((bp_denoise_method)method, &how, &image, out, s->scratch);
                for (size_t i = 0; i < rows * columns; i++)
                    assert_true(out[i] > -2 && out[i] < 6);
                free(in);
                free(out);
                free(s->scratch);
            }
}

/* The strength that is found without the clean image is not far from the best one; somewhat above it at sharp
 * edges, for a pixel that is left out is smoothed by its neighbours already. */
static void test_calibrate(void **state)
{
    scene *s = *state;
    set_scene(s);
    for (int method = 0; method < BP_DENOISE_METHODS; method++) {
        bp_denoise how = bp_denoise_defaults((bp_denoise_method)method, 1);
        bp_image in = {ROWS, COLUMNS, s->noisy, s->labels};
        size_t need = bp_denoise_calibrate_scratch((bp_denoise_method)method, &how, ROWS, COLUMNS);
        s->scratch = malloc((need + 1) * sizeof *s->scratch);
        assert_non_null(s->scratch);
        double loss, best = 1e9;
        how.strength = bp_denoise_calibrate((bp_denoise_method)method, &how, &in, &loss, s->scratch);
        bp_denoise_run((bp_denoise_method)method, &how, &in, s->out, s->scratch);
        double found = error_of(s, s->out);
        for (double strength = 1; strength < 8; strength += 2) {
            how.strength = method == BP_DENOISE_MEDIAN ? strength : strength * 0.35;
            bp_denoise_run((bp_denoise_method)method, &how, &in, s->out, s->scratch);
            best = fmin(best, error_of(s, s->out));
        }
        assert_true(found < 1.6 * best && found < error_of(s, s->noisy));
        assert_true(loss > 0.9 && loss < 2);
        free(s->scratch);
    }
}

static void test_temporal(void **state)
{
    (void)state;
    double values[5][4] = {{1, 5, 9, 2}, {3, 1, 9, 2}, {2, 7, 100, 2}, {9, 3, 1, 2}, {4, 9, 4, 2}};
    uint8_t labels[5][4] = {{0, 0, 0, 1}, {0, 1, 0, 1}, {0, 0, 1, 1}, {0, 0, 0, 1}, {0, 0, 0, 1}};
    bp_image in[5];
    double out[4];
    for (size_t k = 0; k < 5; k++)
        in[k] = (bp_image){1, 4, values[k], labels[k]};
    bp_temporal_image(in, 5, 1, 0, out);
    assert_true(out[0] == 3 && out[1] == 6 && out[2] == 6.5 && out[3] == 2);
    bp_temporal_image(in, 5, 0, 2, out);
    assert_true(fabs(out[0] - 3.8) < 1e-15 && out[1] == 6 && out[2] == 100 && out[3] == 2);
}

/* The noise of the scene, its edges and labels notwithstanding. */
static void test_noise(void **state)
{
    scene *s = *state;
    set_scene(s);
    bp_image in = {ROWS, COLUMNS, s->noisy, NULL};
    double *scratch = malloc(bp_wavelet_scratch(ROWS, COLUMNS) * sizeof *scratch);
    assert_non_null(scratch);
    assert_true(fabs(bp_wavelet_noise(&in, scratch) - 1) < 0.05);
    free(scratch);
}

static void test_anscombe(void **state)
{
    (void)state;
    bp_anscombe law = {2.5, 4, 100};
    double in[] = {-1e9, 100, 1e9}, out[3];
    bp_anscombe_forward(&law, in, 3, out);
    assert_true(out[0] == 0 && out[1] > 0 && isfinite(out[2]));
    bp_anscombe_unbiased(&law, out, 3, in);
    assert_true(in[0] == 100 && in[1] >= 100 && fabs(in[2] - 1e9) < 1);
}

static int set_up(void **state)
{
    *state = malloc(sizeof(scene));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_labels),   cmocka_unit_test(test_constant),
                                       cmocka_unit_test(test_small),    cmocka_unit_test(test_calibrate),
                                       cmocka_unit_test(test_temporal), cmocka_unit_test(test_noise),
                                       cmocka_unit_test(test_anscombe)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
