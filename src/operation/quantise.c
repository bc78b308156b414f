/* SPDX-License-Identifier: BSD-3-Clause
 * quantise: values as small whole numbers, restored on reading by a law that the chunk states
 * (docs/quantise.md). */
#include <math.h>

#include "algo/quantise.h"
#include "algo/quantise_plan.h"

#define LARGEST 1e300

static const char *const laws[] = {"linear", "counts", NULL};

static const bp_param params_of_quantise[BP_QUANTISE_P_COUNT] = {
    [BP_QUANTISE_P_LAW] = {.name = "law",
                           .unit = "",
                           .kind = BP_PARAM_CHOICE,
                           .max = 1,
                           .choices = laws,
                           .help = "linear: equal steps; counts: steps that grow with the noise of counts"},
    [BP_QUANTISE_P_STEP] = {.name = "step",
                            .unit = "",
                            .kind = BP_PARAM_REAL,
                            .min = 1e-300,
                            .max = LARGEST,
                            .fallback = 0.5,
                            .help = "linear: in units of the values; counts: in sigma"},
    [BP_QUANTISE_P_OFFSET] = {.name = "offset",
                              .unit = "",
                              .kind = BP_PARAM_REAL,
                              .min = -LARGEST,
                              .max = LARGEST,
                              .help = "linear: value of number 0; counts: value without photons"},
    [BP_QUANTISE_P_GAIN] = {.name = "gain",
                            .unit = "ADU/photon",
                            .kind = BP_PARAM_REAL,
                            .min = 1e-30,
                            .max = 1e30,
                            .fallback = 1,
                            .help = "counts: units of the values per photon"},
    [BP_QUANTISE_P_NOISE] = {.name = "read_noise",
                             .unit = "ADU",
                             .kind = BP_PARAM_REAL,
                             .max = 1e30,
                             .help = "counts: noise without photons"},
    [BP_QUANTISE_P_DITHER] = {.name = "dither",
                              .unit = "",
                              .kind = BP_PARAM_SWITCH,
                              .max = 1,
                              .help = "subtractive dither, undone on reading"},
    [BP_QUANTISE_P_BOUND] = {.name = "bound",
                             .unit = "",
                             .kind = BP_PARAM_REAL,
                             .max = LARGEST,
                             .help = "largest error at any value; 0: that of the law"},
    [BP_QUANTISE_P_SEED] =
        {.name = "seed", .unit = "", .kind = BP_PARAM_INTEGER, .max = 0x1p53 - 1, .help = "of the dither"},
};

static bp_status check(bp_context *ctx, const double *params, const bp_operation_in *in)
{
    (void)params;
    bp_dtype from = in->values.dtype;
    if (from == BP_OPAQUE || from == BP_U64 || from == BP_I64 || from == BP_F16)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "quantise does not take %s", bp_dtype_name(from));
    if (from != in->as && in->as != BP_F32 && in->as != BP_F64)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "quantise gives %s from %s neither exactly nor as floats",
                       bp_dtype_name(in->as), bp_dtype_name(from));
    return BP_OK;
}

static bp_status apply(bp_context *ctx, const double *params, const bp_operation_in *in,
                       bp_operation_out *out)
{
    bp_quantiser quantiser;
    bp_quantise_law(params, &quantiser);
    return bp_quantise_apply(ctx, &quantiser,
                             params[BP_QUANTISE_P_BOUND] > 0 ? params[BP_QUANTISE_P_BOUND] : (double)INFINITY,
                             (uint64_t)params[BP_QUANTISE_P_SEED], in, out);
}

static bp_status coded(bp_context *ctx, const double *params, const uint8_t *side, size_t side_size,
                       const bp_array *values, bp_array *out)
{
    (void)params;
    return bp_quantise_coded(ctx, side, side_size, values, out);
}

static bp_status restore(bp_context *ctx, const double *params, const uint8_t *side, size_t side_size,
                         const bp_array *in, const bp_array *values)
{
    bp_quantiser quantiser;
    bp_quantise_law(params, &quantiser);
    return bp_quantise_restore(ctx, &quantiser, side, side_size, in, values);
}

const bp_operation bp_operation_quantise = {
    .name = "quantise",
    .summary = "small whole numbers, in steps of the noise or of a stated size",
    .number = BP_OPERATION_FIRST,
    .version = 1,
    .dtypes = 1u << BP_U8 | 1u << BP_I8 | 1u << BP_U16 | 1u << BP_I16 | 1u << BP_U32 | 1u << BP_I32 |
              1u << BP_F32 | 1u << BP_F64,
    .params = params_of_quantise,
    .param_count = BP_QUANTISE_P_COUNT,
    .check = check,
    .apply = apply,
    .coded = coded,
    .restore = restore,
};
