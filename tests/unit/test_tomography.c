/* SPDX-License-Identifier: BSD-3-Clause
 * Parts of tomography by themselves: kernels of all levels agree bit by bit, threads change nothing, edges of
 * known width are found, adjoint projectors are adjoint. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/attenuation.h"
#include "algo/edge_profile.h"
#include "algo/fbp.h"
#include "algo/fft.h"
#include "algo/plain_trig.h"
#include "algo/rotation_centre.h"
#include "algo/sirt.h"
#include "kernel/kernel.h"
#include "unit/cmocka_all.h"

#define PI 3.14159265358979323846

static double next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0 - 0.5;
}

static void circle_functions_are_those_of_libm(void **state)
{
    (void)state;
    for (double turns = -3; turns < 3; turns += 0.00137) {
        double c, s;
        bp_plain_trig(turns, &c, &s);
        assert_true(fabs(c - cos(2 * PI * turns)) < 4e-15 && fabs(s - sin(2 * PI * turns)) < 4e-15);
        assert_true(fabs(c * c + s * s - 1) < 5e-16);
    }
    double c, s;
    bp_plain_trig(0.25, &c, &s);
    assert_true(c == 0 && s == 1);
    bp_plain_trig(-0.5, &c, &s);
    assert_true(c == -1 && s == 0);
}

static void lanes_are_transforms_side_by_side(void **state)
{
    (void)state;
    static const size_t lengths[] = {64, 60, 96, 1};
    for (size_t l = 0; l < 4; l++) {
        size_t n = lengths[l], lanes = 3;
        uint64_t seed = n;
        bp_fftf *plan = bp_fftf_new(n);
        assert_non_null(plan);
        bp_complexf *all = malloc(2 * n * lanes * sizeof *all), *one = malloc(2 * n * sizeof *one);
        assert_true(all && one);
        for (size_t i = 0; i < n * lanes; i++)
            all[i] = (bp_complexf){(float)next(&seed), (float)next(&seed)};
        bp_complexf *copy = malloc(n * lanes * sizeof *copy);
        assert_non_null(copy);
        memcpy(copy, all, n * lanes * sizeof *copy);
        bp_fftf_run_lanes(plan, lanes, all, all + n * lanes);
        for (size_t k = 0; k < lanes; k++) {
            for (size_t i = 0; i < n; i++)
                one[i] = copy[i * lanes + k];
            bp_fftf_run(plan, one, false, one + n);
            for (size_t i = 0; i < n; i++)
                assert_true(one[i].re == all[i * lanes + k].re && one[i].im == all[i * lanes + k].im);
        }
        free(all);
        free(one);
        free(copy);
        bp_fftf_free(plan);
    }
}

/* Places left and right of the rows, steps both ways: nothing outside is read, and all levels agree. */
static void kernels_of_all_levels_agree(void **state)
{
    enum { WIDTH = 23, SUMS = BP_BACKPROJECT_PIXELS * BP_BACKPROJECT_LANES };
    (void)state;
    uint64_t seed = 3;
    size_t values = BP_BACKPROJECT_ANGLES * WIDTH * BP_BACKPROJECT_LANES;
    float *rows = malloc(values * sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < values; i++) {
        size_t column = i / BP_BACKPROJECT_LANES % WIDTH;
        rows[i] = column < 2 || column > WIDTH - 3 ? 0 : (float)next(&seed);
    }
    for (int round = 0; round < 200; round++) {
        int column[BP_BACKPROJECT_ANGLES];
        float part[BP_BACKPROJECT_ANGLES], step[BP_BACKPROJECT_ANGLES], sums[BP_SIMD_COUNT][SUMS];
        bp_backproject b = {rows, WIDTH, (size_t)round % BP_BACKPROJECT_ANGLES + 1, column, part, step};
        for (size_t a = 0; a < b.angles; a++) {
            column[a] = (int)(next(&seed) * 3 * WIDTH);
            part[a] = (float)(next(&seed) + 0.5);
            step[a] = (float)(2 * next(&seed));
        }
        for (int level = 0; level < BP_SIMD_COUNT; level++) {
            const bp_kernels *kernels = bp_kernels_at((bp_simd)level);
            for (size_t i = 0; i < SUMS; i++)
                sums[level][i] = (float)i;
            (kernels ? kernels : bp_kernels_at(BP_SIMD_C))->backproject(&b, sums[level]);
            assert_memory_equal(sums[level], sums[0], sizeof sums[0]);
        }
    }
    free(rows);
}

