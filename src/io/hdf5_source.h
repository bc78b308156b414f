/* SPDX-License-Identifier: BSD-3-Clause
 * A dataset as a source of values: HDF5 is asked on one thread for stored chunks, or for values where it must
 * decode itself; the chunks are decoded on any thread. */
#ifndef BP_IO_HDF5_SOURCE_H
#define BP_IO_HDF5_SOURCE_H

#include <hdf5.h>

#include "io/filters.h"

typedef struct bp_h5_source {
    hid_t dataset;       /* the caller's */
    hid_t type, space;   /* ours; type is that of the file */
    bp_dtype dtype;      /* BP_OPAQUE for whatever is no number of ours */
    bp_byte_order order; /* of the stored values */
    bool exact;          /* the type uses all bits of the dtype */
    size_t itemsize;
    size_t rank;
    hsize_t shape[BP_MAX_RANK];
    uint64_t bytes; /* of all values */
    bool chunked;
    bool direct;    /* stored chunks can be decoded here */
    bool edges_raw; /* chunks that stick out of the shape went through no filter */
    bp_filters pipeline;
    bp_array chunk; /* of a chunked dataset; data is NULL */
    uint8_t *fill;  /* one element */
    int fd;         /* of the file when windows of it may be mapped, else -1 */
} bp_h5_source;

/* Looks a dataset with a simple or scalar space and plain elements over. Fini in every case. */
BP_MUST_CHECK bp_status bp_h5_source_init(bp_context *ctx, hid_t dataset, bp_h5_source *source);
void bp_h5_source_fini(bp_h5_source *source);

/* The filters of a creation property list. */
BP_MUST_CHECK bp_status bp_h5_pipeline_read(bp_context *ctx, hid_t dcpl, bp_filters *pipeline);

/* Part of a dataset as HDF5 gave it; {0} at first, kept from one part to the next. */
typedef struct bp_h5_stored {
    /* never written; a stored chunk; values; values that stand in the file at `place` */
    enum { BP_H5_FILL, BP_H5_STORED, BP_H5_VALUES, BP_H5_MAPPED } kind;
    uint64_t place;
    hsize_t offset[BP_MAX_RANK];
    uint32_t mask;
    uint8_t *bytes;
    size_t size, capacity;
} bp_h5_stored;
void bp_h5_stored_fini(bp_h5_stored *stored);

/* Reads the stored chunk that begins at offset. Only of a source that is direct. */
BP_MUST_CHECK bp_status bp_h5_source_fetch(bp_context *ctx, const bp_h5_source *source, const hsize_t *offset,
                                           bp_h5_stored *stored);
/* Lets HDF5 read the values of the box at offset into a C-contiguous array of the shape `cell`; what sticks
 * out of the dataset is filled with the fill value. */
BP_MUST_CHECK bp_status bp_h5_source_read(bp_context *ctx, const bp_h5_source *source, const hsize_t *offset,
                                          const size_t *cell, bp_h5_stored *stored);
/* The same into the caller's room of that many bytes. */
BP_MUST_CHECK bp_status bp_h5_source_read_to(bp_context *ctx, const bp_h5_source *source,
                                             const hsize_t *offset, const size_t *cell, uint8_t *values,
                                             size_t bytes);

/* Looks up where the file can be mapped: plain values in a file of HDF5's ordinary driver without a user
 * block. */
void bp_h5_source_allow_map(bp_h5_source *source);
/* Finds the box at offset in the file, when its values stand there side by side and are worth a mapping; sets
 * kind, place and size. Only of a source that allows it. */
bool bp_h5_source_locate(const bp_h5_source *source, const hsize_t *offset, const size_t *cell,
                         bp_h5_stored *stored);

/* The values of a whole chunk (or cell) in the byte order of the file, on any thread. values: that, or
 * stored->bytes when nothing has to be decoded. room has space for the bytes of cell. */
BP_MUST_CHECK bp_status bp_h5_source_decode(bp_context *ctx, const bp_h5_source *source,
                                            const bp_h5_stored *stored, const bp_array *cell, uint8_t *room,
                                            bp_scratch *scratch, const uint8_t **values);

/* Sets the elements of a buffer to the fill value. */
void bp_h5_source_fill(const bp_h5_source *source, uint8_t *bytes, size_t size);

/* The next place of a row-major walk in steps of `step`; false behind the last. rank 0 has one place. */
bool bp_h5_step(size_t rank, const hsize_t *shape, const size_t *step, hsize_t *offset);

/* Reverses the bytes of every element where they do not stand as the machine has them. */
void bp_h5_swap_to_machine(bp_dtype dtype, bp_byte_order order, uint8_t *bytes, size_t size);

/* "3,0,0" */
void bp_h5_print_place(size_t rank, const hsize_t *offset, char *text, size_t size);

#endif
