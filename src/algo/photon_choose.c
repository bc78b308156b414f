/* SPDX-License-Identifier: BSD-3-Clause
 * Contexts, symbols and frequencies of a frame, from one histogram of codes and residuals of sampled rows.
 * Costs are integers in 1/65536 bit, so that every machine chooses alike. */
#include <stddef.h>
#include <string.h>

#include "algo/photon_fit.h"
#include "algo/photon_tables.h"
#include "base/pool.h"
#include "base/scratch.h"
#include "kernel/kernel.h"
#include "kernel/photon_log.h"
#include "kernel/photon_model.h"

#define COUNTED_FEW   32768 /* pixels of the histogram, at least */
#define COUNTED_MANY  (1u << 20)
#define COUNTED_PART  8 /* of large frames */
#define SIDE          BP_PHOTON_SIDE
#define BUCKETS       BP_PHOTON_BUCKETS
#define CONTEXT_BITS  25   /* about what a context takes in the tables */
#define SYMBOL_HALVES 5    /* and each of its symbols, in half bits */
#define CELLS         88   /* of residuals that are compared when codes are merged */
#define FAR           1024 /* of so many residuals one may be an escape on either side */
#define RARE          12   /* bits that an escape takes more than a symbol, over log2(e) */
#define RARE_LOW      64
#define ESCAPE_BITS   16 /* of a value in the stream of escapes */
#define EXACT_LOW     6
#define FREE_LOW      4 /* low bits that leave the finest frequencies */
#define WARM_ROWS     5 /* above a block of rows, for its long means */
#define WINDOW_BLOCK  8
#define LOW_CODES     57 /* of long means, before those of larger means */

typedef struct histogram {
    size_t pixels, share;        /* sampled pixels; all pixels are about share times as many */
    uint32_t (*counts)[BUCKETS]; /* of each code */
    size_t wall;   /* code from which predictions are no longer 0; groups do not reach over it */
    size_t groups; /* of neighbouring codes that belong together */
    uint8_t order[BP_PHOTON_CODES]; /* their first codes */
    uint8_t last[BP_PHOTON_CODES];  /* code of a group; this and what follows by its first code */
    uint32_t count[BP_PHOTON_CODES];
    uint16_t begin[BP_PHOTON_CODES], end[BP_PHOTON_CODES]; /* buckets that occur are between these */
    uint32_t cells[BP_PHOTON_CODES][CELLS];                /* coarser counts */
    int32_t cost[BP_PHOTON_CODES]; /* of the group as one context, in bits * BP_PHOTON_LOG_UNIT */
    int32_t loss[BP_PHOTON_CODES]; /* by merging the group with the next one */
} histogram;

/* The smallest size of bucket SIDE + i; below 0 sizes are one less than the distance. */
static uint32_t size_of(uint32_t i)
{
    uint32_t octave = i / 32;
    return ((32 + i % 32) << octave) - 32;
}

/* The symbol of a bucket, before m is added. */
static int32_t symbol_of(uint32_t bucket, unsigned k)
{
    return bucket >= SIDE ? (int32_t)(size_of(bucket - SIDE) >> k)
                          : -1 - (int32_t)(size_of(SIDE - 1 - bucket) >> k);
}

/* How pixels are counted: blocks of rows at even distances, in parts of their width. */
typedef struct counting {
    const bp_photon_plane *plane;
    const bp_photon_model *model;
    size_t width, every, block;
    uint8_t *room; /* of the parts: counts, predictions and codes of a row */
    size_t room_bytes, pixels[BP_PHOTON_CHOSEN_BANDS];
} counting;

static uint32_t *counts_of(const counting *c, size_t band)
{
    return (uint32_t *)(void *)(c->room + band * c->room_bytes);
}

