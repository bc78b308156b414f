/* SPDX-License-Identifier: BSD-3-Clause
 * What is known about a pixel before it is coded: its neighbours in space and time, wide means, a weighted
 * sum of them as prediction. Work values of 32 bits; everything derived from them has BP_MAX_FRACTION bits
 * more. */
#ifndef BP_ALGO_PHOTON_MAX_MODEL_H
#define BP_ALGO_PHOTON_MAX_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/photon_max.h"

#define BP_MAX_PAD         4  /* columns beside a row */
#define BP_MAX_SPACE       22 /* inputs in space */
#define BP_MAX_TIME        12 /* inputs in time */
#define BP_MAX_ALL         (BP_MAX_SPACE + BP_MAX_TIME)
#define BP_MAX_SETS        4 /* of weights in a frame */
#define BP_MAX_WEIGHT_MOST 1023

/* The weights of a frame. A pixel takes those of set i when as many limits are at most how lively the rows
 * above are. */
typedef struct bp_max_weights {
    unsigned sets;
    unsigned limit[BP_MAX_SETS - 1]; /* in the code of bp_max_limit */
    int32_t of[BP_MAX_SETS][BP_MAX_ALL];
} bp_max_weights;

/* Inputs of the prediction, less the pixel above. */
typedef struct bp_max_inputs {
    int64_t base;
    int64_t value[BP_MAX_ALL];
} bp_max_inputs;

typedef struct bp_max_plane {
    size_t height, width, stride;
    size_t frame;      /* number of the present one */
    uint32_t *rows[4]; /* column 0 of the present row and those above */
    uint32_t *first;   /* stands for the rows above the first */
    uint32_t *memory;  /* of frames: the present one and the last */
    uint32_t *now, *last;
    int64_t *wide[3]; /* means of the rows above: of a column, near, far; 8 bits more than the fraction */
    int64_t *smooth;  /* scratch of three rows */
    int64_t *above;   /* of a row: what the prediction takes from the rows above and earlier frames */
    int64_t *others;  /* likewise with one set of weights behind the other */
    uint8_t *set;     /* of weights, for each pixel of a row */
    int64_t left;     /* mean of the row so far */
    int64_t *mean;    /* of earlier frames, each pixel, fraction and 4 bits more; NULL: one frame */
    uint32_t
        *error[3]; /* what was missed in the present row and those above: the distance, 4 bits of fraction */
    uint32_t *spread; /* mean distance of each pixel in earlier frames, 4 bits of fraction */
    uint8_t *seen;    /* in how many frames each pixel was no label, 16 at most */
} bp_max_plane;

bool bp_max_plane_init(bp_max_plane *p, size_t height, size_t width, bool several);
void bp_max_plane_fini(bp_max_plane *p);
void bp_max_plane_start_frame(bp_max_plane *p);
void bp_max_plane_start_row(bp_max_plane *p, size_t row);
/* Goes on to the right of the present row with its last value. */
void bp_max_plane_spill(bp_max_plane *p);
void bp_max_plane_end_row(bp_max_plane *p, size_t row);
/* The mean distance of each pixel of the row. second: where it is no label, over more frames. */
void bp_max_plane_spread(bp_max_plane *p, size_t row, bool second, const uint8_t *labels);
void bp_max_plane_end_frame(bp_max_plane *p);
/* Likewise, but the means of pixels under labels (of the frame, or NULL) stay as they are. */
void bp_max_plane_end_frame_under(bp_max_plane *p, const uint8_t *labels);

/* The number of inputs that the present frame has. */
static inline size_t bp_max_input_count(const bp_max_plane *p)
{
    return p->frame ? BP_MAX_ALL : BP_MAX_SPACE;
}

#define BP_MAX_SCALED(v) ((int64_t)(v) << BP_MAX_FRACTION)

static inline void bp_max_gather_time(const bp_max_plane *p, size_t row, size_t c, int64_t *in, int64_t base)
{
    size_t at = (row + 1) * p->stride + BP_MAX_PAD + c, s = p->stride;
    const uint32_t *t = p->last;
    const int64_t *m = p->mean;
    in[0] = BP_MAX_SCALED(t[at]) - base;
    in[1] = BP_MAX_SCALED(t[at - 1]) - base;
    in[2] = BP_MAX_SCALED(t[at - s]) - base;
    in[3] = BP_MAX_SCALED(t[at + 1]) - base;
    in[4] = BP_MAX_SCALED(t[at + s]) - base;
    in[5] = BP_MAX_SCALED(t[at - s + 1]) - base;
    in[6] = (m[at] >> 4) - base;
    in[7] = (m[at - 1] >> 4) - base;
    in[8] = (m[at - s] >> 4) - base;
    in[9] = (m[at + 1] >> 4) - base;
    in[10] = (m[at + s] >> 4) - base;
    in[11] = (m[at - s + 1] >> 4) - base;
}

