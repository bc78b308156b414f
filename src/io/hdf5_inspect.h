/* SPDX-License-Identifier: BSD-3-Clause
 * What is in a file, without the values: for people and for programs that know nothing of HDF5. */
#ifndef BP_IO_HDF5_INSPECT_H
#define BP_IO_HDF5_INSPECT_H

#include "beampress/array.h"
#include "beampress/context.h"

#define BP_IMAGE_KEYS 4

/* What NeXus says of the detector; a number that the file does not state is NAN. */
typedef struct bp_detector_facts {
    bool known;
    char path[256], mask[256];                /* "" when there is none */
    double saturation_value, underload_value; /* counts */
    double bit_depth_readout;                 /* bits */
    double count_time;                        /* seconds */
    double x_pixel_size, y_pixel_size;        /* metres */
    bool has_keys;
    uint64_t key_frames[BP_IMAGE_KEYS]; /* projections, flats, darks, invalid */
} bp_detector_facts;

typedef struct bp_dataset_facts {
    char *path;
    bp_dtype dtype;     /* BP_OPAQUE for whatever is no plain number */
    char type_name[32]; /* "uint16", "string", "compound", ... */
    size_t itemsize;
    size_t rank;
    uint64_t shape[BP_MAX_RANK];
    const char *layout; /* "chunked", "contiguous", "compact", "virtual", "external", "empty" */
    size_t chunk_rank;  /* 0 when there are no chunks */
    uint64_t chunk[BP_MAX_RANK];
    char filters[512]; /* "none" when there are none */
    bool bszstd;       /* bitshuffle with zstd: packaged bitshuffle in Debian 12 cannot read it */
    bool own;          /* beampress chunks */
    bool lossy_filter;
    char lossy[256]; /* the text of attribute beampress_lossy, "" without */
    uint64_t raw_bytes, stored_bytes;
    uint64_t stored_chunks; /* 0 also when it takes too long to count them */
    bool image;             /* NeXus marks it as detector images */
    bp_detector_facts detector;
} bp_dataset_facts;

typedef struct bp_target_facts {
    char *object, *name; /* who points, and to which file, as stored */
    const char *kind;    /* "link", "virtual", "raw" */
    bool exists;
} bp_target_facts;

typedef struct bp_file_facts {
    const char *format; /* "hdf5", "tiff", "cbf", ... */
    uint64_t bytes;
    bp_dataset_facts *datasets;
    size_t dataset_count;
    bp_target_facts *targets; /* other files that it points to */
    size_t target_count;
} bp_file_facts;

/* The caller frees *facts with bp_file_facts_fini, also after a failure. */
BP_MUST_CHECK bp_status bp_inspect_file(bp_context *ctx, const char *file, bp_file_facts *facts);
void bp_file_facts_fini(bp_file_facts *facts);

/* Does a file carry HDF5's signature? */
bool bp_file_is_hdf5(const char *file);
/* Is it HDF5, or frames in a format that is told by content; or named as HDF5, although it is damaged? Tables
 * as text (csv) are not: beside frames they are logs. */
bool bp_file_is_data(const char *file);

#endif
