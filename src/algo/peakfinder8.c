/* SPDX-License-Identifier: BSD-3-Clause
 * The pixels are listed ring by ring once; a frame is gathered in that order, so that a ring stands in the
 * cache while its background is found and what is above it is marked. */
#include "algo/peakfinder8.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

#define ROUNDS  5
#define NO_RING UINT32_MAX

typedef struct level {
    float lower, upper; /* of the background */
    float mean, sigma;
} level;

struct bp_peakfinder8 {
    bp_peakfinder8_params params;
    const bp_kernels *kernels;
    bool shares; /* ring, order and starts are of another one */
    size_t longest;
    size_t rows, columns;
    uint32_t *ring;  /* of each pixel, counted from first_ring; NO_RING: takes no part */
    uint32_t *order; /* pixels, ring by ring */
    size_t *starts;  /* of each ring in order; rings + 1 */
    size_t rings, first_ring;
    level *levels;
    size_t *used;    /* pixels that each ring's mean is from */
    float *values;   /* of one ring, whole runs */
    uint32_t *found; /* in one ring */
    uint64_t *above; /* a bit per pixel; those of a region are taken out */
    uint64_t *all_above;
    uint32_t *region; /* pixels of one peak */
};

/* Pixels from the beam, of the pixel's corner cut to whole pixels: as the reference has it. */
static double distance_of(const bp_peakfinder8 *f, size_t row, size_t column)
{
    double x = trunc((double)((float)column - (float)f->params.centre_x));
    double y = trunc((double)((float)row - (float)f->params.centre_y));
    return sqrt(x * x + y * y);
}

static void map_rings(bp_peakfinder8 *f, const uint8_t *excluded)
{
    double most = f->params.max_radius, least = f->params.min_radius;
    size_t first = SIZE_MAX, last = 0;
    for (size_t y = 0; y < f->rows; y++)
        for (size_t x = 0; x < f->columns; x++) {
            size_t i = y * f->columns + x;
            double r = distance_of(f, y, x);
            bool takes_part = !(excluded && excluded[i]) && r > least && (most <= 0 || r < most);
            f->ring[i] = takes_part ? (uint32_t)rint(r) : NO_RING;
            if (!takes_part)
                continue;
            first = f->ring[i] < first ? f->ring[i] : first;
            last = f->ring[i] > last ? f->ring[i] : last;
        }
    f->first_ring = first == SIZE_MAX ? 0 : first;
    f->rings = first == SIZE_MAX ? 0 : last - first + 1;
    for (size_t i = 0; i < f->rows * f->columns; i++)
        if (f->ring[i] != NO_RING)
            f->ring[i] -= (uint32_t)f->first_ring;
}

/* Lists the pixels ring by ring, in rows within a ring. */
static bool list_rings(bp_peakfinder8 *f)
{
    size_t pixels = f->rows * f->columns;
    f->starts = calloc(f->rings + 2, sizeof *f->starts);
    if (!f->starts)
        return false;
    for (size_t i = 0; i < pixels; i++)
        if (f->ring[i] != NO_RING)
            f->starts[f->ring[i] + 2]++;
    for (size_t r = 2; r < f->rings + 2; r++) {
        f->longest = f->starts[r] > f->longest ? f->starts[r] : f->longest;
        f->starts[r] += f->starts[r - 1];
    }
    f->order = malloc((f->starts[f->rings + 1] + 1) * sizeof *f->order);
    if (!f->order)
        return false;
    for (size_t i = 0; i < pixels; i++)
        if (f->ring[i] != NO_RING)
            f->order[f->starts[f->ring[i] + 1]++] = (uint32_t)i;
    return true;
}

/* What a search writes to. */
static bool make_room(bp_peakfinder8 *f)
{
    size_t pixels = f->rows * f->columns;
    f->levels = calloc(f->rings + 1, sizeof *f->levels);
    f->used = calloc(f->rings + 1, sizeof *f->used);
    f->values = malloc((f->longest + BP_RING_LANES) * sizeof *f->values);
    f->found = malloc((f->longest + BP_RING_LANES) * sizeof *f->found);
    f->region = malloc((pixels + 1) * sizeof *f->region);
    f->above = calloc(pixels / 64 + 1, sizeof *f->above);
    f->all_above = calloc(pixels / 64 + 1, sizeof *f->all_above);
    return f->levels && f->used && f->values && f->found && f->region && f->above && f->all_above;
}

bp_peakfinder8 *bp_peakfinder8_new(size_t rows, size_t columns, const bp_peakfinder8_params *params,
                                   const uint8_t *excluded)
{
    bp_peakfinder8 *f = calloc(1, sizeof *f);
    size_t pixels = rows * columns;
    if (!f || pixels >= NO_RING) {
        free(f);
        return NULL;
    }
    f->params = *params;
    f->kernels = bp_kernels_get();
    f->rows = rows;
    f->columns = columns;
    f->ring = malloc((pixels + 1) * sizeof *f->ring);
    if (f->ring)
        map_rings(f, excluded);
    if (!f->ring || !list_rings(f) || !make_room(f)) {
        bp_peakfinder8_free(f);
        return NULL;
    }
    return f;
}

