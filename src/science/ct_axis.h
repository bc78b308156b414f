/* SPDX-License-Identifier: BSD-3-Clause
 * The axis of rotation of a scan. */
#ifndef BP_SCIENCE_CT_AXIS_H
#define BP_SCIENCE_CT_AXIS_H

#include "science/ct_scan.h"

/* In each of the rows whose sinograms these are (count x angle_count x columns), by Vo's method; needs half a
 * turn in steps that go one way. */
BP_MUST_CHECK bp_status bp_ct_axis_vo(bp_context *ctx, const bp_ct_scan *scan, const double *sinograms,
                                      size_t count, double *centres);
/* In each of `count` bands of detector rows, by phase correlation of projections half a turn apart; the mean
 * over up to 8 such pairs. */
BP_MUST_CHECK bp_status bp_ct_axis_phase(bp_context *ctx, const bp_ct_scan *scan, size_t count,
                                         double *centres);

#endif
