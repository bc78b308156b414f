/* SPDX-License-Identifier: BSD-3-Clause
 * photon's chunk: floats as integers and back bit by bit, frames in time, frames read alone, damage. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13; /* xorshift64, Marsaglia 2003 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed >> 11;
}

/* Roughly normal, variance 1. */
static double noise(void)
{
    double sum = 0;
    for (size_t i = 0; i < 12; i++)
        sum += (double)(next() % 65536) / 65536;
    return sum - 6;
}

static bp_codec_spec spec_of(const char *text)
{
    bp_codec_spec spec;
    assert_int_equal(bp_codec_spec_parse(NULL, text, -1, &spec), BP_OK);
    return spec;
}

static const char *const levels[] = {"photon:level=fast", "photon:level=balanced", "photon:level=max"};

static uint8_t *encode(const char *text, const bp_array *in, size_t *size)
{
    bp_codec_spec spec = spec_of(text);
    bp_context *ctx = bp_context_new();
    size_t worst = bp_codec_worst_size(&spec, in);
    uint8_t *payload = malloc(worst);
    if (bp_codec_encode(ctx, &spec, in, payload, worst, size) != BP_OK)
        fail_msg("%s", bp_context_message(ctx));
    bp_context_free(ctx);
    return payload;
}

/* There and back; returns the size of the payload. */
static size_t round_trip(const char *text, bp_dtype dtype, size_t rank, const size_t *shape,
                         const void *values)
{
    bp_codec_spec spec = spec_of(text);
    bp_context *ctx = bp_context_new();
    bp_array in, out;
    size_t size;
    assert_int_equal(bp_array_init(&in, dtype, 0, rank, shape, (void *)(uintptr_t)values), BP_OK);
    uint8_t *payload = encode(text, &in, &size);
    out = in;
    out.data = malloc(bp_array_bytes(&in));
    if (bp_codec_decode(ctx, &spec, payload, size, &out) != BP_OK)
        fail_msg("%s", bp_context_message(ctx));
    assert_memory_equal(out.data, values, bp_array_bytes(&in));
    free(out.data);
    free(payload);
    bp_context_free(ctx);
    return size;
}

#define SIDE   64
#define PIXELS ((size_t)SIDE * SIDE)

static const size_t square[2] = {SIDE, SIDE};

static size_t size_of_f32(const float *values)
{
    size_t size = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t now = round_trip(levels[i], BP_F32, 2, square, values);
        size = i == 1 ? now : size;
        assert_true(i < 2 || now <= size); /* max is never larger than balanced */
    }
    return size;
}

static size_t size_of_f64(const double *values)
{
    size_t size = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t now = round_trip(levels[i], BP_F64, 2, square, values);
        size = i == 1 ? now : size;
        assert_true(i < 2 || now <= size); /* max is never larger than balanced */
    }
    return size;
}

static int32_t counts[PIXELS];

/* What the same counts take as integers: floats that hold them may take a header more. */
static size_t make_counts(void)
{
    for (size_t i = 0; i < PIXELS; i++)
        counts[i] = (int32_t)(next() & next() & 255);
    return round_trip(levels[1], BP_I32, 2, square, counts);
}

static void counts_in_floats_take_what_integers_take(void **state)
{
    (void)state;
    static float v[PIXELS];
    static double w[PIXELS];
    static int64_t n[PIXELS];
    /* single multiplications and divisions of calibrations, rounded once to the type */
    static const float gains[] = {1, 0.25f, 0.731f, 3.6f, 1.0f / 41.3f, 12.4e-9f, 6.5e12f};
    size_t integers = make_counts();
    for (size_t g = 0; g < sizeof gains / sizeof gains[0]; g++) {
        for (size_t i = 0; i < PIXELS; i++) {
            v[i] = (float)counts[i] * gains[g];
            w[i] = counts[i] * (double)gains[g];
        }
        assert_in_range(size_of_f32(v), 1, integers + 32);
        assert_in_range(size_of_f64(w), 1, integers + 32);
        for (size_t i = 0; i < PIXELS; i++) {
            v[i] = (float)counts[i] / gains[g];
            w[i] = counts[i] / 3.7;
        }
        assert_in_range(size_of_f32(v), 1, integers + 32);
        assert_in_range(size_of_f64(w), 1, integers + 32);
    }
    for (size_t i = 0; i < PIXELS; i++)
        n[i] = counts[i] - (INT64_C(1) << 40);
    assert_in_range(round_trip(levels[1], BP_I64, 2, square, n), 1, integers + 32);
    assert_in_range(round_trip(levels[1], BP_U64, 2, square, n), 1, integers + 32);
}

