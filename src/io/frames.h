/* SPDX-License-Identifier: BSD-3-Clause
 * Detector frames in files that are not HDF5 (TIFF, CBF, EDF, npy, csv, raw bytes), read one at a time.
 * Several files can make one series. The format is found by content, never by the file's name. */
#ifndef BP_IO_FRAMES_H
#define BP_IO_FRAMES_H

#include "beampress/array.h"
#include "beampress/context.h"

typedef struct bp_frames bp_frames;

/* What a file of raw bytes does not say of itself. */
typedef struct bp_frames_raw {
    bp_dtype dtype;
    bool big_endian;
    size_t rank; /* of the array in each file */
    size_t shape[BP_MAX_RANK];
    uint64_t offset; /* bytes before the first value */
} bp_frames_raw;

typedef struct bp_frames_facts {
    const char *format; /* "tiff", "cbf", "edf", "npy", "csv", "raw" */
    bp_dtype dtype;
    bool big_endian;           /* in the file; values are always delivered in the machine's order */
    size_t rank;               /* of the whole series */
    size_t shape[BP_MAX_RANK]; /* slowest first; the last frame_rank axes are those of one frame */
    size_t frame_rank;
    size_t frame_bytes;
    uint64_t count; /* frames: product of the other axes */
} bp_frames_facts;

/* Opens one file, several, or shell patterns such as "scan_*.tif", whose matches are taken in the order of
 * the numbers in their names. raw: what raw bytes are to be read as, NULL to find the format by content.
 * Files of one series must agree in type and frame shape (BP_E_UNSUPPORTED). The message names the file. */
BP_MUST_CHECK bp_status bp_frames_open(bp_context *ctx, const char *const *paths, size_t path_count,
                                       const bp_frames_raw *raw, bp_frames **frames);
void bp_frames_close(bp_frames *frames);

const bp_frames_facts *bp_frames_get_facts(const bp_frames *frames);
size_t bp_frames_file_count(const bp_frames *frames);
/* Path of file number index; owned by frames. */
const char *bp_frames_file(const bp_frames *frames, size_t index);
/* Number of its first frame in the series. */
uint64_t bp_frames_first_of(const bp_frames *frames, size_t index);
/* Does the format have texts at all? */
bool bp_frames_has_headers(const bp_frames *frames);
/* Number of the file that holds a frame. */
size_t bp_frames_file_of(const bp_frames *frames, uint64_t frame);

/* Reads one frame, C order, machine byte order, into exactly frame_bytes bytes. Going upwards is quick. */
BP_MUST_CHECK bp_status bp_frames_read(bp_context *ctx, bp_frames *frames, uint64_t frame, void *values);

/* Reads part of a frame: `rows` steps of its first axis from `first` on. Formats that can only decode whole
 * frames keep the last one. Frames of rank 0 have one row. */
BP_MUST_CHECK bp_status bp_frames_read_rows(bp_context *ctx, bp_frames *frames, uint64_t frame, size_t first,
                                            size_t rows, void *values);

/* The text that stands with a frame in its file, NULL where there is none. The caller frees it. */
BP_MUST_CHECK bp_status bp_frames_header(bp_context *ctx, bp_frames *frames, uint64_t frame, char **text);

#endif
