/* SPDX-License-Identifier: BSD-3-Clause
 * photon within one frame: threads change neither bytes nor values. */
#include <stdlib.h>
#include <string.h>

#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

#define HEIGHT 800
#define WIDTH  900
#define PIXELS ((size_t)HEIGHT * WIDTH)

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13; /* xorshift64, Marsaglia 2003 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed >> 11;
}

/* A slope with noise, gaps, and single large values. */
static void fill(bp_dtype dtype, void *values)
{
    float *f = values;
    uint16_t *h = values;
    uint32_t *w = values;
    for (size_t i = 0; i < PIXELS; i++) {
        uint32_t v = (uint32_t)(i % WIDTH / 4 + i / WIDTH / 2 + next() % 16 + (next() % 999 ? 0 : 60000));
        if (i / WIDTH % 200 < 7)
            v = dtype == BP_U16 ? 65535 : UINT32_MAX;
        if (dtype == BP_F32)
            f[i] = (float)(v % 100000) * 0.25F + (next() % 500 ? 0.0F : 0.1F);
        else if (dtype == BP_U16)
            h[i] = (uint16_t)v;
        else
            w[i] = next() % 5000 ? v : v * 1000;
    }
}

static bp_context *context_of(unsigned threads)
{
    bp_context *ctx = bp_context_new();
    assert_int_equal(bp_context_set_threads(ctx, threads), BP_OK);
    return ctx;
}

static void check(const char *text, const bp_array *in)
{
    bp_codec_spec spec;
    assert_int_equal(bp_codec_spec_parse(NULL, text, -1, &spec), BP_OK);
    size_t worst = bp_codec_worst_size(&spec, in), one = 0, size = 0, bytes = bp_array_bytes(in);
    uint8_t *alone = malloc(worst), *payload = malloc(worst);
    bp_array out = *in;
    out.data = malloc(bytes);
    assert_int_equal(bp_codec_encode(NULL, &spec, in, alone, worst, &one), BP_OK);
    for (unsigned threads = 1; threads <= 3; threads++) {
        bp_context *ctx = context_of(threads);
        assert_int_equal(bp_codec_encode(ctx, &spec, in, payload, worst, &size), BP_OK);
        assert_int_equal(size, one);
        assert_memory_equal(payload, alone, one);
        memset(out.data, 0xa5, bytes);
        assert_int_equal(bp_codec_decode(ctx, &spec, payload, size, &out), BP_OK);
        assert_memory_equal(out.data, in->data, bytes);
        for (size_t i = 0; i < 20; i++) { /* damage does no harm */
            size_t at = next() % size;
            payload[at] ^= 16;
            bp_status status = bp_codec_decode(ctx, &spec, payload, size, &out);
            assert_true(status == BP_OK || status == BP_E_DAMAGED);
            payload[at] ^= 16;
        }
        bp_context_free(ctx);
    }
    free(out.data);
    free(alone);
    free(payload);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    const size_t shape[2] = {HEIGHT, WIDTH};
    const bp_dtype dtypes[] = {BP_U16, BP_U32, BP_F32};
    for (size_t i = 0; i < 3; i++) {
        bp_array in;
        void *values = malloc(PIXELS * 4);
        fill(dtypes[i], values);
        assert_int_equal(bp_array_init(&in, dtypes[i], 0, 2, shape, values), BP_OK);
        check("photon:level=fast", &in);
        check("photon:level=balanced", &in);
        free(values);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_change_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
