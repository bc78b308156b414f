/* SPDX-License-Identifier: BSD-3-Clause
 * segment: which voxels belong to a phase, how much of it there is, and in how many objects. Foreground is
 * above the threshold. Uncertainties: the stack is cut into blocks of slices (of rows, when there are few
 * slices) and every quantity is computed again without each of them. */
#include <math.h>
#include <stdlib.h>

#include "algo/components.h"
#include "algo/jackknife.h"
#include "algo/otsu.h"
#include "beampress/science.h"

enum { P_METHOD, P_LEVEL, P_CLASSES, P_BINS, P_PHASE, P_CONNECTIVITY, P_VOLUME, P_MIN_SIZE, P_COUNT };
enum { METHOD_OTSU, METHOD_FIXED };

static const char *const methods[] = {"otsu", "fixed", NULL};
static const char *const phases[] = {"above", "below", NULL};
static const char *const connectivities[] = {"faces", "all", NULL};

static const bp_param params_of_segment[P_COUNT] = {
    [P_METHOD] = {"method", "", BP_PARAM_CHOICE, 0, 0, METHOD_OTSU, methods,
                  "otsu: threshold from the histogram of all slices; fixed: level"},
    [P_LEVEL] = {"level", "value", BP_PARAM_REAL, -1e300, 1e300, 0, NULL, "threshold of method fixed"},
    [P_CLASSES] = {"classes", "", BP_PARAM_INTEGER, 2, BP_OTSU_MOST_CLASSES, 2, NULL,
                   "classes of Otsu's method; the phase is the brightest (or, below, the darkest)"},
    [P_BINS] = {"bins", "", BP_PARAM_INTEGER, 16, 65536, 256, NULL,
                "histogram bins for values that are not whole"},
    [P_PHASE] = {"phase", "", BP_PARAM_CHOICE, 0, 0, 0, phases,
                 "the phase is above the threshold, or not above it"},
    [P_CONNECTIVITY] = {"connectivity", "", BP_PARAM_CHOICE, 0, 0, BP_CONNECTED_ALL, connectivities,
                        "faces: 4 neighbours in a slice, 6 in a volume; all: 8 and 26"},
    [P_VOLUME] = {"volume", "", BP_PARAM_SWITCH, 0, 1, 1, NULL, "objects go on from slice to slice"},
    [P_MIN_SIZE] = {"min_size", "pixels", BP_PARAM_INTEGER, 1, 1e12, 1, NULL,
                    "smaller objects are not counted"},
};

#define OCTAVES 40 /* of object sizes */

typedef struct analysis {
    const double *params;
    const bp_science_stack *stack;
    double *frame;
    bool whole;
    double min, max;
    uint64_t used;
    const char *file; /* of messages: empty, or which of two it is */
    bool by_rows;
    size_t blocks;
    bp_histogram total, parts[BP_JACKKNIFE_BLOCKS];
    size_t bins[BP_OTSU_MOST_CLASSES];                       /* thresholds of all */
    double moved[BP_JACKKNIFE_BLOCKS][BP_OTSU_MOST_CLASSES]; /* of the rest, without each block */
    double threshold;
    uint64_t inside, block_inside[BP_JACKKNIFE_BLOCKS], block_used[BP_JACKKNIFE_BLOCKS];
} analysis;

static bool takes_part(const analysis *a, size_t i)
{
    return isfinite(a->frame[i]) && !(a->stack->excluded && a->stack->excluded[i]);
}

static size_t block_of(const analysis *a, uint64_t frame, size_t row)
{
    return a->by_rows ? row * a->blocks / a->stack->rows : (size_t)(frame * a->blocks / a->stack->frames);
}

/* Calls `look` for every pixel that takes part. */
static bp_status walk(bp_context *ctx, analysis *a, void (*look)(analysis *a, double value, size_t block))
{
    const bp_science_stack *s = a->stack;
    for (uint64_t f = 0; f < s->frames; f++) {
        bp_status status = s->read(ctx, s->user, f, 1, a->frame);
        if (status != BP_OK)
            return status;
        for (size_t r = 0; r < s->rows; r++) {
            size_t block = block_of(a, f, r);
            for (size_t i = r * s->columns; i < (r + 1) * s->columns; i++)
                if (takes_part(a, i))
                    look(a, a->frame[i], block);
        }
    }
    return BP_OK;
}

