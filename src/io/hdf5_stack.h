/* SPDX-License-Identifier: BSD-3-Clause
 * A dataset as a stack of frames, read a few at a time as doubles: for analyses. HDF5 files, and whatever
 * else can be read as frames. The last two axes are a frame; leading axes are folded into one. */
#ifndef BP_IO_HDF5_STACK_H
#define BP_IO_HDF5_STACK_H

#include "beampress/array.h"
#include "beampress/context.h"
#include "beampress/science.h"
#include "io/hdf5_sample.h"

typedef struct bp_stack bp_stack;

typedef struct bp_stack_facts {
    const char *path; /* of the dataset; "/" when the file is no HDF5; lives as long as the stack */
    bp_dtype dtype;
    size_t rank;
    uint64_t shape[BP_MAX_RANK];
    uint64_t frames;
    size_t rows, columns; /* rows is 1 for a rank of 1 */
    char mask[256];       /* path of the detector's pixel mask, "" when there is none */
    bool decoded;         /* stored otherwise than as plain values: reading it again costs more than memory */
    bool simulated;       /* the file says so: an attribute SIMULATED at its root */
    bool has_geometry;
    bp_geometry geometry; /* as the file states it; what it does not is NAN */
} bp_stack_facts;

/* Opens one dataset; dataset NULL: the only detector image, or what else a file is obviously about
 * (BP_E_USAGE names the datasets when there are several). threads: 0 for one per core. The message names the
 * file. */
BP_MUST_CHECK bp_status bp_stack_open(bp_context *ctx, const char *file, const char *dataset,
                                      unsigned threads, bp_stack **stack);
void bp_stack_close(bp_stack *stack);
const bp_stack_facts *bp_stack_get_facts(const bp_stack *stack);

/* Reads frames first to first + count - 1 into values, C order. */
BP_MUST_CHECK bp_status bp_stack_read(bp_context *ctx, bp_stack *stack, uint64_t first, size_t count,
                                      double *values);

/* The same as values of the dataset's type, in the byte order of the machine. */
BP_MUST_CHECK bp_status bp_stack_read_typed(bp_context *ctx, bp_stack *stack, uint64_t first, size_t count,
                                            void *values);

/* What the file says of the detector; NAN where it says nothing. */
typedef struct bp_stack_detector {
    double saturation, underload, count_time;
    double pixel_size[2], beam_centre[2]; /* of rows, columns: m; y, x: pixels */
    uint8_t *image_key;                   /* one for each frame, NULL: none; the caller frees it */
} bp_stack_detector;
BP_MUST_CHECK bp_status bp_stack_read_detector(bp_context *ctx, bp_stack *stack, bp_stack_detector *facts);

/* An array that stands beside the frames (a name as in bp_stack_side), at "/path", or at "FILE:/path".
 * *found false: there is none of this name; a path must be there. bp_sample_fini in every case. */
BP_MUST_CHECK bp_status bp_stack_beside(bp_context *ctx, bp_stack *stack, const char *name, bp_sample *sample,
                                        bool *found);

/* Reads the pixel mask: a byte per pixel of a frame, not 0 where the pixel is to be left out. *mask is NULL
 * when the file has none, or one of another size (with a warning). The caller frees it. */
BP_MUST_CHECK bp_status bp_stack_mask(bp_context *ctx, bp_stack *stack, uint8_t **mask);

/* Numbers that the file has beside the frames: "rotation_angle" (degrees), "image_key". A name with a slash
 * in front is a path; others are looked for in the dataset's group, then in NXdetector, NXsample and NXdata
 * groups of the same entry. *values is NULL when there are none. The caller frees it. */
BP_MUST_CHECK bp_status bp_stack_side(bp_context *ctx, bp_stack *stack, const char *name, double **values,
                                      size_t *count);

#endif
