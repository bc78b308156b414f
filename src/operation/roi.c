/* SPDX-License-Identifier: BSD-3-Clause
 * roi: boxes around peaks as they are, the rest binned and quantised; reads back as whole frames. */
#include "algo/roi.h"

#define LARGEST 1e300

static const char *const laws[] = {"linear", "counts", NULL};

#define ROI_PARAM(index, name, unit, kind, min, max, fallback, help)                                         \
    [index] = {name, unit, kind, min, max, fallback, NULL, help}

static const bp_param params_of_roi[BP_ROI_P_COUNT] = {
    ROI_PARAM(BP_ROI_P_BIN, "bin", "pixels", BP_PARAM_INTEGER, 1, 64, 2, "of the background, either way"),
    ROI_PARAM(BP_ROI_P_HALF, "half", "pixels", BP_PARAM_INTEGER, 0, 1000, 8,
              "boxes of 2 half + 1 pixels either way"),
    [BP_ROI_P_LAW] = {"law", "", BP_PARAM_CHOICE, 0, 1, 0, laws, "of the binned background; as of quantise"},
    ROI_PARAM(BP_ROI_P_STEP, "step", "", BP_PARAM_REAL, 1e-300, LARGEST, 1,
              "linear: in units of the values; counts: in sigma of a bin"),
    ROI_PARAM(BP_ROI_P_OFFSET, "offset", "", BP_PARAM_REAL, -LARGEST, LARGEST, 0, "as of quantise"),
    ROI_PARAM(BP_ROI_P_GAIN, "gain", "ADU/photon", BP_PARAM_REAL, 1e-30, 1e30, 1, "counts: of a bin"),
    ROI_PARAM(BP_ROI_P_NOISE, "read_noise", "ADU", BP_PARAM_REAL, 0, 1e30, 0, "counts: of a bin"),
    ROI_PARAM(BP_ROI_P_THRESHOLD, "threshold", "value", BP_PARAM_REAL, -1e9, 1e9, 800, "of peakfinder8"),
    ROI_PARAM(BP_ROI_P_MIN_SNR, "min_snr", "", BP_PARAM_REAL, 0, 1e6, 5, "of peakfinder8"),
    ROI_PARAM(BP_ROI_P_MIN_PIXELS, "min_pixels", "pixels", BP_PARAM_INTEGER, 1, 1e6, 2, "of a peak"),
    ROI_PARAM(BP_ROI_P_MAX_PIXELS, "max_pixels", "pixels", BP_PARAM_INTEGER, 1, 1e6, 200, "of a peak"),
    ROI_PARAM(BP_ROI_P_BACKGROUND_RADIUS, "background_radius", "pixels", BP_PARAM_INTEGER, 1, 100, 3,
              "of peakfinder8"),
    ROI_PARAM(BP_ROI_P_MIN_RADIUS, "min_radius", "pixels", BP_PARAM_REAL, 0, 1e6, 0, "of peakfinder8"),
    ROI_PARAM(BP_ROI_P_MAX_RADIUS, "max_radius", "pixels", BP_PARAM_REAL, 0, 1e6, 0, "of peakfinder8"),
    ROI_PARAM(BP_ROI_P_CENTRE_X, "centre_x", "pixels", BP_PARAM_REAL, -1e6, 1e6, 0, "of the beam"),
    ROI_PARAM(BP_ROI_P_CENTRE_Y, "centre_y", "pixels", BP_PARAM_REAL, -1e6, 1e6, 0, "of the beam"),
};

static bp_status check(bp_context *ctx, const double *params, const bp_operation_in *in)
{
    (void)params;
    if (in->values.dtype != in->as)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "roi gives %s as they are, not as %s",
                       bp_dtype_name(in->values.dtype), bp_dtype_name(in->as));
    if (in->values.rank < 2)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "roi works on frames: arrays of two axes and more");
    return BP_OK;
}

const bp_operation bp_operation_roi = {
    .name = "roi",
    .summary = "boxes around peaks as they are, the rest binned and quantised",
    .number = BP_OPERATION_FIRST + 1,
    .version = 1,
    .dtypes = 1u << BP_U8 | 1u << BP_I8 | 1u << BP_U16 | 1u << BP_I16 | 1u << BP_U32 | 1u << BP_I32 |
              1u << BP_F32 | 1u << BP_F64,
    .params = params_of_roi,
    .param_count = BP_ROI_P_COUNT,
    .check = check,
    .apply = bp_roi_apply,
    .coded = bp_roi_coded,
    .restore = bp_roi_restore,
};