bp_peakfinder8 *bp_peakfinder8_share(const bp_peakfinder8 *finder)
{
    bp_peakfinder8 *f = malloc(sizeof *f);
    if (!f)
        return NULL;
    *f = *finder;
    f->shares = true;
    if (!make_room(f)) {
        bp_peakfinder8_free(f);
        return NULL;
    }
    return f;
}

void bp_peakfinder8_free(bp_peakfinder8 *f)
{
    if (!f)
        return;
    if (!f->shares) {
        free(f->ring);
        free(f->order);
        free(f->starts);
    }
    free(f->levels);
    free(f->used);
    free(f->values);
    free(f->found);
    free(f->above);
    free(f->all_above);
    free(f->region);
    free(f);
}

#define GATHER(type)                                                                                         \
    for (size_t i = 0; i < count; i++)                                                                       \
        values[i] = (float)((const type *)frame)[order[i]];                                                  \
    break

static void gather(const uint32_t *order, size_t count, const void *frame, bp_dtype dtype, float *values)
{
    switch (dtype) {
    case BP_U8:
        GATHER(uint8_t);
    case BP_I8:
        GATHER(int8_t);
    case BP_U16:
        GATHER(uint16_t);
    case BP_I16:
        GATHER(int16_t);
    case BP_U32:
        GATHER(uint32_t);
    case BP_I32:
        GATHER(int32_t);
    case BP_F32:
        GATHER(float);
    default:
        GATHER(double);
    }
}

/* Mean and scatter of a ring's background, which is what lies within min_snr scatters of its mean. */
static void settle_ring(bp_peakfinder8 *f, size_t ring, size_t count)
{
    level l = {-1e9F, 1e9F, 0, 0};
    for (int round = 0; round < ROUNDS; round++) {
        bp_ring_sums sums;
        level next = {FLT_MIN, FLT_MAX, 0, 0}; /* of an empty ring: nothing is above it */
        f->kernels->ring_sum(f->values, count, l.lower, l.upper, &sums);
        if (sums.count) {
            double n = (double)sums.count, mean = sums.sum / n, variance = sums.squares / n - mean * mean;
            next.mean = (float)mean;
            next.sigma = (float)sqrt(variance > 0 ? variance : 0);
            next.upper = next.mean + f->params.min_snr * next.sigma;
            next.lower = next.mean - f->params.min_snr * next.sigma;
            next.upper = next.upper > f->params.threshold ? next.upper : f->params.threshold;
        }
        bool settled = next.lower == l.lower && next.upper == l.upper;
        l = next;
        f->used[ring] = sums.count;
        if (settled)
            break;
    }
    f->levels[ring] = l;
}

static void mark_rings(bp_peakfinder8 *f, const void *frame, bp_dtype dtype)
{
    memset(f->above, 0, (f->rows * f->columns / 64 + 1) * sizeof *f->above);
    for (size_t ring = 0; ring < f->rings; ring++) {
        const uint32_t *order = f->order + f->starts[ring];
        size_t count = f->starts[ring + 1] - f->starts[ring], runs = count;
        gather(order, count, frame, dtype, f->values);
        while (runs % BP_RING_LANES)
            f->values[runs++] = NAN;
        settle_ring(f, ring, runs);
        size_t n = f->kernels->ring_above(f->values, runs, f->levels[ring].upper, f->found);
        for (size_t i = 0; i < n; i++) {
            uint32_t pixel = order[f->found[i]];
            f->above[pixel / 64] |= UINT64_C(1) << pixel % 64;
        }
    }
}

static bool take(bp_peakfinder8 *f, size_t pixel)
{
    uint64_t bit = UINT64_C(1) << pixel % 64, *word = &f->above[pixel / 64];
    bool there = (*word & bit) != 0;
    *word &= ~bit;
    return there;
}

/* Collects the 8-connected pixels above their rings, from one of them on; returns how many. */
static size_t flood(bp_peakfinder8 *f, size_t start)
{
    size_t count = 0;
    take(f, start);
    f->region[count++] = (uint32_t)start;
    for (size_t done = 0; done < count; done++) {
        size_t y = f->region[done] / f->columns, x = f->region[done] % f->columns;
        for (size_t ny = y ? y - 1 : 0; ny <= y + 1 && ny < f->rows; ny++)
            for (size_t nx = x ? x - 1 : 0; nx <= x + 1 && nx < f->columns; nx++)
                if (take(f, ny * f->columns + nx))
                    f->region[count++] = (uint32_t)(ny * f->columns + nx);
    }
    return count;
}

static double row_of(const bp_peakfinder8 *f, size_t pixel)
{
    size_t row = pixel / f->columns;
    return (double)row;
}

