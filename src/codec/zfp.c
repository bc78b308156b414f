/* SPDX-License-Identifier: BSD-3-Clause
 * zfp: one zfp stream without its header, as the registered HDF5 filter 32013 (H5Z-ZFP) stores it; what the
 * header would say stands in that filter's cd_values. Axes of length 1 are dropped, as that filter does. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zfp.h>

#include "base/bits.h"
#include "base/checked.h"
#include "codec/codec.h"

enum { P_ACCURACY, P_PRECISION, P_RATE, P_COUNT };

#define HDF5_ZFP       32013
#define MAX_AXES       4
#define HDF5_INTERFACE 0x110 /* the version of H5Z-ZFP whose layout of cd_values this is */
#define WORD_BYTES     8     /* the largest unit in which a build of zfp pads its streams */

static const bp_param params_of_zfp[P_COUNT] = {
    {"accuracy", "value", BP_PARAM_REAL, 0, 1e300, 0, NULL,
     "lossy, floats: largest error of a value; 0: off (reversible when all are off)"},
    {"precision", "bits", BP_PARAM_INTEGER, 0, 64, 0, NULL, "lossy: bit planes kept of each block; 0: off"},
    {"rate", "bits per value", BP_PARAM_REAL, 0, 64, 0, NULL, "lossy: stored size of a value; 0: off"},
};

/* A field and a stream with its mode set; the bit stream is attached later. */
typedef struct coder {
    zfp_field *field;
    zfp_stream *stream;
    bitstream *bits;
} coder;

static bool is_lossless(const double *params)
{
    return params[P_ACCURACY] == 0 && params[P_PRECISION] == 0 && params[P_RATE] == 0;
}

static zfp_type type_of(bp_dtype dtype)
{
    switch (dtype) {
    case BP_I32:
        return zfp_type_int32;
    case BP_I64:
        return zfp_type_int64;
    case BP_F32:
        return zfp_type_float;
    default:
        return zfp_type_double;
    }
}

/* The axes longer than 1, fastest first, then zeros; returns their number, at least 1. */
static unsigned axes_of(const bp_array *in, size_t axes[MAX_AXES])
{
    unsigned count = 0;
    memset(axes, 0, MAX_AXES * sizeof axes[0]);
    for (size_t i = in->rank; i-- > 0 && count < MAX_AXES;)
        if (in->shape[i] != 1)
            axes[count++] = in->shape[i];
    if (count == 0)
        axes[count++] = 1;
    return count;
}

static void coder_fini(coder *c)
{
    if (c->bits)
        stream_close(c->bits);
    if (c->stream)
        zfp_stream_close(c->stream);
    if (c->field)
        zfp_field_free(c->field);
}

/* False when there is no memory; coder_fini in every case. */
static bool coder_init(coder *c, const double *params, const bp_array *in)
{
    size_t axes[MAX_AXES];
    unsigned count = axes_of(in, axes);
    c->bits = NULL;
    c->field = zfp_field_alloc();
    c->stream = zfp_stream_open(NULL);
    if (!c->field || !c->stream)
        return false;
    zfp_type type = type_of(in->dtype);
    zfp_field_set_type(c->field, type);
    zfp_field_set_pointer(c->field, in->data);
    zfp_field_set_size_4d(c->field, axes[0], axes[1], axes[2], axes[3]);
    zfp_stream_set_execution(c->stream, zfp_exec_serial);
    if (params[P_ACCURACY] > 0)
        zfp_stream_set_accuracy(c->stream, params[P_ACCURACY]);
    else if (params[P_PRECISION] > 0)
        zfp_stream_set_precision(c->stream, (uint)params[P_PRECISION]);
    else if (params[P_RATE] > 0)
        zfp_stream_set_rate(c->stream, params[P_RATE], type, count, zfp_false);
    else
        zfp_stream_set_reversible(c->stream);
    return true;
}

static bool coder_attach(coder *c, void *memory, size_t size)
{
    c->bits = stream_open(memory, size);
    if (!c->bits)
        return false;
    zfp_stream_set_bit_stream(c->stream, c->bits);
    zfp_stream_rewind(c->stream);
    return true;
}

