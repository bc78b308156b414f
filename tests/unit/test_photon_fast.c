/* SPDX-License-Identifier: BSD-3-Clause
 * Level fast of photon: every kernel against the reference, all shapes, and payloads that were damaged. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_fast.h"
#include "algo/photon_fast_frame.h"
#include "beampress/beampress.h"
#include "kernel/kernel.h"
#include "unit/cmocka_all.h"

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13; /* xorshift64, Marsaglia 2003 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* What frames look like: each exercises other kinds of blocks. */
typedef enum scene {
    EMPTY,    /* all the same */
    RARE,     /* a count here and there */
    COUNTS,   /* few counts, hot pixels, marks in stripes */
    NOISE,    /* about a slope */
    SPECKLE,  /* width of the noise changes every few pixels */
    OUTLIERS, /* noise with a value of any size now and then */
    EVEN,     /* all values even */
    WILD,     /* anything */
    ENDS,     /* smallest and largest values */
    SCENES
} scene;

static uint32_t pixel(scene kind, size_t row, size_t column)
{
    uint64_t r = next();
    uint32_t few = (uint32_t)(r & r >> 16 & r >> 32) & 7,
             noise = (uint32_t)(r & 63) + (uint32_t)(r >> 40 & 63);
    switch (kind) {
    case EMPTY:
        return 7;
    case RARE:
        return r % 199 == 0;
    case COUNTS:
        return row % 40 > 35 || column % 90 > 86 ? UINT32_MAX - (r % 997 == 0)
               : r % 499 == 0                    ? (uint32_t)(r >> 50)
                                                 : few;
    case NOISE:
        return 30 + (uint32_t)(row + column / 2) % 120 + noise / 4;
    case SPECKLE:
        return (uint32_t)(r >> 20) & ((1u << column / 8 % 17) - 1);
    case OUTLIERS:
        return r % 61 == 0 ? (uint32_t)(r >> 13) >> (r >> 59) : 60 + noise;
    case EVEN:
        return 2 * (20 + noise / 2);
    case WILD:
        return (uint32_t)(r >> 11);
    case ENDS:
        return r >> 17 & 1 ? UINT32_MAX : r >> 18 & 1 ? 0 : 0x80000000u;
    case SCENES:
        break;
    }
    return 0;
}

static size_t size_of(bp_dtype dtype)
{
    return dtype == BP_U8 || dtype == BP_I8 ? 1 : dtype == BP_U16 || dtype == BP_I16 ? 2 : 4;
}

static bp_frames frame_of(bp_dtype dtype, size_t height, size_t width)
{
    size_t itemsize = size_of(dtype);
    return (bp_frames){.count = 1,
                       .height = height,
                       .width = width,
                       .dtype = dtype,
                       .itemsize = itemsize,
                       .bytes = height * width * itemsize};
}

static uint8_t *make_values(const bp_frames *frame, scene kind)
{
    uint8_t *values = malloc(frame->bytes);
    for (size_t i = 0; i < frame->height * frame->width; i++) {
        uint32_t v = pixel(kind, i / frame->width, i % frame->width);
        if (frame->itemsize == 2 && kind == ENDS)
            v = v >> 16 | (v & 1);
        if (frame->itemsize == 1 && kind == ENDS)
            v >>= 24;
        uint16_t half = (uint16_t)v;
        if (frame->itemsize == 1)
            values[i] = (uint8_t)v;
        else if (frame->itemsize == 2)
            memcpy(values + 2 * i, &half, 2);
        else
            memcpy(values + 4 * i, &v, 4);
    }
    return values;
}

static const struct {
    size_t height, width;
} shapes[] = {{1, 1},  {1, 2},   {2, 1},   {1, 63},   {1, 64},   {1, 65},   {1, 1000},  {1000, 1}, {3, 3},
              {7, 64}, {65, 65}, {66, 66}, {67, 129}, {130, 33}, {40, 500}, {100, 100}, {300, 487}};

static const bp_dtype dtypes[] = {BP_U8, BP_I8, BP_U16, BP_I16, BP_U32, BP_I32};

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Room that the blocks of a frame never exceed. */
static size_t room_of(const bp_frames *frame)
{
    return 2 * frame->bytes + 8192;
}

