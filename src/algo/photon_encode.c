/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/photon.h"
#include "algo/photon_frame.h"
#include "algo/photon_tables.h"
#include "algo/photon_values.h"
#include "base/bits.h"
#include "base/checked.h"
#include "kernel/kernel.h"

typedef struct encoder {
    const bp_frames *frame;
    const uint8_t *values;
    bp_photon_grid grid;
    bp_photon_plane plane;
    uint8_t *labels; /* of all pixels; NULL: none */
    uint32_t *memory, *tokens, *escapes;
    uint16_t *words;
    size_t band_pixels; /* at most */
    bp_photon_tables *tables;
    bp_photon_weights weights;
} encoder;

static void encoder_fini(encoder *e)
{
    free(e->labels);
    free(e->memory);
    free(e->tokens);
    free(e->escapes);
    free(e->words);
    free(e->plane.prediction);
    free(e->plane.code);
    free(e->tables);
}

/* Few bands where there is little to code: each costs the states of 16 lanes. */
static size_t choose_bands(encoder *e)
{
    size_t height = e->frame->height, width = e->frame->width, seen = 0, busy = 0;
    size_t bands = height >= 2048 ? 8 : height >= 512 ? 4 : height >= 96 ? 2 : 1;
    for (size_t r = 0; r < height; r += 1 + height / 64) {
        uint32_t *row = e->plane.prediction;
        bp_photon_keys(e->frame, e->values + r * width * e->frame->itemsize, width, row);
        for (size_t c = 0; c < width; c++)
            busy += row[c] != e->grid.offset;
        seen += width;
    }
    return bands > 2 && busy < seen / 16 ? 2 : bands;
}

static bool reserve(encoder *e)
{
    size_t height = e->frame->height, width = e->frame->width, stride = bp_photon_stride(width), values;
    e->plane = (bp_photon_plane){.stride = stride, .height = height, .width = width};
    e->plane.prediction = malloc((width + 16) * sizeof(uint32_t));
    e->plane.code = malloc(width + 16);
    e->tables = malloc(sizeof *e->tables);
    if (bp_mul_overflows(stride * sizeof(uint32_t), height, &values) || !e->plane.prediction)
        return false;
    e->plane.bands = choose_bands(e);
    size_t groups = (height + BP_PHOTON_LANES - 1) / BP_PHOTON_LANES;
    e->band_pixels = ((groups + e->plane.bands - 1) / e->plane.bands) * BP_PHOTON_LANES * width;
    e->memory = malloc(values);
    e->plane.values = e->memory + BP_PHOTON_PAD;
    e->tokens = malloc(stride * BP_PHOTON_LANES * sizeof(uint32_t));
    e->escapes = malloc((e->band_pixels + 1) * sizeof(uint32_t));
    e->words = malloc((e->band_pixels + 1) * 2 * sizeof(uint16_t));
    if (e->grid.label_count)
        e->plane.labels = e->labels = malloc(height * width);
    return e->plane.code && e->tables && e->memory && e->tokens && e->escapes && e->words &&
           (e->labels || !e->grid.label_count);
}

static void fill_row(encoder *e, uint32_t *row, const uint8_t *labels, size_t in_band)
{
    size_t width = e->plane.width;
    uint32_t offset = e->grid.offset, step = e->grid.step;
    bp_photon_pad_left(row, e->plane.stride, in_band);
    for (size_t c = 0; c < width; c++)
        row[c] -= offset;
    for (size_t c = 0; step > 1 && c < width; c++)
        row[c] /= step;
    for (size_t c = 0; labels && c < width; c++)
        if (labels[c])
            row[c] = row[(ptrdiff_t)c - 1];
    for (size_t i = 0; i < 16; i++)
        row[width + i] = row[width - 1];
}

static void fill_plane(encoder *e)
{
    bp_photon_plane *p = &e->plane;
    for (size_t band = 0; band < p->bands; band++) {
        size_t top = bp_photon_band_row(p->height, p->bands, band);
        size_t end = bp_photon_band_row(p->height, p->bands, band + 1);
        for (size_t r = top; r < end; r++) {
            uint32_t *row = p->values + r * p->stride;
            uint8_t *labels = e->labels ? e->labels + r * p->width : NULL;
            bp_photon_keys(e->frame, e->values + r * p->width * e->frame->itemsize, p->width, row);
            if (labels)
                bp_photon_grid_classify(&e->grid, row, p->width, labels);
            fill_row(e, row, labels, r - top);
        }
    }
}