static void count_row(const counting *c, size_t band, size_t top, size_t row)
{
    const bp_photon_plane *p = c->plane;
    size_t column = row * 40503 % 65536 * (p->width - c->width) >> 16;
    const uint16_t *values = p->values + row * p->stride + column;
    bp_photon_rows rows = bp_photon_rows_of(p->seen + row * p->stride + column, p->stride, row - top);
    uint32_t *counts = counts_of(c, band);
    uint16_t *at = (uint16_t *)(void *)(counts + BP_PHOTON_CODES * BUCKETS);
    uint8_t *code = (uint8_t *)(at + p->width + 32);
    if (bp_photon_has_window(c->model))
        rows.window = p->window + row * p->stride + column;
    bp_kernels_get()->photon_predict(c->model, &rows, c->width, at, code);
    bp_kernels_get()->photon_choice->places(values, code, c->width, at);
    const uint8_t *labels = p->labels ? p->labels + row * p->width + column : NULL;
    bp_kernels_get()->photon_choice->count(at, labels, c->width, counts);
}

/* Long means of some rows, as if a few rows above were the first ones. */
static void find_windows(const bp_photon_plane *p, const bp_photon_model *m, size_t top, size_t row,
                         size_t rows)
{
    size_t above = row - top < WARM_ROWS ? row - top : WARM_ROWS, at = (row - above) * p->stride;
    const bp_photon_pieces piece = {&at, 1, above + rows, p->width, p->stride, p->stride};
    if (bp_photon_has_window(m))
        bp_kernels_get()->photon_windows(m, p->seen, &piece, p->window + at);
}

static bp_status count_band(bp_context *ctx, void *user, size_t band)
{
    counting *c = user;
    const bp_photon_plane *p = c->plane;
    size_t top = bp_photon_band_row(p->height, p->bands, band), most = COUNTED_MANY / p->bands;
    size_t end = bp_photon_band_row(p->height, p->bands, band + 1), begin = (c->every - 1) * c->block / 2;
    (void)ctx;
    memset(counts_of(c, band), 0, BP_PHOTON_CODES * BUCKETS * sizeof(uint32_t));
    c->pixels[band] = 0;
    for (size_t r = top + (begin < end - top ? begin : (end - top) / 2); r < end; r += c->every * c->block) {
        size_t rows = end - r < c->block ? end - r : c->block;
        find_windows(p, c->model, top, r, rows);
        for (size_t i = 0; i < rows && c->pixels[band] + c->width <= most; i++, c->pixels[band] += c->width)
            count_row(c, band, top, r + i);
    }
    return BP_OK;
}

/* Where little is seldom, all pixels are counted. h->counts is to be given back; false when memory was short.
 */
static bool count_pixels(bp_context *ctx, const bp_photon_plane *p, const bp_photon_model *m, bool sparse,
                         histogram *h)
{
    size_t all = p->height * p->width, most = all / COUNTED_PART;
    most = sparse ? all : most < COUNTED_FEW ? COUNTED_FEW : most;
    most = most < COUNTED_MANY ? most : COUNTED_MANY;
    counting c = {.plane = p, .model = m};
    c.width = p->width < most / 4 ? p->width : most / 4;
    c.every = (p->height * c.width + most - 1) / most;
    c.block = c.every == 1 ? p->height : bp_photon_has_window(m) ? WINDOW_BLOCK : 1;
    c.room_bytes = (BP_PHOTON_CODES * sizeof *h->counts + 3 * (p->width + 64) + 63) / 64 * 64;
    c.room = bp_scratch_take(ctx, p->bands * c.room_bytes);
    h->counts = (uint32_t(*)[BUCKETS])(void *)c.room;
    bool good = c.room && bp_pool_split(ctx, p->bands, count_band, &c) == BP_OK;
    for (size_t band = 0; good && band < p->bands; band++) {
        uint32_t *all_bands = counts_of(&c, 0), *counts = counts_of(&c, band);
        h->pixels += c.pixels[band];
        for (size_t i = 0; band && i < BP_PHOTON_CODES * BUCKETS; i++)
            all_bands[i] += counts[i];
    }
    h->share = h->pixels ? (all + h->pixels - 1) / h->pixels : 1;
    return good;
}

/* Bits of the residuals of two groups as one context. shared: cells that occur in both. */
static int32_t cost_together(const uint32_t *a, const uint32_t *b, int32_t *shared)
{
    int32_t all, sum = bp_kernels_get()->photon_choice->logs_together(a, b, CELLS, &all, shared);
    return bp_photon_weighted_log((uint32_t)all) - sum;
}

