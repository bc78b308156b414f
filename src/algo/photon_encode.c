/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon.h"
#include "algo/photon_frame.h"
#include "algo/photon_lattice.h"
#include "algo/photon_sparse.h"
#include "algo/photon_tables.h"
#include "base/bits.h"
#include "base/checked.h"
#include "base/pool.h"
#include "base/scratch.h"
#include "kernel/kernel.h"

/* Of one band while it is coded. */
typedef struct space {
    uint32_t *escapes;
    uint16_t *lines, *tokens, *words;
    bp_photon_sink sink;
} space;

typedef struct encoder {
    const bp_frames *frame;
    const uint8_t *values;
    bp_photon_lattice lattice;
    bp_photon_form form;
    bp_photon_plane plane;
    bool few;        /* are most values the smallest one? */
    void *room;      /* of all that follows */
    uint8_t *labels; /* of all pixels; NULL: none */
    space spaces[BP_PHOTON_CHOSEN_BANDS];
    size_t space_count; /* bands that are coded at a time */
    size_t first;       /* the first of these */
    size_t band_pixels; /* at most */
    bp_photon_tables *tables;
    bp_photon_weights weights;
} encoder;

#define SAMPLED     2048
#define FINE        4     /* where half the values are small, the model looks at fractions of them */
#define FAR_BITS    9     /* of distances of neighbours that 31 symbols and a few low bits cope with */
#define BAND_PIXELS 65536 /* more pixels are worth a second band */

/* How many values, and distances of neighbours, are of how many bits, on some rows. */
typedef struct survey {
    uint64_t count, above[34], far[34];
} survey;

static unsigned bits_of(uint32_t v)
{
    return v ? 32 - (unsigned)__builtin_clz(v) : 0;
}

static void survey_row(const encoder *e, size_t row, survey *s)
{
    size_t width = e->frame->width, size = e->frame->itemsize;
    uint32_t before = 0;
    bool known = false;
    for (size_t i = row * width; i < (row + 1) * width; i++) {
        uint32_t value = bp_photon_value_at(e->values, size, i), y = bp_photon_work_of(&e->form, value);
        if (bp_photon_is_label(&e->lattice, value))
            continue;
        uint32_t distance = !known ? 0 : y > before ? y - before : before - y;
        s->far[bits_of(distance)]++;
        s->above[bits_of(y)]++;
        s->count++;
        before = y;
        known = true;
    }
}

/* Each band costs the states of 32 lanes and a row without one above it; two are coded faster than one. */
static size_t choose_bands(const encoder *e)
{
    size_t height = e->frame->height, pixels = height * e->frame->width;
    bool sparse = e->few;
    if (height < 2 * BP_PHOTON_LANES || pixels < BAND_PIXELS || (sparse && pixels < 16 * BAND_PIXELS))
        return 1;
    return pixels >= 16 * BAND_PIXELS && height >= 8 * BP_PHOTON_LANES && !sparse ? 4 : 2;
}

/* How many low bits are noise, in what fractions the model sees the rest, and how many bands. */
static void choose_form(encoder *e)
{
    survey s = {.count = 0};
    size_t height = e->frame->height, every = 1 + height * e->frame->width / SAMPLED;
    e->form = e->lattice.form;
    for (size_t r = (every < height ? every : height) / 2; r < height; r += every)
        survey_row(e, r, &s);
    for (size_t i = 33; i-- > 0;) { /* now of i bits and more */
        s.above[i] += s.above[i + 1];
        s.far[i] += s.far[i + 1];
    }
    unsigned *low = &e->form.low;
    while (*low < 16 && (s.far[FAR_BITS + 1 + *low] > s.count / 8 || s.above[17 + *low] > s.count / 64))
        ++*low;
    uint32_t most = e->lattice.most >> *low;
    uint8_t *shift = &e->plane.shift;
    while (*shift < BP_PHOTON_MOST_SHIFT && (uint64_t)most << (*shift + 1) <= 65535)
        ++*shift;
    bool small = s.above[5 + *low] <= s.count / 2; /* few values are above 15 */
    while (small && *shift < FINE && s.above[16 + *low - *shift] <= s.count / 1024)
        ++*shift;
    e->few = s.above[1] < s.count / BP_PHOTON_SPARSE_SHARE;
    e->plane.bands = choose_bands(e);
}