static void marks_in_floats_are_labels(void **state)
{
    (void)state;
    static float v[PIXELS];
    size_t integers = make_counts();
    for (size_t i = 0; i < PIXELS; i++)
        v[i] = i / SIDE % 16 < 2 ? NAN : i % SIDE % 32 == 5 ? -1 : (float)counts[i];
    assert_in_range(size_of_f32(v), 1, integers);
    v[77] = -0.0f; /* and what is rare is given bit by bit */
    v[99] = INFINITY;
    v[1000] = 1e-42f;
    v[1001] = 0.1f;
    v[1002] = -3e38f;
    assert_in_range(size_of_f32(v), 1, integers + 64);
}

static void few_values_take_little(void **state)
{
    (void)state;
    static float v[PIXELS];
    static double w[PIXELS];
    for (size_t i = 0; i < PIXELS; i++)
        v[i] = expf((float)(next() % 16) * 0.37f);
    for (size_t i = 0; i < PIXELS; i++)
        w[i] = next() % 3 ? 0 : exp((double)(next() % 8) * 0.3);
    assert_in_range(size_of_f32(v), PIXELS / 2, PIXELS / 2 + 320); /* 4 bits, the table and 32 states */
    assert_in_range(size_of_f64(w), 1, PIXELS / 3);
}

static void real_floats_lose_what_is_predictable(void **state)
{
    (void)state;
    static float v[PIXELS];
    static double w[PIXELS];
    for (size_t i = 0; i < PIXELS; i++)
        v[i] = (float)noise();
    assert_in_range(size_of_f32(v), 1, PIXELS * 27 / 8 + 500); /* 2.05 bits of shape, 24 and more of digits */
    for (size_t i = 0; i < PIXELS; i++)
        v[i] = (float)(1000 + 10 * noise());
    assert_in_range(size_of_f32(v), 1, PIXELS * 20 / 8 + 500); /* log2(sqrt(2 pi e) 10 * 2^14) = 19.4 */
    for (size_t i = 0; i < PIXELS; i++)
        w[i] = v[i];
    assert_in_range(size_of_f64(w), 1, PIXELS * 20 / 8 + 500); /* the lower digits are all 0 */
    for (size_t i = 0; i < PIXELS; i++)
        v[i] = i % SIDE < 20 ? 0 : (float)exp(8 * noise());
    assert_in_range(size_of_f32(v), 1, PIXELS * 4 * 44 / 64);
    for (size_t i = 0; i < PIXELS; i++) {
        uint32_t bits = (uint32_t)next();
        memcpy(&v[i], &bits, 4);
    }
    assert_in_range(size_of_f32(v), 1, sizeof v + 1); /* any bits: NaN with payloads, subnormals */
    for (size_t i = 0; i < PIXELS; i++)
        v[i] = i & 1 ? -0.0f : (float)ldexp(1 + (double)(i % 7), -149);
    size_of_f32(v);
    for (size_t i = 0; i < PIXELS; i++)
        v[i] = i & 1 ? NAN : INFINITY;
    assert_in_range(size_of_f32(v), 1, 1000);
}

