/* SPDX-License-Identifier: BSD-3-Clause
 * The transform. Rows and strips of columns are both lines of elements of `lanes` numbers that lie side by
 * side, even ones first, so that one flat loop lifts either. */
#include "algo/wavelet.h"

#include <string.h>

#define STRIP 32 /* columns at once: lines of them stay in the cache */
#define SMALL 8  /* frames are not halved to less */

#define ALPHA (-1.586134342059924)
#define BETA  (-0.052980118572961)
#define GAMMA 0.882911075530934
#define DELTA 0.443506852043971
#define LOW   1.1496043988602418 /* sqrt(2) / K, K = 1.230174104914001 */
#define HIGH  0.8698644516247808 /* its inverse */

typedef struct line {
    double *low, *high;
    size_t lows, highs, lanes; /* elements; numbers of each */
} line;

/* high += a * (low before + low behind), mirrored at the end. */
static void lift_high(const line *l, double a)
{
    size_t n = l->lanes, inner = (l->lows > l->highs ? l->highs : l->highs - 1) * n, all = l->highs * n;
    double *high = l->high;
    const double *low = l->low;
    for (size_t i = 0; i < inner; i++)
        high[i] += a * (low[i] + low[i + n]);
    for (size_t i = inner; i < all; i++)
        high[i] += a * (low[i] + low[i]);
}

static void lift_low(const line *l, double a)
{
    size_t n = l->lanes, inner = l->highs * n, all = l->lows * n;
    double *low = l->low;
    const double *high = l->high;
    for (size_t i = 0; i < n; i++)
        low[i] += a * (high[i] + high[i]);
    for (size_t i = n; i < inner; i++)
        low[i] += a * (high[i - n] + high[i]);
    for (size_t i = inner; i < all; i++)
        low[i] += a * (high[i - n] + high[i - n]);
}

static void scale(const line *l, double low, double high)
{
    for (size_t i = 0; i < l->lows * l->lanes; i++)
        l->low[i] *= low;
    for (size_t i = 0; i < l->highs * l->lanes; i++)
        l->high[i] *= high;
}

static void forward(const line *l)
{
    lift_high(l, ALPHA);
    lift_low(l, BETA);
    lift_high(l, GAMMA);
    lift_low(l, DELTA);
    scale(l, LOW, HIGH);
}

static void inverse(const line *l)
{
    scale(l, HIGH, LOW);
    lift_low(l, -DELTA);
    lift_high(l, -GAMMA);
    lift_low(l, -BETA);
    lift_high(l, -ALPHA);
}

static line line_in(double *room, size_t count, size_t lanes)
{
    size_t lows = (count + 1) / 2;
    return (line){room, room + lows * lanes, lows, count / 2, lanes};
}

/* `rows` x `columns` of a frame whose rows are `stride` apart. */
static void rows_forward(double *frame, size_t stride, size_t rows, size_t columns, double *room)
{
    line l = line_in(room, columns, 1);
    for (size_t y = 0; y < rows; y++) {
        double *row = frame + y * stride;
        for (size_t x = 0; x < columns; x++)
            (x & 1 ? l.high : l.low)[x / 2] = row[x];
        forward(&l);
        memcpy(row, room, columns * sizeof *row);
    }
}

static void rows_inverse(double *frame, size_t stride, size_t rows, size_t columns, double *room)
{
    line l = line_in(room, columns, 1);
    for (size_t y = 0; y < rows; y++) {
        double *row = frame + y * stride;
        memcpy(room, row, columns * sizeof *row);
        inverse(&l);
        for (size_t x = 0; x < columns; x++)
            row[x] = (x & 1 ? l.high : l.low)[x / 2];
    }
}

static void columns_forward(double *frame, size_t stride, size_t rows, size_t columns, double *room)
{
    for (size_t x = 0; x < columns; x += STRIP) {
        size_t lanes = columns - x < STRIP ? columns - x : STRIP;
        line l = line_in(room, rows, lanes);
        for (size_t y = 0; y < rows; y++)
            memcpy((y & 1 ? l.high : l.low) + y / 2 * lanes, frame + y * stride + x, lanes * sizeof *frame);
        forward(&l);
        for (size_t y = 0; y < rows; y++)
            memcpy(frame + y * stride + x, room + y * lanes, lanes * sizeof *frame);
    }
}

static void columns_inverse(double *frame, size_t stride, size_t rows, size_t columns, double *room)
{
    for (size_t x = 0; x < columns; x += STRIP) {
        size_t lanes = columns - x < STRIP ? columns - x : STRIP;
        line l = line_in(room, rows, lanes);
        for (size_t y = 0; y < rows; y++)
            memcpy(room + y * lanes, frame + y * stride + x, lanes * sizeof *frame);
        inverse(&l);
        for (size_t y = 0; y < rows; y++)
            memcpy(frame + y * stride + x, (y & 1 ? l.high : l.low) + y / 2 * lanes, lanes * sizeof *frame);
    }
}

unsigned bp_wavelet_levels(size_t rows, size_t columns)
{
    size_t least = rows < columns ? rows : columns;
    unsigned levels = 0;
    for (; levels < BP_WAVELET_LEVELS && least >= 2 * SMALL; least = (least + 1) / 2)
        levels++;
    return levels;
}

size_t bp_wavelet_rest(size_t length, unsigned levels)
{
    for (; levels; levels--)
        length = (length + 1) / 2;
    return length;
}

size_t bp_wavelet_room(size_t rows, size_t columns)
{
    return columns > rows * STRIP ? columns : rows * STRIP;
}

void bp_wavelet_forward(double *frame, size_t rows, size_t columns, unsigned levels, double *room)
{
    for (unsigned k = 0; k < levels; k++) {
        size_t height = bp_wavelet_rest(rows, k), width = bp_wavelet_rest(columns, k);
        rows_forward(frame, columns, height, width, room);
        columns_forward(frame, columns, height, width, room);
    }
}

void bp_wavelet_inverse(double *frame, size_t rows, size_t columns, unsigned levels, double *room)
{
    for (unsigned k = levels; k-- > 0;) {
        size_t height = bp_wavelet_rest(rows, k), width = bp_wavelet_rest(columns, k);
        columns_inverse(frame, columns, height, width, room);
        rows_inverse(frame, columns, height, width, room);
    }
}
