/* SPDX-License-Identifier: BSD-3-Clause
 * Choice of the model, of the contexts and of how residuals become symbols, from rows spread over the frame.
 * Costs are integers in 1/65536 bit, so that every machine chooses alike. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_tables.h"
#include "kernel/kernel.h"
#include "kernel/photon_model.h"

#define TRIED_PIXELS   8000   /* that each model is tried on */
#define SAMPLE_PIXELS  20000  /* that the contexts are made from */
#define COUNTED_PIXELS 131072 /* that frequencies are counted on */
#define MAGNITUDES     72     /* codes of |residual|, the last one for all above */
#define BUCKETS        (2 * MAGNITUDES)
#define MOST_RESIDUAL  (1u << 20) /* a single pixel counts no more in a mean */
#define CONTEXT_BITS                                                                                         \
    45 /* about what a context costs in the tables, less what the estimate of its gain leaves out */
#define ESCAPE_BITS 24
#define RARE        12 /* bits that an escape takes more than a symbol, over log2(e) */

typedef struct statistics {
    uint64_t count[BP_PHOTON_CODES];
    uint64_t sum[BP_PHOTON_CODES]; /* of |residual| */
    uint32_t buckets[BP_PHOTON_CODES][BUCKETS];
} statistics;

typedef struct choice {
    bp_photon_model model;
    uint64_t cost;
    uint8_t count;
    uint8_t first[BP_PHOTON_CONTEXTS + 1]; /* code of each context */
} choice;

typedef struct rows_taken {
    size_t every, share; /* every n-th row; sampled pixels = all / share */
} rows_taken;

static rows_taken take(const bp_photon_plane *p, size_t pixels)
{
    size_t all = p->height * p->width, every = (all + pixels - 1) / pixels;
    if (every > p->height)
        every = p->height;
    return (rows_taken){every ? every : 1, every ? every : 1};
}

typedef void (*row_function)(const bp_photon_plane *p, const uint16_t *row, const uint8_t *labels,
                             void *user);

/* Calls what for every n-th row, its predictions and codes made. */
static void each_row(const bp_photon_plane *p, const bp_photon_model *model, size_t every, row_function what,
                     void *user)
{
    const bp_kernels *kernels = bp_kernels_get();
    for (size_t band = 0; band < p->bands; band++) {
        size_t top = bp_photon_band_row(p->height, p->bands, band);
        size_t end = bp_photon_band_row(p->height, p->bands, band + 1);
        for (size_t r = top; r < end; r++) {
            if (r % every != every / 2)
                continue;
            bp_photon_rows rows = bp_photon_rows_of(p->seen + r * p->stride, p->stride, r - top);
            rows.window = bp_photon_has_window(model) ? p->window + r * p->stride : NULL;
            kernels->photon_predict(model, &rows, p->width, p->prediction, p->code);
            what(p, p->values + r * p->stride, p->labels ? p->labels + r * p->width : NULL, user);
        }
    }
}

/* Logarithm with two bits behind its leading one: 0, 1, 2, 3, 4, 5, 6, 7, 8 (8 and 9), 9 (10 and 11) ... */
static uint32_t magnitude(uint32_t v)
{
    if (v < 4)
        return v;
    uint32_t e = 31 - (uint32_t)__builtin_clz(v);
    return 4 * e - 8 + (v >> (e - 2));
}

static void fill_windows(const bp_photon_plane *p, const bp_photon_model *model)
{
    for (size_t band = 0; band < p->bands; band++) {
        size_t top = bp_photon_band_row(p->height, p->bands, band);
        size_t end = bp_photon_band_row(p->height, p->bands, band + 1);
        bp_kernels_get()->photon_windows(model, p->seen + top * p->stride, p->stride, end - top, p->width,
                                         p->window + top * p->stride);
    }
}