static int32_t cost_alone(const uint32_t *a)
{
    static const uint32_t none[CELLS];
    int32_t shared;
    return cost_together(a, none, &shared);
}

/* What merging group i with the next one costs, less what it saves in the tables, and what chance alone gains
 * by keeping them apart. */
static void find_loss(histogram *h, size_t i)
{
    size_t a = h->order[i], b = h->order[i + 1];
    int32_t shared, loss = cost_together(h->cells[a], h->cells[b], &shared) - h->cost[a] - h->cost[b];
    int32_t share = (int32_t)(h->share < 1000 ? h->share : 1000);
    int32_t symbols = shared < BP_PHOTON_ESCAPE ? shared : BP_PHOTON_ESCAPE;
    loss -= (2 * CONTEXT_BITS + SYMBOL_HALVES * symbols) * (int32_t)BP_PHOTON_LOG_UNIT / 2 / share;
    h->loss[a] = loss - (share > 1 ? shared * BP_PHOTON_CHANCE / 16 : 0);
    if (h->last[a] < h->wall && h->last[b] >= h->wall)
        h->loss[a] = INT32_MAX;
}

/* Cells are fine enough to tell distributions from each other: four an octave. */
static void fill_cells(histogram *h, size_t code)
{
    const uint32_t *counts = h->counts[code];
    memset(h->cells[code], 0, sizeof h->cells[code]);
    for (size_t side = 0; side < 2; side++) {
        const uint32_t *at = counts + (side ? SIDE : SIDE - 1);
        ptrdiff_t step = side ? 1 : -1;
        size_t to = side ? h->end[code] : BUCKETS - h->begin[code];
        uint32_t *out = h->cells[code] + side * CELLS / 2;
        for (size_t size = 0, cell = 0; size + SIDE < to; cell++) {
            size_t width = size < 8 ? 1 : size < 16 ? 2 : size < 32 ? 4 : 8;
            uint32_t n = 0;
            for (size_t i = 0; i < width; i++, size++)
                n += at[step * (ptrdiff_t)size];
            out[cell] = n;
        }
    }
}

/* Each code that occurs is a group. */
static void find_groups(histogram *h)
{
    h->groups = 0;
    for (size_t code = 0; code < BP_PHOTON_CODES; code++) {
        uint32_t count =
            bp_kernels_get()->photon_choice->extent(h->counts[code], &h->begin[code], &h->end[code]);
        if (!count)
            continue;
        h->order[h->groups++] = (uint8_t)code;
        h->last[code] = (uint8_t)code;
        h->count[code] = count;
        fill_cells(h, code);
        h->cost[code] = cost_alone(h->cells[code]);
    }
    for (size_t i = 0; i + 1 < h->groups; i++)
        find_loss(h, i);
}

static void merge_with_next(histogram *h, size_t i)
{
    size_t a = h->order[i], b = h->order[i + 1];
    for (size_t k = h->begin[b]; k < h->end[b]; k++)
        h->counts[a][k] += h->counts[b][k];
    h->begin[a] = h->begin[a] < h->begin[b] ? h->begin[a] : h->begin[b];
    h->end[a] = h->end[a] > h->end[b] ? h->end[a] : h->end[b];
    for (size_t k = 0; k < CELLS; k++)
        h->cells[a][k] += h->cells[b][k];
    h->count[a] += h->count[b];
    h->last[a] = h->last[b];
    h->cost[a] = cost_alone(h->cells[a]);
    h->groups--;
    memmove(h->order + i + 1, h->order + i + 2, h->groups - i - 1);
    if (i > 0)
        find_loss(h, i - 1);
    if (i + 1 < h->groups)
        find_loss(h, i);
}

/* Merges what is alike until no more than most groups are left, and none is worth less than it costs. */
static void merge_groups(histogram *h, size_t most)
{
    while (h->groups > 1) {
        size_t least = 0;
        for (size_t i = 1; i + 1 < h->groups; i++)
            if (h->loss[h->order[i]] < h->loss[h->order[least]])
                least = i;
        int32_t loss = h->loss[h->order[least]];
        if (loss == INT32_MAX || (h->groups <= most && loss > 0))
            break;
        merge_with_next(h, least);
    }
}