/* Bytes that no stream of this coder exceeds: per block every bit plane of every value, a test bit for each
 * value and plane that embedded coding may add, and the block's own header; 0 when it does not fit. zfp's own
 * bound was too small in some releases, so the larger one counts. */
static size_t coder_bound(const coder *c)
{
    unsigned axes = zfp_field_dimensionality(c->field);
    size_t values = (size_t)1 << 2 * axes, planes = zfp_field_precision(c->field), bits, bound;
    bits = values * (planes + 1) + planes + 64;
    size_t most = c->stream->minbits > bits ? c->stream->minbits : bits;
    if (bp_mul_overflows(zfp_field_blocks(c->field), most / 8 + 1, &bound) ||
        bp_add_overflows(bound, ZFP_HEADER_MAX_BITS + 2 * WORD_BYTES, &bound))
        return 0;
    size_t theirs = zfp_stream_maximum_size(c->stream, c->field);
    return theirs > bound ? theirs : bound;
}

static size_t worst_size(const double *params, const bp_array *in)
{
    coder c;
    if (bp_array_elements(in) == 0)
        return 0;
    size_t bound = coder_init(&c, params, in) ? coder_bound(&c) : 0;
    coder_fini(&c);
    return bound;
}

/* Lossy modes lose NaN and Inf without a word, and need two guard bits above integers; the largest floats
 * could come back as Inf. Beyond this magnitude values are refused. */
static double lossy_limit(bp_dtype dtype)
{
    switch (dtype) {
    case BP_I32:
        return 0x1p30;
    case BP_I64:
        return 0x1p62;
    case BP_F32:
        return 0x1p126;
    default:
        return 0x1p1022;
    }
}

static double value_at(const bp_array *in, size_t i)
{
    switch (in->dtype) {
    case BP_I32:
        return ((const int32_t *)in->data)[i];
    case BP_I64:
        return (double)((const int64_t *)in->data)[i];
    case BP_F32:
        return (double)((const float *)in->data)[i];
    default:
        return ((const double *)in->data)[i];
    }
}

static bp_status check_values(bp_context *ctx, const bp_array *in)
{
    size_t n = bp_array_elements(in);
    const double limit = lossy_limit(in->dtype);
    for (size_t i = 0; i < n; i++) {
        double v = value_at(in, i);
        if (!(fabs(v) < limit))
            return bp_fail(
                ctx, BP_E_UNSUPPORTED,
                "zfp: element %zu is %g; lossy modes take finite %s below %g, the reversible mode takes all",
                i, v, bp_dtype_name(in->dtype), limit);
    }
    return BP_OK;
}

/* zfp writes whole words to aligned memory, which out need not be: through memory of our own. */
static bp_status encode(bp_context *ctx, const double *params, const bp_array *in, uint8_t *out,
                        size_t capacity, size_t *size)
{
    if (bp_array_elements(in) == 0) {
        *size = 0;
        return BP_OK;
    }
    bp_status status = is_lossless(params) ? BP_OK : check_values(ctx, in);
    if (status != BP_OK)
        return status;
    coder c;
    size_t bound = coder_init(&c, params, in) ? coder_bound(&c) : 0, written = 0;
    void *memory = bound ? malloc(bound) : NULL;
    if (memory && coder_attach(&c, memory, bound))
        written = zfp_compress(c.stream, c.field);
    if (!memory || !c.bits)
        status = bp_fail(ctx, BP_E_MEMORY, "zfp: no memory for %zu bytes", bound);
    else if (written == 0 || written > capacity)
        status =
            bp_fail(ctx, BP_E_INTERNAL, "zfp: the library gave %zu bytes where %zu fit", written, capacity);
    else
        memcpy(out, memory, *size = written);
    coder_fini(&c);
    free(memory);
    return status;
}

/* The library never asks where the stream ends: it reads from a copy with zeros behind, as long as it can
 * read. */
