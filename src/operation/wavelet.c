/* SPDX-License-Identifier: BSD-3-Clause
 * wavelet: frames as coefficients of a wavelet, in units of the noise. */
#include "algo/wavelet.h"

#define LARGEST 1e300

static const char *const laws[] = {"linear", "counts", NULL};

static const bp_param params_of_wavelet[BP_WAVELET_P_COUNT] = {
    [BP_WAVELET_P_LAW] = {"law", "", BP_PARAM_CHOICE, 0, 1, 0, laws, "as of quantise"},
    [BP_WAVELET_P_STEP] = {"step", "", BP_PARAM_REAL, 1e-300, LARGEST, 1, NULL,
                           "of coefficients; linear: in units of the values; counts: in sigma"},
    [BP_WAVELET_P_OFFSET] = {"offset", "", BP_PARAM_REAL, -LARGEST, LARGEST, 0, NULL, "as of quantise"},
    [BP_WAVELET_P_GAIN] = {"gain", "ADU/photon", BP_PARAM_REAL, 1e-30, 1e30, 1, NULL, "as of quantise"},
    [BP_WAVELET_P_NOISE] = {"read_noise", "ADU", BP_PARAM_REAL, 0, 1e30, 0, NULL, "as of quantise"},
};

static bp_status check(bp_context *ctx, const double *params, const bp_operation_in *in)
{
    (void)params;
    bp_dtype from = in->values.dtype;
    if (from == BP_OPAQUE || from == BP_U64 || from == BP_I64 || from == BP_F16)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "wavelet does not take %s", bp_dtype_name(from));
    if (from != in->as && in->as != BP_F32 && in->as != BP_F64)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "wavelet gives %s from %s neither exactly nor as floats",
                       bp_dtype_name(in->as), bp_dtype_name(from));
    if (in->values.rank < 2)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "wavelet works on frames: arrays of two axes and more");
    return BP_OK;
}

const bp_operation bp_operation_wavelet = {
    .name = "wavelet",
    .summary = "frames as coefficients of a wavelet, in units of the noise",
    .number = BP_OPERATION_FIRST + 2,
    .version = 1,
    .dtypes = 1u << BP_U8 | 1u << BP_I8 | 1u << BP_U16 | 1u << BP_I16 | 1u << BP_U32 | 1u << BP_I32 |
              1u << BP_F32 | 1u << BP_F64,
    .params = params_of_wavelet,
    .param_count = BP_WAVELET_P_COUNT,
    .check = check,
    .apply = bp_wavelet_apply,
    .coded = bp_wavelet_coded,
    .restore = bp_wavelet_restore,
};