static void kernels_agree(const bp_photon_fast *f, const bp_frames *frame, const uint8_t *values)
{
    const bp_kernels *c = bp_kernels_at(BP_SIMD_C);
    size_t room = room_of(frame);
    uint8_t *expected = malloc(room), *out = malloc(room), *back = malloc(frame->bytes);
    size_t size = c->photon_fast_encode(f, values, 0, f->count, expected, room);
    assert_int_not_equal(size, 0);
    for (int level = 0; level < BP_SIMD_COUNT; level++) {
        const bp_kernels *k = bp_kernels_at((bp_simd)level);
        if (!k)
            continue;
        memset(out, 0xa5, room);
        assert_int_equal(k->photon_fast_encode(f, values, 0, f->count, out, room), size);
        assert_memory_equal(out, expected, size);
        assert_int_equal(k->photon_fast_encode(f, values, 0, f->count, out, size), size);
        assert_memory_equal(out, expected, size);
        assert_int_equal(k->photon_fast_encode(f, values, 0, f->count, out, size - 1), 0);
        uint8_t *tight = malloc(size); /* so that sanitizers see reads behind it */
        memcpy(tight, expected, size);
        memset(back, 0x5a, frame->bytes);
        assert_true(k->photon_fast_decode(f, tight, size, back));
        assert_memory_equal(back, values, frame->bytes);
        assert_false(k->photon_fast_decode(f, tight, size - 1, back));
        free(tight);
    }
    free(expected);
    free(out);
    free(back);
}

static void test_kernels(void **state)
{
    (void)state;
    for (size_t d = 0; d < COUNT(dtypes); d += 2)
        for (size_t s = 0; s < COUNT(shapes); s++)
            for (int kind = 0; kind < SCENES; kind++) {
                bp_frames frame = frame_of(dtypes[d], shapes[s].height, shapes[s].width);
                uint8_t *values = make_values(&frame, (scene)kind);
                uint32_t ones = bp_fast_ones(frame.itemsize);
                bp_photon_fast f = {.itemsize = frame.itemsize,
                                    .count = frame.height * frame.width,
                                    .lag = bp_photon_fast_lag(frame.height, frame.width),
                                    .base = kind % 3 ? 0 : 30,
                                    .level = 60,
                                    .top = kind % 2 ? ones : ones / 4,
                                    .predictor = (bp_fast_predictor)(next() % BP_FAST_PREDICTORS)};
                kernels_agree(&f, &frame, values);
                free(values);
            }
}

static void round_trip(bp_dtype dtype, size_t height, size_t width, scene kind)
{
    bp_frames frame = frame_of(dtype, height, width);
    bp_context *ctx = bp_context_new();
    uint8_t *values = make_values(&frame, kind), *back = malloc(frame.bytes), *out = malloc(frame.bytes);
    size_t size = 1;
    assert_int_equal(bp_photon_fast_encode_frame(ctx, NULL, &frame, values, out, frame.bytes - 1, &size),
                     BP_OK);
    if (kind == WILD && height * width > 1000)
        assert_int_equal(size, 0);
    if (kind != WILD && kind != ENDS && frame.bytes > 5000)
        assert_int_not_equal(size, 0);
    if (size) {
        assert_true(size < frame.bytes);
        assert_int_equal(bp_photon_fast_decode_frame(ctx, NULL, &frame, out, size, back), BP_OK);
        assert_memory_equal(back, values, frame.bytes);
    }
    bp_context_free(ctx);
    free(values);
    free(back);
    free(out);
}

static void test_round_trips(void **state)
{
    (void)state;
    for (size_t d = 0; d < COUNT(dtypes); d++)
        for (size_t s = 0; s < COUNT(shapes); s++)
            for (int kind = 0; kind < SCENES; kind++)
                round_trip(dtypes[d], shapes[s].height, shapes[s].width, (scene)kind);
}