static void shapes_of_all_kinds_come_back(void **state)
{
    (void)state;
    static const struct {
        size_t rank, shape[5];
    } shapes[] = {{1, {1}},           {2, {1, 1}},          {2, {1, 500}},          {2, {500, 1}},
                  {3, {3, 1, 1}},     {3, {3, 20, 31}},     {3, {10000, 2, 2}},     {1, {5000}},
                  {4, {2, 3, 17, 9}}, {5, {2, 2, 3, 8, 5}}, {5, {1, 40, 1, 16, 16}}};
    static const bp_dtype dtypes[] = {BP_U8,  BP_I8,  BP_U16, BP_I16, BP_U32,
                                      BP_I32, BP_U64, BP_I64, BP_F32, BP_F64};
    static uint8_t bytes[40000 * 8];
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (size_t t = 0; t < sizeof dtypes / sizeof dtypes[0]; t++)
            for (size_t l = 0; l < 3; l++) {
                bool real = dtypes[t] == BP_F32 || dtypes[t] == BP_F64;
                size_t size = bp_dtype_size(dtypes[t]), count = sizeof bytes / size;
                for (size_t i = 0; i < count; i++) {
                    int64_t n = (int64_t)(next() % 20 + i % 100);
                    float single = (float)n * 0.3f;
                    double twice = (double)n * 0.3;
                    memcpy(bytes + i * size, real ? size == 4 ? (void *)&single : (void *)&twice : (void *)&n,
                           size);
                }
                round_trip(levels[l], dtypes[t], shapes[s].rank, shapes[s].shape, bytes);
            }
}

#define FRAMES 12

/* A pattern that stays, and its noise, with gaps. */
static void make_series(uint16_t *frames, double drift, double spread)
{
    static double scene[PIXELS];
    for (size_t i = 0; i < PIXELS; i++)
        scene[i] = 5000 + 800 * noise();
    for (size_t f = 0; f < FRAMES; f++)
        for (size_t i = 0; i < PIXELS; i++)
            frames[f * PIXELS + i] =
                i / SIDE == 30 ? 65535 : (uint16_t)(scene[i] + drift * (double)f + spread * noise());
}

static const size_t series_shape[3] = {FRAMES, SIDE, SIDE};
static uint16_t series[FRAMES * PIXELS];

static size_t size_one_by_one(const char *text)
{
    size_t sum = 0;
    for (size_t f = 0; f < FRAMES; f++)
        sum += round_trip(text, BP_U16, 2, square, series + f * PIXELS);
    return sum;
}

static void static_scenes_take_less_in_time(void **state)
{
    (void)state;
    for (size_t l = 0; l < 2; l++) {
        make_series(series, 3, 20);
        size_t together = round_trip(levels[l], BP_U16, 3, series_shape, series);
        size_t apart = size_one_by_one(levels[l]);
        assert_in_range(together, 1, apart * 3 / 4); /* a pattern of 800 becomes noise of 20: 5 bits of 12 */
    }
}

static void time_costs_little_where_it_is_of_no_use(void **state)
{
    (void)state;
    for (size_t l = 0; l < 2; l++)
        for (size_t kind = 0; kind < 4; kind++) {
            for (size_t i = 0; i < FRAMES * PIXELS; i++)
                series[i] = kind == 0   ? (uint16_t)(next() % 60000)
                            : kind == 1 ? (uint16_t)(next() & next() & 3)
                            : kind == 2 ? (uint16_t)(1000 + i % SIDE * 3 + i / PIXELS * 100)
                                        : (uint16_t)(i / PIXELS % 2 ? 40000 + next() % 9 : next() % 5);
            size_t together = round_trip(levels[l], BP_U16, 3, series_shape, series);
            size_t apart = size_one_by_one(levels[l]);
            assert_in_range(together, 1, apart + apart / 100 + 16 * FRAMES);
        }
}