/* The bucket up to which, from one end on inwards, more than n residuals are. */
static uint16_t edge(const uint32_t *counts, uint32_t from, int step, uint64_t n)
{
    uint64_t seen = 0;
    uint32_t b = from;
    for (uint32_t i = 0; i < BUCKETS - 1; i++, b = (uint32_t)((int)b + step)) {
        seen += counts[b];
        if (seen > n)
            break;
    }
    return (uint16_t)b;
}

/* Where the residuals of a group are. */
typedef struct span {
    uint16_t low, middle,
        high;  /* buckets: of the smallest that are not rare, of the median, of the largest */
    uint8_t k; /* low bits with which symbols cover that */
} span;

/* The most low bits, but for contexts so rare that for all others finer frequencies are worth more. */
static unsigned common_low(const histogram *h, const span *spans)
{
    size_t pixels[BP_PHOTON_MOST_LOW + 1] = {0}, beyond = 0;
    for (size_t i = 0; i < h->groups; i++)
        pixels[spans[i].k] += h->count[h->order[i]];
    unsigned low = BP_PHOTON_MOST_LOW;
    while (low > 0 && (beyond += pixels[low]) <= h->pixels / RARE_LOW)
        low--;
    return low;
}

/* Low bits, as few as the spread and most allow, and the symbol of residual 0: all that is common has a
 * symbol, or what is about the median. */
static void choose_symbols(const span *a, unsigned most, size_t g, bp_photon_tables *t)
{
    unsigned k = a->k < most ? a->k : most;
    int32_t from = symbol_of(a->low, k), to = symbol_of(a->high, k), used = to - from + 1, zero = -from;
    if (used < BP_PHOTON_ESCAPE && from < 0)
        zero += (BP_PHOTON_ESCAPE - used) / 2;
    else if (used > BP_PHOTON_ESCAPE) {
        int32_t least = symbol_of(a->middle, k) - BP_PHOTON_ESCAPE / 2;
        zero = -(least < from ? from : least);
    }
    t->low[g] = (uint8_t)k;
    t->zero[g] = (uint8_t)(zero < 0 ? 0 : zero > BP_PHOTON_ESCAPE - 1 ? BP_PHOTON_ESCAPE - 1 : zero);
}

static void count_symbols(const histogram *h, size_t code, size_t g, const bp_photon_tables *t,
                          uint32_t *symbols)
{
    const uint32_t *counts = h->counts[code];
    memset(symbols, 0, BP_PHOTON_SYMBOLS * sizeof *symbols);
    for (uint32_t b = h->begin[code]; b < h->end[code]; b++) {
        if (!counts[b])
            continue;
        int32_t s = symbol_of(b, t->low[g]) + t->zero[g];
        symbols[s >= 0 && s < BP_PHOTON_ESCAPE ? s : BP_PHOTON_ESCAPE] += counts[b];
    }
}

/* Bits, times BP_PHOTON_LOG_UNIT, of the residuals of a context with k low bits. */
static int64_t cost_of_low(const histogram *h, size_t code, const span *a, unsigned k, bp_photon_tables *t)
{
    uint32_t symbols[BP_PHOTON_SYMBOLS], all = 0;
    int32_t sum = 0;
    choose_symbols(a, k, 0, t);
    count_symbols(h, code, 0, t, symbols);
    for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++) {
        all += symbols[s];
        sum += bp_photon_weighted_log(symbols[s]);
    }
    int64_t raw =
        (int64_t)k * (all - symbols[BP_PHOTON_ESCAPE]) + (int64_t)ESCAPE_BITS * symbols[BP_PHOTON_ESCAPE];
    return bp_photon_weighted_log(all) - sum + raw * (int64_t)BP_PHOTON_LOG_UNIT;
}