/* Where a part of the room begins; base NULL: only counts. */
static void *carve(uint8_t *base, size_t *at, size_t count, size_t size)
{
    size_t bytes;
    void *part = base ? base + *at : NULL;
    if (bp_mul_overflows(count, size, &bytes) || bp_add_overflows(*at, bytes, at) || *at > SIZE_MAX - 128)
        *at = SIZE_MAX - 128;
    *at = (*at + 63) / 64 * 64;
    return part;
}

static size_t lay_out(encoder *e, uint8_t *base)
{
    size_t height = e->frame->height, width = e->frame->width, stride = bp_photon_stride(width), at = 0;
    size_t values = stride * height;
    bp_photon_plane *p = &e->plane;
    uint16_t *memory = carve(base, &at, values, 2);
    uint16_t *seen = p->shift ? carve(base, &at, values, 2) : memory;
    uint16_t *window = carve(base, &at, values, 2);
    e->tables = carve(base, &at, 1, sizeof *e->tables);
    for (size_t i = 0; i < e->space_count; i++) {
        space *s = &e->spaces[i];
        s->lines = carve(base, &at, bp_photon_lines_size(width), 2);
        s->tokens = carve(base, &at, bp_photon_tokens_size(e->band_pixels / width, width), 2);
        s->escapes = carve(base, &at, e->band_pixels + 1, 4);
        s->words = carve(base, &at, 2 * e->band_pixels + 64, 2);
    }
    e->labels = e->lattice.label_count ? carve(base, &at, height * width, 1) : NULL;
    if (base) {
        p->values = memory + BP_PHOTON_PAD;
        p->seen = seen + BP_PHOTON_PAD;
        p->window = window + BP_PHOTON_PAD;
        p->labels = e->labels;
    }
    return at;
}

static bool reserve(bp_context *ctx, encoder *e)
{
    size_t height = e->frame->height, width = e->frame->width;
    e->plane.stride = bp_photon_stride(width);
    size_t groups = (bp_photon_groups(height) + e->plane.bands - 1) / e->plane.bands;
    e->band_pixels = groups * BP_PHOTON_LANES * width;
    e->space_count = bp_pool_width(ctx) < e->plane.bands ? bp_pool_width(ctx) : e->plane.bands;
    e->room = bp_scratch_take(ctx, lay_out(e, NULL));
    if (e->room)
        lay_out(e, e->room);
    return e->room != NULL;
}

static uint64_t eight_labels(const uint8_t *labels)
{
    uint64_t v;
    memcpy(&v, labels, sizeof v);
    return v;
}

/* Labels stand for the value to their left. */
static void hide_labels(const uint8_t *labels, size_t width, uint16_t *row)
{
    for (size_t c = 0; c < width; c++) {
        if (c + 8 <= width && eight_labels(labels + c) == 0)
            c += 7;
        else if (labels[c])
            row[c] = row[(ptrdiff_t)c - 1];
    }
}

static void fill_row(encoder *e, size_t r, size_t in_band)
{
    const bp_photon_values *kernels = bp_kernels_get()->photon_values;
    bp_photon_plane *p = &e->plane;
    uint16_t *row = p->values + r * p->stride, *seen = p->seen + r * p->stride;
    uint8_t *labels = e->labels ? e->labels + r * p->width : NULL;
    const uint8_t *values = e->values + r * p->width * e->frame->itemsize;
    kernels->work(&e->form, values, p->width, row);
    bp_photon_pad_left(row, p->stride, in_band);
    if (labels && kernels->mark(values, p->width, e->frame->itemsize, e->lattice.labels, labels))
        hide_labels(labels, p->width, row);
    for (size_t c = p->width; c < p->width + 32; c++)
        row[c] = row[p->width - 1];
    if (!p->shift)
        return;
    kernels->see(row, p->width + 32, p->shift, seen);
    bp_photon_pad_left(seen, p->stride, in_band);
}

static bp_status fill_band(bp_context *ctx, void *user, size_t band)
{
    encoder *e = user;
    const bp_photon_plane *p = &e->plane;
    size_t top = bp_photon_band_row(p->height, p->bands, band);
    size_t end = bp_photon_band_row(p->height, p->bands, band + 1);
    (void)ctx;
    for (size_t r = top; r < end; r++)
        fill_row(e, r, r - top);
    return BP_OK;
}

static uint32_t natural(const encoder *e, uint32_t value)
{
    unsigned missing = (unsigned)(32 - 8 * e->frame->itemsize);
    int32_t v = (int32_t)(value << missing); /* small numbers of either sign take few bytes */
    uint32_t n = bp_photon_is_signed(e->frame->dtype) ? (uint32_t)(v >> missing) : value;
    return (int32_t)n < 0 ? ~(n << 1) : n << 1;
}