static void threads_change_nothing(void **state)
{
    enum { COLUMNS = 75, ANGLES = 21, COUNT = 18, PIXELS = COLUMNS * COLUMNS };
    (void)state;
    uint64_t seed = 7;
    double angles[ANGLES];
    float *in = malloc(COUNT * ANGLES * COLUMNS * sizeof *in),
          *out = malloc(4 * COUNT * PIXELS * sizeof *out);
    assert_true(in && out);
    for (size_t a = 0; a < ANGLES; a++)
        angles[a] = 180.0 * (double)a / ANGLES;
    for (size_t i = 0; i < COUNT * ANGLES * COLUMNS; i++)
        in[i] = (float)next(&seed);
    bp_fbp fbp;
    bp_fbp_init(&fbp, COLUMNS, ANGLES, angles, true);
    bp_context *ctx = bp_context_new();
    for (unsigned threads = 1; threads <= 4; threads++)
        assert_int_equal(bp_fbp_fast(ctx, &fbp, threads, COUNT, in, out + (threads - 1) * COUNT * PIXELS),
                         BP_OK);
    for (size_t t = 1; t < 4; t++)
        assert_memory_equal(out, out + t * COUNT * PIXELS, COUNT * PIXELS * sizeof *out);
    /* but for rounding a slice is the same alone as among others */
    assert_int_equal(bp_fbp_fast(NULL, &fbp, 1, 1, in + 17 * ANGLES * COLUMNS, out), BP_OK);
    for (size_t i = 0; i < PIXELS; i++)
        assert_true(fabsf(out[i] - out[(COUNT + 17) * PIXELS + i]) < 1e-5f);
    bp_context_free(ctx);
    free(in);
    free(out);
}

/* A disc whose edge is an error function. */
static void edges_have_their_width(void **state)
{
    enum { SIDE = 96 };
    (void)state;
    double *image = malloc(SIDE * SIDE * sizeof *image), width;
    assert_non_null(image);
    for (double sigma = 0.7; sigma < 1.6; sigma += 0.4) {
        bp_edge_profile profile = {.places = 0};
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            double r = hypot((double)(i / SIDE) - 47.3, (double)(i % SIDE) - 48.2);
            image[i] = 2 + 1.5 * erf((25 - r) / (sqrt(2) * sigma));
        }
        assert_true(bp_edge_profile_add(&profile, image, SIDE, 2, 45, 1.5));
        assert_true(bp_edge_profile_width(&profile, &width));
        /* a little wider: samples between pixels are linear */
        assert_true(width > 2.5631 * sigma * 0.98 && width < 2.5631 * sqrt(sigma * sigma + 0.2));
    }
    bp_edge_profile none = {.places = 0};
    assert_false(bp_edge_profile_width(&none, &width));
    assert_true(isnan(width));
    free(image);
}

static void projector_and_its_transpose_agree(void **state)
{
    enum { SIDE = 19, COLUMNS = 23, ANGLES = 9 };
    (void)state;
    uint64_t seed = 5;
    double angles[ANGLES], x[SIDE * SIDE], y[ANGLES * COLUMNS], ax[ANGLES * COLUMNS], aty[SIDE * SIDE];
    for (size_t a = 0; a < ANGLES; a++)
        angles[a] = 400 * next(&seed);
    angles[0] = 0;
    angles[1] = 90;
    for (size_t i = 0; i < SIDE * SIDE; i++)
        x[i] = next(&seed);
    for (size_t i = 0; i < ANGLES * COLUMNS; i++)
        y[i] = next(&seed);
    bp_joseph joseph = {SIDE, COLUMNS, ANGLES, angles, 10.7, 9};
    bp_projector p = bp_joseph_projector(&joseph);
    p.forward(p.user, x, ax);
    p.back(p.user, y, aty);
    double left = 0, right = 0;
    for (size_t i = 0; i < ANGLES * COLUMNS; i++)
        left += ax[i] * y[i];
    for (size_t i = 0; i < SIDE * SIDE; i++)
        right += x[i] * aty[i];
    assert_true(fabs(left - right) < 1e-12);
}

static void gaps_are_bridged(void **state)
{
    (void)state;
    double row[] = {NAN, INFINITY, 2, NAN, NAN, 5, NAN}, none[] = {NAN, NAN};
    static const double expected[] = {2, 2, 2, 3, 4, 5, 5};
    uint64_t filled = 0, clipped = 0;
    assert_int_equal(bp_fill_gaps(NULL, row, 7, &filled), BP_OK);
    assert_memory_equal(row, expected, sizeof expected);
    assert_int_equal(filled, 5);
    assert_int_equal(bp_fill_gaps(NULL, none, 2, &filled), BP_E_INPUT);
    double t[] = {1, 0.5, 0, -3};
    bp_attenuation(t, 4, &clipped);
    assert_true(t[0] == 0 && fabs(t[1] - log(2)) < 1e-15 && fabs(t[2] - log(1e6)) < 1e-13 && t[3] == t[2]);
    assert_int_equal(clipped, 2);
}

static void nothing_has_no_axis(void **state)
{
    enum { ROWS = 12, COLUMNS = 16 };
    (void)state;
    double zero[ROWS * COLUMNS] = {0}, centre;
    assert_false(bp_centre_phase(zero, zero, ROWS, COLUMNS, &centre));
    assert_true(isnan(centre));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(circle_functions_are_those_of_libm),
        cmocka_unit_test(lanes_are_transforms_side_by_side),
        cmocka_unit_test(kernels_of_all_levels_agree),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(edges_have_their_width),
        cmocka_unit_test(projector_and_its_transpose_agree),
        cmocka_unit_test(gaps_are_bridged),
        cmocka_unit_test(nothing_has_no_axis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
