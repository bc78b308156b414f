/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_max_model.h"
#include "base/checked.h"
#include "kernel/kernel.h"

bool bp_max_plane_init(bp_max_plane *p, size_t height, size_t width, bool several)
{
    size_t frame, stride = width + 2 * BP_MAX_PAD;
    *p = (bp_max_plane){.height = height, .width = width, .stride = stride};
    if (bp_mul_overflows(stride, height + 2, &frame) || frame > SIZE_MAX / 32)
        return false;
    p->first = calloc(stride, sizeof *p->first);
    p->memory = calloc((several ? 2 : 1) * frame, sizeof *p->memory);
    p->now = p->memory;
    p->last = several && p->memory ? p->memory + frame : NULL;
    p->wide[0] = calloc(3 * stride, sizeof *p->wide[0]);
    p->smooth = calloc(3 * stride, sizeof *p->smooth);
    p->above = calloc(stride, sizeof *p->above);
    p->others = calloc(BP_MAX_SETS * stride, sizeof *p->others);
    p->set = calloc(stride, 1);
    p->error[0] = calloc(3 * stride, sizeof *p->error[0]);
    if (several) {
        p->mean = calloc(frame, sizeof *p->mean);
        p->spread = calloc(frame, sizeof *p->spread);
        p->seen = calloc(frame, 1);
    }
    if (!p->first || !p->memory || !p->wide[0] || !p->smooth || !p->above || !p->others || !p->set ||
        !p->error[0] || (several && (!p->mean || !p->spread || !p->seen)))
        return false;
    for (size_t i = 0; i < 3; i++) {
        p->wide[i] = p->wide[0] + i * stride + (i ? 0 : BP_MAX_PAD);
        p->error[i] = p->error[0] + i * stride + (i ? 0 : BP_MAX_PAD);
    }
    return true;
}

void bp_max_plane_fini(bp_max_plane *p)
{
    free(p->first);
    free(p->memory);
    free(p->wide[0] ? p->wide[0] - BP_MAX_PAD : NULL);
    free(p->smooth);
    free(p->above);
    free(p->others);
    free(p->set);
    uint32_t *error = p->error[0];
    for (size_t i = 1; i < 3; i++)
        error = p->error[i] && p->error[i] < error ? p->error[i] : error;
    free(error ? error - BP_MAX_PAD : NULL);
    free(p->mean);
    free(p->spread);
    free(p->seen);
}

void bp_max_plane_start_frame(bp_max_plane *p)
{
    memset(p->first, 0, p->stride * sizeof *p->first);
    memset(p->wide[0] - BP_MAX_PAD, 0, 3 * p->stride * sizeof(int64_t));
    for (size_t i = 0; i < 3; i++)
        memset(p->error[i] - BP_MAX_PAD, 0, p->stride * sizeof(uint32_t));
}

void bp_max_plane_start_row(bp_max_plane *p, size_t row)
{
    for (size_t i = 0; i < 4; i++)
        p->rows[i] = (row >= i ? p->now + (row - i + 1) * p->stride
                      : row    ? p->now + p->stride
                               : p->first) +
                     BP_MAX_PAD;
    uint32_t *now = p->rows[0], left = row ? *p->rows[1] : 0;
    for (size_t i = 1; i <= 3; i++)
        *(now - i) = left;
    p->left = row ? p->wide[1][0] : 0;
    uint32_t *error = p->error[2];
    p->error[2] = p->error[1];
    p->error[1] = p->error[0];
    p->error[0] = error;
    for (size_t i = 1; i <= 2; i++)
        error[-(ptrdiff_t)i] = p->error[1][0];
}

static int64_t lower(int64_t v, int64_t most)
{
    return v < most ? v : most;
}

#define ROOM 8
/* The row smoothed both ways, with weights 1/4 and 1/16, into the means of the rows above. Lone bright pixels
 * count for four times the mean and 8. */
