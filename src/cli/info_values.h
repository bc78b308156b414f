/* SPDX-License-Identifier: BSD-3-Clause
 * What info finds out from the values of a dataset. */
#ifndef BP_CLI_INFO_VALUES_H
#define BP_CLI_INFO_VALUES_H

#include <stdio.h>

#include "algo/noise.h"
#include "algo/statistics.h"
#include "cli/cli.h"
#include "io/hdf5_inspect.h"

typedef struct bp_info_values {
    bool known; /* false: no array of numbers, or not readable */
    bool complete;
    size_t frames; /* of the sample */
    bp_statistics_summary summary;
    bool noise_tried; /* at least two axes */
    bp_noise_estimate noise;
    bool limit_known;
    bool gain_assumed; /* the limit takes every step of 1 as one count */
    double limit_bpp, limit_ratio;
    char problem[512]; /* why the values could not be read; "" when they could */
} bp_info_values;

/* Reads a sample of at most max_bytes. missing: files that the values come from are not there. Only an
 * interruption or missing memory fails. */
bp_status bp_info_take_values(bp_context *ctx, const char *file, const bp_dataset_facts *facts,
                              size_t max_bytes, bool missing, bp_info_values *values);

json_t *bp_info_values_json(const bp_info_values *values);
void bp_info_values_print(const bp_info_values *values, const bp_dataset_facts *facts, FILE *stream);

#endif
