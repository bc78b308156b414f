/* SPDX-License-Identifier: BSD-3-Clause
 * What metrics do to every pixel of two frames. The same results from all variants: sums go over
 * BP_METRIC_LANES lanes, pixel i of a row into lane i mod BP_METRIC_LANES. */
#ifndef BP_KERNEL_METRIC_H
#define BP_KERNEL_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_METRIC_LANES 8
#define BP_METRIC_LAGS  100
#define BP_SSIM_ROWS    8  /* windows above each other that are taken in at once */
#define BP_SSIM_TAPS    11 /* at most */

/* A square window with symmetric weights, applied along columns and rows. */
typedef struct bp_window_weights {
    size_t taps;       /* 7: equal weights; or 11 */
    double weights[6]; /* up to the middle, of 11 */
    /* The same for what was summed along the columns: of values, and of their squares. Scaled so that the
     * dynamic range is 1. With equal weights only the first counts, for the sum of taps x taps values. */
    double first[6], second[6];
    double covariance; /* of equal weights */
    double c1, c2;     /* as of SSIM, for a range of 1 */
} bp_window_weights;

/* Sums over pixels. x and y are counted from `middle`; d = y - x; rel = |d / x| where x is not 0. */
typedef enum bp_point_sum {
    BP_POINT_X,
    BP_POINT_Y,
    BP_POINT_XX,
    BP_POINT_YY,
    BP_POINT_XY,
    BP_POINT_D,
    BP_POINT_ABS_D,
    BP_POINT_D2,
    BP_POINT_D3,
    BP_POINT_D4,
    BP_POINT_DX,
    BP_POINT_REL,
    BP_POINT_REL_COUNT,
    BP_POINT_CHANGED,
    BP_POINT_SUMS
} bp_point_sum;

typedef struct bp_point_lanes {
    double sums[BP_POINT_SUMS][BP_METRIC_LANES];
    double max_abs[BP_METRIC_LANES], max_rel[BP_METRIC_LANES];
} bp_point_lanes;

/* What a row of two frames holds. min of nothing is INFINITY, max of nothing -INFINITY. */
typedef struct bp_row_survey {
    uint64_t excluded, labels, not_finite; /* pixels; each is counted once, in this order */
    double reference_min, reference_max, test_min, test_max;
} bp_row_survey;

typedef struct bp_metric_kernels {
    /* SSIM, or its contrast part alone (of 11 taps), summed over all windows in each of BP_SSIM_ROWS rows of
     * windows. x[k], y[k]: row k of taps + BP_SSIM_ROWS - 1 of the two frames; columns: taps at least. keep:
     * of window c in row r at c * BP_SSIM_ROWS + r, 0 when it does not count, else -1; or NULL: all do. */
    void (*windows)(const bp_window_weights *w, bool contrast, const double *const *x, const double *const *y,
                    size_t columns, const int8_t *keep, double *sums);
    /* Adds n pixels, a multiple of BP_METRIC_LANES unless take is given: 1 where a pixel takes part, 0 where
     * not, NULL: all do. */
    void (*point)(const double *reference, const double *test, const double *take, size_t n, double middle,
                  bp_point_lanes *lanes);
    /* Marks in out (not excluded itself) the pixels that excluded (or NULL) marks, whose reference is the
     * label (when labelled), or that are not finite in one of the two. */
    void (*survey)(const double *reference, const double *test, const uint8_t *excluded, bool labelled,
                   double label, size_t n, uint8_t *out, bp_row_survey *row);
    /* Sum of n products, pair i in lane i mod BP_METRIC_LANES as far as they are whole, then the rest. */
    double (*dot)(const double *a, const double *b, size_t n);
    /* Adds the sum of a[i] b[i + lag] to sums[lag - 1], for lags 1 to BP_METRIC_LAGS. n: a multiple of
     * BP_METRIC_LANES; b has n + BP_METRIC_LAGS values. */
    void (*lags)(const double *a, const double *b, size_t n, double *sums);
    /* Values as doubles. */
    void (*from_u16)(const uint16_t *in, size_t n, double *out);
    void (*from_f32)(const float *in, size_t n, double *out);
} bp_metric_kernels;

#endif