/* As many low bits as cover nearly all residuals, or less where finer symbols save more than escapes cost. */
static void find_spans(const histogram *h, bp_photon_tables *scratch, span *spans)
{
    for (size_t i = 0; i < h->groups; i++) {
        size_t code = h->order[i];
        const uint32_t *counts = h->counts[code];
        uint64_t all = h->count[code];
        span *a = &spans[i];
        *a = (span){edge(counts, h->begin[code], 1, all / FAR), edge(counts, h->begin[code], 1, all / 2),
                    edge(counts, h->end[code] - 1u, -1, all / FAR), 0};
        while (a->k < BP_PHOTON_MOST_LOW &&
               symbol_of(a->high, a->k) - symbol_of(a->low, a->k) >= BP_PHOTON_ESCAPE)
            a->k++;
        int64_t cost = a->k ? cost_of_low(h, code, a, a->k, scratch) : 0, less;
        for (; a->k && (less = cost_of_low(h, code, a, a->k - 1u, scratch)) < cost; a->k--)
            cost = less;
    }
}

/* Where only some rows are counted, everything may still come: what is near, and escapes. */
static void weigh(uint32_t *symbols, bool sampled, const bp_photon_tables *t, size_t g, uint8_t *weights)
{
    uint64_t all = 0;
    size_t first = BP_PHOTON_ESCAPE, last = 0;
    for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
        all += symbols[s];
    for (size_t s = 0; s < BP_PHOTON_ESCAPE; s++) {
        if (symbols[s] && symbols[s] * RARE < all >> t->bits) { /* rarer than a frequency can say */
            symbols[BP_PHOTON_ESCAPE] += symbols[s];
            symbols[s] = 0;
        }
        if (symbols[s]) {
            first = s < first ? s : first;
            last = s;
        }
    }
    for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
        symbols[s] *= 4;
    if (first == BP_PHOTON_ESCAPE) /* nothing is known */
        symbols[t->zero[g]] += 1;
    for (size_t s = first ? first - 1 : 0; sampled && s <= last + 1 && s < BP_PHOTON_ESCAPE; s++)
        symbols[s] += symbols[s] == 0;
    if (sampled && !symbols[BP_PHOTON_ESCAPE])
        symbols[BP_PHOTON_ESCAPE] = 1;
    bp_photon_weigh(symbols, t->bits, weights);
}

/* What the sampled residuals take with these tables, and the tables their share. */
static uint64_t cost_of_tables(uint32_t symbols[][BP_PHOTON_SYMBOLS], const bp_photon_tables *t, size_t share)
{
    uint64_t cost = 0, used = 0;
    for (size_t g = 0; g < t->count; g++)
        for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++) {
            used += t->freq[g][s] != 0;
            if (!symbols[g][s])
                continue;
            uint32_t f = t->freq[g][s] ? t->freq[g][s] : t->freq[g][BP_PHOTON_ESCAPE];
            uint64_t bits = f ? ((uint64_t)t->bits << 16) - bp_photon_log2(f) : (uint64_t)t->bits << 16;
            bits += (uint64_t)(s == BP_PHOTON_ESCAPE || !t->freq[g][s] ? ESCAPE_BITS : t->low[g]) << 16;
            cost += symbols[g][s] * bits;
        }
    return cost + ((((uint64_t)t->count * 2 * CONTEXT_BITS + used * SYMBOL_HALVES) << 15) / share);
}

static unsigned most_bits(const bp_photon_tables *t)
{
    unsigned low = 0;
    for (size_t g = 0; g < t->count; g++)
        low = t->low[g] > low ? t->low[g] : low;
    return low + BP_PHOTON_MOST_BITS > 16 ? 16 - low : BP_PHOTON_MOST_BITS;
}

/* Is every symbol of a group counted? Buckets as wide as 64 lie across symbols. */
static bool is_exact(const histogram *h, const uint32_t *counts, unsigned k)
{
    return h->share == 1 && counts[0] == 0 && counts[BUCKETS - 1] == 0 && k <= EXACT_LOW;
}

