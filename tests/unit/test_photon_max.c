/* SPDX-License-Identifier: BSD-3-Clause
 * Level max of photon: round trips over types, shapes and kinds of values, and payloads that were damaged. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_max.h"
#include "unit/cmocka_all.h"

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13; /* xorshift64, Marsaglia 2003 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

enum { CONSTANT, SPARSE, COUNTS, CAMERA, GRID, LABELS, ALL_LABELS, EXTREMES, RANDOM, STATIC, KINDS };

static uint32_t sample(unsigned kind, size_t row, size_t column, size_t itemsize)
{
    uint32_t top = UINT32_MAX >> (32 - 8 * itemsize);
    uint64_t r = next();
    switch (kind) {
    case CONSTANT:
        return 7;
    case SPARSE:
        return r % 50 == 0 ? 1 + (uint32_t)(r >> 32) % 3 : r % 997 == 1 ? top / 3 : 0;
    case COUNTS:
        return (uint32_t)(r % (2 + row / 3) + (r >> 32) % 3);
    case CAMERA:
        return (uint32_t)(30 + row + column / 2 + (r & r >> 16) % 16) & (top >> 1);
    case GRID:
        return 4 * (uint32_t)(r % 7) + 2;
    case LABELS:
        return column % 11 == 3 || row == 4 || r % 61 == 0 ? top - (row > 5) : (uint32_t)(r >> 40) % 9;
    case ALL_LABELS:
        return top;
    case EXTREMES:
        return r & 1 ? top : r & 2 ? 0 : (uint32_t)(r >> 32) & top;
    case STATIC:
        return (uint32_t)((row * 2654435761u + column * 40503u) >> 7) % 100 + (uint32_t)(r >> 33) % 3;
    default:
        return (uint32_t)(r >> 20) & top;
    }
}

static bp_frames make_frames(bp_dtype dtype, size_t count, size_t height, size_t width)
{
    size_t itemsize = bp_dtype_size(dtype);
    return (bp_frames){.count = count,
                       .height = height,
                       .width = width,
                       .dtype = dtype,
                       .itemsize = itemsize,
                       .bytes = height * width * itemsize};
}

static uint8_t *make_values(const bp_frames *f, unsigned kind)
{
    uint8_t *values = malloc(f->count * f->bytes), *at = values;
    for (size_t i = 0; i < f->count; i++)
        for (size_t r = 0; r < f->height; r++)
            for (size_t c = 0; c < f->width; c++, at += f->itemsize) {
                uint32_t v = sample(kind, r, c, f->itemsize);
                uint16_t v2 = (uint16_t)v;
                uint8_t v1 = (uint8_t)v;
                memcpy(at,
                       f->itemsize == 1   ? (void *)&v1
                       : f->itemsize == 2 ? (void *)&v2
                                          : (void *)&v,
                       f->itemsize);
            }
    return values;
}

/* The payload, with room for twice the values; its size may exceed that of the values. */
static uint8_t *encode(const bp_frames *f, const uint8_t *values, size_t *size)
{
    size_t capacity = 2 * f->count * f->bytes + 1000;
    uint8_t *out = malloc(capacity);
    assert_int_equal(bp_photon_max_encode(NULL, NULL, f, values, out, capacity, size), BP_OK);
    assert_true(*size > 0 && *size <= capacity);
    return out;
}

static void round_trip(const bp_frames *f, unsigned kind)
{
    size_t size, again, bytes = f->count * f->bytes;
    uint8_t *values = make_values(f, kind), *back = calloc(bytes, 1);
    uint8_t *payload = encode(f, values, &size), *twice = encode(f, values, &again);
    assert_int_equal(size, again);
    assert_memory_equal(payload, twice, size);
    assert_int_equal(bp_photon_max_decode(NULL, NULL, f, payload, size, back), BP_OK);
    assert_memory_equal(values, back, bytes);
    size_t tight = 0; /* what does not fit is refused, not cut */
    assert_int_equal(bp_photon_max_encode(NULL, NULL, f, values, twice, size - 1, &tight), BP_OK);
    assert_int_equal(tight, 0);
    free(values);
    free(back);
    free(payload);
    free(twice);
}