static void blur(bp_max_plane *p, size_t row)
{
    const unsigned up = BP_MAX_FRACTION + 8;
    const uint32_t *r = p->rows[0];
    size_t width = p->width;
    int64_t *near = p->smooth, *far = near + p->stride, *clipped = far + p->stride;
    int64_t room = row ? (int64_t)ROOM << up : INT64_MAX / 2;
    for (size_t c = 0; c < width; c++)
        clipped[c] = lower((int64_t)r[c] << up, 4 * p->wide[2][c] + room);
    int64_t f = row ? p->wide[1][0] : clipped[0], g = row ? p->wide[2][0] : clipped[0];
    for (size_t c = 0; c < width; c++) {
        near[c] = f += (clipped[c] - f) >> 2;
        far[c] = g += (clipped[c] - g) >> 4;
    }
    for (size_t c = width; c-- > 0;) {
        f += (clipped[c] - f) >> 2;
        g += (clipped[c] - g) >> 4;
        near[c] += f;
        far[c] += g;
    }
    bp_kernels_get()->photon_max->blend(p->wide[1], near, width, (int64_t)(65536 / (row < 6 ? row + 1 : 6)));
    bp_kernels_get()->photon_max->blend(p->wide[2], far, width, (int64_t)(65536 / (row < 24 ? row + 1 : 24)));
}

static void follow(bp_max_plane *p, size_t row)
{
    const unsigned up = BP_MAX_FRACTION + 8;
    const uint32_t *r = p->rows[0];
    int64_t *mean = p->wide[0], share = (int64_t)(row < 15 ? 65536 / (row + 1) : 65536 / 16);
    for (size_t c = 0; c < p->width; c++) {
        int64_t gap = ((int64_t)r[c] << up) - mean[c];
        mean[c] += (gap >> 16) * share + (((gap & 65535) * share) >> 16);
    }
}

/* Where the inputs of a row are. */
static void find_terms(const bp_max_plane *p, size_t row, bp_max_terms *t)
{
    const uint32_t *n = p->rows[1], *nn = p->rows[2];
    const uint32_t *rows[13] = {n - 1,      n + 1,  n - 2,  n + 2, nn,    nn - 1, nn + 1,
                                p->rows[3], nn + 2, nn - 2, n + 3, n - 3, n};
    const int64_t *means[6] = {p->wide[0], p->wide[0] - 1, p->wide[0] + 1,
                               p->wide[1], p->wide[1] - 1, p->wide[2]};
    memcpy(t->row, rows, sizeof rows);
    memcpy(t->mean, means, sizeof means);
    t->row_count = 13;
    t->mean_count = 6;
    for (size_t i = 0; i < 6; i++)
        t->mean_shift[i] = 8;
    if (p->frame == 0)
        return;
    size_t at = (row + 1) * p->stride + BP_MAX_PAD, s = p->stride;
    const size_t places[6] = {at, at - 1, at - s, at + 1, at + s, at - s + 1};
    for (size_t i = 0; i < 6; i++) {
        t->row[t->row_count++] = p->last + places[i];
        t->mean_shift[t->mean_count] = 4;
        t->mean[t->mean_count++] = p->mean + places[i];
    }
}

static void weigh(const bp_max_plane *p, bp_max_terms *t, const int32_t *w, int64_t *sum)
{
    static const uint8_t which[12] = {3, 4, 5, 6, 7, 8, 9, 10, 18, 19, 20, 21};
    int32_t rest = 1 << BP_MAX_WEIGHT_BITS;
    for (size_t i = 0; i < bp_max_input_count(p); i++)
        rest -= w[i];
    for (size_t i = 0; i < 12; i++)
        t->row_weight[i] = w[which[i]];
    t->row_weight[12] = rest;
    for (size_t i = 0; i < 6; i++) {
        t->mean_weight[i] = w[11 + i];
        t->row_weight[13 + i] = w[BP_MAX_SPACE + i];
        t->mean_weight[6 + i] = w[BP_MAX_SPACE + 6 + i];
    }
    bp_kernels_get()->photon_max->weigh(t, p->width, sum);
}

/* The set of each pixel; returns which ones occur, as bits. */
static unsigned find_sets(bp_max_plane *p, const bp_max_weights *w)
{
    uint8_t *set = p->set;
    unsigned seen = 0;
    memset(set, 0, p->width);
    for (unsigned i = 0; i + 1 < w->sets; i++) {
        int64_t limit = bp_max_limit(w->limit[i]);
        for (size_t c = 0; c < p->width; c++)
            set[c] = (uint8_t)(set[c] + (bp_max_lively(p, c) >= limit));
    }
    for (size_t c = 0; c < p->width; c++)
        seen |= 1u << set[c];
    return seen;
}