/* Frequencies for the groups as they are, with no more than most low bits. Returns their cost. */
static uint64_t make_tables(const histogram *h, const span *spans, unsigned most, bp_photon_tables *t,
                            bp_photon_weights *weights)
{
    uint32_t symbols[BP_PHOTON_CONTEXTS][BP_PHOTON_SYMBOLS], counted[BP_PHOTON_CONTEXTS][BP_PHOTON_SYMBOLS];
    t->count = (uint8_t)h->groups;
    memset(t->map, t->count - 1, sizeof t->map);
    for (size_t g = 0, code = 0; g < t->count; code = h->last[h->order[g++]] + 1u) {
        memset(t->map + code, (int)g, h->last[h->order[g]] + 1u - code);
        choose_symbols(&spans[g], most, g, t);
        count_symbols(h, h->order[g], g, t, symbols[g]);
    }
    unsigned bits = most_bits(t);
    while ((size_t)t->count << bits > BP_PHOTON_SLOTS)
        bits--;
    t->bits = (uint8_t)bits;
    memcpy(counted, symbols, sizeof counted);
    for (size_t g = 0; g < t->count; g++)
        weigh(symbols[g], !is_exact(h, h->counts[h->order[g]], t->low[g]), t, g, weights->weight[g]);
    bp_photon_tables_build(t, weights, false);
    return cost_of_tables(counted, t, h->share);
}

/* The best tables so far, and others that may be better. */
typedef struct candidates {
    uint64_t cost;
    bp_photon_tables *best, *other;
    bp_photon_weights *best_weights, *other_weights;
} candidates;

static bool try_tables(const histogram *h, const span *spans, unsigned most, candidates *c)
{
    memcpy(c->other, c->best, offsetof(bp_photon_tables, slots));
    uint64_t cost = make_tables(h, spans, most, c->other, c->other_weights);
    if (cost >= c->cost)
        return false;
    c->cost = cost;
    memcpy(c->best, c->other, offsetof(bp_photon_tables, slots));
    *c->best_weights = *c->other_weights;
    return true;
}

/* Few contexts, and few low bits, leave finer frequencies. */
static void choose_contexts(histogram *h, candidates *c)
{
    span spans[BP_PHOTON_CONTEXTS];
    for (size_t most = BP_PHOTON_CONTEXTS; most >= 8; most /= 2) {
        if (c->cost != UINT64_MAX && h->groups <= most)
            continue;
        merge_groups(h, most);
        find_spans(h, c->other, spans);
        unsigned free = FREE_LOW, low = common_low(h, spans);
        while (h->groups << (16 - free) > BP_PHOTON_SLOTS)
            free++; /* so many leave the frequencies as fine as they are */
        low = low < free ? free : low;
        bool better = try_tables(h, spans, low, c);
        while (low > free && try_tables(h, spans, --low, c))
            better = true;
        if (!better)
            break;
    }
}

bool bp_photon_tables_choose(bp_context *ctx, const bp_photon_plane *p, bp_photon_tables *t,
                             bp_photon_weights *weights)
{
    histogram *h = bp_scratch_take(ctx, sizeof *h);
    if (h)
        h->counts = NULL;
    bool sparse = false;
    candidates c = {.cost = UINT64_MAX, .best = t, .best_weights = weights};
    c.other = bp_scratch_take(ctx, sizeof *c.other);
    c.other_weights = bp_scratch_take(ctx, sizeof *c.other_weights);
    bool good = h && c.other && c.other_weights && bp_photon_model_choose(ctx, p, &t->model, &sparse);
    if (good) {
        *h = (histogram){.counts = NULL};
        if (t->model.kind == BP_PHOTON_BY_MEAN)
            h->wall = bp_photon_code((uint32_t)BP_PHOTON_SMALL << t->model.shift, 3);
        else if (t->model.kind == BP_PHOTON_BY_WINDOW)
            h->wall = LOW_CODES;
        good = count_pixels(ctx, p, &t->model, sparse, h);
    }
    if (good) {
        find_groups(h);
        choose_contexts(h, &c);
    }
    if (h)
        bp_scratch_give(ctx, h->counts);
    bp_scratch_give(ctx, h);
    bp_scratch_give(ctx, c.other);
    bp_scratch_give(ctx, c.other_weights);
    return good && bp_photon_tables_build(t, weights, false);
}
