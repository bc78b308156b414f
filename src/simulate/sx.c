/* SPDX-License-Identifier: BSD-3-Clause
 * sx: shots of serial crystallography. In a hit an orthorhombic crystal in a random orientation lights the
 * lattice points near the Ewald sphere; every shot has air and solvent background. Nothing but + - x / and
 * square roots: the same on every machine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/plain_log.h"
#include "algo/poisson_sample.h"
#include "beampress/simulate.h"

enum {
    P_FRAMES,
    P_HEIGHT,
    P_WIDTH,
    P_HITS,
    P_A,
    P_B,
    P_C,
    P_WAVELENGTH,
    P_DISTANCE,
    P_PIXEL,
    P_RADIUS,
    P_PHOTONS,
    P_BACKGROUND,
    P_SPOT,
    P_GAP,
    P_SEED,
    P_COUNT
};

#define SX_PARAM(index, name, unit, kind, min, max, fallback, help)                                          \
    [index] = {name, unit, kind, min, max, fallback, NULL, help}

static const bp_param params_of_sx[P_COUNT] = {
    SX_PARAM(P_FRAMES, "frames", "shots", BP_PARAM_INTEGER, 1, 1e5, 16, "how many"),
    SX_PARAM(P_HEIGHT, "height", "pixels", BP_PARAM_INTEGER, 32, 8192, 512, "rows of a frame"),
    SX_PARAM(P_WIDTH, "width", "pixels", BP_PARAM_INTEGER, 32, 8192, 512, "columns of a frame"),
    SX_PARAM(P_HITS, "hits", "", BP_PARAM_REAL, 0, 1, 0.7, "share of the shots that hit a crystal"),
    SX_PARAM(P_A, "a", "Angstrom", BP_PARAM_REAL, 10, 500, 50, "edge of the cell"),
    SX_PARAM(P_B, "b", "Angstrom", BP_PARAM_REAL, 10, 500, 60, "edge of the cell"),
    SX_PARAM(P_C, "c", "Angstrom", BP_PARAM_REAL, 10, 500, 70, "edge of the cell"),
    SX_PARAM(P_WAVELENGTH, "wavelength", "Angstrom", BP_PARAM_REAL, 0.3, 5, 1.3, "of the beam"),
    SX_PARAM(P_DISTANCE, "distance", "m", BP_PARAM_REAL, 0.01, 10, 0.1, "from sample to detector"),
    SX_PARAM(P_PIXEL, "pixel", "m", BP_PARAM_REAL, 1e-6, 1e-3, 1.5e-4, "edge of a pixel"),
    SX_PARAM(
        P_RADIUS, "radius", "1/Angstrom", BP_PARAM_REAL, 1e-4, 0.02, 0.0015,
        "of a lattice point: a reflection is seen whole on the Ewald sphere and vanishes this far from it"),
    SX_PARAM(P_PHOTONS, "photons", "photons", BP_PARAM_REAL, 1, 20000, 1000,
             "mean of a whole reflection at small angles"),
    SX_PARAM(P_BACKGROUND, "background", "photons per pixel", BP_PARAM_REAL, 0.01, 1000, 3,
             "mean over the frame"),
    SX_PARAM(P_SPOT, "spot", "pixels", BP_PARAM_REAL, 1, 10, 2.5, "radius of a spot"),
    SX_PARAM(P_GAP, "gap", "pixels", BP_PARAM_INTEGER, 0, 64, 6,
             "between the four modules, along rows and columns; such pixels hold 65535"),
    SX_PARAM(P_SEED, "seed", "", BP_PARAM_INTEGER, 0, 9007199254740992.0, 1, "another one gives other shots"),
};

#define NOT_MEASURED 65535
#define MOST_MEAN    30000.0 /* photons in a pixel */
#define SHOT_STREAM  (UINT64_C(1) << 40)
#define FINE         4 /* sub-pixels, either way */

enum { L_X, L_Y, L_PHOTONS, L_Q, L_H, L_K, L_L, LIST_COUNT };