static inline void bp_max_gather(const bp_max_plane *p, size_t row, size_t column, bp_max_inputs *inputs)
{
    const uint32_t *r = p->rows[0] + column, *n = p->rows[1] + column, *nn = p->rows[2] + column;
    int64_t base = BP_MAX_SCALED(n[0]), *in = inputs->value;
    inputs->base = base;
    in[0] = BP_MAX_SCALED(r[-1]) - base;
    in[1] = BP_MAX_SCALED(r[-2]) - base;
    in[2] = BP_MAX_SCALED(r[-3]) - base;
    in[3] = BP_MAX_SCALED(n[-1]) - base;
    in[4] = BP_MAX_SCALED(n[1]) - base;
    in[5] = BP_MAX_SCALED(n[-2]) - base;
    in[6] = BP_MAX_SCALED(n[2]) - base;
    in[7] = BP_MAX_SCALED(nn[0]) - base;
    in[8] = BP_MAX_SCALED(nn[-1]) - base;
    in[9] = BP_MAX_SCALED(nn[1]) - base;
    in[10] = BP_MAX_SCALED(p->rows[3][column]) - base;
    in[11] = (p->wide[0][column] >> 8) - base;
    in[12] = (p->wide[0][(ptrdiff_t)column - 1] >> 8) - base;
    in[13] = (p->wide[0][column + 1] >> 8) - base;
    in[14] = (p->wide[1][column] >> 8) - base;
    in[15] = (p->wide[1][(ptrdiff_t)column - 1] >> 8) - base;
    in[16] = (p->wide[2][column] >> 8) - base;
    in[17] = (p->left >> 8) - base;
    in[18] = BP_MAX_SCALED(nn[2]) - base;
    in[19] = BP_MAX_SCALED(nn[-2]) - base;
    in[20] = BP_MAX_SCALED(n[3]) - base;
    in[21] = BP_MAX_SCALED(n[-3]) - base;
    if (p->frame)
        bp_max_gather_time(p, row, column, in + BP_MAX_SPACE, base);
}

#define BP_MAX_LIMITS 96 /* codes of limits */

/* Half octaves. */
static inline int64_t bp_max_limit(unsigned code)
{
    return (int64_t)(2 + (code & 1)) << (code >> 1);
}

/* How much the near mean of the rows above rises and bends around a pixel. */
static inline int64_t bp_max_lively(const bp_max_plane *p, size_t column)
{
    const int64_t *near = p->wide[1] + column;
    int64_t rise = near[1] - near[-1], bend = 2 * near[0] - near[-2] - near[2];
    return (rise < 0 ? -rise : rise) + (bend < 0 ? -bend : bend);
}

/* Sums up what of the prediction is known before the row. */
void bp_max_plane_predict(bp_max_plane *p, size_t row, const bp_max_weights *weights);

/* The prediction of a pixel: what its row adds. */
static inline int64_t bp_max_predict(const bp_max_plane *p, size_t column, const bp_max_weights *w)
{
    const int32_t *weights = w->of[p->set[column]];
    const uint32_t *r = p->rows[0] + column;
    int64_t sum = (int64_t)r[-1] * weights[0] + (int64_t)r[-2] * weights[1] + (int64_t)r[-3] * weights[2];
    return p->above[column] + sum * (1 << (BP_MAX_FRACTION - BP_MAX_WEIGHT_BITS)) +
           ((p->left >> 8) * weights[17] >> BP_MAX_WEIGHT_BITS);
}

/* What stands for a pixel under a label: its mean, or its left neighbour. */
static inline uint32_t bp_max_plane_stand_in(const bp_max_plane *p, size_t row, size_t column, uint32_t most)
{
    size_t at = (row + 1) * p->stride + BP_MAX_PAD + column;
    if (!p->seen || p->seen[at] == 0)
        return p->rows[0][(ptrdiff_t)column - 1];
    int64_t mean = (p->mean[at] + (1 << (BP_MAX_FRACTION + 3))) >> (BP_MAX_FRACTION + 4);
    return mean < 0 ? 0 : mean > (int64_t)most ? most : (uint32_t)mean;
}

/* After a pixel is known. */
static inline void bp_max_plane_set(bp_max_plane *p, size_t row, size_t column, uint32_t value)
{
    p->rows[0][column] = value;
    if (row == 0)
        for (size_t i = 1; i <= 3; i++)
            p->first[BP_MAX_PAD + column + i] = value;
    int64_t v = (int64_t)value << (BP_MAX_FRACTION + 8),
            most = p->left * 4 + ((int64_t)8 << (BP_MAX_FRACTION + 8));
    p->left += ((v < most ? v : most) - p->left) >> 4;
}

#endif