static void look_range(analysis *a, double value, size_t block)
{
    (void)block;
    a->min = a->used && a->min < value ? a->min : value;
    a->max = a->used && a->max > value ? a->max : value;
    a->whole = a->whole && value == floor(value);
    a->used++;
}

static void look_histogram(analysis *a, double value, size_t block)
{
    bp_histogram_add(&a->parts[block], value);
}

static void look_phase(analysis *a, double value, size_t block)
{
    bool above = value > a->threshold, inside = above == (a->params[P_PHASE] == 0);
    a->inside += inside;
    a->block_inside[block] += inside;
    a->block_used[block]++;
}

/* The thresholds of a histogram as bins; false when there are none. */
static bool threshold_bins(const analysis *a, const bp_histogram *h, size_t *bins)
{
    size_t classes = (size_t)a->params[P_CLASSES];
    return classes == 2 ? bp_otsu(h, bins) : bp_otsu_multi(h, classes, bins);
}

/* Which of them divides the phase from the rest. */
static size_t dividing(const analysis *a)
{
    return a->params[P_PHASE] == 0 ? (size_t)a->params[P_CLASSES] - 2 : 0;
}

static double bin_value(const bp_histogram *h, size_t bin)
{
    return h->first + (double)bin * h->width;
}

/* Share of the counts in the phase, half of the bin of a threshold that lies in its middle. */
static double share(const analysis *a, const bp_histogram *h, size_t bin)
{
    double above = a->whole ? 0 : (double)h->counts[bin] / 2, total = 0;
    for (size_t i = 0; i < h->count; i++) {
        total += (double)h->counts[i];
        above += i > bin ? (double)h->counts[i] : 0;
    }
    return a->params[P_PHASE] == 0 ? above / total : 1 - above / total;
}

static bp_status make_histograms(bp_context *ctx, analysis *a)
{
    size_t bins = (size_t)a->params[P_BINS];
    bool made = bp_histogram_init(&a->total, a->whole, a->min, a->max, bins);
    for (size_t b = 0; made && b < a->blocks; b++)
        made = bp_histogram_init(&a->parts[b], a->whole, a->min, a->max, bins);
    if (!made)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for histograms");
    bp_status status = walk(ctx, a, look_histogram);
    for (size_t b = 0; b < a->blocks; b++)
        for (size_t i = 0; i < a->total.count; i++)
            a->total.counts[i] += a->parts[b].counts[i];
    return status;
}

/* Adds a number with its values without each block. */
static bp_status add_number(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, bp_outcome number,
                            double value, double sigma, const double *without)
{
    bool known = !isnan(sigma);
    number.count = 1;
    number.values = &value;
    number.sigmas = known ? &sigma : NULL;
    number.uncertainty = known ? number.uncertainty : NULL;
    number.unit_count = a->blocks > 1 ? a->blocks : 0;
    number.without = (double *)(uintptr_t)without;
    return bp_outcomes_add(ctx, outcomes, &number);
}

static const char *how(const analysis *a)
{
    return a->by_rows ? "jackknife over blocks of rows" : "jackknife over blocks of slices";
}

/* The threshold of the phase, or all of them, with their values without each block. */
static bp_status add_thresholds(bp_context *ctx, const analysis *a, bp_outcomes *outcomes, bool each,
                                size_t from, size_t count)
{
    double values[BP_OTSU_MOST_CLASSES], sigmas[BP_OTSU_MOST_CLASSES] = {0}, at[BP_OTSU_MOST_CLASSES];
    double without[BP_OTSU_MOST_CLASSES * BP_JACKKNIFE_BLOCKS], blocks[BP_JACKKNIFE_BLOCKS];
    for (size_t k = 0; k < count; k++) {
        values[k] = bin_value(&a->total, a->bins[from + k]);
        at[k] = (double)(from + k) + 1;
        bool pinned;
        double rounding =
            bp_otsu_rounding(&a->total, (size_t)a->params[P_CLASSES], a->bins, from + k, &pinned);
        for (size_t b = 0; b < a->blocks; b++)
            without[b * count + k] = blocks[b] = values[k] + (pinned ? 0 : a->moved[b][from + k]);
        sigmas[k] = hypot(bp_jackknife_sigma(blocks, a->blocks), rounding);
    }
    bool known = !isnan(sigmas[0]);
    return bp_outcomes_add(
        ctx, outcomes,
        &(bp_outcome){.name = each ? "multi_otsu_thresholds" : "otsu_threshold",
                      .unit = "value",
                      .axis = each ? "threshold" : NULL,
                      .uncertainty = known ? how(a) : NULL,
                      .count = count,
                      .values = values,
                      .sigmas = known ? sigmas : NULL,
                      .at = each ? at : NULL,
                      .unit_count = a->blocks > 1 ? a->blocks : 0,
                      .without = without,
                      .not_judged = "a step on the way: other thresholds may divide the same phases"});
}

