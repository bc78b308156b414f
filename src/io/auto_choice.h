/* SPDX-License-Identifier: BSD-3-Clause
 * What `--codec auto` chooses from, and the rule by which it does. The choice must be the same wherever the
 * same data are compressed, so no clock is asked: ratios come from a sample of the data, speeds from a table
 * (auto_speeds.def) that a bench made. */
#ifndef BP_IO_AUTO_CHOICE_H
#define BP_IO_AUTO_CHOICE_H

#include "beampress/file.h"

#define BP_MOST_CANDIDATES 12

typedef struct bp_auto_candidate {
    bp_codec_spec spec;
    int level;             /* bp_level; -1: the codec has but one */
    double encode, decode; /* nominal MB/s of raw data on one thread */
    bool measured;         /* it takes the data */
    double ratio;          /* of the sample */
    bool allowed;          /* by level and budget */
} bp_auto_candidate;

/* The candidates for elements of one type, those that this build has. Returns how many. */
size_t bp_auto_candidates(bp_dtype dtype, size_t itemsize, bp_auto_candidate *candidates);

/* Marks what level and budget allow: with a budget (MB/s, above 0) all that are as fast; else all up to the
 * level, which is balanced when default_level is 0. When nothing is, the fastest alone. */
void bp_auto_allow(const bp_file_options *options, bp_auto_candidate *candidates, size_t count);

/* The best ratio among those that are allowed and measured; of those within half a percent of it the fastest.
 * count when there is none. */
size_t bp_auto_best(const bp_auto_candidate *candidates, size_t count);

/* "photon:level=fast" */
void bp_auto_print(const bp_auto_candidate *candidate, char *text, size_t size);

#endif
