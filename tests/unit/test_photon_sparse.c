/* SPDX-License-Identifier: BSD-3-Clause
 * Frames of few events in level balanced of photon: all types, marks, long gaps, damage. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_frame.h"
#include "algo/photon_sparse.h"
#include "beampress/beampress.h"
#include "kernel/kernel.h"
#include "unit/cmocka_all.h"

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13; /* xorshift64, Marsaglia 2003 */
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * 0x9e3779b97f4a7c15u;
}

typedef struct input {
    bp_dtype dtype;
    size_t height, width;
    uint64_t every; /* one event in so many pixels */
    uint32_t base, step, most;
    bool marks;
} input;

static void put(const bp_array *a, size_t i, uint32_t value)
{
    uint8_t *at = (uint8_t *)a->data + i * bp_dtype_size(a->dtype);
    uint16_t v2 = (uint16_t)value;
    uint8_t v1 = (uint8_t)value;
    size_t size = bp_dtype_size(a->dtype);
    memcpy(at, size == 1 ? (const void *)&v1 : size == 2 ? (const void *)&v2 : (const void *)&value, size);
}

static bp_array make(const input *in, uint64_t *seed)
{
    const size_t shape[2] = {in->height, in->width};
    bp_array a;
    assert_int_equal(bp_array_init(&a, in->dtype, 0, 2, shape, NULL), BP_OK);
    a.data = malloc(bp_array_bytes(&a));
    for (size_t i = 0; i < in->height * in->width; i++) {
        uint64_t r = random_next(seed);
        uint32_t value = in->base;
        if ((r >> 20) % in->every == 0)
            value += in->step * (1 + (uint32_t)((r >> 32) % (r & 1024 ? in->most : 3)));
        if (in->marks && i % in->width == 5)
            value = UINT32_MAX;
        put(&a, i, value);
    }
    put(&a, 0, in->base); /* the smallest value is there, and the step is no larger than it is meant */
    put(&a, 1, in->base + in->step);
    return a;
}

/* Encodes and decodes; the payload is the caller's. */
static uint8_t *round_trip(const bp_array *in, size_t *size)
{
    bp_codec_spec spec;
    bp_array out = *in;
    assert_int_equal(bp_codec_spec_parse(NULL, "photon:level=balanced", -1, &spec), BP_OK);
    size_t worst = bp_codec_worst_size(&spec, in);
    uint8_t *payload = malloc(worst);
    out.data = malloc(bp_array_bytes(in));
    assert_int_equal(bp_codec_encode(NULL, &spec, in, payload, worst, size), BP_OK);
    assert_int_equal(bp_codec_decode(NULL, &spec, payload, *size, &out), BP_OK);
    assert_memory_equal(in->data, out.data, bp_array_bytes(in));
    free(out.data);
    return payload;
}

static const input inputs[] = {
    {BP_U16, 200, 180, 100, 0, 1, 60000, false},  {BP_U16, 120, 333, 50, 100, 1, 2, true},
    {BP_I16, 120, 333, 50, 7, 1, 30, true},       {BP_I32, 64, 500, 150, 0xfffffff0, 1, 1000000, true},
    {BP_U32, 700, 600, 300000, 0, 1, 5, false}, /* gaps longer than one symbol says */
    {BP_U32, 90, 400, 80, 17, 12, 200000, false}, {BP_U8, 100, 100, 200, 3, 2, 100, false},
    {BP_I8, 100, 100, 200, 0x90, 1, 200, false},  {BP_U32, 300, 300, 150, 0, 1, 0xfffffff0, false},
    {BP_U16, 1, 9000, 500, 0, 1, 9, false},       {BP_U16, 9000, 1, 500, 0, 1, 9, false},
};

static void every_type_comes_back(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        size_t size;
        bp_array in = make(&inputs[i], &seed);
        uint8_t *payload = round_trip(&in, &size);
        assert_int_equal(payload[1], BP_PHOTON_METHOD_SPARSE); /* behind the header of the chunk */
        free(payload);
        free(in.data);
    }
}