static void test_round_trips(void **state)
{
    (void)state;
    static const bp_dtype dtypes[] = {BP_U8, BP_I8, BP_U16, BP_I16, BP_U32, BP_I32};
    static const size_t shapes[][3] = {{1, 1, 1},   {1, 1, 300}, {1, 300, 1}, {3, 1, 1},
                                       {1, 37, 53}, {3, 31, 29}, {5, 2, 3},   {2, 3, 2}};
    for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (unsigned kind = 0; kind < KINDS; kind++) {
                bp_frames f = make_frames(dtypes[d], shapes[s][0], shapes[s][1], shapes[s][2]);
                round_trip(&f, kind);
            }
}

static void test_many_frames_of_one_pixel(void **state)
{
    (void)state;
    bp_frames f = make_frames(BP_U16, 10000, 1, 1);
    round_trip(&f, COUNTS);
    round_trip(&f, RANDOM);
}

static void test_time_helps(void **state)
{
    (void)state;
    bp_frames f = make_frames(BP_U16, 12, 40, 40);
    size_t together, alone;
    uint8_t *values = make_values(&f, STATIC), *payload = encode(&f, values, &together);
    free(payload);
    f.count = 1;
    payload = encode(&f, values, &alone);
    assert_true(together * 2 < alone * 12);
    free(payload);
    free(values);
}

/* No flip and no cut may pass, save one that leaves the values as they were. */
static void test_damage(void **state)
{
    (void)state;
    static const unsigned kinds[] = {SPARSE, COUNTS, LABELS, EXTREMES};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        bp_frames f = make_frames(BP_I16, 2, 13, 17);
        size_t size, bytes = f.count * f.bytes;
        uint8_t *values = make_values(&f, kinds[k]), *back = calloc(bytes, 1);
        uint8_t *payload = encode(&f, values, &size);
        for (size_t bit = 0; bit < 8 * size; bit += 1 + next() % 5) {
            payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
            bp_status status = bp_photon_max_decode(NULL, NULL, &f, payload, size, back);
            assert_true(status == BP_E_DAMAGED || status == BP_OK);
            payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(bp_photon_max_decode(NULL, NULL, &f, payload, cut, back), BP_E_DAMAGED);
        uint8_t *longer = calloc(size + 1, 1);
        memcpy(longer, payload, size);
        assert_int_equal(bp_photon_max_decode(NULL, NULL, &f, longer, size + 1, back), BP_E_DAMAGED);
        free(longer);
        free(payload);
        free(values);
        free(back);
    }
}

/* 6 frames of 60 x 80: pedestals of 300 values, a pixel in 50 switches its gain in most frames. */
static uint8_t *make_gain_frames(const bp_frames *f, bool gain)
{
    uint16_t *values = malloc(f->count * f->bytes);
    size_t pixels = f->height * f->width;
    for (size_t i = 0; i < f->count * pixels; i++) {
        size_t pixel = i % pixels;
        uint32_t hash = (uint32_t)(pixel * 2654435761u) >> 9;
        values[i] = (uint16_t)(2000 + hash % 300 + (uint32_t)(next() % 16));
        if (gain && hash % 50 == 7 && next() % 8)
            values[i] = (uint16_t)((hash & 64 ? 16384u : 49152u) + 9000u + hash % 4000u + next() % 16);
    }
    return (uint8_t *)values;
}

/* A switched pixel costs little more than one that is not, because it has a mean of its own in that stage. */
static void test_gain_stages(void **state)
{
    (void)state;
    bp_frames f = make_frames(BP_U16, 12, 60, 80);
    size_t size, plain, bytes = f.count * f.bytes;
    uint8_t *values = make_gain_frames(&f, true), *back = calloc(bytes, 1),
            *payload = encode(&f, values, &size);
    assert_int_equal(payload[0], 2);
    assert_int_equal(bp_photon_max_decode(NULL, NULL, &f, payload, size, back), BP_OK);
    assert_memory_equal(values, back, bytes);
    for (size_t bit = 0; bit < 8 * size; bit += 1 + next() % 4001) {
        payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bp_status status = bp_photon_max_decode(NULL, NULL, &f, payload, size, back);
        assert_true(status == BP_E_DAMAGED || status == BP_OK);
        payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(payload);
    free(values);
    values = make_gain_frames(&f, false);
    payload = encode(&f, values, &plain);
    assert_true(size < plain + plain / 6);
    free(payload);
    free(values);
    free(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_many_frames_of_one_pixel),
        cmocka_unit_test(test_time_helps),  cmocka_unit_test(test_damage),
        cmocka_unit_test(test_gain_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