static void gather_row(const bp_photon_plane *p, const uint16_t *row, const uint8_t *labels, void *user)
{
    statistics *s = user;
    for (size_t c = 0; c < p->width; c++) {
        if (labels && labels[c])
            continue;
        bool negative = row[c] < p->prediction[c];
        uint32_t size = (uint32_t)(negative ? p->prediction[c] - row[c] : row[c] - p->prediction[c]);
        uint32_t code = magnitude(size);
        s->count[p->code[c]]++;
        s->sum[p->code[c]] += size < MOST_RESIDUAL ? size : MOST_RESIDUAL;
        s->buckets[p->code[c]][2 * (code < MAGNITUDES ? code : MAGNITUDES - 1) + negative]++;
    }
}

/* n log2 n */
static uint64_t plog(uint64_t n)
{
    return n ? n * bp_photon_log2(n) : 0;
}

/* Bits of n values of a geometric distribution with that sum. */
static uint64_t geometric(uint64_t n, uint64_t sum)
{
    return plog(n + sum) - plog(n) - plog(sum);
}

/* Cuts the codes into contexts so that the cost, with price for each context, is least. */
static void cut(const statistics *s, size_t small, uint64_t price, choice *out)
{
    uint64_t best[BP_PHOTON_CODES + 1] = {0};
    uint8_t from[BP_PHOTON_CODES + 1] = {0};
    for (size_t end = 1; end <= BP_PHOTON_CODES; end++) {
        uint64_t n = 0, sum = 0;
        size_t least = end > small ? small : 0;
        best[end] = UINT64_MAX;
        if (end < BP_PHOTON_CODES && !s->count[end - 1]) { /* no cut behind an empty code */
            best[end] = best[end - 1];
            from[end] = from[end - 1];
            if (end == small && end > 1)
                best[end] = UINT64_MAX;
            else
                continue;
        }
        for (size_t begin = end; begin-- > least;) {
            if (!s->count[begin] && begin > least) /* the same as a cut before the next code */
                continue;
            n += s->count[begin];
            sum += s->sum[begin];
            uint64_t cost = best[begin] + geometric(n, sum) + price;
            if (best[begin] != UINT64_MAX && cost < best[end]) {
                best[end] = cost;
                from[end] = (uint8_t)begin;
            }
        }
    }
    size_t count = 0;
    uint8_t firsts[BP_PHOTON_CODES];
    for (size_t end = BP_PHOTON_CODES; end > 0; end = from[end])
        firsts[count++] = from[end];
    out->count = (uint8_t)(count > BP_PHOTON_CONTEXTS ? 0 : count);
    for (size_t i = 0; i < out->count; i++)
        out->first[i] = firsts[count - 1 - i];
    out->first[out->count] = BP_PHOTON_CODES;
}

static uint64_t bucket_width_bits(size_t bucket)
{
    size_t code = bucket / 2;
    return code < 8 ? 0 : (uint64_t)(code / 4 - 1) << 16;
}

/* Merged histogram of the residuals of codes [first, end). Returns how many. */
static uint64_t merge(const statistics *s, size_t first, size_t end, uint32_t *merged)
{
    uint64_t n = 0;
    memset(merged, 0, BUCKETS * sizeof *merged);
    for (size_t code = first; code < end; code++) {
        n += s->count[code];
        for (size_t b = 0; s->count[code] && b < BUCKETS; b++)
            merged[b] += s->buckets[code][b];
    }
    return n;
}

/* Bits that the residuals take within these contexts. */
static uint64_t cost_of(const statistics *s, const choice *c)
{
    uint64_t cost = 0;
    uint32_t merged[BUCKETS];
    for (size_t i = 0; i < c->count; i++) {
        cost += plog(merge(s, c->first[i], c->first[i + 1], merged));
        for (size_t b = 0; b < BUCKETS; b++)
            cost += merged[b] * bucket_width_bits(b) - plog(merged[b]);
    }
    return cost;
}

/* Where a pixel takes little, fine frequencies are worth more than many contexts. */
static size_t context_limit(const statistics *s, const choice *c)
{
    uint64_t n = 0, cost = 0;
    for (size_t i = 0; i < c->count; i++) {
        uint64_t members = 0, sum = 0;
        for (size_t code = c->first[i]; code < c->first[i + 1]; code++) {
            members += s->count[code];
            sum += s->sum[code];
        }
        n += members;
        cost += geometric(members, sum);
    }
    return cost >> 16 < n ? 8 : cost >> 16 < 3 * n ? 16 : BP_PHOTON_CONTEXTS;
}