static void no_larger_than_the_entropy(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325251u;
    size_t size;
    const input flat = {BP_U16, 512, 512, 200, 0, 1, 2, false};
    bp_array in = make(&flat, &seed);
    free(round_trip(&in, &size));
    assert_in_range(size, 512 * 512 / 8 * 0.045, 512 * 512 / 8 * 0.052 * 1.1); /* that of places and values */
    free(in.data);
}

static void dense_frames_are_left_to_bands(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325253u;
    size_t size;
    const input dense = {BP_U16, 100, 100, 6, 0, 1, 9, false}, edge = {BP_U16, 100, 100, 15, 0, 1, 9, false};
    bp_array in = make(&dense, &seed);
    uint8_t *payload = round_trip(&in, &size);
    assert_int_equal(payload[1], BP_PHOTON_METHOD_BANDS);
    free(payload);
    free(in.data);
    in = make(&edge, &seed); /* few where it was looked at, or too many */
    free(round_trip(&in, &size));
    for (size_t i = 0; i < 2000; i++)
        put(&in, i, 5); /* too many all the same, but where nobody looks first */
    free(round_trip(&in, &size));
    free(in.data);
}

static void damage_does_no_harm(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325257u;
    bp_codec_spec spec;
    bp_context *ctx = bp_context_new();
    assert_int_equal(bp_codec_spec_parse(ctx, "photon", -1, &spec), BP_OK);
    for (size_t k = 0; k < 4; k++) {
        size_t size, noticed = 0;
        bp_array in = make(&inputs[k], &seed), out = in;
        uint8_t *payload = round_trip(&in, &size);
        out.data = malloc(bp_array_bytes(&in));
        for (size_t i = 0; i < 600; i++) {
            size_t length = i % 3 ? size : random_next(&seed) % size;
            size_t at = i < 300 ? i % 200 % size : random_next(&seed) % size;
            uint8_t *copy = malloc(length + 1);
            memcpy(copy, payload, length);
            if (at < length)
                copy[at] ^= (uint8_t)(1 + random_next(&seed) % 255);
            bp_status status = bp_codec_decode(ctx, &spec, copy, length, &out);
            assert_true(status == BP_OK || status == BP_E_DAMAGED);
            noticed += status != BP_OK;
            free(copy);
        }
        assert_true(noticed > 300); /* bits that go as they are may become others */
        free(payload);
        free(in.data);
        free(out.data);
    }
    bp_context_free(ctx);
}

static void every_level_sees_the_same_events(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325259u, wanted[5], got[5];
    const uint32_t marks[4] = {3, 5, 5, 5};
    const bp_photon_values *c = bp_kernels_at(BP_SIMD_C)->photon_values;
    for (int level = 0; level < BP_SIMD_COUNT; level++) {
        const bp_kernels *k = bp_kernels_at((bp_simd)level);
        for (size_t i = 0; k && i < 600; i++) {
            uint32_t values[300];
            size_t size = (size_t)1 << i % 3, count = 1 + random_next(&seed) % 300;
            for (size_t j = 0; j < 300; j++)
                values[j] = i % 7 ? (uint32_t)(random_next(&seed) & 0x07070707) : 0x04040404;
            const uint32_t base = size == 1 ? 4 : size == 2 ? 0x0404 : 0x04040404;
            c->others(values, count, size, base, i % 2 ? marks : NULL, wanted);
            k->photon_values->others(values, count, size, base, i % 2 ? marks : NULL, got);
            assert_memory_equal(wanted, got, (count + 63) / 64 * sizeof *got);
            uint32_t first = size == 1 ? values[0] & 255 : size == 2 ? values[0] & 65535 : values[0];
            bool other = first != base && !(i % 2 && (first == 3 || first == 5));
            assert_int_equal(wanted[0] & 1, other);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back),
        cmocka_unit_test(no_larger_than_the_entropy),
        cmocka_unit_test(dense_frames_are_left_to_bands),
        cmocka_unit_test(damage_does_no_harm),
        cmocka_unit_test(every_level_sees_the_same_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
