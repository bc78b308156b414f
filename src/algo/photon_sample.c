/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_sample.h"
#include "kernel/kernel.h"

#define PATCH_WIDTH   128
#define PATCH_ROWS    2
#define WARM_ROWS     5  /* above a patch, for its long means */
#define WARM_WIDTH    16 /* and left of it */
#define WINDOW_STRIDE (PATCH_WIDTH + WARM_WIDTH + 64)

typedef struct patch {
    size_t band_top, row, rows, column, width;
} patch;

static size_t patch_width(const bp_photon_plane *p)
{
    return p->width < PATCH_WIDTH ? p->width : PATCH_WIDTH;
}

static size_t patch_count(const bp_photon_plane *p, size_t pixels)
{
    size_t count = pixels / (patch_width(p) * PATCH_ROWS), most = (p->height + PATCH_ROWS - 1) / PATCH_ROWS;
    count = count < most ? count : most;
    return count ? count : 1;
}

/* Rows at even distances; columns go through the width by the golden section. */
static patch patch_at(const bp_photon_plane *p, size_t i, size_t count)
{
    patch a = {.row = (2 * i + 1) * p->height / (2 * count), .width = patch_width(p)};
    if (a.row + PATCH_ROWS > p->height && p->height >= PATCH_ROWS)
        a.row = p->height - PATCH_ROWS;
    a.column = i * 40503 % 65536 * (p->width - a.width) >> 16;
    for (size_t band = 0; band < p->bands; band++) {
        size_t top = bp_photon_band_row(p->height, p->bands, band);
        size_t end = bp_photon_band_row(p->height, p->bands, band + 1);
        if (a.row < top || a.row >= end)
            continue;
        a.band_top = top;
        a.rows = end - a.row < PATCH_ROWS ? end - a.row : PATCH_ROWS;
    }
    return a;
}

/* Moves count values to an array; labelled pixels are left out. */
static void take_values(const uint16_t *from, const uint8_t *labels, size_t count, uint16_t *to)
{
    if (!labels) {
        memcpy(to, from, count * sizeof *to);
        return;
    }
    for (size_t c = 0; c < count; c++) {
        *to = from[c];
        to += labels[c] == 0;
    }
}

static size_t without_labels(const uint8_t *labels, size_t count)
{
    size_t left = count;
    for (size_t c = 0; labels && c < count; c++)
        left -= labels[c] != 0;
    return left;
}

static const uint8_t *labels_of(const bp_photon_plane *p, const patch *a, size_t row)
{
    return p->labels ? p->labels + row * p->width + a->column : NULL;
}

static void take_row(const bp_photon_plane *p, const patch *a, size_t row, bp_photon_sample *s)
{
    const uint16_t *seen = p->seen + row * p->stride;
    bp_photon_rows r = bp_photon_rows_of(seen, p->stride, row - a->band_top);
    const uint16_t *const near[] = {r.w, r.n, r.ne, r.nw, r.ww, r.nn, r.nne, r.nnw};
    const uint8_t *labels = labels_of(p, a, row);
    take_values(seen + a->column, labels, a->width, s->value + s->count);
    for (size_t i = 0; i < BP_PHOTON_WINDOW; i++)
        take_values(near[i] + a->column, labels, a->width, s->near[i] + s->count);
    s->count += without_labels(labels, a->width);
}

static bool has_room(const bp_photon_sample *s, const patch *a)
{
    return s->count + a->width * a->rows < BP_PHOTON_SAMPLE_ROOM;
}

void bp_photon_sample_take(const bp_photon_plane *p, size_t pixels, bp_photon_sample *s)
{
    s->count = 0;
    for (size_t i = 0, count = patch_count(p, pixels); i < count; i++) {
        patch a = patch_at(p, i, count);
        for (size_t r = 0; r < a.rows && has_room(s, &a); r++)
            take_row(p, &a, a.row + r, s);
    }
    const uint16_t *near[BP_PHOTON_WINDOW];
    for (size_t i = 0; i < BP_PHOTON_WINDOW; i++)
        near[i] = s->near[i];
    bp_kernels_get()->photon_choice->around(near, s->count, s->mean, s->rough);
}

/* What a patch takes with the rows and columns around it. */
typedef struct margin {
    size_t above, left, rows, width;
} margin;

static margin margin_of(const patch *a)
{
    size_t above = a->row - a->band_top < WARM_ROWS ? a->row - a->band_top : WARM_ROWS;
    size_t left = a->column < WARM_WIDTH ? a->column : WARM_WIDTH;
    return (margin){above, left, above + a->rows, left + a->width};
}

/* Patches from the first on that have the same margin, as many as a vector has lanes. */
static size_t patches_together(const bp_photon_plane *p, size_t first, size_t count, patch *patches,
                               margin *m)
{
    size_t n = 0;
    for (; n < BP_PHOTON_LANES && first + n < count; n++) {
        patches[n] = patch_at(p, first + n, count);
        margin b = margin_of(&patches[n]);
        if (n > 0 && ((n + 1) * b.rows > BP_PHOTON_LANES || memcmp(&b, m, sizeof b) != 0))
            break;
        *m = b;
    }
    return n;
}

void bp_photon_sample_windows(const bp_photon_plane *p, size_t pixels, const bp_photon_model *m,
                              bp_photon_sample *s)
{
    uint16_t windows[BP_PHOTON_LANES * WINDOW_STRIDE];
    patch patches[BP_PHOTON_LANES];
    size_t at[BP_PHOTON_LANES], taken = s->count;
    s->count = 0;
    for (size_t i = 0, n, count = patch_count(p, pixels); i < count; i += n) {
        margin around = {0, 0, 0, 0};
        n = patches_together(p, i, count, patches, &around);
        for (size_t k = 0; k < n; k++)
            at[k] = (patches[k].row - around.above) * p->stride + patches[k].column - around.left;
        const bp_photon_pieces pieces = {at, n, around.rows, around.width, p->stride, WINDOW_STRIDE};
        bp_kernels_get()->photon_windows(m, p->seen, &pieces, windows);
        for (size_t k = 0; k < n; k++)
            for (size_t r = 0; r < patches[k].rows && has_room(s, &patches[k]); r++) {
                const uint8_t *labels = labels_of(p, &patches[k], patches[k].row + r);
                take_values(windows + (k * around.rows + around.above + r) * WINDOW_STRIDE + around.left,
                            labels, patches[k].width, s->near[BP_PHOTON_WINDOW] + s->count);
                s->count += without_labels(labels, patches[k].width);
            }
    }
    s->count = taken;
}