/* Thresholds and fraction from the histograms, with one block left out at a time. */
static bp_status add_threshold(bp_context *ctx, analysis *a, bp_outcomes *outcomes, double *shares)
{
    size_t classes = (size_t)a->params[P_CLASSES], which = dividing(a);
    for (size_t b = 0; b < a->blocks; b++) {
        bp_histogram rest = a->total;
        size_t without[BP_OTSU_MOST_CLASSES] = {0};
        if (!bp_otsu_moved(&a->total, &a->parts[b], classes, a->bins, a->moved[b]))
            for (size_t k = 0; k < BP_OTSU_MOST_CLASSES; k++)
                a->moved[b][k] = NAN;
        for (size_t i = 0; i < rest.count; i++)
            rest.counts[i] -= a->parts[b].counts[i];
        shares[b] = threshold_bins(a, &rest, without) ? share(a, &rest, without[which]) : NAN;
        for (size_t i = 0; i < rest.count; i++)
            rest.counts[i] += a->parts[b].counts[i];
    }
    bp_status status = add_thresholds(ctx, a, outcomes, false, which, 1);
    return status == BP_OK && classes > 2 ? add_thresholds(ctx, a, outcomes, true, 0, classes - 1) : status;
}

typedef struct object {
    uint64_t size; /* pixels */
    size_t block;
} object;

static int by_size(const void *a, const void *b)
{
    uint64_t x = ((const object *)a)->size, y = ((const object *)b)->size;
    return x < y ? -1 : x > y;
}

/* What there is to say of objects, sorted by size; those of block `without` are left out. Numbers of objects
 * are then scaled up to all blocks. */
typedef struct crowd {
    double count, mean, median, spread;
    double octaves[OCTAVES];
} crowd;

static size_t octave_of(uint64_t size)
{
    size_t k = 63 - (size_t)__builtin_clzll(size);
    return k < OCTAVES ? k : OCTAVES - 1;
}

static double median_of(const object *objects, size_t count, size_t without, size_t kept)
{
    double left = NAN, right = NAN;
    for (size_t i = 0, seen = 0; i < count; i++) {
        if (objects[i].block == without)
            continue;
        left = seen == (kept - 1) / 2 ? (double)objects[i].size : left;
        right = seen == kept / 2 ? (double)objects[i].size : right;
        seen++;
    }
    return kept ? (left + right) / 2 : NAN;
}

/* Of the median of all objects, from the sizes two standard deviations of its rank below and above. */
static double median_sigma(const object *objects, size_t count)
{
    double n = (double)count, reach = sqrt(n), ends[2], least = 1 / sqrt(12);
    if (count < 4)
        return NAN;
    for (int k = 0; k < 2; k++) {
        double rank = fmin(fmax((n - 1) / 2 + (k ? reach : -reach), 0), n - 1), part = rank - floor(rank);
        double low = (double)objects[(size_t)rank].size, high = (double)objects[(size_t)ceil(rank)].size;
        ends[k] = low + part * (high - low);
    }
    return fmax((ends[1] - ends[0]) / 4, least); /* sizes are whole pixels */
}

static crowd describe(const analysis *a, const object *objects, size_t count, size_t without)
{
    crowd c = {0};
    double sum = 0, squares = 0, blocks = (double)a->blocks;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        double size = (double)objects[i].size;
        if (objects[i].block == without)
            continue;
        kept++;
        sum += size;
        squares += size * size;
        c.octaves[octave_of(objects[i].size)]++;
    }
    double n = (double)kept, scale = without == SIZE_MAX ? 1 : blocks / (blocks - 1);
    c.mean = kept ? sum / n : NAN;
    c.spread = kept > 1 ? sqrt(fmax(0, squares / n - c.mean * c.mean) * n / (n - 1)) : NAN;
    c.median = median_of(objects, count, without, kept);
    c.count = n * scale;
    for (size_t k = 0; k < OCTAVES; k++)
        c.octaves[k] *= scale;
    return c;
}

