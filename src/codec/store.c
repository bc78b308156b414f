/* SPDX-License-Identifier: BSD-3-Clause
 * store: the values as they are. */
#include <string.h>

#include "codec/codec.h"

static size_t worst_size(const double *params, const bp_array *in)
{
    (void)params;
    return bp_array_bytes(in);
}

static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    (void)params;
    size_t bytes = bp_array_bytes(in);
    if (bytes > capacity)
        return bp_fail(ctx, BP_E_INTERNAL, "store: %zu bytes for %zu", capacity, bytes);
    if (bytes)
        memcpy(out, in->data, bytes);
    *size = bytes;
    return BP_OK;
}

static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    (void)params;
    if (size != bp_array_bytes(out))
        return bp_fail(ctx, BP_E_DAMAGED, "store: %zu bytes where %zu belong", size, bp_array_bytes(out));
    if (size)
        memcpy(out->data, in, size);
    return BP_OK;
}

const bp_codec bp_codec_store = {
    .name = "store",
    .summary = "the values as they are",
    .number = 1,
    .version = 1,
    .dtypes = BP_DTYPES_ALL,
    .max_rank = BP_MAX_RANK,
    .lossless = bp_codec_always_lossless,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
};
