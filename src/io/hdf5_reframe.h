/* SPDX-License-Identifier: BSD-3-Clause
 * A file whose frames became other frames: what belongs to the frames follows them. Arrays that have a row
 * for each frame, maps of the detector's pixels, and the geometry are made anew; all else is copied. */
#ifndef BP_IO_HDF5_REFRAME_H
#define BP_IO_HDF5_REFRAME_H

#include "beampress/array.h"
#include "beampress/context.h"

/* How the frames behind a pipeline are made of those before it. */
typedef struct bp_reframe {
    const char *dataset; /* of the frames */
    uint64_t frames;     /* before */
    size_t rows, columns;
    bp_dtype dtype; /* behind */
    size_t rank;
    uint64_t shape[BP_MAX_RANK];
    /* Frame k is made of frames members[starts[k] ... starts[k + 1] - 1]. NULL: each of itself. */
    const uint64_t *starts, *members;
    uint64_t out_frames;
    uint64_t group; /* members of each frame */
    bool frames_sum;
    /* Pixel (r, c) is made of row_step x column_step pixels from (row + r * row_step, ...) on. */
    size_t row, column, row_step, column_step, out_rows, out_columns;
    bool pixels_sum;
    bool turned;             /* behind all that, frames and rows changed places */
    bool other;              /* frames became something else: nothing fits */
    const char *const *drop; /* paths that are left out of the output */
    size_t drop_count;
} bp_reframe;

typedef enum bp_belonging_action { BP_FOLLOWS, BP_MAPPED, BP_RESCALED, BP_DROPPED } bp_belonging_action;

typedef struct bp_belonging {
    char path[512];
    bp_belonging_action action;
    char note[96]; /* "120 of 500 rows kept" */
} bp_belonging;

typedef struct bp_belongings {
    bp_belonging *items;
    size_t count;
    struct bp_h5_new *arrays; /* of hdf5_belongings.c */
} bp_belongings;

/* Finds what belongs to the frames, and says what will become of it. BP_E_LOSS names what cannot be made to
 * fit. file: HDF5. Fini in every case. */
BP_MUST_CHECK bp_status bp_belongings_find(bp_context *ctx, const char *file, const bp_reframe *reframe,
                                           bp_belongings *belongings);
void bp_belongings_fini(bp_belongings *belongings);

/* Writes a copy of input to path in which the frames have their new type and shape but no values yet, and the
 * belongings have their new values. */
BP_MUST_CHECK bp_status bp_h5_reframe(bp_context *ctx, const char *input, const char *path,
                                      const bp_reframe *reframe, const bp_belongings *belongings);

#endif