static bp_status decode(bp_context *ctx, const double *params, const uint8_t *in, size_t size,
                        const bp_array *out)
{
    if (bp_array_elements(out) == 0)
        return size == 0 ? BP_OK : bp_fail(ctx, BP_E_DAMAGED, "zfp: %zu bytes for no values", size);
    coder c;
    bp_status status = BP_OK;
    size_t bound = coder_init(&c, params, out) ? coder_bound(&c) : 0, used = 0;
    uint8_t *memory = NULL;
    if (bound && size > bound)
        status = bp_fail(ctx, BP_E_DAMAGED, "zfp: %zu bytes where at most %zu belong", size, bound);
    else if (!bound || !(memory = malloc(bound)) || !coder_attach(&c, memory, bound))
        status = bp_fail(ctx, BP_E_MEMORY, "zfp: no memory for %zu bytes", bound);
    if (status == BP_OK) {
        memcpy(memory, in, size);
        memset(memory + size, 0, bound - size);
        used = zfp_decompress(c.stream, c.field);
        /* builds of zfp differ in the unit to which they pad */
        if (used == 0 || used >= size + WORD_BYTES || used + WORD_BYTES <= size)
            status = bp_fail(ctx, BP_E_DAMAGED, "zfp: the values end after %zu of %zu bytes", used, size);
    }
    coder_fini(&c);
    free(memory);
    return status;
}

static double error_bound(const double *params)
{
    return params[P_ACCURACY] > 0 ? params[P_ACCURACY] : (double)INFINITY;
}

static bp_status check(bp_context *ctx, const double *params, const bp_array *in)
{
    if ((params[P_ACCURACY] > 0) + (params[P_PRECISION] > 0) + (params[P_RATE] > 0) > 1)
        return bp_fail(ctx, BP_E_USAGE, "zfp: accuracy, precision and rate exclude each other");
    if (params[P_ACCURACY] > 0 && (in->dtype == BP_I32 || in->dtype == BP_I64))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "zfp: accuracy is for floats, not %s",
                       bp_dtype_name(in->dtype));
    size_t axes[MAX_AXES], values = (size_t)1 << 2 * axes_of(in, axes);
    if (params[P_RATE] > 0 && params[P_RATE] * (double)values < 1)
        return bp_fail(ctx, BP_E_USAGE, "zfp: rate=%g is less than one bit for a block of %zu values",
                       params[P_RATE], values);
    return BP_OK;
}

/* cd_values as a file holds them: versions of the library (4 bits each), its codec (4 bits) and the filter
 * (12 bits); then zfp's full header. */
static bp_status standard(bp_context *ctx, const double *params, const bp_array *chunk, bp_filter *filters,
                          size_t *count)
{
    coder c;
    uint64_t memory[8] = {0};
    uint8_t bytes[sizeof memory];
    size_t bits = 0;
    if (bp_array_elements(chunk) > 0 && coder_init(&c, params, chunk)) {
        if (coder_attach(&c, memory, sizeof memory))
            bits = zfp_write_header(c.stream, c.field, ZFP_HEADER_FULL);
        zfp_stream_flush(c.stream);
        coder_fini(&c);
    }
    if (bits == 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "zfp: the registered filter cannot state this chunk's shape");
    memcpy(bytes, memory, sizeof bytes);
    filters[0] = (bp_filter){.id = HDF5_ZFP, .word_count = 1 + (bits + 31) / 32};
    filters[0].words[0] = (zfp_library_version & 0xffff) << 16 | zfp_codec_version << 12 | HDF5_INTERFACE;
    for (size_t i = 1; i < filters[0].word_count; i++)
        filters[0].words[i] = bp_load_le32(bytes + 4 * (i - 1));
    *count = 1;
    return BP_OK;
}

static size_t library(char *text, size_t size)
{
    return (size_t)snprintf(text, size, "zfp %u.%u.%u", zfp_library_version >> 12 & 15,
                            zfp_library_version >> 8 & 15, zfp_library_version >> 4 & 15);
}

const bp_codec bp_codec_zfp = {
    .name = "zfp",
    .summary = "zfp: floats and signed integers of up to 4 axes, lossless or lossy; HDF5 filter 32013",
    .number = 10,
    .version = 1,
    .dtypes = BP_BIT(BP_I32) | BP_BIT(BP_I64) | BP_BIT(BP_F32) | BP_BIT(BP_F64),
    .max_rank = MAX_AXES,
    .params = params_of_zfp,
    .param_count = P_COUNT,
    .library = library,
    .lossless = is_lossless,
    .error_bound = error_bound,
    .check = check,
    .worst_size = worst_size,
    .encode = encode,
    .decode = decode,
    .standard = standard,
};