typedef struct state {
    uint64_t seed;
    double centre_x, centre_y, reach; /* reach: pixels from the sample to the detector */
    double wave;                      /* 1 / wavelength */
    double most_q;                    /* 1/Angstrom, in the corners */
    double distance, pixel, wavelength;
    uint32_t *background; /* 1/65536 photon */
    double *rate;         /* the same in photons */
    uint32_t most;
    bp_poisson_sampler *sampler;
    double *hit, *scale, *counts, *orientation; /* of each shot; orientation: a quaternion */
    size_t room;                                /* peaks that a shot has at most */
    double *lists[LIST_COUNT];                  /* shots x room, NAN beyond the last peak */
} state;

/* ---- the crystal ---- */

/* A whole reflection in units of the mean: exponentially distributed (A. J. C. Wilson 1949), the same for all
 * signs of h, k, l. */
static double intensity_of(uint64_t seed, int h, int k, int l)
{
    bp_random random;
    uint64_t index = (uint64_t)abs(h) << 40 | (uint64_t)abs(k) << 20 | (uint64_t)abs(l);
    bp_random_init(&random, seed ^ UINT64_C(0x5378), index);
    return -bp_plain_log(1 - bp_random_uniform(&random));
}

/* Temperature factor, roughly. */
static double fall_of(double q2)
{
    double x = 1 + 6 * q2;
    return 1 / (x * x);
}

/* A rotation that is as likely as any other (G. Marsaglia 1972). */
static void rotate(bp_random *random, double *q)
{
    double s[2];
    for (int pair = 0; pair < 2; pair++)
        do {
            q[2 * pair] = 2 * bp_random_uniform(random) - 1;
            q[2 * pair + 1] = 2 * bp_random_uniform(random) - 1;
            s[pair] = q[2 * pair] * q[2 * pair] + q[2 * pair + 1] * q[2 * pair + 1];
        } while (s[pair] >= 1 || s[pair] == 0);
    double scale = sqrt((1 - s[0]) / s[1]);
    q[2] *= scale;
    q[3] *= scale;
}

static void matrix_of(const double *q, double m[3][3])
{
    double w = q[0], x = q[1], y = q[2], z = q[3];
    const double rows[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)},
                               {2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)},
                               {2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)}};
    memcpy(m, rows, sizeof rows);
}

/* Where a lattice point is seen, and how much of it; false when it is not. */
static bool seen(const state *st, double radius, const double *g, double *x, double *y, double *part)
{
    double z = st->wave + g[2], length = sqrt(g[0] * g[0] + g[1] * g[1] + z * z);
    double away = (length - st->wave) / radius, inside = 1 - away * away;
    if (inside <= 0 || z <= 0)
        return false;
    *part = inside * inside;
    *x = st->centre_x + st->reach * g[0] / z;
    *y = st->centre_y + st->reach * g[1] / z;
    return true;
}

typedef struct peak {
    double values[LIST_COUNT];
} peak;

typedef struct peaks {
    peak *items;
    size_t count, room;
} peaks;