/* How many objects have a size from 2^k to 2^(k+1) - 1, up to what a stack of this size can hold: two runs
 * then have the same bins. */
static bp_status add_size_distribution(bp_context *ctx, const analysis *a, const crowd *all,
                                       const crowd *without, bp_outcomes *outcomes)
{
    double values[OCTAVES], sigmas[OCTAVES], at[OCTAVES], rest[BP_JACKKNIFE_BLOCKS * OCTAVES];
    const bp_science_stack *s = a->stack;
    uint64_t images = a->params[P_VOLUME] != 0 ? s->frames : 1;
    size_t octaves = octave_of(s->rows * s->columns * images) + 1;
    for (size_t k = 0; k < octaves; k++) {
        values[k] = all->octaves[k];
        sigmas[k] = sqrt(fmax(values[k], 1));
        at[k] = ldexp(1, (int)k);
        for (size_t b = 0; b < a->blocks; b++)
            rest[b * octaves + k] = without[b].octaves[k];
    }
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = "object_sizes",
                                         .unit = "objects",
                                         .axis = "size from (pixels), to twice that",
                                         .uncertainty = "counting of objects",
                                         .count = octaves,
                                         .values = values,
                                         .sigmas = sigmas,
                                         .at = at,
                                         .unit_count = a->blocks > 1 ? a->blocks : 0,
                                         .without = rest});
}

static bp_status add_objects(bp_context *ctx, const analysis *a, const object *objects, size_t count,
                             bp_outcomes *outcomes)
{
    crowd all = describe(a, objects, count, SIZE_MAX), without[BP_JACKKNIFE_BLOCKS];
    double counts[BP_JACKKNIFE_BLOCKS], means[BP_JACKKNIFE_BLOCKS], medians[BP_JACKKNIFE_BLOCKS];
    for (size_t b = 0; b < a->blocks; b++) {
        without[b] = describe(a, objects, count, a->blocks > 1 ? b : SIZE_MAX);
        counts[b] = without[b].count;
        means[b] = without[b].mean;
        medians[b] = without[b].median;
    }
    double sigma = bp_jackknife_sigma(counts, a->blocks), error = all.spread / sqrt(all.count);
    bool blocked = a->blocks > 1 && all.count > 0; /* none at all is known no better than one */
    bp_outcome number = {.name = "object_count",
                         .unit = "objects",
                         .uncertainty = !blocked     ? "counting of objects"
                                        : a->by_rows ? "spread between blocks of rows"
                                                     : "spread between blocks of slices"};
    bp_status status =
        add_number(ctx, a, outcomes, number, all.count, blocked ? sigma : sqrt(fmax(all.count, 1)), counts);
    number = (bp_outcome){.name = "object_mean_size", .unit = "pixels", .uncertainty = "spread of the sizes"};
    if (status == BP_OK)
        status = add_number(ctx, a, outcomes, number, all.mean, error, means);
    number.name = "object_median_size";
    number.uncertainty = "order statistics of the sizes";
    number.not_judged = "moves in steps of a pixel; the mean is judged";
    if (status == BP_OK)
        status = add_number(ctx, a, outcomes, number, all.median, median_sigma(objects, count), medians);
    return status == BP_OK ? add_size_distribution(ctx, a, &all, without, outcomes) : status;
}

/* Those that are large enough, the smallest first. */
static bp_status sort_objects(bp_context *ctx, const analysis *a, const uint64_t *sizes, const uint64_t *rows,
                              size_t count, bp_outcomes *outcomes)
{
    object *objects = malloc((count + 1) * sizeof *objects);
    size_t kept = 0;
    if (!objects)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for objects");
    for (size_t i = 0; i < count; i++)
        if ((double)sizes[i] >= a->params[P_MIN_SIZE])
            objects[kept++] =
                (object){sizes[i], block_of(a, rows[i] / a->stack->rows, (size_t)(rows[i] % a->stack->rows))};
    qsort(objects, kept, sizeof *objects, by_size);
    bp_status status = add_objects(ctx, a, objects, kept, outcomes);
    free(objects);
    return status;
}

