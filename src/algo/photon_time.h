/* SPDX-License-Identifier: BSD-3-Clause
 * Frames less what the frames before them say of each pixel (docs/photon-chunk.md). Integers only: encoder
 * and decoder keep the very same state. */
#ifndef BP_ALGO_PHOTON_TIME_H
#define BP_ALGO_PHOTON_TIME_H

#include "algo/frames.h"
#include "algo/photon_bytes.h"

#define BP_PHOTON_TIME_LABELS 3

/* What is taken off a frame: nothing; quarters of the running mean; the previous frame. */
enum {
    BP_PHOTON_TIME_NONE = 0,
    BP_PHOTON_TIME_MEAN = 4, /* 1 to 4 quarters */
    BP_PHOTON_TIME_PREVIOUS = 5,
    BP_PHOTON_TIME_MODES = 6
};

typedef struct bp_photon_time {
    bp_frames frame;             /* one frame as it is */
    bp_frames remainder;         /* one frame less what was before it: unsigned */
    uint32_t offset, step, most; /* value = offset + step * y, y at most most; offset as a key, see keys */
    size_t label_count;
    uint32_t labels[BP_PHOTON_TIME_LABELS]; /* keys of marks, which have no y */
    unsigned seen;                          /* frames in the mean */
    uint32_t *mean;                         /* of y, in 1/32 */
    uint32_t *previous, *current;           /* y; of labels, the mean */
    uint8_t *kinds;                         /* of the current frame: 0, or 1 + place of the label */
} bp_photon_time;

/* Grid and labels of all frames. False when the values do not suit, or memory was short; time is to be freed
 * in every case. */
bool bp_photon_time_find(const bp_frames *frames, const void *values, bp_photon_time *time);
void bp_photon_time_fini(bp_photon_time *time);

void bp_photon_time_write(bp_photon_writer *w, const bp_photon_time *time);
/* Sets r->bad for what no encoder writes; false when memory was short. */
bool bp_photon_time_read(bp_photon_reader *r, const bp_frames *frames, bp_photon_time *time);

/* Makes values the current frame; false when they do not fit the grid. */
bool bp_photon_time_load(bp_photon_time *time, const void *values);
/* Rows top to top + rows of the current frame, less what mode says. */
void bp_photon_time_forward(const bp_photon_time *time, unsigned mode, size_t top, size_t rows,
                            void *remainder);
/* Sum of the distances of neighbours in some rows of the remainder. */
uint64_t bp_photon_time_roughness(const bp_photon_time *time, unsigned mode);
/* Makes the frame of a remainder the current one, and writes its values. False when they are impossible. */
bool bp_photon_time_back(bp_photon_time *time, unsigned mode, const void *remainder, void *values);
/* Adds the current frame to what is known. */
void bp_photon_time_add(bp_photon_time *time);

#endif