static void write_header(encoder *e, bp_photon_writer *w, unsigned method, bool flat)
{
    unsigned flags = (e->labels ? BP_PHOTON_HAS_LABELS : 0) | (flat ? BP_PHOTON_FLAT : 0);
    bp_photon_put_byte(w, method);
    bp_photon_put_byte(w, flags);
    bp_photon_put_number(w, natural(e, e->lattice.form.base));
    bp_photon_put_number(w, e->lattice.form.step - 1);
    if (!e->labels)
        return;
    bp_photon_put_byte(w, (unsigned)e->lattice.label_count);
    for (size_t i = 0; i < e->lattice.label_count; i++)
        bp_photon_put_number(w, natural(e, e->lattice.labels[i]));
    bp_photon_labels_write(w, e->labels, e->plane.height, e->plane.width);
}

/* Room for size bytes, NULL when there is none. */
static uint8_t *claim(bp_photon_writer *w, size_t size)
{
    uint8_t *at = w->at;
    if (size > (size_t)(w->end - w->at)) {
        w->full = true;
        return NULL;
    }
    w->at += size;
    return at;
}

static void write_words(bp_photon_writer *w, const uint16_t *words, size_t count)
{
    const union {
        uint16_t word;
        uint8_t bytes[2];
    } order = {.word = 1};
    uint8_t *at = claim(w, 2 * count);
    if (at && order.bytes[0])
        memcpy(at, words, 2 * count);
    for (size_t i = 0; at && !order.bytes[0] && i < count; i++)
        bp_store_le16(at + 2 * i, words[i]);
}

static unsigned bytes_of(uint32_t most)
{
    return most < 1u << 8 ? 1 : most < 1u << 16 ? 2 : most < 1u << 24 ? 3 : 4;
}

static unsigned escape_bytes(const encoder *e)
{
    return bytes_of(e->lattice.most >> e->form.low);
}

static void write_band(const encoder *e, bp_photon_writer *w, const space *s, size_t height)
{
    const bp_photon_sink *sink = &s->sink;
    const uint16_t *words_end = s->words + 2 * e->band_pixels + 64;
    const uint32_t *escapes_end = s->escapes + e->band_pixels;
    size_t words = (size_t)(words_end - sink->word), escapes = (size_t)(escapes_end - sink->escape);
    size_t lanes = height < BP_PHOTON_LANES ? height : BP_PHOTON_LANES;
    unsigned bytes = escape_bytes(e);
    bool moved = false;
    for (size_t l = 0; l < lanes; l++)
        moved |= sink->state[l] != BP_PHOTON_START;
    bp_photon_put_number(w, (uint32_t)words);
    bp_photon_put_number(w, (uint32_t)escapes << 1 | moved);
    uint8_t *at = moved ? claim(w, 4 * lanes) : NULL;
    for (size_t l = 0; at && l < lanes; l++)
        bp_store_le32(at + 4 * l, sink->state[l]);
    write_words(w, sink->word, words);
    at = claim(w, escapes * bytes);
    for (const uint32_t *v = sink->escape; at && v < escapes_end; v++)
        for (unsigned b = 0; b < bytes; b++)
            *at++ = (uint8_t)(*v >> 8 * b);
}

static size_t band_height(const bp_photon_plane *p, size_t band)
{
    return bp_photon_band_row(p->height, p->bands, band + 1) - bp_photon_band_row(p->height, p->bands, band);
}

/* Codes the band that has the index-th space. */
static bp_status code_band(bp_context *ctx, void *user, size_t index)
{
    encoder *e = user;
    const bp_photon_plane *p = &e->plane;
    space *s = &e->spaces[index];
    size_t band = e->first + index, top = bp_photon_band_row(p->height, p->bands, band);
    (void)ctx;
    bp_photon_source source = {.tables = e->tables,
                               .plane = p->values + top * p->stride,
                               .stride = p->stride,
                               .raw = e->values + top * p->width * e->frame->itemsize,
                               .form = e->form,
                               .labels = e->labels ? e->labels + top * p->width : NULL,
                               .height = band_height(p, band),
                               .width = p->width,
                               .lines = s->lines,
                               .tokens = s->tokens};
    s->sink =
        (bp_photon_sink){.word = s->words + 2 * e->band_pixels + 64, .escape = s->escapes + e->band_pixels};
    bp_kernels_get()->photon_encode(&source, &s->sink);
    return BP_OK;
}