static bp_status label_frames(bp_context *ctx, analysis *a, bp_components *components, uint8_t *image)
{
    const bp_science_stack *s = a->stack;
    for (uint64_t f = 0; f < s->frames; f++) {
        bp_status status = s->read(ctx, s->user, f, 1, a->frame);
        if (status != BP_OK)
            return status;
        for (size_t i = 0; i < s->rows * s->columns; i++)
            image[i] = takes_part(a, i) && (a->frame[i] > a->threshold) == (a->params[P_PHASE] == 0);
        if (!bp_components_add(components, image))
            return bp_fail(ctx, BP_E_MEMORY, "no memory for objects");
    }
    return BP_OK;
}

static bp_status count_objects(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    const bp_science_stack *s = a->stack;
    uint64_t *sizes = NULL, *rows = NULL;
    size_t count = 0;
    uint8_t *image = malloc(s->rows * s->columns);
    bp_components *components = bp_components_new(
        s->rows, s->columns, (bp_connectivity)a->params[P_CONNECTIVITY], a->params[P_VOLUME] != 0);
    bp_status status = image && components ? label_frames(ctx, a, components, image)
                                           : bp_fail(ctx, BP_E_MEMORY, "no memory for objects");
    if (status == BP_OK && !bp_components_sizes(components, &sizes, &rows, &count))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for objects");
    if (status == BP_OK)
        status = sort_objects(ctx, a, sizes, rows, count, outcomes);
    free(sizes);
    free(rows);
    free(image);
    bp_components_free(components);
    return status;
}

/* Of a fixed threshold: shares of blocks instead of histograms. */
static void fixed_shares(const analysis *a, double *shares)
{
    for (size_t b = 0; b < a->blocks; b++) {
        double used = (double)(a->used - a->block_used[b]);
        shares[b] = used > 0 ? (double)(a->inside - a->block_inside[b]) / used : NAN;
    }
}

static bp_status find_threshold(bp_context *ctx, analysis *a)
{
    bp_status status = walk(ctx, a, look_range);
    if (status != BP_OK)
        return status;
    if (a->used == 0)
        return bp_fail(ctx, BP_E_INPUT, "%sno pixel takes part: all are masked or not finite", a->file);
    if (a->params[P_METHOD] != METHOD_OTSU) {
        a->threshold = a->params[P_LEVEL];
        return BP_OK;
    }
    status = make_histograms(ctx, a);
    if (status == BP_OK && !threshold_bins(a, &a->total, a->bins))
        return bp_fail(ctx, BP_E_INPUT,
                       "%severy pixel has the value %.9g: there is no threshold between phases", a->file,
                       a->min);
    a->threshold = bin_value(&a->total, a->bins[dividing(a)]);
    return status;
}

static bp_status analyse(bp_context *ctx, analysis *a, bp_outcomes *outcomes)
{
    double shares[BP_JACKKNIFE_BLOCKS];
    bool otsu = a->params[P_METHOD] == METHOD_OTSU;
    bp_status status = find_threshold(ctx, a);
    if (status == BP_OK && otsu)
        status = add_threshold(ctx, a, outcomes, shares);
    if (status == BP_OK)
        status = walk(ctx, a, look_phase);
    if (status == BP_OK && !otsu)
        fixed_shares(a, shares);
    if (status == BP_OK)
        status = add_number(
            ctx, a, outcomes, (bp_outcome){.name = "phase_fraction", .unit = "", .uncertainty = how(a)},
            (double)a->inside / (double)a->used, bp_jackknife_sigma(shares, a->blocks), shares);
    return status == BP_OK ? count_objects(ctx, a, outcomes) : status;
}

static void init_analysis(analysis *a, const double *params, const bp_science_stack *stack)
{
    *a = (analysis){.params = params, .stack = stack, .whole = true, .file = ""};
    a->by_rows = stack->frames < 8;
    uint64_t units = a->by_rows ? stack->rows / 4 : stack->frames;
    a->blocks = units > BP_JACKKNIFE_BLOCKS ? BP_JACKKNIFE_BLOCKS : units > 1 ? (size_t)units : 1;
    a->frame = malloc(stack->rows * stack->columns * sizeof *a->frame);
}

static void fini_analysis(analysis *a)
{
    bp_histogram_fini(&a->total);
    for (size_t b = 0; b < a->blocks; b++)
        bp_histogram_fini(&a->parts[b]);
    free(a->frame);
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes)
{
    analysis a;
    init_analysis(&a, params, stack);
    bp_status status =
        a.frame ? analyse(ctx, &a, outcomes) : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    fini_analysis(&a);
    return status;
}