/* Sizes that a change of the format or of its choices must not exceed by accident, in bits a pixel. */
static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        bp_dtype dtype;
        scene kind;
        double most;
    } cases[] = {{BP_U16, EMPTY, 0.05}, {BP_U16, RARE, 0.25},   {BP_I32, COUNTS, 3.2}, {BP_U16, NOISE, 6.2},
                 {BP_I16, NOISE, 6.2},  {BP_U32, SPECKLE, 9.5}, {BP_U16, EVEN, 6.5},   {BP_U8, EVEN, 6.5}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bp_frames frame = frame_of(cases[i].dtype, 300, 487);
        uint8_t *values = make_values(&frame, cases[i].kind), *out = malloc(frame.bytes);
        bp_context *ctx = bp_context_new();
        size_t size = 0;
        assert_int_equal(bp_photon_fast_encode_frame(ctx, NULL, &frame, values, out, frame.bytes - 1, &size),
                         BP_OK);
        double bits = 8.0 * (double)size / (double)(frame.height * frame.width);
        if (!size || bits > cases[i].most)
            fail_msg("case %zu: %.3f bits a pixel", i, bits);
        bp_context_free(ctx);
        free(values);
        free(out);
    }
}

/* All kernels say the same of damaged bytes, and write nothing outside. */
static void damaged(const bp_photon_fast *f, const uint8_t *in, size_t size, uint8_t *back, size_t bytes)
{
    int said = -1;
    for (int level = 0; level < BP_SIMD_COUNT; level++) {
        const bp_kernels *k = bp_kernels_at((bp_simd)level);
        if (!k)
            continue;
        memset(back + bytes, 0x77, 16);
        int says = k->photon_fast_decode(f, in, size, back);
        assert_true(said < 0 || said == says);
        said = says;
        for (size_t i = 0; i < 16; i++)
            assert_int_equal(back[bytes + i], 0x77);
    }
}

static void test_damage(void **state)
{
    (void)state;
    for (size_t d = 0; d < COUNT(dtypes); d += 2)
        for (int kind = RARE; kind <= WILD; kind++) {
            bp_frames frame = frame_of(dtypes[d], 40, 130);
            uint8_t *values = make_values(&frame, (scene)kind), *back = malloc(frame.bytes + 16);
            uint8_t *out = malloc(room_of(&frame));
            bp_photon_fast f = {.itemsize = frame.itemsize,
                                .count = frame.height * frame.width,
                                .lag = bp_photon_fast_lag(frame.height, frame.width),
                                .top = bp_fast_ones(frame.itemsize),
                                .predictor = BP_FAST_MEAN_5};
            size_t size =
                bp_kernels_at(BP_SIMD_C)->photon_fast_encode(&f, values, 0, f.count, out, room_of(&frame));
            for (size_t i = 0; i < 400; i++) {
                size_t bit = next() % (8 * size);
                uint8_t *tight = malloc(size);
                memcpy(tight, out, size);
                tight[bit / 8] ^= (uint8_t)(1u << bit % 8);
                if (i % 4 == 0)
                    tight[next() % size] = (uint8_t)next();
                damaged(&f, tight, size, back, frame.bytes);
                free(tight);
            }
            for (size_t cut = 0; cut < size; cut += 1 + size / 50)
                assert_false(bp_kernels_get()->photon_fast_decode(&f, out, cut, back));
            free(values);
            free(back);
            free(out);
        }
}

static void test_bad_headers(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t size;
    } cases[] = {{{0}, 0},
                 {{3, 0, 0, 0x80, 0x80, 4, 0}, 7},    /* level above 16 bits */
                 {{8, 0, 0, 0}, 4},                   /* unknown flag */
                 {{0, 0x80, 0x80, 4, 0, 0}, 6},       /* base above 16 bits */
                 {{0, 0, 0x80, 0x80, 4, 0}, 6},       /* top below 0 */
                 {{4, 0, 0, 0x80, 0x80, 4, 1, 0}, 8}, /* offset above 16 bits */
                 {{4, 0, 0, 0, 16, 0}, 6},            /* turn of all bits */
                 {{0, 0, 0}, 3},                      /* no blocks */
                 {{0, 0, 0, 0, 0}, 5},                /* a byte too many */
                 {{0, 0, 0, 2}, 4}};                  /* a block behind the last */
    bp_frames frame = frame_of(BP_U16, 2, 3);
    uint16_t values[6];
    for (size_t i = 0; i < COUNT(cases); i++) {
        bp_context *ctx = bp_context_new();
        assert_int_equal(
            bp_photon_fast_decode_frame(ctx, NULL, &frame, cases[i].bytes, cases[i].size, values),
            BP_E_DAMAGED);
        bp_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernels), cmocka_unit_test(test_round_trips), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_damage),  cmocka_unit_test(test_bad_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
