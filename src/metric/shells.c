/* SPDX-License-Identifier: BSD-3-Clause
 * shells: Fourier shell correlation of test and reference, where the frames are slices of a volume. Of the
 * middle box of at most `side` pixels a side, so that memory stays bounded. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/fft.h"
#include "algo/ring_correlation.h"
#include "beampress/metric.h"

enum { Q_HALF_BIT, Q_ONE_SEVENTH, Q_CURVE, Q_COUNT };

static const bp_param params_of_shells[] = {
    {"side", "pixels", BP_PARAM_INTEGER, BP_RINGS_LEAST_SIDE, 1024, 128, NULL, "longest side of the box"},
};

static const bp_quantity quantities[Q_COUNT] = {
    [Q_HALF_BIT] = {"fsc_half_bit", "pixels", BP_BETTER_LOWER,
                    "resolution down to which the volumes agree by the half-bit criterion; 2 when up to the "
                    "Nyquist frequency; at least 16 frames",
                    NULL},
    [Q_ONE_SEVENTH] = {"fsc_one_seventh", "pixels", BP_BETTER_LOWER, "the same by the fixed criterion 1/7",
                       NULL},
    [Q_CURVE] = {"fsc", "", BP_BETTER_HIGHER, "correlation in shells of spatial frequency",
                 "shell (1 / side of the box)"},
};

typedef struct slice {
    bp_complex *values; /* transform of reference + i test; NULL where none was seen yet */
} slice;

/* Slices of the box, slowest axis first. */
typedef struct state {
    size_t shape[3], first[3];
    slice *slices;
    double sums[2]; /* of the pixels of both */
    double middle;  /* taken off both, to lose no digits */
    bool whole;     /* nothing is excluded in it */
} state;

static void box_of(const double *params, const bp_survey *survey, size_t *shape, size_t *first)
{
    size_t most = (size_t)params[0];
    size_t all[3] = {survey->frames < SIZE_MAX ? (size_t)survey->frames : SIZE_MAX, survey->rows,
                     survey->columns};
    for (int i = 0; i < 3; i++) {
        shape[i] = all[i] < most ? all[i] : most;
        first[i] = (all[i] - shape[i]) / 2;
    }
}

static size_t longest(const size_t *shape)
{
    size_t side = shape[0] > shape[1] ? shape[0] : shape[1];
    return side > shape[2] ? side : shape[2];
}

static size_t value_count(const double *params, const bp_survey *survey, size_t quantity)
{
    size_t shape[3], first[3];
    box_of(params, survey, shape, first);
    return quantity == Q_CURVE ? longest(shape) / 2 + 1 : 1;
}

static void end(void *user)
{
    state *s = user;
    for (size_t z = 0; s && s->slices && z < s->shape[0]; z++)
        free(s->slices[z].values);
    if (s)
        free(s->slices);
    free(s);
}

static bp_status begin(bp_context *ctx, const double *params, const bp_survey *survey, void **out)
{
    state *s = calloc(1, sizeof *s);
    if (s) {
        box_of(params, survey, s->shape, s->first);
        s->slices = calloc(s->shape[0] + 1, sizeof *s->slices);
        s->middle = survey->used ? survey->reference_min / 2 + survey->reference_max / 2 : 0;
        s->whole = survey->used > 0;
        for (int i = 0; i < 3; i++)
            s->whole = s->whole && s->shape[i] >= BP_RINGS_LEAST_SIDE;
    }
    if (!s || !s->slices) {
        end(s);
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    }
    *out = s;
    return BP_OK;
}

static double edge_at(const state *s, int axis, size_t i)
{
    size_t n = s->shape[axis];
    return bp_rings_taper(i, n, n / 8 < BP_RINGS_EDGE ? n / 8 : BP_RINGS_EDGE);
}