/* Voxels of the phase in each block: in the first, in the second, in both. */
typedef struct overlap {
    double first[BP_JACKKNIFE_BLOCKS], second[BP_JACKKNIFE_BLOCKS], both[BP_JACKKNIFE_BLOCKS];
} overlap;

static bool in_phase(const analysis *a, size_t i)
{
    return takes_part(a, i) && (a->frame[i] > a->threshold) == (a->params[P_PHASE] == 0);
}

static bp_status count_overlap(bp_context *ctx, analysis *a, analysis *b, overlap *o)
{
    const bp_science_stack *s = a->stack, *t = b->stack;
    for (uint64_t f = 0; f < s->frames; f++) {
        bp_status status = s->read(ctx, s->user, f, 1, a->frame);
        if (status == BP_OK)
            status = t->read(ctx, t->user, f, 1, b->frame);
        if (status != BP_OK)
            return status;
        for (size_t r = 0; r < s->rows; r++) {
            size_t block = block_of(a, f, r);
            for (size_t i = r * s->columns; i < (r + 1) * s->columns; i++) {
                bool first = in_phase(a, i), second = in_phase(b, i);
                o->first[block] += first;
                o->second[block] += second;
                o->both[block] += first && second;
            }
        }
    }
    return BP_OK;
}

/* Dice 2 |A and B| / (|A| + |B|) and Jaccard |A and B| / |A or B|, one block left out unless `without` is
 * beyond them all. */
static void overlap_scores(const overlap *o, size_t blocks, size_t without, double *dice, double *jaccard)
{
    double first = 0, second = 0, both = 0;
    for (size_t b = 0; b < blocks; b++)
        if (b != without) {
            first += o->first[b];
            second += o->second[b];
            both += o->both[b];
        }
    double sum = first + second;
    *dice = sum > 0 ? 2 * both / sum : NAN;
    *jaccard = sum > 0 ? both / (sum - both) : NAN;
}

static bp_status add_overlap(bp_context *ctx, const analysis *a, const overlap *o, bp_outcomes *outcomes)
{
    static const char *const names[] = {"dice", "jaccard"};
    double values[2], without[2][BP_JACKKNIFE_BLOCKS];
    bp_status status = BP_OK;
    overlap_scores(o, a->blocks, SIZE_MAX, &values[0], &values[1]);
    for (size_t b = 0; b < a->blocks; b++)
        overlap_scores(o, a->blocks, b, &without[0][b], &without[1][b]);
    for (size_t k = 0; k < 2 && status == BP_OK; k++) {
        double sigma = bp_jackknife_sigma(without[k], a->blocks);
        status = bp_outcomes_add(ctx, outcomes,
                                 &(bp_outcome){.name = names[k],
                                               .unit = "",
                                               .uncertainty = isnan(sigma) ? NULL : how(a),
                                               .count = 1,
                                               .values = &values[k],
                                               .sigmas = isnan(sigma) ? NULL : &sigma,
                                               .unit_count = a->blocks,
                                               .without = without[k]});
    }
    return status;
}

static bp_status compare(bp_context *ctx, const double *params, const bp_science_stack *reference,
                         const bp_science_stack *test, bp_outcomes *outcomes)
{
    analysis a, b;
    overlap o = {0};
    init_analysis(&a, params, reference);
    init_analysis(&b, params, test);
    b.file = "in the file of --against, ";
    bp_status status = a.frame && b.frame ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    if (status == BP_OK)
        status = find_threshold(ctx, &a);
    if (status == BP_OK)
        status = find_threshold(ctx, &b);
    if (status == BP_OK)
        status = count_overlap(ctx, &a, &b, &o);
    if (status == BP_OK)
        status = add_overlap(ctx, &a, &o, outcomes);
    fini_analysis(&a);
    fini_analysis(&b);
    return status;
}

const bp_technique bp_technique_segment = {
    .name = "segment",
    .summary = "threshold, phase fraction, objects and their sizes",
    .source =
        "N. Otsu, IEEE Trans. Systems, Man, Cybernetics 9 (1979) 62; checked against scikit-image 0.19.3",
    .params = params_of_segment,
    .param_count = P_COUNT,
    .run = run,
    .compare = compare,
};