static void frames_are_read_alone(void **state)
{
    (void)state;
    static uint16_t out[3 * PIXELS];
    bp_context *ctx = bp_context_new();
    for (size_t l = 0; l < 4; l++)
        for (size_t still = 0; still < 2; still++) {
            bp_array in;
            size_t size;
            if (still)
                make_series(series, 0, 20);
            else
                for (size_t i = 0; i < FRAMES * PIXELS; i++)
                    series[i] = (uint16_t)(next() & 255);
            assert_int_equal(bp_array_init(&in, BP_U16, 0, 3, series_shape, series), BP_OK);
            bp_codec_spec spec = spec_of(l < 3 ? levels[l] : "bslz4");
            size_t worst = bp_chunk_worst_size(&spec, &in, NULL);
            uint8_t *chunk = malloc(worst);
            assert_int_equal(bp_chunk_encode(ctx, &spec, &in, BP_LITTLE_ENDIAN, NULL, chunk, worst, &size),
                             BP_OK);
            for (size_t first = 0; first < FRAMES; first += 1 + l)
                for (size_t count = 0; count <= 3 && first + count <= FRAMES; count++) {
                    size_t bytes = count * PIXELS * 2;
                    if (bp_chunk_decode_frames(ctx, chunk, size, first, count, out, bytes) != BP_OK)
                        fail_msg("%s", bp_context_message(ctx));
                    assert_memory_equal(out, series + first * PIXELS, bytes);
                }
            assert_int_equal(bp_chunk_decode_frames(ctx, chunk, size, FRAMES, 1, out, PIXELS * 2),
                             BP_E_USAGE);
            assert_int_equal(bp_chunk_decode_frames(ctx, chunk, size, 0, 1, out, PIXELS), BP_E_USAGE);
            chunk[size - 5] ^= 1;
            assert_int_equal(bp_chunk_decode_frames(ctx, chunk, size, 1, 1, out, PIXELS * 2), BP_E_DAMAGED);
            free(chunk);
        }
    bp_context_free(ctx);
}

/* Damage gives an error or other values; it never does harm. */
static void damage(const char *text, bp_dtype dtype, size_t rank, const size_t *shape, const void *values)
{
    bp_codec_spec spec = spec_of(text);
    bp_context *ctx = bp_context_new();
    bp_array in, out;
    size_t size;
    assert_int_equal(bp_array_init(&in, dtype, 0, rank, shape, (void *)(uintptr_t)values), BP_OK);
    uint8_t *payload = encode(text, &in, &size);
    out = in;
    out.data = malloc(bp_array_bytes(&in));
    for (size_t i = 0; i < 400; i++) {
        size_t length = i % 4 ? size : next() % size, at = i < 200 ? i % 50 % size : next() % size;
        uint8_t *copy = malloc(length + 1);
        memcpy(copy, payload, length);
        if (at < length)
            copy[at] ^= (uint8_t)(1u << next() % 8);
        bp_status status = bp_codec_decode(ctx, &spec, copy, length, &out);
        assert_true(status == BP_OK || status == BP_E_DAMAGED);
        if (length < size)
            assert_int_equal(status, BP_E_DAMAGED);
        free(copy);
    }
    free(out.data);
    free(payload);
    bp_context_free(ctx);
}

static void damage_is_survived(void **state)
{
    (void)state;
    static float v[PIXELS];
    static const size_t small[3] = {FRAMES, 16, SIDE};
    for (size_t l = 0; l < 2; l++) {
        make_series(series, 0, 20);
        damage(levels[l], BP_U16, 3, small, series);
        for (size_t kind = 0; kind < 4; kind++) {
            for (size_t i = 0; i < PIXELS; i++)
                v[i] = kind == 0   ? (float)(next() & 15) * 0.3f
                       : kind == 1 ? expf((float)(next() & 15) * 0.3f)
                       : kind == 2 ? (float)noise()
                                   : (float)exp(20 * noise());
            v[5] = NAN;
            damage(levels[l], BP_F32, 2, square, v);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_in_floats_take_what_integers_take),
        cmocka_unit_test(marks_in_floats_are_labels),
        cmocka_unit_test(few_values_take_little),
        cmocka_unit_test(real_floats_lose_what_is_predictable),
        cmocka_unit_test(shapes_of_all_kinds_come_back),
        cmocka_unit_test(static_scenes_take_less_in_time),
        cmocka_unit_test(time_costs_little_where_it_is_of_no_use),
        cmocka_unit_test(frames_are_read_alone),
        cmocka_unit_test(damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