static bp_status write_bands(bp_context *ctx, encoder *e, bp_photon_writer *w)
{
    const bp_photon_plane *p = &e->plane;
    size_t pixels = p->height * p->width;
    bp_photon_put_byte(w, e->form.low);
    uint8_t *low = e->form.low ? claim(w, (pixels + 31) / 32 * 4 * e->form.low) : NULL;
    if (low)
        bp_kernels_get()->photon_values->gather_low(&e->form, e->values, pixels, low);
    bp_photon_put_byte(w, (unsigned)p->bands);
    bp_photon_put_byte(w, escape_bytes(e));
    bp_photon_tables_write(w, e->tables, &e->weights);
    for (e->first = 0; e->first < p->bands && !w->full; e->first += e->space_count) {
        size_t left = p->bands - e->first, count = left < e->space_count ? left : e->space_count;
        bp_status status = bp_pool_split(ctx, count, code_band, e);
        if (status != BP_OK)
            return status;
        for (size_t i = 0; i < count && !w->full; i++)
            write_band(e, w, &e->spaces[i], band_height(p, e->first + i));
    }
    return BP_OK;
}

static bp_status no_memory(bp_context *ctx)
{
    return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame");
}

static bool is_flat(const encoder *e)
{
    return e->lattice.most == 0;
}

/* Codes are as long as they are; what does not fit is stored by the caller. */
static bp_status write_planes(bp_context *ctx, encoder *e, bp_photon_writer *w)
{
    if (!reserve(ctx, e))
        return no_memory(ctx);
    bp_status status = bp_pool_split(ctx, e->plane.bands, fill_band, e);
    write_header(e, w, BP_PHOTON_METHOD_BANDS, is_flat(e));
    if (is_flat(e) || w->full || status != BP_OK)
        return status;
    return bp_photon_tables_choose(ctx, &e->plane, e->tables, &e->weights) ? write_bands(ctx, e, w)
                                                                           : no_memory(ctx);
}

static bp_status write_events(bp_context *ctx, encoder *e, const bp_photon_sparse *events,
                              bp_photon_writer *w)
{
    size_t pixels = e->plane.height * e->plane.width;
    if (e->lattice.label_count) {
        e->labels = e->room = bp_scratch_take(ctx, pixels);
        if (!e->labels)
            return no_memory(ctx);
        bp_kernels_get()->photon_values->mark(e->values, pixels, e->frame->itemsize, e->lattice.labels,
                                              e->labels);
    }
    write_header(e, w, BP_PHOTON_METHOD_SPARSE, false);
    return w->full ? BP_OK : bp_photon_sparse_write(ctx, events, w);
}

static bp_status write_frame(bp_context *ctx, encoder *e, bp_photon_writer *w)
{
    bp_photon_sparse events;
    bool pays = false;
    if (is_flat(e) && !e->lattice.label_count) {
        write_header(e, w, BP_PHOTON_METHOD_BANDS, true);
        return BP_OK;
    }
    choose_form(e);
    bp_status status = BP_OK;
    if (e->few && !is_flat(e))
        status = bp_photon_sparse_find(ctx, e->frame, e->values, &e->lattice, &events, &pays);
    if (status == BP_OK && !pays)
        return write_planes(ctx, e, w);
    if (status == BP_OK)
        status = write_events(ctx, e, &events, w);
    if (pays)
        bp_photon_sparse_give(ctx, &events);
    return status;
}

bp_status bp_photon_encode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                                 const void *values, uint8_t *out, size_t capacity, size_t *size)
{
    (void)params;
    encoder e = {.frame = frame, .values = values, .plane = {.height = frame->height, .width = frame->width}};
    bp_photon_writer w = {.at = out, .end = out + capacity};
    void *aligned = NULL;
    if ((uintptr_t)values % frame->itemsize != 0) {
        aligned = bp_scratch_take(ctx, frame->bytes);
        if (!aligned)
            return no_memory(ctx);
        e.values = memcpy(aligned, values, frame->bytes);
    }
    bp_status status = bp_photon_lattice_find(ctx, frame, e.values, &e.lattice);
    if (status == BP_OK)
        status = write_frame(ctx, &e, &w);
    *size = status == BP_OK && !w.full ? (size_t)(w.at - out) : 0;
    bp_scratch_give(ctx, e.room);
    bp_scratch_give(ctx, aligned);
    return status;
}
