/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "algo/photon.h"
#include "algo/photon_frame.h"
#include "algo/photon_tables.h"
#include "algo/photon_values.h"
#include "base/bits.h"
#include "base/checked.h"
#include "kernel/kernel.h"

typedef struct decoder {
    const bp_frames *frame;
    uint8_t *values;
    bp_photon_reader reader;
    uint32_t offset, step;
    size_t kinds;
    uint32_t labels[BP_PHOTON_MOST_LABELS]; /* as values */
    uint8_t *map;                           /* of labels; NULL: none */
    uint16_t *active;
    uint8_t *payload; /* with room behind it */
    uint32_t *escapes, *rows;
    bp_photon_tables *tables;
    bp_photon_weights weights;
    size_t band_count;
    unsigned escape_bytes;
    bp_photon_band bands[BP_PHOTON_MOST_BANDS];
} decoder;

static void decoder_free(decoder *d)
{
    free(d->map);
    free(d->active);
    free(d->payload);
    free(d->escapes);
    free(d->rows);
    free(d->tables);
    free(d);
}

static uint32_t get_natural(bp_photon_reader *r)
{
    uint32_t v = bp_photon_get_number(r);
    return v & 1 ? ~(v >> 1) : v >> 1;
}

static void store(const bp_frames *frame, uint8_t *at, uint32_t value)
{
    uint8_t v1 = (uint8_t)value;
    uint16_t v2 = (uint16_t)value;
    if (frame->itemsize == 1)
        *at = v1;
    else
        memcpy(at, frame->itemsize == 2 ? (const void *)&v2 : (const void *)&value, frame->itemsize);
}

static bp_status read_labels(bp_context *ctx, decoder *d)
{
    size_t pixels = d->frame->height * d->frame->width;
    bp_photon_reader *r = &d->reader;
    d->kinds = bp_photon_get_byte(r);
    if (d->kinds == 0 || d->kinds > BP_PHOTON_MOST_LABELS)
        r->bad = true;
    for (size_t i = 0; i < d->kinds && !r->bad; i++)
        d->labels[i] = get_natural(r);
    if (r->bad)
        return BP_OK;
    d->map = malloc(pixels);
    if (!d->map)
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for %zu labels", pixels);
    bp_photon_labels_read(r, d->kinds, d->map, d->frame->height, d->frame->width);
    return BP_OK;
}

static void put_labels(const decoder *d)
{
    size_t pixels = d->frame->height * d->frame->width;
    for (size_t i = 0; d->map && i < pixels; i++)
        if (d->map[i])
            store(d->frame, d->values + i * d->frame->itemsize, d->labels[d->map[i] - 1]);
}

static void put_flat(const decoder *d)
{
    size_t pixels = d->frame->height * d->frame->width;
    for (size_t i = 0; i < pixels; i++)
        store(d->frame, d->values + i * d->frame->itemsize, d->offset);
}

/* Lanes with a value, step by step. */
static void fill_active(const decoder *d, size_t top, size_t height, uint16_t *active)
{
    size_t width = d->frame->width, steps = bp_photon_steps(width);
    for (size_t r = 0; r < height; r++) {
        size_t lane = r % BP_PHOTON_LANES;
        uint16_t *at = active + r / BP_PHOTON_LANES * steps + lane * BP_PHOTON_SKEW;
        const uint8_t *map = d->map + (top + r) * width;
        for (size_t c = 0; c < width; c++)
            at[c] = (uint16_t)(at[c] | (map[c] == 0) << lane);
    }
}

static void read_escapes(const decoder *d, const uint8_t *in, size_t count, uint32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t v = 0;
        for (unsigned b = 0; b < d->escape_bytes; b++)
            v |= (uint32_t)in[i * d->escape_bytes + b] << 8 * b;
        out[i] = v;
    }
}

/* Reads lengths and states of a band; its streams stay where they are. Returns how many escapes it has. */
static size_t read_band(decoder *d, bp_photon_band *band, const uint8_t *base)
{
    bp_photon_reader *r = &d->reader;
    size_t words = bp_photon_get_number(r), escapes = bp_photon_get_number(r);
    size_t lanes = band->height < BP_PHOTON_LANES ? band->height : BP_PHOTON_LANES;
    size_t states = (escapes & 1) * lanes * 4, left = (size_t)(r->end - r->at);
    escapes >>= 1;
    if (r->bad || states > left || words > (left - states) / 2 ||
        escapes > (left - states - 2 * words) / d->escape_bytes) {
        r->bad = true;
        return 0;
    }
    for (size_t l = 0; l < BP_PHOTON_LANES; l++)
        band->state[l] = states && l < lanes ? bp_load_le32(r->at + 4 * l) : BP_PHOTON_START;
    for (size_t l = 0; l < BP_PHOTON_LANES; l++)
        r->bad |= band->state[l] < BP_PHOTON_START;
    r->at += states;
    band->words = d->payload + (r->at - base);
    band->words_end = band->words + 2 * words;
    r->at += 2 * words;
    return escapes;
}