static bool add_peak(peaks *list, const peak *item)
{
    if (list->count == list->room) {
        size_t room = list->room * 2 + 64;
        peak *items = realloc(list->items, room * sizeof *items);
        if (!items)
            return false;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = *item;
    return true;
}

/* One lattice point; false when memory is short. */
static bool try_point(const bp_simulation *s, const state *st, size_t shot, double m[3][3], const int *hkl,
                      peaks *list)
{
    const double r[3] = {hkl[0] / s->params[P_A], hkl[1] / s->params[P_B], hkl[2] / s->params[P_C]};
    double q2 = r[0] * r[0] + r[1] * r[1] + r[2] * r[2], g[3], part;
    peak found;
    if (q2 > st->most_q * st->most_q || q2 == 0)
        return true;
    for (int i = 0; i < 3; i++)
        g[i] = m[i][0] * r[0] + m[i][1] * r[1] + m[i][2] * r[2];
    if (!seen(st, s->params[P_RADIUS], g, &found.values[L_X], &found.values[L_Y], &part))
        return true;
    if (!(found.values[L_X] > 0 && found.values[L_Y] > 0 && found.values[L_X] < (double)s->width &&
          found.values[L_Y] < (double)s->height))
        return true;
    found.values[L_PHOTONS] = s->params[P_PHOTONS] * st->scale[shot] * part * fall_of(q2) *
                              intensity_of(st->seed, hkl[0], hkl[1], hkl[2]);
    found.values[L_Q] = sqrt(q2);
    for (int i = 0; i < 3; i++)
        found.values[L_H + i] = hkl[i];
    return add_peak(list, &found);
}

static bool light_crystal(const bp_simulation *s, const state *st, size_t shot, peaks *list)
{
    double m[3][3];
    int most[3];
    list->count = 0;
    if (st->hit[shot] == 0)
        return true;
    matrix_of(st->orientation + 4 * shot, m);
    for (int i = 0; i < 3; i++)
        most[i] = (int)(st->most_q * s->params[P_A + i]) + 1;
    for (int h = -most[0]; h <= most[0]; h++)
        for (int k = -most[1]; k <= most[1]; k++)
            for (int l = -most[2]; l <= most[2]; l++) {
                const int hkl[3] = {h, k, l};
                if (!try_point(s, st, shot, m, hkl, list))
                    return false;
            }
    return true;
}

/* ---- the shots ---- */

static void settle_geometry(const bp_simulation *s, state *st)
{
    st->centre_x = 0.5 * (double)s->width;
    st->centre_y = 0.5 * (double)s->height;
    st->distance = s->params[P_DISTANCE];
    st->pixel = s->params[P_PIXEL];
    st->wavelength = s->params[P_WAVELENGTH];
    st->reach = st->distance / st->pixel;
    st->wave = 1 / st->wavelength;
    double r2 = st->centre_x * st->centre_x + st->centre_y * st->centre_y;
    double cosine = st->reach / sqrt(st->reach * st->reach + r2);
    st->most_q = st->wave * sqrt(2 * (1 - cosine)) + s->params[P_RADIUS];
}

static bool is_gap(const bp_simulation *s, size_t y, size_t x)
{
    size_t gap = (size_t)s->params[P_GAP], top = (s->height - gap) / 2, left = (s->width - gap) / 2;
    return (y >= top && y < top + gap) || (x >= left && x < left + gap);
}

/* Air scattering that falls with the angle, and a ring of solvent. */
static void fill_background(const bp_simulation *s, state *st)
{
    double unit = st->centre_x < st->centre_y ? st->centre_x : st->centre_y, sum = 0;
    for (size_t y = 0; y < s->height; y++)
        for (size_t x = 0; x < s->width; x++) {
            double dx = ((double)x + 0.5 - st->centre_x) / unit, dy = ((double)y + 0.5 - st->centre_y) / unit;
            double r2 = dx * dx + dy * dy, ring = (sqrt(r2) - 0.6) / 0.15;
            double here = 0.3 + 1 / (1 + 8 * r2) + 0.6 / (1 + ring * ring);
            st->rate[y * s->width + x] = here;
            sum += here;
        }
    double scale = s->params[P_BACKGROUND] * (double)(s->height * s->width) / sum;
    for (size_t i = 0; i < s->height * s->width; i++) {
        st->background[i] = (uint32_t)(st->rate[i] * scale * BP_POISSON_ONE + 0.5);
        st->rate[i] = (double)st->background[i] / BP_POISSON_ONE;
    }
}

static void draw_shots(const bp_simulation *s, state *st)
{
    for (size_t shot = 0; shot < s->frames; shot++) {
        bp_random random;
        bp_random_init(&random, st->seed, SHOT_STREAM + shot);
        st->hit[shot] = bp_random_uniform(&random) < s->params[P_HITS];
        st->scale[shot] = 0.5 + bp_random_uniform(&random);
        rotate(&random, st->orientation + 4 * shot);
    }
}

/* The peaks of all shots, first to know how many a shot has, then for the lists. */
static bp_status list_peaks(bp_context *ctx, const bp_simulation *s, state *st)
{
    peaks list = {0};
    bp_status status = BP_OK;
    for (int pass = 0; pass < 2 && status == BP_OK; pass++) {
        for (size_t shot = 0; shot < s->frames && status == BP_OK; shot++) {
            if (bp_context_cancelled(ctx))
                status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
            else if (!light_crystal(s, st, shot, &list))
                status = bp_fail(ctx, BP_E_MEMORY, "no memory for peaks");
            st->counts[shot] = (double)list.count;
            st->room = pass == 0 && list.count > st->room ? list.count : st->room;
            for (size_t i = 0; pass == 1 && i < st->room; i++)
                for (int k = 0; k < LIST_COUNT; k++)
                    st->lists[k][shot * st->room + i] =
                        i < list.count ? list.items[i].values[k] : (double)NAN;
        }
        st->room = st->room ? st->room : 1;
        for (int k = 0; pass == 0 && k < LIST_COUNT && status == BP_OK; k++) {
            st->lists[k] = calloc(s->frames * st->room, sizeof(double));
            if (!st->lists[k])
                status = bp_fail(ctx, BP_E_MEMORY, "no memory for peaks");
        }
    }
    free(list.items);
    return status;
}

/* Adds a spot of compact profile (1 - d^2/R^2)^3 to the means of a frame; no mean grows beyond the limit. */
static void add_spot(const bp_simulation *s, double x, double y, double photons, uint32_t *means)
{
    double radius = s->params[P_SPOT], density = 4 * photons / (3.14159265358979 * radius * radius);
    size_t first_x = x > radius ? (size_t)(x - radius) : 0, first_y = y > radius ? (size_t)(y - radius) : 0;
    for (size_t j = first_y; j < s->height && (double)j < y + radius; j++)
        for (size_t i = first_x; i < s->width && (double)i < x + radius; i++) {
            double sum = 0;
            for (int sub = 0; sub < FINE * FINE; sub++) {
                int row = sub / FINE, column = sub % FINE;
                double dx = (double)i + (column + 0.5) / FINE - x, dy = (double)j + (row + 0.5) / FINE - y;
                double inside = 1 - (dx * dx + dy * dy) / (radius * radius);
                sum += inside > 0 ? inside * inside * inside : 0;
            }
            double mean = (double)means[j * s->width + i] / BP_POISSON_ONE + density * sum / (FINE * FINE);
            mean = mean < MOST_MEAN ? mean : MOST_MEAN;
            means[j * s->width + i] = (uint32_t)(mean * BP_POISSON_ONE + 0.5);
        }
}

/* Tables for every digit of base 256, so that any mean can be asked for. */
static bp_status prepare_sampler(bp_context *ctx, state *st)
{
    bp_status status = BP_OK;
    for (uint32_t digit = 0; digit < 4; digit++)
        for (uint32_t d = 1; d < 256 && status == BP_OK; d++)
            if ((double)d * (double)(1u << 8 * digit) <= (MOST_MEAN + 1) * BP_POISSON_ONE)
                status = bp_poisson_sampler_prepare(ctx, st->sampler, d << 8 * digit);
    return status;
}

static void tell_truths(bp_simulation *s, state *st)
{
    static const char *const names[LIST_COUNT][3] = {
        {"peak_x", "pixels", "place of each reflection, along a row; the first pixel is from 0 to 1"},
        {"peak_y", "pixels", "the same along a column"},
        {"peak_photons", "photons", "expected photons of each reflection in its shot"},
        {"peak_q", "1/Angstrom", "1/d of each reflection"},
        {"peak_h", "", "its index h"},
        {"peak_k", "", "its index k"},
        {"peak_l", "", "its index l"}};
    size_t n = s->frames;
    bp_truth *t = s->truths;
    *t++ = (bp_truth){
        "background", "photons", "expected photons per pixel without a crystal", true, st->rate, 0, 0};
    *t++ = (bp_truth){"hit", "", "1 where a crystal was hit", false, st->hit, n, 0};
    *t++ = (bp_truth){"scale", "", "strength of each shot", false, st->scale, n, 0};
    *t++ = (bp_truth){"orientation", "", "of the crystal, a quaternion", false, st->orientation, n, 4};
    *t++ = (bp_truth){"peak_count", "", "reflections on the detector", false, st->counts, n, 0};
    for (int k = 0; k < LIST_COUNT; k++)
        *t++ = (bp_truth){names[k][0], names[k][1], names[k][2], false, st->lists[k], n, st->room};
    s->truth_count = (size_t)(t - s->truths);
    const struct {
        const char *name, *unit, *help;
        const double *value;
    } sides[] = {{"beam_center_x", "pixel", "of the beam", &st->centre_x},
                 {"beam_center_y", "pixel", "of the beam", &st->centre_y},
                 {"distance", "m", "from the sample", &st->distance},
                 {"x_pixel_size", "m", "edge of a pixel", &st->pixel},
                 {"y_pixel_size", "m", "edge of a pixel", &st->pixel}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        s->sides[s->side_count++] = (bp_simulated_side){.name = sides[i].name,
                                                        .unit = sides[i].unit,
                                                        .help = sides[i].help,
                                                        .group = "instrument/detector",
                                                        .count = 1,
                                                        .values = sides[i].value};
}

static bp_status begin(bp_context *ctx, bp_simulation *s)
{
    s->dtype = BP_U16;
    s->frames = (size_t)s->params[P_FRAMES];
    s->height = (size_t)s->params[P_HEIGHT];
    s->width = (size_t)s->params[P_WIDTH];
    s->entropy = NAN;
    size_t pixels = s->height * s->width;
    state *st = s->state = calloc(1, sizeof *st);
    if (!st)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    st->seed = (uint64_t)s->params[P_SEED];
    st->background = calloc(pixels, sizeof *st->background);
    st->rate = calloc(pixels, sizeof *st->rate);
    st->hit = calloc(7 * s->frames, sizeof *st->hit);
    st->sampler = bp_poisson_sampler_new();
    if (!st->background || !st->rate || !st->hit || !st->sampler)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu shots", s->frames);
    st->scale = st->hit + s->frames;
    st->counts = st->scale + s->frames;
    st->orientation = st->counts + s->frames;
    settle_geometry(s, st);
    fill_background(s, st);
    draw_shots(s, st);
    bp_status status = prepare_sampler(ctx, st);
    if (status == BP_OK)
        status = list_peaks(ctx, s, st);
    if (status == BP_OK)
        tell_truths(s, st);
    return status;
}

static bp_status frame(bp_context *ctx, const bp_simulation *s, size_t index, void *values)
{
    const state *st = s->state;
    size_t pixels = s->height * s->width, first = index * st->room;
    uint16_t *counts = values;
    uint32_t *means = malloc(pixels * sizeof *means);
    bp_random random;
    if (!means)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a shot");
    memcpy(means, st->background, pixels * sizeof *means);
    for (size_t i = 0; (double)i < st->counts[index]; i++)
        add_spot(s, st->lists[L_X][first + i], st->lists[L_Y][first + i], st->lists[L_PHOTONS][first + i],
                 means);
    bp_random_init(&random, st->seed, index);
    for (size_t y = 0; y < s->height; y++)
        for (size_t x = 0; x < s->width; x++) {
            size_t i = y * s->width + x;
            uint32_t count = bp_poisson_sample(st->sampler, means[i], &random);
            counts[i] = is_gap(s, y, x) ? NOT_MEASURED : (uint16_t)count;
        }
    free(means);
    return BP_OK;
}

static void end(bp_simulation *s)
{
    state *st = s->state;
    if (!st)
        return;
    for (int k = 0; k < LIST_COUNT; k++)
        free(st->lists[k]);
    free(st->background);
    free(st->rate);
    free(st->hit);
    bp_poisson_sampler_free(st->sampler);
    free(st);
}

const bp_simulator bp_simulator_sx = {
    .name = "sx",
    .summary = "shots of serial crystallography, with crystals in random orientations",
    .model =
        "An orthorhombic lattice with exponentially distributed intensities in orientations that are equally "
        "likely; a lattice point shines by its distance from the Ewald sphere; round spots; air and solvent "
        "background; independent Poisson counts. No mosaicity, polarisation, parallax, charge sharing or "
        "read "
        "noise.",
    .version = 1,
    .params = params_of_sx,
    .param_count = P_COUNT,
    .begin = begin,
    .frame = frame,
    .end = end,
};