static void write_header(encoder *e, bp_photon_writer *w, bool flat)
{
    unsigned flags = (e->labels ? BP_PHOTON_HAS_LABELS : 0) | (flat ? BP_PHOTON_FLAT : 0);
    uint32_t offset = e->grid.offset, sign = bp_photon_is_signed(e->frame->dtype) ? 0x80000000u : 0;
    int32_t natural = (int32_t)(offset ^ sign); /* small numbers of either sign take few bytes */
    bp_photon_put_byte(w, BP_PHOTON_METHOD_BANDS);
    bp_photon_put_byte(w, flags);
    bp_photon_put_number(w, natural < 0 ? ~((uint32_t)natural << 1) : (uint32_t)natural << 1);
    bp_photon_put_number(w, e->grid.step - 1);
    if (!e->labels)
        return;
    bp_photon_put_byte(w, (unsigned)e->grid.label_count);
    for (size_t i = 0; i < e->grid.label_count; i++) {
        int32_t label = (int32_t)(e->grid.labels[i] ^ sign);
        bp_photon_put_number(w, label < 0 ? ~((uint32_t)label << 1) : (uint32_t)label << 1);
    }
    bp_photon_labels_write(w, e->labels, e->plane.height, e->plane.width);
}

static void write_block(bp_photon_writer *w, const void *bytes, size_t size)
{
    if (size > (size_t)(w->end - w->at)) {
        w->full = true;
        return;
    }
    memcpy(w->at, bytes, size);
    w->at += size;
}

static void write_words(bp_photon_writer *w, const uint16_t *words, size_t count)
{
    if (count > (size_t)(w->end - w->at) / 2) {
        w->full = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        bp_store_le16(w->at + 2 * i, words[i]);
    w->at += 2 * count;
}

static unsigned bytes_of(uint32_t most)
{
    return most < 1u << 8 ? 1 : most < 1u << 16 ? 2 : most < 1u << 24 ? 3 : 4;
}

static void write_band(const encoder *e, bp_photon_writer *w, const bp_photon_sink *sink, size_t height)
{
    const uint16_t *words_end = e->words + 2 * e->band_pixels;
    const uint32_t *escapes_end = e->escapes + e->band_pixels;
    size_t words = (size_t)(words_end - sink->word), escapes = (size_t)(escapes_end - sink->escape);
    size_t lanes = height < BP_PHOTON_LANES ? height : BP_PHOTON_LANES;
    bool moved = false;
    for (size_t l = 0; l < lanes; l++)
        moved |= sink->state[l] != BP_PHOTON_START;
    bp_photon_put_number(w, (uint32_t)words);
    bp_photon_put_number(w, (uint32_t)escapes << 1 | moved);
    for (size_t l = 0; moved && l < lanes; l++) {
        uint8_t bytes[4];
        bp_store_le32(bytes, sink->state[l]);
        write_block(w, bytes, 4);
    }
    write_words(w, sink->word, words);
    for (const uint32_t *v = sink->escape; v < escapes_end; v++) {
        uint8_t bytes[4];
        bp_store_le32(bytes, *v);
        write_block(w, bytes, bytes_of(e->grid.most));
    }
}

static void write_bands(encoder *e, bp_photon_writer *w)
{
    const bp_kernels *kernels = bp_kernels_get();
    const bp_photon_plane *p = &e->plane;
    bp_photon_put_byte(w, (unsigned)p->bands);
    bp_photon_put_byte(w, bytes_of(e->grid.most));
    bp_photon_tables_write(w, e->tables, &e->weights);
    for (size_t band = 0; band < p->bands && !w->full; band++) {
        size_t top = bp_photon_band_row(p->height, p->bands, band);
        size_t height = bp_photon_band_row(p->height, p->bands, band + 1) - top;
        bp_photon_source source = {.tables = e->tables,
                                   .plane = p->values + top * p->stride,
                                   .stride = p->stride,
                                   .labels = e->labels ? e->labels + top * p->width : NULL,
                                   .height = height,
                                   .width = p->width,
                                   .tokens = e->tokens};
        bp_photon_sink sink = {.word = e->words + 2 * e->band_pixels, .escape = e->escapes + e->band_pixels};
        kernels->photon_encode(&source, &sink);
        write_band(e, w, &sink, height);
    }
}

bp_status bp_photon_encode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                                 const void *values, uint8_t *out, size_t capacity, size_t *size)
{
    (void)params;
    encoder e = {.frame = frame, .values = values};
    bp_photon_writer w = {.at = out, .end = out + capacity};
    uint32_t *row = malloc(frame->width * sizeof *row);
    if (row)
        bp_photon_grid_find(frame, values, row, &e.grid);
    free(row);
    bool good = row != NULL, flat = e.grid.most == 0;
    *size = 0;
    if (good && e.grid.most < BP_PHOTON_WORK_LIMIT) {
        if (!flat || e.grid.label_count) {
            good = reserve(&e);
            if (good)
                fill_plane(&e);
        }
        if (good)
            write_header(&e, &w, flat);
        if (good && !flat && !w.full && (good = bp_photon_tables_choose(&e.plane, e.tables, &e.weights)))
            write_bands(&e, &w);
        if (good && !w.full)
            *size = (size_t)(w.at - out);
    }
    encoder_fini(&e);
    return good ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame");
}
