/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/scratch.h"

void bp_runs_init(bp_runs *runs, double low, double high)
{
    *runs = (bp_runs){.low = low, .high = high};
}

void bp_runs_fini(bp_runs *runs)
{
    free(runs->runs);
    runs->runs = NULL;
    runs->count = 0;
}

static uint64_t to_key(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double from_key(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Sorts keys, least digit first; digits that all keys share cost one look. The result is in *keys. */
#define SORT_KEYS(name, type)                                                                                \
    static void name(type **keys, type **other, size_t count)                                                \
    {                                                                                                        \
        enum { BITS = 11, SIZE = 1 << BITS };                                                                \
        size_t places[SIZE];                                                                                 \
        for (unsigned shift = 0; shift < 8 * sizeof(type); shift += BITS) {                                  \
            memset(places, 0, sizeof places);                                                                \
            for (size_t i = 0; i < count; i++)                                                               \
                places[(*keys)[i] >> shift & (SIZE - 1)]++;                                                  \
            if (places[(*keys)[0] >> shift & (SIZE - 1)] == count)                                           \
                continue;                                                                                    \
            size_t at = 0;                                                                                   \
            for (size_t d = 0; d < SIZE; d++) {                                                              \
                size_t here = places[d];                                                                     \
                places[d] = at;                                                                              \
                at += here;                                                                                  \
            }                                                                                                \
            for (size_t i = 0; i < count; i++)                                                               \
                (*other)[places[(*keys)[i] >> shift & (SIZE - 1)]++] = (*keys)[i];                           \
            type *swap = *keys;                                                                              \
            *keys = *other;                                                                                  \
            *other = swap;                                                                                   \
        }                                                                                                    \
    }
SORT_KEYS(sort_keys, uint64_t)
SORT_KEYS(sort_short_keys, uint32_t)

static double bin_middle(const bp_runs *runs, double v)
{
    double width = (runs->high - runs->low) / (double)BP_RUNS_BINS, bin = floor((v - runs->low) / width);
    bin = bin < 0 ? 0 : bin >= (double)BP_RUNS_BINS ? (double)(BP_RUNS_BINS - 1) : bin;
    return runs->low + (bin + 0.5) * width;
}

/* Into bins: neighbours that fall into one become one run. */
static void gather(bp_runs *runs)
{
    size_t out = 0;
    for (size_t i = 0; i < runs->count; i++) {
        double v = bin_middle(runs, runs->runs[i].value);
        if (out && runs->runs[out - 1].value >= v)
            runs->runs[out - 1].count += runs->runs[i].count;
        else
            runs->runs[out++] = (bp_run){v, runs->runs[i].count};
    }
    runs->count = out;
    runs->binned = true;
}

static bool bound(bp_runs *runs)
{
    if (!runs->binned && runs->count > BP_RUNS_MOST && runs->high > runs->low)
        gather(runs);
    bp_run *smaller = realloc(runs->runs, (runs->count + 1) * sizeof *smaller);
    if (!smaller)
        return false;
    runs->runs = smaller;
    return true;
}

/* Of floats, which take half the passes. */
static uint32_t to_short_key(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

static double from_short_key(uint32_t key)
{
    uint32_t bits = key >> 31 ? key & ~(UINT32_C(1) << 31) : ~key;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Runs of sorted keys. */
#define FROM_KEYS(name, type, value)                                                                         \
    static bool name(bp_runs *runs, const type *keys, size_t count)                                          \
    {                                                                                                        \
        size_t different = count > 0;                                                                        \
        for (size_t i = 1; i < count; i++)                                                                   \
            different += keys[i] != keys[i - 1];                                                             \
        runs->runs = malloc((different + 1) * sizeof *runs->runs);                                           \
        if (!runs->runs)                                                                                     \
            return false;                                                                                    \
        for (size_t i = 0, next; i < count; i = next) {                                                      \
            for (next = i + 1; next < count && keys[next] == keys[i];)                                       \
                next++;                                                                                      \
            runs->runs[runs->count++] = (bp_run){value(keys[i]), next - i};                                  \
        }                                                                                                    \
        runs->total = count;                                                                                 \
        return true;                                                                                         \
    }
FROM_KEYS(from_keys, uint64_t, from_key)
FROM_KEYS(from_short_keys, uint32_t, from_short_key)

/* Are all values floats? Those that are left out stand for 0. */
static bool are_floats(const double *values, size_t count)
{
    size_t other = 0;
    for (size_t i = 0; i < count; i++)
        other += (double)(float)values[i] != values[i];
    return other == 0;
}

/* Runs of the values; room: for 2 count keys. */
static bool sorted_runs(bp_runs *runs, const double *values, const uint8_t *excluded, size_t count,
                        uint64_t *room)
{
    size_t taken = 0;
    if (are_floats(values, count)) {
        uint32_t *keys = (uint32_t *)(void *)room, *other = keys + count;
        for (size_t i = 0; i < count; i++)
            if (!(excluded && excluded[i]))
                keys[taken++] = to_short_key((float)values[i] + 0.0F); /* -0 counts as 0 */
        if (taken)
            sort_short_keys(&keys, &other, taken);
        return from_short_keys(runs, keys, taken);
    }
    uint64_t *keys = room, *other = room + count;
    for (size_t i = 0; i < count; i++)
        if (!(excluded && excluded[i]))
            keys[taken++] = to_key(values[i] + 0.0);
    if (taken)
        sort_keys(&keys, &other, taken);
    return from_keys(runs, keys, taken);
}

bool bp_runs_add(bp_context *ctx, bp_runs *runs, const double *values, const uint8_t *excluded, size_t count)
{
    bp_runs here;
    uint64_t *room = bp_scratch_take(ctx, (2 * count + 1) * sizeof *room);
    bp_runs_init(&here, runs->low, runs->high);
    bool done = room && sorted_runs(&here, values, excluded, count, room);
    bp_scratch_give(ctx, room);
    done = done && bound(&here) && (here.total == 0 || bp_runs_merge(runs, &here));
    bp_runs_fini(&here);
    return done;
}

bool bp_runs_add_counts(bp_runs *runs, double low, const uint64_t *counts, size_t count)
{
    bp_runs here;
    bp_runs_init(&here, runs->low, runs->high);
    here.runs = malloc((count + 1) * sizeof *here.runs);
    bool done = here.runs != NULL;
    for (size_t i = 0; done && i < count; i++)
        if (counts[i]) {
            here.runs[here.count++] = (bp_run){low + (double)i, counts[i]};
            here.total += counts[i];
        }
    done = done && bp_runs_merge(runs, &here);
    bp_runs_fini(&here);
    return done;
}

bool bp_runs_merge(bp_runs *runs, const bp_runs *more)
{
    bp_run *both = malloc((runs->count + more->count + 1) * sizeof *both);
    size_t i = 0, j = 0, count = 0;
    if (!both)
        return false;
    while (i < runs->count || j < more->count) {
        bool from_more = i == runs->count || (j < more->count && more->runs[j].value < runs->runs[i].value);
        bp_run next = from_more ? more->runs[j++] : runs->runs[i++];
        if (count && both[count - 1].value == next.value)
            both[count - 1].count += next.count;
        else
            both[count++] = next;
    }
    free(runs->runs);
    runs->runs = both;
    runs->count = count;
    runs->total += more->total;
    if ((runs->binned || more->binned) && runs->high > runs->low)
        gather(runs);
    return bound(runs);
}

double bp_runs_entropy(const bp_runs *runs)
{
    double n = (double)runs->total, sum = 0;
    for (size_t i = 0; i < runs->count; i++) {
        double p = (double)runs->runs[i].count / n;
        sum -= p * log2(p);
    }
    return runs->count > 1 ? sum : 0;
}

void bp_runs_distance(const bp_runs *a, const bp_runs *b, double *ks, double *wasserstein)
{
    uint64_t below_a = 0, below_b = 0;
    size_t i = 0, j = 0;
    double last = 0, gap = 0;
    *ks = *wasserstein = 0;
    while (i < a->count || j < b->count) {
        bool from_a = j == b->count || (i < a->count && a->runs[i].value <= b->runs[j].value);
        double v = from_a ? a->runs[i].value : b->runs[j].value;
        if (i || j)
            *wasserstein += gap * (v - last);
        if (i < a->count && a->runs[i].value == v)
            below_a += a->runs[i++].count;
        if (j < b->count && b->runs[j].value == v)
            below_b += b->runs[j++].count;
        gap = fabs((double)below_a / (double)a->total - (double)below_b / (double)b->total);
        *ks = fmax(*ks, gap);
        last = v;
    }
}
