/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "base/checked.h"
#include "io/tiff_write.h"

#define MOST_PAGES  ((uint64_t)1 << 20) /* libtiff's own limit */
#define STRIP_BYTES ((size_t)1 << 20)
#define SMALL_TIFF  ((uint64_t)4000000000) /* bytes that 32-bit offsets reach for sure */
#define PAGE_EXTRA  ((uint64_t)1024)       /* bytes of a directory, generously */

struct bp_tiff_writer {
    TIFF *file;
    bp_tiff_shape pages;
    char error[400];
    uint8_t *page;
    size_t used; /* bytes of the page that have come */
    uint64_t written;
};

bp_status bp_tiff_shape_of(bp_context *ctx, bp_dtype dtype, size_t rank, const size_t *shape,
                           bp_tiff_shape *pages)
{
    bool colour = rank >= 4 && (shape[rank - 1] == 3 || shape[rank - 1] == 4);
    size_t axes = rank < 2 ? rank : colour ? 3 : 2, count;
    *pages = (bp_tiff_shape){.dtype = dtype, .width = 1, .height = 1, .samples = 1};
    if (rank > 0)
        pages->width = shape[rank - 1];
    if (axes >= 2)
        pages->height = shape[rank - 2];
    if (colour) {
        pages->samples = shape[rank - 1];
        pages->width = shape[rank - 2];
        pages->height = shape[rank - 3];
    }
    if (pages->width == 0 || pages->height == 0 || bp_product_overflows(shape, rank - axes, &count) ||
        count == 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "TIFF has no empty pages");
    if (count > MOST_PAGES || pages->width > INT32_MAX || pages->height > INT32_MAX)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%zu pages of %zu x %zu pixels are more than TIFF takes", count,
                       pages->width, pages->height);
    pages->pages = count;
    return BP_OK;
}

size_t bp_tiff_page_bytes(const bp_tiff_shape *pages)
{
    return pages->width * pages->height * pages->samples * bp_dtype_size(pages->dtype);
}

static int take_error(TIFF *file, void *user, const char *module, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static int take_error(TIFF *file, void *user, const char *module, const char *format, va_list args)
{
    bp_tiff_writer *writer = user;
    (void)file;
    (void)module;
    if (writer->error[0] == '\0')
        vsnprintf(writer->error, sizeof writer->error, format, args);
    return 1;
}

static bp_status fail(bp_context *ctx, const bp_tiff_writer *writer)
{
    return bp_fail(ctx, BP_E_OUTPUT, "the TIFF file cannot be written%s%s", writer->error[0] ? ": " : "",
                   writer->error);
}

bp_status bp_tiff_writer_new(bp_context *ctx, const char *path, const bp_tiff_shape *pages,
                             bp_tiff_writer **result)
{
    *result = NULL;
    bp_tiff_writer *writer = calloc(1, sizeof *writer);
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    size_t bytes = bp_tiff_page_bytes(pages);
    if (writer)
        writer->page = malloc(bytes);
    if (!writer || !options || !writer->page) {
        bp_tiff_writer_free(writer);
        TIFFOpenOptionsFree(options);
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a page of %zu bytes", bytes);
    }
    writer->pages = *pages;
    TIFFOpenOptionsSetErrorHandlerExtR(options, take_error, writer);
    TIFFOpenOptionsSetWarningHandlerExtR(options, take_error, writer);
    bool big = pages->pages * (bytes + PAGE_EXTRA) > SMALL_TIFF;
    writer->file = TIFFOpenExt(path, big ? "wl8" : "wl", options);
    TIFFOpenOptionsFree(options);
    if (!writer->file) {
        bp_status status = fail(ctx, writer);
        bp_tiff_writer_free(writer);
        return status;
    }
    *result = writer;
    return BP_OK;
}

static bool set_tags(TIFF *file, const bp_tiff_shape *pages, size_t rows)
{
    uint16_t kind = pages->dtype >= BP_F16  ? SAMPLEFORMAT_IEEEFP
                    : pages->dtype >= BP_I8 ? SAMPLEFORMAT_INT
                                            : SAMPLEFORMAT_UINT;
    uint16_t alpha = EXTRASAMPLE_UNSPECIFIED;
    return TIFFSetField(file, TIFFTAG_IMAGEWIDTH, (uint32_t)pages->width) &&
           TIFFSetField(file, TIFFTAG_IMAGELENGTH, (uint32_t)pages->height) &&
           TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, (uint16_t)(8 * bp_dtype_size(pages->dtype))) &&
           TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, kind) &&
           TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, (uint16_t)pages->samples) &&
           (pages->samples < 4 || TIFFSetField(file, TIFFTAG_EXTRASAMPLES, 1, &alpha)) &&
           TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
           TIFFSetField(file, TIFFTAG_PHOTOMETRIC,
                        pages->samples > 1 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK) &&
           TIFFSetField(file, TIFFTAG_COMPRESSION, COMPRESSION_NONE) &&
           TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, (uint32_t)rows);
}

static bp_status write_page(bp_context *ctx, bp_tiff_writer *writer)
{
    const bp_tiff_shape *pages = &writer->pages;
    size_t row = pages->width * pages->samples * bp_dtype_size(pages->dtype);
    size_t rows = row < STRIP_BYTES ? STRIP_BYTES / row : 1;
    if (rows > pages->height)
        rows = pages->height;
    if (bp_context_cancelled(ctx))
        return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    if (!set_tags(writer->file, pages, rows))
        return fail(ctx, writer);
    for (size_t first = 0, strip = 0; first < pages->height; first += rows, strip++) {
        size_t count = pages->height - first < rows ? pages->height - first : rows;
        if (TIFFWriteEncodedStrip(writer->file, (uint32_t)strip, writer->page + first * row,
                                  (tmsize_t)(count * row)) != (tmsize_t)(count * row))
            return fail(ctx, writer);
    }
    if (!TIFFWriteDirectory(writer->file) || writer->error[0])
        return fail(ctx, writer);
    writer->written++;
    return BP_OK;
}

bp_status bp_tiff_writer_add(bp_context *ctx, bp_tiff_writer *writer, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    size_t page = bp_tiff_page_bytes(&writer->pages);
    while (size > 0) {
        size_t part = page - writer->used < size ? page - writer->used : size;
        if (writer->written == writer->pages.pages)
            return bp_fail(ctx, BP_E_INTERNAL, "more values than pages");
        memcpy(writer->page + writer->used, from, part);
        writer->used += part;
        from += part;
        size -= part;
        if (writer->used < page)
            break;
        bp_status status = write_page(ctx, writer);
        if (status != BP_OK)
            return status;
        writer->used = 0;
    }
    return BP_OK;
}

bp_status bp_tiff_writer_finish(bp_context *ctx, bp_tiff_writer *writer)
{
    if (writer->written != writer->pages.pages || writer->used)
        return bp_fail(ctx, BP_E_INTERNAL, "%" PRIu64 " of %" PRIu64 " pages", writer->written,
                       writer->pages.pages);
    return TIFFFlush(writer->file) && !writer->error[0] ? BP_OK : fail(ctx, writer);
}

void bp_tiff_writer_free(bp_tiff_writer *writer)
{
    if (!writer)
        return;
    if (writer->file)
        TIFFClose(writer->file);
    free(writer->page);
    free(writer);
}