static void try_model(const bp_photon_plane *p, const bp_photon_model *model, rows_taken rows, statistics *s,
                      choice *c)
{
    memset(s, 0, sizeof *s);
    each_row(p, model, rows.every, gather_row, s);
    size_t small = model->kind == BP_PHOTON_BY_MEAN
                       ? bp_photon_code((uint32_t)BP_PHOTON_SMALL << model->shift, 3)
                   : model->kind == BP_PHOTON_BY_WINDOW ? 57
                                                        : 0;
    uint64_t price = ((uint64_t)CONTEXT_BITS << 16) / rows.share + 1;
    do {
        cut(s, small, price, c);
        price *= 2;
    } while (c->count == 0 || c->count > context_limit(s, c));
    c->model = *model;
    c->cost = cost_of(s, c) + c->count * price / 2;
}

/* How many residuals of a histogram are below -low or from high on. */
static uint64_t outside(const uint32_t *merged, uint64_t low, uint64_t high)
{
    uint64_t n = 0;
    for (size_t b = 0; b < BUCKETS; b++) {
        size_t code = b / 2;
        uint64_t size = code < 4 ? code : (uint64_t)(4 + code % 4) << (code / 4 - 1);
        if (b & 1 ? size > low : size >= high)
            n += merged[b];
    }
    return n;
}

/* Bits of n residuals as symbols of 2^k values each, all of them equally likely; escapes left out. The
 * histogram is too coarse to show what that costs far from 0: a Laplacian loses about (2^k / m)^2 / 16 bits,
 * which choose_symbols adds. */
static uint64_t cost_of_symbols(const uint32_t *merged, uint64_t n, unsigned k)
{
    uint64_t cost = plog(n), together = 0, open = SIZE_MAX;
    for (size_t side = 0; side < 2; side++)
        for (size_t code = 0; code < MAGNITUDES; code++) {
            uint64_t width = bucket_width_bits(2 * code) >> 16, count = merged[2 * code + side];
            uint64_t symbol =
                width >= k ? code + 256 : (code < 4 ? code : (4 + code % 4) << (code / 4 - 1)) >> k;
            if (symbol != open || code == 0) {
                cost -= plog(together);
                together = 0;
            }
            open = symbol;
            together += count;
            cost += count * (width > k ? width : k) << 16;
        }
    return cost - plog(together);
}

/* Low bits and the symbol of residual 0: fine symbols follow the distribution, coarse ones need less escapes.
 */
static void choose_symbols(const statistics *s, const choice *c, size_t i, bp_photon_tables *t)
{
    static const uint8_t zeros[] = {15, 0, 3, 6, 10};
    uint32_t merged[BUCKETS];
    uint64_t n = merge(s, c->first[i], c->first[i + 1], merged), best = UINT64_MAX, sum = 0;
    for (size_t code = c->first[i]; code < c->first[i + 1]; code++)
        sum += s->sum[code];
    t->low[i] = 0;
    t->zero[i] = 15;
    for (uint8_t k = 0; k <= BP_PHOTON_MOST_LOW; k++) {
        uint64_t ratio = (n << (k + 4)) / (sum + 1); /* 2^k over the mean, times 16 */
        ratio = ratio < 4096 ? ratio : 4096;
        uint64_t coarse = cost_of_symbols(merged, n, k) + (k ? ratio * ratio * n << 4 : 0);
        for (size_t z = 0; z < sizeof zeros && coarse < best; z++) {
            uint64_t low = (uint64_t)zeros[z] << k, high = (uint64_t)(BP_PHOTON_ESCAPE - zeros[z]) << k;
            uint64_t cost = coarse + (outside(merged, low, high) * ESCAPE_BITS << 16);
            if (cost < best) {
                best = cost;
                t->low[i] = k;
                t->zero[i] = zeros[z];
            }
        }
    }
}

