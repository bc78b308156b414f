/* SPDX-License-Identifier: BSD-3-Clause
 * One pass over values of one dtype: how many are different, zero, labels; moments; entropy. Labels are
 * values that mark a pixel instead of measuring: the largest value of an integer type (gap, dead, saturated),
 * and -1 and -2 in signed types that hold no other negative value (module gaps and bad pixels of Pilatus
 * files). They are counted apart. */
#ifndef BP_ALGO_STATISTICS_H
#define BP_ALGO_STATISTICS_H

#include <stdbool.h>

#include "algo/values.h"
#include "beampress/context.h"

typedef struct bp_statistics bp_statistics;

typedef struct bp_statistics_summary {
    uint64_t values;    /* all that were added */
    uint64_t masked;    /* excluded by the caller */
    uint64_t nonfinite; /* NaN and infinities */
    bp_labels labels;
    uint64_t label_counts[BP_MAX_LABELS];
    /* of what is left: */
    uint64_t measured;
    uint64_t zeros;
    double min, max, mean, deviation; /* NaN when nothing is left; deviation: standard, of the population */
    bool whole;                       /* every value is a whole number */
    uint64_t unique;
    bool unique_complete; /* false: there are at least `unique`, and the entropy is not known */
    double entropy;       /* bits per value of order 0, without neighbours; NaN when not known */
} bp_statistics_summary;

/* dtype is not BP_OPAQUE. NULL when there is no memory. */
bp_statistics *bp_statistics_new(bp_dtype dtype);
void bp_statistics_free(bp_statistics *statistics);
/* excluded: a byte per value that is not 0 where the value does not count; NULL for nowhere. */
void bp_statistics_add(bp_statistics *statistics, const void *values, size_t count, const uint8_t *excluded);
void bp_statistics_finish(const bp_statistics *statistics, bp_statistics_summary *summary);

#endif
