/* SPDX-License-Identifier: BSD-3-Clause
 * Any bytes as the payload of any codec, and any values through any codec and back. The input:
 *   byte 0     number of the codec
 *   byte 1     element type
 *   byte 2     parameters: 0 to 2 a level, 3 the defaults, else parameter (byte / 4 - 1) at one of its ends
 *   byte 3     rank, 0 to 4; from 128 on what follows is values, otherwise a payload
 *   byte 4-7   extents of 4 axes, used or not
 *   byte 8-    payload or values */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "algo/max_error.h"
#include "beampress/beampress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_BYTES 8
#define MOST_BYTES (1u << 17) /* of values: keeps a run fast */
#define GUARD      16

static bool choose_spec(const uint8_t *head, bp_codec_spec *spec)
{
    const bp_codec *codec = bp_codec_by_number(head[0]);
    int level = head[2] < BP_LEVEL_COUNT ? head[2] : -1;
    if (!codec || bp_codec_spec_parse(NULL, codec->name, level, spec) != BP_OK)
        return false;
    size_t p = head[2] / 4u;
    if (p > 0 && p <= codec->param_count) {
        const bp_param *row = &codec->params[p - 1];
        const double values[4] = {row->min, row->max, row->min < row->max ? row->min + 1 : row->min,
                                  row->max < 16 ? row->max : 16};
        spec->params[p - 1] = values[head[2] % 4u];
    }
    return true;
}

static bool choose_array(const uint8_t *head, bp_array *array)
{
    size_t shape[4], rank = head[3] % 5u;
    for (size_t i = 0; i < 4; i++)
        shape[i] = head[4 + i];
    bp_dtype dtype = (bp_dtype)(head[1] % BP_DTYPE_COUNT);
    size_t itemsize = dtype == BP_OPAQUE ? 1 + head[1] / BP_DTYPE_COUNT : 0;
    return bp_array_init(array, dtype, itemsize, rank, shape, NULL) == BP_OK &&
           bp_array_bytes(array) <= MOST_BYTES;
}

static void check_message(bp_context *ctx, bp_status status)
{
    if (status != BP_OK && !*bp_context_message(ctx))
        abort(); /* a failure that says nothing */
    if (status == BP_E_INTERNAL)
        abort();
}

static void try_payload(bp_context *ctx, const bp_codec_spec *spec, bp_array *array, const uint8_t *payload,
                        size_t size)
{
    /* memory of the very size, so that reading or writing past it is seen */
    uint8_t *copy = malloc(size ? size : 1), *values = malloc(bp_array_bytes(array) + GUARD);
    size_t bytes = bp_array_bytes(array);
    memcpy(copy, payload, size);
    memset(values + bytes, 0x5a, GUARD);
    array->data = values;
    check_message(ctx, bp_codec_decode(ctx, spec, copy, size, array));
    for (size_t i = 0; i < GUARD; i++)
        if (values[bytes + i] != 0x5a)
            abort(); /* a library wrote past the values */
    free(copy);
    free(values);
}

static void try_values(bp_context *ctx, const bp_codec_spec *spec, bp_array *array, const uint8_t *values,
                       size_t size)
{
    size_t bytes = bp_array_bytes(array), worst = bp_codec_worst_size(spec, array), coded, again;
    uint8_t *in = malloc(bytes + 1), *out = malloc(bytes + 1), *payload = malloc(worst + 1),
            *second = malloc(worst + 1);
    for (size_t i = 0; i < bytes; i++)
        in[i] = size ? values[i % size] : 0;
    array->data = in;
    bp_status status = bp_codec_encode(ctx, spec, array, payload, worst, &coded);
    check_message(ctx, status);
    if (status == BP_OK) {
        bp_array back = *array;
        back.data = out;
        if (bp_codec_encode(ctx, spec, array, second, worst, &again) != BP_OK || again != coded ||
            memcmp(payload, second, coded) != 0 || bp_codec_decode(ctx, spec, payload, coded, &back) != BP_OK)
            abort();
        if (bp_codec_spec_lossless(spec) && bytes && memcmp(in, out, bytes) != 0)
            abort();
    } else if (bp_codec_spec_lossless(spec)) {
        abort(); /* lossless modes take any values */
    }
    free(in);
    free(out);
    free(payload);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bp_codec_spec spec;
    bp_array array;
    if (size < HEAD_BYTES || !choose_spec(data, &spec) || !choose_array(data, &array))
        return 0;
    bp_context *ctx = bp_context_new();
    if (bp_codec_check(ctx, &spec, &array) != BP_OK)
        check_message(ctx, BP_E_USAGE);
    else if (data[3] < 128)
        try_payload(ctx, &spec, &array, data + HEAD_BYTES, size - HEAD_BYTES);
    else
        try_values(ctx, &spec, &array, data + HEAD_BYTES, size - HEAD_BYTES);
    bp_context_free(ctx);
    return 0;
}