/* Frequencies are as fine as the room for slots and one renormalisation a pixel allow. */
static uint8_t choose_bits(const bp_photon_tables *t)
{
    unsigned low = 0, bits = BP_PHOTON_MOST_BITS;
    for (size_t i = 0; i < t->count; i++)
        low = t->low[i] > low ? t->low[i] : low;
    while ((size_t)t->count << bits > BP_PHOTON_SLOTS)
        bits--;
    if (bits + low > 16)
        bits = 16 - low;
    return (uint8_t)bits;
}

typedef struct counter {
    const bp_photon_tables *tables;
    uint32_t counts[BP_PHOTON_CONTEXTS][BP_PHOTON_SYMBOLS];
} counter;

static void count_row(const bp_photon_plane *p, const uint16_t *row, const uint8_t *labels, void *user)
{
    counter *k = user;
    for (size_t c = 0; c < p->width; c++) {
        if (labels && labels[c])
            continue;
        uint32_t context = k->tables->map[p->code[c]];
        uint32_t low = k->tables->low[context], residual = (uint32_t)row[c] - p->prediction[c];
        uint32_t symbol = ((residual + ((uint32_t)k->tables->zero[context] << low)) & 0xffff) >> low;
        bool escape = symbol >= BP_PHOTON_ESCAPE || row[c] == BP_PHOTON_LARGE;
        k->counts[context][escape ? BP_PHOTON_ESCAPE : symbol]++;
    }
}

/* Where only some rows are counted, everything may still come: escapes always can. */
static void weigh_contexts(counter *k, bool sampled, const bp_photon_tables *t, bp_photon_weights *weights)
{
    for (size_t i = 0; i < t->count; i++) {
        uint64_t all = 0;
        for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
            all += k->counts[i][s];
        for (size_t s = 0; s < BP_PHOTON_ESCAPE; s++) /* rarer than a frequency can say: an escape */
            if (k->counts[i][s] && k->counts[i][s] * RARE < all >> t->bits) {
                k->counts[i][BP_PHOTON_ESCAPE] += k->counts[i][s];
                k->counts[i][s] = 0;
            }
        if (all == 0)
            k->counts[i][t->zero[i]] = 1;
        if (sampled && !k->counts[i][BP_PHOTON_ESCAPE])
            k->counts[i][BP_PHOTON_ESCAPE] = 1;
        bp_photon_weigh(k->counts[i], t->bits, weights->weight[i]);
    }
}

static void fill_tables(const statistics *s, const choice *c, bp_photon_tables *t)
{
    t->model = c->model;
    t->count = c->count;
    for (size_t i = 0; i < c->count; i++) {
        memset(t->map + c->first[i], (int)i, (size_t)(c->first[i + 1] - c->first[i]));
        choose_symbols(s, c, i, t);
    }
    t->bits = choose_bits(t);
}

bool bp_photon_tables_choose(const bp_photon_plane *p, bp_photon_tables *t, bp_photon_weights *weights)
{
    statistics *s = malloc(sizeof *s);
    if (!s)
        return false;
    rows_taken tried = take(p, TRIED_PIXELS), rows = take(p, SAMPLE_PIXELS);
    rows_taken counted = take(p, COUNTED_PIXELS);
    choice best = {.cost = UINT64_MAX}, c;
    for (unsigned i = 0; i < 6; i++) {
        bp_photon_model model = {.kind = (uint8_t)(i < 3 ? i : BP_PHOTON_BY_WINDOW), .shift = p->shift};
        model.pace = (uint8_t)(i < 3 ? 0 : i - 3);
        if (i >= 3)
            fill_windows(p, &model);
        try_model(p, &model, tried, s, &c);
        if (c.cost < best.cost)
            best = c;
    }
    if (best.model.kind == BP_PHOTON_BY_WINDOW)
        fill_windows(p, &best.model);
    try_model(p, &best.model, rows, s, &c);
    fill_tables(s, &c, t);
    free(s);
    counter k = {.tables = t};
    each_row(p, &t->model, counted.every, count_row, &k);
    weigh_contexts(&k, counted.every > 1, t, weights);
    return bp_photon_tables_build(t, weights, false);
}
