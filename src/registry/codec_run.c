/* SPDX-License-Identifier: BSD-3-Clause
 * Encoding and decoding through a spec: arguments checked, promised bounds checked after the fact. */
#include <math.h>
#include <stdlib.h>

#include "algo/max_error.h"
#include "beampress/codec.h"

static bp_status check_bound(bp_context *ctx, const bp_codec_spec *spec, const bp_array *in,
                             const uint8_t *out, size_t size, double bound)
{
    bp_array back = *in;
    back.data = malloc(bp_array_bytes(in) ? bp_array_bytes(in) : 1);
    if (!back.data)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bp_array_bytes(in));
    bp_status status = bp_codec_decode(ctx, spec, out, size, &back);
    if (status == BP_OK) {
        double error = bp_max_error(in, &back);
        if (!(error <= bound))
            status = bp_fail(ctx, BP_E_BOUND, "codec %s: error %.9g above the bound %.9g", spec->codec->name,
                             error, bound);
    }
    free(back.data);
    return status;
}

bp_status bp_codec_encode(bp_context *ctx, const bp_codec_spec *spec, const bp_array *in, uint8_t *out,
                          size_t capacity, size_t *size)
{
    const bp_codec *codec = spec->codec;
    *size = 0;
    if (!bp_array_contiguous(in))
        return bp_fail(ctx, BP_E_USAGE, "codec %s takes contiguous arrays only", codec->name);
    bp_status status = bp_codec_check(ctx, spec, in);
    if (status != BP_OK)
        return status;
    size_t worst = bp_codec_worst_size(spec, in);
    if (capacity < worst)
        return bp_fail(ctx, BP_E_USAGE, "codec %s may need %zu bytes of output, not %zu", codec->name, worst,
                       capacity);
    size_t written = 0;
    status = codec->encode(ctx, spec->params, in, out, capacity, &written);
    if (status != BP_OK)
        return status;
    double bound =
        codec->error_bound && !codec->lossless(spec->params) ? codec->error_bound(spec->params) : INFINITY;
    if (isfinite(bound))
        status = check_bound(ctx, spec, in, out, written, bound);
    if (status == BP_OK)
        *size = written;
    return status;
}

bp_status bp_codec_decode(bp_context *ctx, const bp_codec_spec *spec, const uint8_t *in, size_t size,
                          const bp_array *out)
{
    if (!bp_array_contiguous(out))
        return bp_fail(ctx, BP_E_USAGE, "codec %s gives contiguous arrays only", spec->codec->name);
    bp_status status = bp_codec_check(ctx, spec, out);
    if (status != BP_OK)
        return status;
    return spec->codec->decode(ctx, spec->params, in, size, out);
}