void bp_max_plane_predict(bp_max_plane *p, size_t row, const bp_max_weights *w)
{
    bp_max_terms t;
    unsigned seen = find_sets(p, w);
    find_terms(p, row, &t);
    if ((seen & (seen - 1)) == 0) {
        weigh(p, &t, w->of[p->set[0]], p->above);
        return;
    }
    for (unsigned i = 0; i < w->sets; i++)
        if (seen >> i & 1)
            weigh(p, &t, w->of[i], p->others + i * p->stride);
    for (size_t c = 0; c < p->width; c++)
        p->above[c] = p->others[p->set[c] * p->stride + c];
}

static void spill(int64_t *row, size_t width)
{
    for (size_t i = 1; i <= BP_MAX_PAD; i++) {
        row[-(ptrdiff_t)i] = row[0];
        row[width - 1 + i] = row[width - 1];
    }
}

void bp_max_plane_spill(bp_max_plane *p)
{
    for (size_t i = 0; i < BP_MAX_PAD; i++)
        p->rows[0][p->width + i] = p->rows[0][p->width - 1];
}

void bp_max_plane_end_row(bp_max_plane *p, size_t row)
{
    bp_max_plane_spill(p);
    for (size_t i = 0; i < BP_MAX_PAD; i++)
        p->error[0][p->width + i] = p->error[0][p->width - 1];
    follow(p, row);
    blur(p, row);
    for (size_t i = 0; i < 3; i++)
        spill(p->wide[i], p->width);
}

void bp_max_plane_spread(bp_max_plane *p, size_t row, bool second, const uint8_t *labels)
{
    size_t first = (row + 1) * p->stride + BP_MAX_PAD;
    uint32_t *spread = p->spread + first;
    for (size_t c = 0; c < p->width; c++) {
        int32_t gap = (int32_t)p->error[0][c] - (int32_t)spread[c], n = 4;
        if (second && labels && labels[c])
            continue;
        if (second)
            n = p->seen[first + c] < 5 ? p->seen[first + c] + 1 : 6;
        spread[c] = p->frame ? spread[c] + (uint32_t)(gap / n) : p->error[0][c];
    }
}

static void swap_frames(bp_max_plane *p)
{
    uint32_t *swap = p->last;
    p->last = p->now;
    p->now = swap;
}

/* The edge goes on outside the frame. */
static void pad_rows(const bp_max_plane *p, int64_t *mean)
{
    size_t s = p->stride, h = p->height;
    for (size_t r = 1; r <= h; r++)
        spill(mean + r * s + BP_MAX_PAD, p->width);
    memcpy(mean, mean + s, s * sizeof *mean);
    memcpy(mean + (h + 1) * s, mean + h * s, s * sizeof *mean);
}

void bp_max_plane_end_frame_under(bp_max_plane *p, const uint8_t *labels)
{
    if (p->mean) {
        size_t s = p->stride, h = p->height;
        memcpy(p->now, p->now + s, s * sizeof *p->now);
        memcpy(p->now + (h + 1) * s, p->now + h * s, s * sizeof *p->now);
        for (size_t i = 0; i < h * p->width; i++) {
            size_t at = (i / p->width + 1) * s + BP_MAX_PAD + i % p->width;
            bool hidden = labels && labels[i];
            if (hidden && p->seen[at])
                continue;
            p->seen[at] = (uint8_t)(p->seen[at] + (!hidden && p->seen[at] < 16));
            int64_t gap = ((int64_t)p->now[at] << (BP_MAX_FRACTION + 4)) - p->mean[at];
            p->mean[at] += p->seen[at] ? gap / p->seen[at] : gap;
        }
        pad_rows(p, p->mean);
        swap_frames(p);
    }
    p->frame++;
}

void bp_max_plane_end_frame(bp_max_plane *p)
{
    if (p->mean) {
        size_t n = p->frame + 1 < 16 ? p->frame + 1 : 16;
        size_t s = p->stride, h = p->height;
        memcpy(p->now, p->now + s, s * sizeof *p->now);
        memcpy(p->now + (h + 1) * s, p->now + h * s, s * sizeof *p->now);
        for (size_t i = 0; i < (h + 2) * s; i++) {
            int64_t gap = ((int64_t)p->now[i] << (BP_MAX_FRACTION + 4)) - p->mean[i];
            p->mean[i] += gap / (int64_t)n;
        }
        swap_frames(p);
    }
    p->frame++;
}
