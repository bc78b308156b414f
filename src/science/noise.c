/* SPDX-License-Identifier: BSD-3-Clause
 * noise: gain, read noise and offset of the detector from its own frames. Darks (image_key 2) say offset and
 * read noise; gain comes from pairs of flats (image_key 1) or of equal frames at several levels, else from
 * how the variance grows with the signal between consecutive frames or neighbouring pixels (algo/noise.h).
 * Uncertainties: jackknife over rows of blocks, dealt out to 8 parts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/jackknife.h"
#include "algo/noise.h"
#include "algo/photon_transfer.h"
#include "beampress/science.h"

#define PARTS      8
#define BLOCK_ROWS 8
#define MOST_PAIRS 64
#define ALL        SIZE_MAX /* no part left out */
#define SAME_LEVEL 0.02     /* relative distance of the means of a pair */
#define LEVEL_STEP 1.5      /* of the variances of pairs, for a line through them */

enum { P_PAIRS, P_COUNT };
enum { GAIN, READ_NOISE, OFFSET, RESULTS };

static const bp_param params_of_noise[P_COUNT] = {
    [P_PAIRS] = {"pairs", "", BP_PARAM_INTEGER, 1, MOST_PAIRS, 16, NULL,
                 "pairs of consecutive frames that are looked at, spread over all"},
};

static const char from_parts[] = "jackknife over rows of blocks";

typedef struct analysis {
    const bp_science_stack *stack;
    double *keys;
    size_t key_count, parts, pixels, pairs;
    double *frames[2];
    bp_noise *noise[PARTS], *rest; /* rest: of the last rows, fewer than a block has */
    bp_transfer_sums levels[PARTS][MOST_PAIRS], darks[PARTS];
    double dark_sum[PARTS], dark_pixels[PARTS];
} analysis;

static size_t block_rows(const analysis *a)
{
    return (a->stack->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
}

/* Block rows are dealt out to the parts in turn: each part then sees all of the frame. */
static size_t part_of(const analysis *a, size_t block)
{
    return a->parts ? block % a->parts : 0;
}

/* The first value of a block row, and how many it has. */
static size_t start_of(const analysis *a, size_t block, size_t *count)
{
    size_t first = block * BLOCK_ROWS, left = a->stack->rows - first;
    *count = (left < BLOCK_ROWS ? left : BLOCK_ROWS) * a->stack->columns;
    return first * a->stack->columns;
}

static bp_status prepare(bp_context *ctx, analysis *a)
{
    const bp_science_stack *s = a->stack;
    size_t blocks = s->rows / BLOCK_ROWS;
    if (s->columns < BLOCK_ROWS || blocks < 1)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "noise needs frames of at least %d x %d pixels", BLOCK_ROWS,
                       BLOCK_ROWS);
    a->pixels = s->rows * s->columns;
    a->parts = blocks < PARTS ? blocks : PARTS;
    bool all = true;
    for (size_t i = 0; i < 2; i++)
        all = (a->frames[i] = malloc(a->pixels * sizeof *a->frames[i])) && all;
    for (size_t i = 0; i < a->parts; i++)
        all = (a->noise[i] = bp_noise_new(BLOCK_ROWS, s->columns)) && all;
    if (s->rows % BLOCK_ROWS)
        all = (a->rest = bp_noise_new(s->rows % BLOCK_ROWS, s->columns)) && all;
    if (!all)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for frames of %zu pixels", a->pixels);
    bp_status status = s->side ? s->side(ctx, s->user, "image_key", &a->keys, &a->key_count) : BP_OK;
    if (status == BP_OK && a->key_count != s->frames) { /* says nothing of these frames */
        free(a->keys);
        a->keys = NULL;
    }
    return status;
}

static int key_of(const analysis *a, uint64_t frame)
{
    return a->keys ? (int)a->keys[frame] : 0;
}

static bp_status read_frame(bp_context *ctx, analysis *a, uint64_t index, double *values)
{
    const bp_science_stack *s = a->stack;
    bp_status status = s->read(ctx, s->user, index, 1, values);
    for (size_t i = 0; status == BP_OK && i < a->pixels; i++)
        if ((s->excluded && s->excluded[i]) || !isfinite(values[i]))
            values[i] = NAN;
    return status;
}

static double mean_of(const double *values, size_t count)
{
    double sum = 0, pixels = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i])) {
            sum += values[i];
            pixels++;
        }
    return sum / pixels;
}