static bool reserve(decoder *d)
{
    size_t left = (size_t)(d->reader.end - d->reader.at), width = d->frame->width;
    size_t groups = (d->frame->height + BP_PHOTON_LANES - 1) / BP_PHOTON_LANES;
    d->payload = calloc(left + BP_PHOTON_WORD_SLACK, 1);
    d->escapes = calloc(left / d->escape_bytes + BP_PHOTON_ESCAPE_SLACK, sizeof *d->escapes);
    d->rows = calloc(bp_photon_rows_size(width), sizeof *d->rows);
    if (d->map)
        d->active = calloc(groups * bp_photon_steps(width) + BP_PHOTON_LANES, sizeof *d->active);
    if (d->payload)
        memcpy(d->payload, d->reader.at, left);
    return d->payload && d->escapes && d->rows && (d->active || !d->map);
}

static bp_status read_bands(bp_context *ctx, decoder *d)
{
    const uint8_t *base = d->reader.at;
    size_t height = d->frame->height, width = d->frame->width, done = 0;
    if (!reserve(d))
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame of %zu bytes", d->frame->bytes);
    for (size_t i = 0; i < d->band_count && !d->reader.bad; i++) {
        bp_photon_band *band = &d->bands[i];
        size_t top = bp_photon_band_row(height, d->band_count, i);
        band->height = bp_photon_band_row(height, d->band_count, i + 1) - top;
        band->out = d->values + top * width * d->frame->itemsize;
        size_t escapes = read_band(d, band, base);
        if (d->reader.bad)
            break;
        band->escapes = d->escapes + done;
        band->escapes_end = band->escapes + escapes;
        read_escapes(d, d->reader.at, escapes, d->escapes + done);
        done += escapes;
        d->reader.at += escapes * d->escape_bytes;
        if (d->active) {
            uint16_t *active = d->active + top / BP_PHOTON_LANES * bp_photon_steps(width);
            fill_active(d, top, band->height, active);
            band->active = active;
        }
    }
    return BP_OK;
}

static bp_status read_coded(bp_context *ctx, decoder *d)
{
    bp_photon_reader *r = &d->reader;
    size_t groups = (d->frame->height + BP_PHOTON_LANES - 1) / BP_PHOTON_LANES;
    d->band_count = bp_photon_get_byte(r);
    d->escape_bytes = bp_photon_get_byte(r);
    if (d->band_count == 0 || d->band_count > BP_PHOTON_MOST_BANDS || d->band_count > groups ||
        d->escape_bytes == 0 || d->escape_bytes > 4)
        r->bad = true;
    d->tables = r->bad ? NULL : malloc(sizeof *d->tables);
    if (!d->tables)
        return r->bad ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "photon: no memory for tables");
    memset(d->tables, 0, offsetof(bp_photon_tables, slots)); /* of the slots those in use are filled later */
    bp_photon_tables_read(r, d->tables, &d->weights);
    if (r->bad || !bp_photon_tables_build(d->tables, &d->weights, true)) {
        r->bad = true;
        return BP_OK;
    }
    bp_status status = read_bands(ctx, d);
    if (status != BP_OK || r->bad)
        return status;
    const bp_photon_target target = {.tables = d->tables,
                                     .width = d->frame->width,
                                     .itemsize = d->frame->itemsize,
                                     .step = d->step,
                                     .offset = d->offset,
                                     .rows = d->rows};
    r->bad = !bp_kernels_get()->photon_decode(&target, d->bands, d->band_count);
    return BP_OK;
}

static bp_status read_frame(bp_context *ctx, decoder *d)
{
    bp_photon_reader *r = &d->reader;
    unsigned method = bp_photon_get_byte(r), flags = bp_photon_get_byte(r);
    if (method != BP_PHOTON_METHOD_BANDS || flags > BP_PHOTON_FLAGS)
        return bp_fail(ctx, BP_E_DAMAGED, "photon: method %u with flags %u is unknown", method, flags);
    d->offset = get_natural(r);
    d->step = bp_photon_get_number(r) + 1;
    bp_status status = BP_OK;
    if (flags & BP_PHOTON_HAS_LABELS)
        status = read_labels(ctx, d);
    if (status != BP_OK)
        return status;
    if (flags & BP_PHOTON_FLAT && !r->bad)
        put_flat(d);
    else if (!r->bad)
        status = read_coded(ctx, d);
    if (status != BP_OK)
        return status;
    if (r->bad || r->at != r->end)
        return bp_fail(ctx, BP_E_DAMAGED, "photon: the payload of a frame of %zu x %zu pixels is damaged",
                       d->frame->height, d->frame->width);
    put_labels(d);
    return BP_OK;
}

bp_status bp_photon_decode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                                 const uint8_t *in, size_t size, void *values)
{
    (void)params;
    decoder *d = calloc(1, sizeof *d);
    if (!d)
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for the decoder");
    d->frame = frame;
    d->values = values;
    d->reader = (bp_photon_reader){.at = in, .end = in + size};
    bp_status status = read_frame(ctx, d);
    decoder_free(d);
    return status;
}
