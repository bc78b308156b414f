/* SPDX-License-Identifier: BSD-3-Clause
 * TIFF stacks: uncompressed pages, little endian, BigTIFF where 4 GB do not suffice. */
#ifndef BP_IO_TIFF_WRITE_H
#define BP_IO_TIFF_WRITE_H

#include "beampress/array.h"
#include "beampress/context.h"

typedef struct bp_tiff_writer bp_tiff_writer;

typedef struct bp_tiff_shape {
    bp_dtype dtype;
    size_t width, height, samples; /* samples of a pixel stand together */
    uint64_t pages;
} bp_tiff_shape;

/* Makes pages of an array: the last two axes, or the last three where they end in 3 or 4 samples of one pixel
 * behind at least two other axes and the frames. BP_E_UNSUPPORTED when TIFF has no such pages. */
BP_MUST_CHECK bp_status bp_tiff_shape_of(bp_context *ctx, bp_dtype dtype, size_t rank, const size_t *shape,
                                         bp_tiff_shape *pages);
size_t bp_tiff_page_bytes(const bp_tiff_shape *pages);

/* Opens path, which is created or truncated. */
BP_MUST_CHECK bp_status bp_tiff_writer_new(bp_context *ctx, const char *path, const bp_tiff_shape *pages,
                                           bp_tiff_writer **writer);
/* Takes bytes of the pages in their order, any number at a time. */
BP_MUST_CHECK bp_status bp_tiff_writer_add(bp_context *ctx, bp_tiff_writer *writer, const void *bytes,
                                           size_t size);
/* Checks that all pages came, and writes what is left. */
BP_MUST_CHECK bp_status bp_tiff_writer_finish(bp_context *ctx, bp_tiff_writer *writer);
/* Closes the file; NULL is fine. */
void bp_tiff_writer_free(bp_tiff_writer *writer);

#endif