static void take_darks(analysis *a, bool pair)
{
    for (size_t b = 0; b < block_rows(a); b++) {
        size_t count, start = start_of(a, b, &count), k = part_of(a, b);
        const double *x = a->frames[0] + start;
        for (size_t i = 0; i < count; i++)
            if (!isnan(x[i])) {
                a->dark_sum[k] += x[i];
                a->dark_pixels[k]++;
            }
        if (pair)
            bp_transfer_add(&a->darks[k], x, a->frames[1] + start, count);
    }
}

static bp_status take_frames(bp_context *ctx, analysis *a, bool pair)
{
    static const bp_labels none = {0};
    double first = mean_of(a->frames[0], a->pixels), second = pair ? mean_of(a->frames[1], a->pixels) : 0;
    bool same = pair && fabs(first - second) <= SAME_LEVEL * fmax(fabs(first), fabs(second)) + 1;
    bp_status status = BP_OK;
    for (size_t b = 0; status == BP_OK && b < block_rows(a); b++) {
        size_t count, start = start_of(a, b, &count), k = part_of(a, b);
        const double *x = a->frames[0] + start, *y = a->frames[1] + start;
        bp_noise *noise = count == BLOCK_ROWS * a->stack->columns ? a->noise[k] : a->rest;
        if (same)
            bp_transfer_add(&a->levels[k][a->pairs], x, y, count);
        status = bp_noise_add(ctx, noise, BP_F64, x, NULL, &none, NULL);
        if (status == BP_OK && pair)
            status = bp_noise_add(ctx, noise, BP_F64, y, same ? x : NULL, &none, NULL);
    }
    a->pairs += same;
    return status;
}

/* Pairs of consecutive frames of one key, spread over all of them. */
static bp_status take_key(bp_context *ctx, analysis *a, int key, uint64_t usable, size_t most)
{
    uint64_t pairs = (usable + 1) / 2, seen = 0, step = most > 0 && pairs > most ? pairs / most : 1,
             taken = 0;
    bp_status status = BP_OK;
    for (uint64_t f = 0; status == BP_OK && f < a->stack->frames && taken < most; f++) {
        if (key_of(a, f) != key)
            continue;
        size_t second = seen % 2, pair = (size_t)(seen / 2);
        bool last = ++seen == usable;
        if (pair % step)
            continue;
        status = read_frame(ctx, a, f, a->frames[second]);
        if (status != BP_OK || (!second && !last))
            continue;
        if (key == 2)
            take_darks(a, second);
        else
            status = take_frames(ctx, a, second);
        taken++;
    }
    return status;
}

static bp_status take_all(bp_context *ctx, analysis *a, size_t most)
{
    uint64_t counts[3] = {0};
    for (uint64_t f = 0; f < a->stack->frames; f++)
        if (key_of(a, f) >= 0 && key_of(a, f) < 3)
            counts[key_of(a, f)]++;
    bp_status status = BP_OK;
    if (counts[2])
        status = take_key(ctx, a, 2, counts[2], most);
    if (status == BP_OK && counts[1] > 1)
        status = take_key(ctx, a, 1, counts[1], most);
    else if (status == BP_OK && counts[0])
        status = take_key(ctx, a, 0, counts[0], most);
    return status;
}

/* ---- results, of all parts but one ---- */

/* A line through pairs at several levels. */
static bool from_levels(const analysis *a, size_t without, double *gain, double *intercept)
{
    bp_transfer_sums pairs[MOST_PAIRS];
    double least = INFINITY, most = 0;
    for (size_t p = 0; p < a->pairs; p++) {
        memset(&pairs[p], 0, sizeof pairs[p]);
        for (size_t k = 0; k < a->parts; k++) {
            const bp_transfer_sums *s = &a->levels[k][p];
            double share = k == without ? 0 : 1;
            pairs[p].pixels += share * s->pixels;
            pairs[p].value += share * s->value;
            pairs[p].square += share * s->square;
        }
        double variance = pairs[p].square / pairs[p].pixels;
        least = variance < least ? variance : least;
        most = variance > most ? variance : most;
    }
    return a->pairs > 2 && most > LEVEL_STEP * least && bp_transfer_fit(pairs, a->pairs, gain, intercept) &&
           *gain > 0;
}