/* Middle of the pixels weighted by their distance from the ring's mean, to whole pixels. */
static void rough_centre(const bp_peakfinder8 *f, const void *frame, bp_dtype dtype, size_t count, long *cx,
                         long *cy)
{
    double sum = 0, x = 0, y = 0;
    for (size_t i = 0; i < count; i++) {
        size_t p = f->region[i];
        double w = fabs((double)(bp_pixel(frame, dtype, p) - f->levels[f->ring[p]].mean));
        sum += w;
        x += w * (double)(p % f->columns);
        y += w * row_of(f, p);
    }
    bool weighed = sum > 0 && x < (double)INFINITY && y < (double)INFINITY && sum < (double)INFINITY;
    *cx = weighed ? lrint(x / sum) : (long)(f->region[0] % f->columns);
    *cy = weighed ? lrint(y / sum) : (long)(f->region[0] / f->columns);
}

typedef struct local {
    double mean, sigma, max;
} local;

/* Background pixels around a peak; the ring's own numbers where there are none. */
static local look_around(const bp_peakfinder8 *f, const void *frame, bp_dtype dtype, long cx, long cy)
{
    long reach = 2 * (long)f->params.background_radius;
    double n = 0, sum = 0, squares = 0, max = -FLT_MAX;
    for (long y = cy - reach; y < cy + reach; y++)
        for (long x = cx - reach; x < cx + reach; x++) {
            if (y < 0 || x < 0 || y >= (long)f->rows || x >= (long)f->columns ||
                (x - cx) * (x - cx) + (y - cy) * (y - cy) > reach * reach)
                continue;
            size_t p = (size_t)y * f->columns + (size_t)x;
            float v = bp_pixel(frame, dtype, p);
            if (f->ring[p] == NO_RING || !(v < f->levels[f->ring[p]].upper))
                continue;
            n++;
            sum += (double)v;
            squares += (double)v * (double)v;
            max = (double)v > max ? (double)v : max;
        }
    double mean = sum / n, variance = squares / n - mean * mean;
    const level *ring = &f->levels[f->ring[f->region[0]]];
    return n > 0 ? (local){mean, sqrt(variance > 0 ? variance : 0), max}
                 : (local){(double)ring->mean, (double)ring->sigma, (double)ring->mean};
}

/* Is the region a peak? */
static bool measure(const bp_peakfinder8 *f, const void *frame, bp_dtype dtype, size_t count, bp_peak *peak)
{
    long cx, cy;
    rough_centre(f, frame, dtype, count, &cx, &cy);
    local around = look_around(f, frame, dtype, cx, cy);
    double total = 0, raw = 0, x = 0, y = 0, max = -FLT_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t p = f->region[i];
        double v = (double)bp_pixel(frame, dtype, p);
        total += v - around.mean;
        raw += v;
        x += v * (double)(p % f->columns);
        y += v * row_of(f, p);
        max = v > max ? v : max;
    }
    double snr = around.sigma > 0 ? total / around.sigma : total > 0 ? (double)INFINITY : 0;
    *peak = (bp_peak){.x = (float)(x / raw + 0.5),
                      .y = (float)(y / raw + 0.5),
                      .total = (float)total,
                      .sigma = (float)around.sigma,
                      .snr = (float)snr,
                      .max = (float)(max - around.mean),
                      .pixels = (uint32_t)count};
    return raw > 0 && snr >= (double)f->params.min_snr && max >= around.max;
}

bool bp_peakfinder8_find(bp_peakfinder8 *f, const void *frame, bp_dtype dtype, bp_peaks *peaks)
{
    peaks->count = 0;
    mark_rings(f, frame, dtype);
    memcpy(f->all_above, f->above, (f->rows * f->columns / 64 + 1) * sizeof *f->above);
    for (size_t word = 0; word < f->rows * f->columns / 64 + 1; word++)
        for (uint64_t seen = UINT64_MAX; f->above[word] & seen;) {
            unsigned bit = (unsigned)__builtin_ctzll(f->above[word] & seen);
            size_t pixel = word * 64 + bit, y = pixel / f->columns, x = pixel % f->columns;
            seen = bit == 63 ? 0 : UINT64_MAX << (bit + 1);
            if (y == 0 || x == 0 || y + 1 >= f->rows || x + 1 >= f->columns)
                continue; /* no peak starts at the border */
            size_t count = flood(f, pixel);
            bp_peak peak;
            if (count < f->params.min_pixels || count > f->params.max_pixels ||
                !measure(f, frame, dtype, count, &peak))
                continue;
            if (!bp_peaks_add(peaks, &peak))
                return false;
            if (peaks->count == BP_PEAKFINDER8_MOST)
                return true;
        }
    return true;
}

const uint64_t *bp_peakfinder8_above(const bp_peakfinder8 *f)
{
    return f->all_above;
}

size_t bp_peakfinder8_rings(const bp_peakfinder8 *f)
{
    return f->rings ? f->first_ring + f->rings : 0;
}

void bp_peakfinder8_ring(const bp_peakfinder8 *f, size_t ring, double *mean, double *sigma, size_t *pixels)
{
    bool known = ring >= f->first_ring && ring - f->first_ring < f->rings && f->used[ring - f->first_ring];
    *mean = known ? (double)f->levels[ring - f->first_ring].mean : (double)NAN;
    *sigma = known ? (double)f->levels[ring - f->first_ring].sigma : (double)NAN;
    *pixels = known ? f->used[ring - f->first_ring] : 0;
}
