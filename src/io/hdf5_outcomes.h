/* SPDX-License-Identifier: BSD-3-Clause
 * What an analysis found, as NeXus: an NXdata group for each curve, the numbers as datasets, sigma beside the
 * values as NeXus wants it (NAME_errors), and an NXprocess group that says how it was found. */
#ifndef BP_IO_HDF5_OUTCOMES_H
#define BP_IO_HDF5_OUTCOMES_H

#include "beampress/science.h"

/* One line of the NXprocess group. */
typedef struct bp_outcomes_note {
    const char *name, *text;
} bp_outcomes_note;

/* Writes output; it appears under its name when it is complete. input: the file that was analysed, which
 * output must not be. */
BP_MUST_CHECK bp_status bp_outcomes_write(bp_context *ctx, const bp_outcomes *outcomes,
                                          const bp_outcomes_note *notes, size_t note_count, const char *input,
                                          const char *output, bool overwrite);

#endif