static bp_status add(bp_context *ctx, void *user, const bp_metric_frame *f)
{
    state *s = user;
    size_t z = (size_t)(f->index - s->first[0]), rows = s->shape[1], columns = s->shape[2];
    if (!s->whole || f->index < s->first[0] || z >= s->shape[0])
        return BP_OK;
    bp_complex *values = s->slices[z].values = malloc(rows * columns * sizeof *values);
    for (size_t r = 0; values && r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            size_t at = (s->first[1] + r) * f->stride + s->first[2] + c;
            double w = edge_at(s, 1, r) * edge_at(s, 2, c);
            double x = f->reference[at] - s->middle, y = f->test[at] - s->middle;
            s->whole = s->whole && !(f->excluded && f->excluded[at]);
            s->sums[0] += x;
            s->sums[1] += y;
            values[r * columns + c] = (bp_complex){w * x, w * y};
        }
    return values && bp_fft_image(rows, columns, values, false) ? BP_OK
                                                                : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

static bp_status merge(bp_context *ctx, void *user, const void *later)
{
    state *s = user;
    const state *more = later;
    size_t bytes = s->shape[1] * s->shape[2] * sizeof(bp_complex);
    s->whole = s->whole && more->whole;
    s->sums[0] += more->sums[0];
    s->sums[1] += more->sums[1];
    for (size_t z = 0; s->whole && z < s->shape[0]; z++) {
        if (!more->slices[z].values)
            continue;
        s->slices[z].values = malloc(bytes);
        if (!s->slices[z].values)
            return bp_fail(ctx, BP_E_MEMORY, "no memory");
        memcpy(s->slices[z].values, more->slices[z].values, bytes);
    }
    return BP_OK;
}

/* Transform of the taper alone, by which the mean of the box is taken off. */
static bool taper_of(const state *s, bp_complex *window)
{
    for (size_t r = 0; r < s->shape[1]; r++)
        for (size_t c = 0; c < s->shape[2]; c++)
            window[r * s->shape[2] + c] = (bp_complex){edge_at(s, 1, r) * edge_at(s, 2, c), 0};
    return bp_fft_image(s->shape[1], s->shape[2], window, false);
}

/* Transform of the box along the slices; window: that of the taper. */
static bool make_box(const state *s, bp_complex *box, const bp_complex *window)
{
    size_t depth = s->shape[0], plane = s->shape[1] * s->shape[2];
    double voxels = (double)depth * (double)plane, a = s->sums[0] / voxels, b = s->sums[1] / voxels;
    for (size_t z = 0; z < depth; z++) {
        double w = edge_at(s, 0, z);
        for (size_t i = 0; i < plane; i++) {
            bp_complex v = s->slices[z].values[i], u = window[i];
            box[z * plane + i] =
                (bp_complex){w * (v.re - a * u.re + b * u.im), w * (v.im - a * u.im - b * u.re)};
        }
    }
    return bp_fft_columns(depth, plane, box, false);
}

static bp_status finish(bp_context *ctx, const void *user, double *values)
{
    const state *s = user;
    size_t side = longest(s->shape), plane = s->shape[1] * s->shape[2], count = side / 2 + 1;
    bp_rings rings = {0};
    for (size_t i = 0; i < Q_CURVE + count; i++)
        values[i] = NAN;
    for (size_t z = 0; z < s->shape[0]; z++)
        if (!s->whole || !s->slices[z].values)
            return BP_OK;
    bp_complex *box = malloc((s->shape[0] * plane + 1) * sizeof *box);
    bp_complex *window = malloc((plane + 1) * sizeof *window);
    bool done = box && window && bp_rings_init(&rings, side, side) && taper_of(s, window) &&
                make_box(s, box, window) && bp_rings_add_box(&rings, s->shape, box);
    if (done) {
        values[Q_HALF_BIT] = bp_rings_resolution(&rings, BP_RINGS_HALF_BIT, 0);
        values[Q_ONE_SEVENTH] = bp_rings_resolution(&rings, 0, 1.0 / 7);
        for (size_t i = 0; i < count; i++)
            values[Q_CURVE + i] = bp_rings_correlation(&rings, i);
    }
    bp_rings_fini(&rings);
    free(window);
    free(box);
    return done ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
}

const bp_metric bp_metric_shells = {
    .name = "shells",
    .summary = "Fourier shell correlation of volumes",
    .source = "M. van Heel, M. Schatz, J. Struct. Biol. 151 (2005) 250; thresholds as in toupy",
    .quantities = quantities,
    .quantity_count = Q_COUNT,
    .params = params_of_shells,
    .param_count = 1,
    .value_count = value_count,
    .begin = begin,
    .add = add,
    .merge = merge,
    .finish = finish,
    .end = end,
};
