/* SPDX-License-Identifier: BSD-3-Clause
 * Damaged payloads: cut, flipped, replaced, of another array. A decoder answers each with a status and a
 * reason, and writes nothing beyond its output. That wrong values are noticed is the chunk's business, whose
 * hashes see any flip. */
#include "codec_inputs.h"
#include "unit/cmocka_all.h"

#define GUARD_BYTES 64
#define FLIPS       150

static bp_context *ctx;

/* Decodes from memory of exactly size bytes. */
static bp_status decode_guarded(const bp_codec_spec *spec, const bp_array *in, const uint8_t *payload,
                                size_t size)
{
    size_t bytes = bp_array_bytes(in);
    uint8_t *values = malloc(bytes + GUARD_BYTES), *exact = malloc(size ? size : 1);
    memset(values + bytes, 0x5a, GUARD_BYTES);
    if (size)
        memcpy(exact, payload, size);
    bp_array out = *in;
    out.data = values;
    bp_status status = bp_codec_decode(ctx, spec, exact, size, &out);
    for (size_t i = 0; i < GUARD_BYTES; i++)
        assert_int_equal(values[bytes + i], 0x5a);
    if (status != BP_OK) {
        assert_true(*bp_context_message(ctx));
        assert_true(status == BP_E_DAMAGED || status == BP_E_MEMORY);
    }
    free(values);
    free(exact);
    return status;
}

/* zfp's stream has no end of its own: zeros behind a cut may look like blocks that are left empty. */
static bool sees_end(const bp_codec_spec *spec)
{
    return strcmp(spec->codec->name, "zfp") != 0;
}

static void damage(const bp_codec_spec *spec, const bp_array *in, uint8_t *payload, size_t size)
{
    uint64_t seed = 88172645463325252u;
    assert_int_equal(decode_guarded(spec, in, payload, size), BP_OK);
    for (size_t cut = 1; cut <= size; cut += 1 + cut / 4) {
        bp_status status = decode_guarded(spec, in, payload, size - cut);
        if (sees_end(spec) && status == BP_OK)
            fail_msg("%s: %zu bytes less go unnoticed", spec->codec->name, cut);
    }
    uint8_t *longer = calloc(size + 100, 1);
    memcpy(longer, payload, size);
    if (decode_guarded(spec, in, longer, size + 100) == BP_OK)
        fail_msg("%s: 100 bytes more go unnoticed", spec->codec->name);
    for (size_t i = 0; i < FLIPS; i++) {
        /* the headers are at the front: half of the flips go there */
        size_t range = i % 2 && size > 64 ? 64 : size, at = test_random(&seed) % range;
        uint8_t kept = payload[at];
        payload[at] ^= (uint8_t)(1u << i % 8);
        (void)!decode_guarded(spec, in, payload, size);
        payload[at] = kept;
    }
    for (size_t i = 0; i < size; i++)
        longer[i] = (uint8_t)(test_random(&seed) >> 20);
    (void)!decode_guarded(spec, in, longer, size);
    free(longer);
}

/* The payload of one shape is none of another. */
static void exchange(const bp_codec_spec *spec, const bp_array *in, const uint8_t *payload, size_t size)
{
    static const test_shape others[] = {
        {1, {5}}, {2, {21, 29}}, {2, {30, 20}}, {3, {2, 20, 30}}, {2, {200, 300}}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        bp_array other;
        test_array_make(&other, in->dtype, &others[i], PATTERN_ZERO);
        bp_status status = decode_guarded(spec, &other, payload, size);
        /* codecs of bytes cannot tell 21 x 29 of other bytes; none may take another size */
        if (sees_end(spec) && bp_array_bytes(&other) != bp_array_bytes(in) && status == BP_OK)
            fail_msg("%s: decoded for %zu bytes what was coded from %zu", spec->codec->name,
                     bp_array_bytes(&other), bp_array_bytes(in));
        free(other.data);
    }
}

static void one_spec(const bp_codec_spec *spec, bp_dtype dtype)
{
    static const test_shape shapes[] = {{2, {20, 30}}, {3, {3, 11, 13}}};
    for (size_t s = 0; s < 2; s++) {
        bp_array in;
        size_t size;
        test_array_make(&in, dtype, &shapes[s], PATTERN_COUNTS);
        if (bp_codec_check(ctx, spec, &in) == BP_OK) {
            size_t worst = bp_codec_worst_size(spec, &in);
            uint8_t *payload = malloc(worst);
            assert_int_equal(bp_codec_encode(ctx, spec, &in, payload, worst, &size), BP_OK);
            damage(spec, &in, payload, size);
            if (s == 0)
                exchange(spec, &in, payload, size);
            free(payload);
        }
        free(in.data);
    }
}

static void damage_is_answered_with_a_status(void **state)
{
    (void)state;
    static const char *const more[] = {"jpegls:near=3",    "jpeg2000:ratio=8", "jpegxl:distance=1",
                                       "zfp:accuracy=0.5", "zfp:rate=9",       "lz4:block=1024,shuffle=no"};
    static const bp_dtype dtypes[] = {BP_U8, BP_I16, BP_U16, BP_I32, BP_F64};
    const bp_codec *codec;
    bp_codec_spec spec;
    for (size_t d = 0; d < sizeof dtypes / sizeof dtypes[0]; d++) {
        for (size_t c = 0; (codec = bp_codec_at(c)); c++)
            if (codec->dtypes & 1u << dtypes[d] && bp_codec_spec_parse(ctx, codec->name, -1, &spec) == BP_OK)
                one_spec(&spec, dtypes[d]);
        for (size_t m = 0; m < sizeof more / sizeof more[0]; m++)
            if (bp_codec_spec_parse(ctx, more[m], -1, &spec) == BP_OK && spec.codec->dtypes & 1u << dtypes[d])
                one_spec(&spec, dtypes[d]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damage_is_answered_with_a_status)};
    ctx = bp_context_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bp_context_free(ctx);
    return failed;
}