static bp_noise *merge_parts(const analysis *a, size_t without)
{
    bp_noise *all = bp_noise_new(BLOCK_ROWS, BLOCK_ROWS);
    for (size_t k = 0; all && k < a->parts; k++)
        if (k != without)
            bp_noise_merge(all, a->noise[k]);
    if (all && a->rest && part_of(a, block_rows(a) - 1) != without)
        bp_noise_merge(all, a->rest);
    return all;
}

static bp_status results_of(bp_context *ctx, analysis *a, size_t without, double *results, const char **from)
{
    double gain, intercept, dark = 0, pixels = 0, square = 0, dark_pairs = 0;
    for (size_t i = 0; i < RESULTS; i++)
        results[i] = NAN;
    for (size_t k = 0; k < a->parts; k++) {
        double share = k == without ? 0 : 1;
        dark += share * a->dark_sum[k];
        pixels += share * a->dark_pixels[k];
        square += share * a->darks[k].square;
        dark_pairs += share * a->darks[k].pixels;
    }
    bool known = from_levels(a, without, &gain, &intercept);
    *from = "pairs of equal frames at several levels";
    if (!known) {
        bp_noise_estimate found;
        bp_noise *whole = merge_parts(a, ALL), *part = merge_parts(a, without);
        if (whole && part)
            bp_noise_finish_part(part, without == ALL ? part : whole, &found);
        bp_noise_free(whole);
        bp_noise_free(part);
        if (!whole || !part)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for noise");
        known = found.gain_known;
        gain = found.gain;
        intercept = found.intercept;
        *from = known ? found.method : found.why_not;
    }
    if (known) {
        results[GAIN] = gain;
        results[OFFSET] = intercept < 0 ? -intercept / gain : 0;
        results[READ_NOISE] = intercept >= 0 ? sqrt(intercept) : NAN;
    }
    if (pixels > 0) {
        results[OFFSET] = dark / pixels;
        if (known)
            results[READ_NOISE] = sqrt(fmax(0, intercept + gain * results[OFFSET]));
    }
    if (dark_pairs > 0)
        results[READ_NOISE] = sqrt(square / dark_pairs);
    return BP_OK;
}

static bp_status add_results(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    static const char *const names[RESULTS] = {"gain", "read_noise", "offset"};
    static const char *const units[RESULTS] = {"value/photon", "value", "value"};
    double all[RESULTS], without[RESULTS][PARTS], one[RESULTS];
    const char *from, *ignored;
    bp_status status = results_of(ctx, a, ALL, all, &from);
    if (status == BP_OK && isnan(all[GAIN]) && isnan(all[OFFSET]))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "gain and noise cannot be estimated: %s", from);
    for (size_t k = 0; status == BP_OK && k < a->parts; k++) {
        status = results_of(ctx, a, k, one, &ignored);
        for (size_t r = 0; r < RESULTS; r++)
            without[r][k] = one[r];
    }
    bp_log(ctx, BP_LOG_INFO, "noise: gain from %s", from);
    for (size_t r = 0; status == BP_OK && r < RESULTS; r++) {
        double sigma = a->parts > 1 ? bp_jackknife_sigma(without[r], a->parts) : (double)NAN;
        bool known = !isnan(sigma) && !isnan(all[r]);
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = names[r],
                                               .unit = units[r],
                                               .uncertainty = known ? from_parts : NULL,
                                               .count = 1,
                                               .values = &all[r],
                                               .sigmas = known ? &sigma : NULL,
                                               .unit_count = known ? a->parts : 0,
                                               .without = known ? without[r] : NULL});
    }
    return status;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis *a = calloc(1, sizeof *a);
    if (!a)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    a->stack = stack;
    bp_status status = prepare(ctx, a);
    if (status == BP_OK)
        status = take_all(ctx, a, (size_t)params[P_PAIRS]);
    if (status == BP_OK)
        status = add_results(ctx, a, outcomes);
    for (size_t i = 0; i < PARTS; i++)
        bp_noise_free(a->noise[i]);
    bp_noise_free(a->rest);
    free(a->frames[0]);
    free(a->frames[1]);
    free(a->keys);
    free(a);
    return status;
}

const bp_technique bp_technique_noise = {
    .name = "noise",
    .summary = "gain, read noise and offset of the detector, from darks, flats, repeated or single frames",
    .source = "J. R. Janesick, Photon Transfer (SPIE 2007); checked against a weighted line through pairs",
    .params = params_of_noise,
    .param_count = P_COUNT,
    .run = run,
};
