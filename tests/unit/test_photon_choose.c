/* SPDX-License-Identifier: BSD-3-Clause
 * The choice of photon's tables: weights from moments, and frames of every extreme, whole and sampled. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon.h"
#include "algo/photon_fit.h"
#include "kernel/kernel.h"
#include "kernel/kernel_c.h"
#include "unit/cmocka_all.h"

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13; /* xorshift64, Marsaglia 2003 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Of independent noise the mean of all is best, of a plane the continued slope. */
static void weights_follow_the_moments(void **state)
{
    (void)state;
    int64_t noise[BP_PHOTON_WEIGHTS][BP_PHOTON_WEIGHTS], plane[BP_PHOTON_WEIGHTS][BP_PHOTON_WEIGHTS];
    static const int dx[] = {-1, 0, 1, -1, -2, 0, 1, -1, 0}, dy[] = {0, -1, -1, -1, 0, -2, -2, -2, 0};
    for (size_t i = 0; i < BP_PHOTON_WEIGHTS; i++)
        for (size_t j = 0; j < BP_PHOTON_WEIGHTS; j++) {
            noise[i][j] = 1000 + (i == j ? 1000 : 0);
            plane[i][j] = 100000 * (dx[i] * dx[j] + dy[i] * dy[j]) + (i == j ? 1 : 0);
        }
    int8_t weight[BP_PHOTON_WEIGHTS] = {4, 4, 4, 0, 1, 1, 1, 1, 0};
    bp_photon_weights_fit(noise, BP_PHOTON_WEIGHTS - 1, weight);
    for (size_t i = 0; i < BP_PHOTON_WINDOW; i++)
        assert_int_equal(weight[i], 2);
    assert_int_equal(weight[BP_PHOTON_WINDOW], 0);
    bp_photon_weights_fit(plane, BP_PHOTON_WEIGHTS - 1, weight);
    int sum = 0, x = 0, y = 0;
    for (size_t i = 0; i < BP_PHOTON_WINDOW; i++) {
        sum += weight[i];
        x += weight[i] * dx[i];
        y += weight[i] * dy[i];
    }
    assert_int_equal(sum, 16);
    assert_int_equal(x, 0);
    assert_int_equal(y, 0);
}

static uint16_t value_of(unsigned kind, size_t i, size_t width)
{
    uint64_t r = next();
    switch (kind) {
    case 0:
        return r % 5000 == 0; /* hardly anything */
    case 1:
        return (uint16_t)(r % 3 ? 0 : 65535);
    case 2:
        return (uint16_t)r; /* noise of all bits */
    case 3:
        return (uint16_t)(i % width * 65535 / width); /* no noise */
    case 4:
        return (uint16_t)(r % 997 ? r % 4 : r >> 48); /* peaks out of little */
    case 5:
        return (uint16_t)(65000 + __builtin_popcountll(r)); /* at the upper end */
    default:
        return (uint16_t)(1000 * (i / width % 3) + r % 7); /* rows of their own level */
    }
}

/* Frames that are counted whole have no escape unless one occurs; what sampling missed must still come
 * through. */
static void extreme_frames_come_back(void **state)
{
    (void)state;
    static const size_t sides[][2] = {{1, 1},   {1, 3000},  {3000, 1}, {40, 2},
                                      {33, 97}, {300, 400}, {1, 70000}};
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++)
        for (unsigned kind = 0; kind < 7; kind++) {
            size_t pixels = sides[s][0] * sides[s][1], size = 0, room = 4 * pixels + 8192;
            const bp_frames frame = {1, sides[s][0], sides[s][1], BP_U16, 2, 2 * pixels};
            uint16_t *values = malloc(frame.bytes), *back = malloc(frame.bytes);
            uint8_t *out = malloc(room);
            for (size_t i = 0; i < pixels; i++)
                values[i] = value_of(kind, i, sides[s][1]);
            assert_int_equal(bp_photon_encode_frame(NULL, NULL, &frame, values, out, room, &size), BP_OK);
            assert_true(size > 0);
            assert_int_equal(bp_photon_decode_frame(NULL, NULL, &frame, out, size, back), BP_OK);
            assert_memory_equal(values, back, frame.bytes);
            free(values);
            free(back);
            free(out);
        }
}

/* What the choice sees of rows is the same at every level of SIMD. */
static void rows_are_the_same_in_vectors(void **state)
{
    (void)state;
    enum { HEIGHT = 70, WIDTH = 131, STRIDE = 320 };
    const bp_kernels *kernels = bp_kernels_get();
    uint16_t *seen = calloc(3 * STRIDE * (HEIGHT + 1), sizeof *seen), *a = seen + STRIDE * (HEIGHT + 1);
    uint16_t *b = a + STRIDE * (HEIGHT + 1), *plane = seen + BP_PHOTON_PAD;
    for (unsigned kind = 0; kind < BP_PHOTON_KINDS; kind++) {
        bp_photon_model m = {
            .kind = (uint8_t)kind, .shift = 4, .pace = 1, .weighted = kind < BP_PHOTON_BY_WINDOW};
        memcpy(m.weight, (const int8_t[BP_PHOTON_WEIGHTS]){7, 5, 3, -4, 2, -1, 1, -1, 4}, sizeof m.weight);
        if (kind == BP_PHOTON_BY_WINDOW)
            memset(m.weight, 0, sizeof m.weight);
        for (size_t r = 0; r < HEIGHT; r++) {
            for (size_t c = 0; c < WIDTH + 40; c++)
                plane[r * STRIDE + c] =
                    bp_photon_seen((uint32_t)(next() % 97 ? next() % 90 : next() % 4096), 4);
            bp_photon_pad_left(plane + r * STRIDE, STRIDE, r);
        }
        const bp_photon_pieces pieces = {
            (const size_t[]){2 * STRIDE + 16, 40 * STRIDE}, 2, 30, 75, STRIDE, STRIDE};
        bp_photon_windows_c(&m, plane, &pieces, a);
        kernels->photon_windows(&m, plane, &pieces, b);
        for (size_t r = 0; r < 60; r++)
            assert_memory_equal(a + r * STRIDE, b + r * STRIDE, 75 * sizeof *a);
        const bp_photon_pieces whole = {(const size_t[]){0}, 1, HEIGHT, WIDTH, STRIDE, STRIDE};
        bp_photon_windows_c(&m, plane, &whole, a);
        kernels->photon_windows(&m, plane, &whole, b);
        for (size_t r = 0; r < HEIGHT; r++) {
            uint16_t prediction[2][WIDTH + 32];
            uint8_t code[2][WIDTH + 32];
            bp_photon_rows rows = bp_photon_rows_of(plane + r * STRIDE, STRIDE, r);
            rows.window = a + r * STRIDE;
            assert_memory_equal(a + r * STRIDE, b + r * STRIDE, WIDTH * sizeof *a);
            bp_photon_predict_c(&m, &rows, WIDTH, prediction[0], code[0]);
            kernels->photon_predict(&m, &rows, WIDTH, prediction[1], code[1]);
            assert_memory_equal(prediction[0], prediction[1], WIDTH * sizeof *a);
            assert_memory_equal(code[0], code[1], WIDTH);
        }
    }
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_follow_the_moments),
        cmocka_unit_test(extreme_frames_come_back),
        cmocka_unit_test(rows_are_the_same_in_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
