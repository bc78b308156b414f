/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_max_model.h"
#include "base/checked.h"

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
    p->error[0] = calloc(3 * stride, sizeof *p->error[0]);
    if (several) {
        p->mean = calloc(frame, sizeof *p->mean);
        p->spread = calloc(frame, sizeof *p->spread);
    }
    if (!p->first || !p->memory || !p->wide[0] || !p->smooth || !p->above || !p->error[0] ||
        (several && (!p->mean || !p->spread)))
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
    uint32_t *error = p->error[0];
    for (size_t i = 1; i < 3; i++)
        error = p->error[i] && p->error[i] < error ? p->error[i] : error;
    free(error ? error - BP_MAX_PAD : NULL);
    free(p->mean);
    free(p->spread);
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
static void blend(int64_t *restrict mean, const int64_t *restrict a, size_t width, int64_t share)
{
    for (size_t c = 0; c < width; c++) {
        int64_t gap = (a[c] >> 1) - mean[c];
        mean[c] += (gap >> 16) * share + (((gap & 65535) * share) >> 16);
    }
}

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
    blend(p->wide[1], near, width, (int64_t)(65536 / (row < 6 ? row + 1 : 6)));
    blend(p->wide[2], far, width, (int64_t)(65536 / (row < 24 ? row + 1 : 24)));
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

/* adds weight * row, BP_MAX_WEIGHT_BITS of fraction */
static void add_row(int64_t *restrict sum, const uint32_t *row, size_t width, int32_t weight)
{
    for (size_t c = 0; c < width; c++)
        sum[c] += (int64_t)row[c] * weight;
}

static void add_mean(int64_t *restrict sum, const int64_t *row, size_t width, int32_t weight, unsigned shift)
{
    for (size_t c = 0; c < width; c++)
        sum[c] += (row[c] >> shift) * weight >> BP_MAX_WEIGHT_BITS;
}

static void predict_time(bp_max_plane *p, size_t row, const int32_t *w)
{
    size_t at = (row + 1) * p->stride + BP_MAX_PAD, s = p->stride, width = p->width;
    const size_t places[6] = {at, at - 1, at - s, at + 1, at + s, at - s + 1};
    for (size_t i = 0; i < 6; i++)
        add_mean(p->above, p->mean + places[i], width, w[6 + i], 4);
}

void bp_max_plane_predict(bp_max_plane *p, size_t row, const int32_t *w)
{
    const uint32_t *n = p->rows[1], *nn = p->rows[2];
    const uint32_t *taps[14] = {n - 1,      n + 1,  n - 2,  n + 2, nn,    nn - 1, nn + 1,
                                p->rows[3], nn + 2, nn - 2, n + 3, n - 3, n};
    static const uint8_t which[13] = {3, 4, 5, 6, 7, 8, 9, 10, 18, 19, 20, 21, 0};
    size_t width = p->width;
    int32_t rest = 1 << BP_MAX_WEIGHT_BITS;
    for (size_t i = 0; i < bp_max_input_count(p); i++)
        rest -= w[i];
    memset(p->above, 0, width * sizeof *p->above);
    for (size_t i = 0; i < 13; i++)
        add_row(p->above, taps[i], width, i < 12 ? w[which[i]] : rest);
    if (p->frame) {
        size_t at = (row + 1) * p->stride + BP_MAX_PAD, s = p->stride;
        const size_t places[6] = {at, at - 1, at - s, at + 1, at + s, at - s + 1};
        for (size_t i = 0; i < 6; i++)
            add_row(p->above, p->last + places[i], width, w[BP_MAX_SPACE + i]);
    }
    for (size_t c = 0; c < width; c++)
        p->above[c] = (int64_t)((uint64_t)p->above[c] << (BP_MAX_FRACTION - BP_MAX_WEIGHT_BITS));
    add_mean(p->above, p->wide[0], width, w[11], 8);
    add_mean(p->above, p->wide[0] - 1, width, w[12], 8);
    add_mean(p->above, p->wide[0] + 1, width, w[13], 8);
    add_mean(p->above, p->wide[1], width, w[14], 8);
    add_mean(p->above, p->wide[1] - 1, width, w[15], 8);
    add_mean(p->above, p->wide[2], width, w[16], 8);
    if (p->frame)
        predict_time(p, row, w + BP_MAX_SPACE);
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
        uint32_t *swap = p->last;
        p->last = p->now;
        p->now = swap;
    }
    p->frame++;
}
