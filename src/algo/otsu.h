/* SPDX-License-Identifier: BSD-3-Clause
 * Thresholds from histograms. N. Otsu, IEEE Trans. Systems, Man, Cybernetics 9 (1979) 62; several classes: P.
 * Liao, T. Chen, P. Chung, J. Information Science and Engineering 17 (2001) 713. Numbers as scikit-image has
 * them. */
#ifndef BP_ALGO_OTSU_H
#define BP_ALGO_OTSU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_OTSU_MOST_CLASSES 5

/* Counts in equal bins; bin i stands for the value first + i * width. */
typedef struct bp_histogram {
    double first, width; /* middle of bin 0; distance of middles */
    double edge;         /* lower edge of bin 0 */
    size_t count;
    uint64_t *counts;
} bp_histogram;

/* The bins that Otsu's method is defined for: one per level for whole values, `bins` from min to max
 * otherwise (the last one closed). Levels beyond 2^24 get `bins` bins too. False when memory is short. */
bool bp_histogram_init(bp_histogram *histogram, bool whole, double min, double max, size_t bins);
void bp_histogram_fini(bp_histogram *histogram);
void bp_histogram_add(bp_histogram *histogram, double value);

/* Index of the bin whose middle is the threshold: foreground is above it. The first of equals. False when all
 * counts are in one bin; *bin is then that one. */
bool bp_otsu(const bp_histogram *histogram, size_t *bin);
/* Thresholds of `classes` classes (2 ... BP_OTSU_MOST_CLASSES) as bins: the last one of each lower class.
 * False when there are fewer levels than classes, or memory is short. */
bool bp_otsu_multi(const bp_histogram *histogram, size_t classes, size_t *bins);

/* For a jackknife: how far the thresholds `bins` of `all` move, in values, when the counts of `part` are left
 * out, to first order. A threshold lies midway between the means of its two classes; that place moves
 * smoothly with the counts, where the bin that it falls into jumps. False when a class would be empty. */
bool bp_otsu_moved(const bp_histogram *all, const bp_histogram *part, size_t classes, const size_t *bins,
                   double *moved);
/* Standard deviation of threshold k about that place, in values: it is the middle of a bin, the last one
 * below that has any counts. *pinned: classes so far apart that the threshold is the end of the lower one,
 * whatever the means are. */
double bp_otsu_rounding(const bp_histogram *histogram, size_t classes, const size_t *bins, size_t k,
                        bool *pinned);

#endif
