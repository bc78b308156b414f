/* SPDX-License-Identifier: BSD-3-Clause
 * Quantiles of the distributions that confidence limits are made of. Checked against scipy.stats. */
#ifndef BP_ALGO_QUANTILE_H
#define BP_ALGO_QUANTILE_H

/* The value that Student's t with `freedom` (> 0) degrees of freedom exceeds with probability `tail` (0 ...
 * 0.5). */
double bp_student_above(double freedom, double tail);
/* The value that the ratio of two variances, with `freedom` and `other` degrees of freedom (Fisher's F),
 * stays below with probability `below`. */
double bp_variance_ratio_below(double freedom, double other, double below);

#endif
