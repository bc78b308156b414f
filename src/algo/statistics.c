/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/statistics.h"

#define BATCH      4096
#define DIRECT     65536             /* counters for types of one or two bytes: no hashing */
#define MAX_SLOTS  ((size_t)1 << 22) /* 64 MiB; more different values than 3/4 of it are not counted */
#define CANDIDATES BP_MAX_LABELS     /* largest value, -1, -2 */

typedef struct slot {
    uint64_t key; /* bits of the value */
    uint64_t count;
} slot;

/* Count, mean and sum of squared deviations: two of them can be joined (Chan, Golub, LeVeque 1979). */
typedef struct moments {
    double count, mean, squares;
} moments;

struct bp_statistics {
    bp_dtype dtype;
    slot *slots;
    size_t slot_count, used;
    bool direct, full;
    uint64_t values, masked, nonfinite, zeros, candidate_counts[CANDIDATES];
    double candidates[CANDIDATES];
    size_t candidate_count;
    bool other_negative, whole;
    double min, max;
    moments total;
};

static bool is_signed_integer(bp_dtype dtype)
{
    return dtype >= BP_I8 && dtype <= BP_I64;
}

static void set_candidates(bp_statistics *s)
{
    size_t bits = 8 * bp_dtype_size(s->dtype);
    if (s->dtype >= BP_F16)
        return;
    s->candidates[s->candidate_count++] =
        ldexp(1, (int)bits - is_signed_integer(s->dtype)) - (bits < 64 ? 1 : 0);
    if (is_signed_integer(s->dtype)) {
        s->candidates[s->candidate_count++] = -1;
        s->candidates[s->candidate_count++] = -2;
    }
}

bp_statistics *bp_statistics_new(bp_dtype dtype)
{
    bp_statistics *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->dtype = dtype;
    s->direct = bp_dtype_size(dtype) <= 2;
    s->slot_count = s->direct ? DIRECT : 4096;
    s->slots = calloc(s->slot_count, sizeof *s->slots);
    s->whole = true;
    s->min = (double)INFINITY;
    s->max = (double)-INFINITY;
    set_candidates(s);
    if (!s->slots) {
        free(s);
        return NULL;
    }
    return s;
}

void bp_statistics_free(bp_statistics *s)
{
    if (!s)
        return;
    free(s->slots);
    free(s);
}

static slot *find_slot(slot *slots, size_t slot_count, uint64_t key)
{
    /* the multiplier of SplitMix64 spreads neighbouring values */
    uint64_t hash = (key ^ key >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    size_t at = (size_t)(hash >> 20) & (slot_count - 1);
    while (slots[at].count && slots[at].key != key)
        at = (at + 1) & (slot_count - 1);
    return &slots[at];
}

static void grow(bp_statistics *s)
{
    size_t slot_count = 2 * s->slot_count;
    slot *slots = slot_count <= MAX_SLOTS ? calloc(slot_count, sizeof *slots) : NULL;
    if (!slots) {
        s->full = true;
        return;
    }
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i].count)
            *find_slot(slots, slot_count, s->slots[i].key) = s->slots[i];
    free(s->slots);
    s->slots = slots;
    s->slot_count = slot_count;
}

static void count_key(bp_statistics *s, uint64_t key)
{
    if (s->direct) {
        s->slots[key].count++;
        return;
    }
    if (s->full)
        return;
    slot *at = find_slot(s->slots, s->slot_count, key);
    at->key = key;
    if (at->count++ == 0 && ++s->used > s->slot_count / 4 * 3)
        grow(s);
}

static void join(moments *total, const moments *part)
{
    double count = total->count + part->count;
    if (part->count == 0)
        return;
    double step = part->mean - total->mean;
    total->squares += part->squares + step * step * (total->count * (part->count / count));
    total->mean += step * (part->count / count);
    total->count = count;
}

static int candidate_of(const bp_statistics *s, double value)
{
    for (size_t k = 0; k < s->candidate_count; k++)
        if (value == s->candidates[k])
            return (int)k;
    return -1;
}

static void add_batch(bp_statistics *s, const uint8_t *bytes, const double *values, size_t count,
                      const uint8_t *excluded)
{
    size_t size = bp_dtype_size(s->dtype);
    double kept[BATCH], sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        double value = values[i];
        int candidate = candidate_of(s, value);
        if (excluded && excluded[i]) {
            s->masked++;
        } else if (!isfinite(value)) {
            s->nonfinite++;
        } else if (candidate >= 0) {
            s->candidate_counts[candidate]++;
        } else {
            uint64_t key = 0;
            memcpy(&key, bytes + i * size, size); /* little or big endian: different values, different keys */
            count_key(s, key);
            kept[n++] = value;
            sum += value;
            s->zeros += value == 0;
            s->other_negative |= value < 0;
            s->whole &= value == floor(value);
            s->min = value < s->min ? value : s->min;
            s->max = value > s->max ? value : s->max;
        }
    }
    s->values += count;
    if (n == 0)
        return;
    moments part = {(double)n, sum / (double)n, 0};
    for (size_t i = 0; i < n; i++)
        part.squares += (kept[i] - part.mean) * (kept[i] - part.mean);
    join(&s->total, &part);
}

void bp_statistics_add(bp_statistics *s, const void *values, size_t count, const uint8_t *excluded)
{
    const uint8_t *bytes = values;
    size_t size = bp_dtype_size(s->dtype);
    double numbers[BATCH];
    for (size_t done = 0; done < count;) {
        size_t n = count - done < BATCH ? count - done : BATCH;
        bp_values_to_double(s->dtype, bytes + done * size, n, numbers);
        add_batch(s, bytes + done * size, numbers, n, excluded ? excluded + done : NULL);
        done += n;
    }
}

/* Entropy from the counters and those of extra values; log2 of counts, in the order of the table. */
static double entropy(const bp_statistics *s, const uint64_t *extra, size_t extra_count, double total,
                      uint64_t *unique)
{
    double sum = 0;
    *unique = 0;
    for (size_t i = 0; i < s->slot_count + extra_count; i++) {
        uint64_t count = i < s->slot_count ? s->slots[i].count : extra[i - s->slot_count];
        if (count == 0)
            continue;
        ++*unique;
        sum += (double)count * log2((double)count);
    }
    double bits = total > 0 ? log2(total) - sum / total : (double)NAN;
    return bits < 0 ? 0 : bits;
}

void bp_statistics_finish(const bp_statistics *s, bp_statistics_summary *out)
{
    moments total = s->total;
    uint64_t extra[CANDIDATES];
    size_t extra_count = 0;
    memset(out, 0, sizeof *out);
    out->values = s->values;
    out->masked = s->masked;
    out->nonfinite = s->nonfinite;
    out->zeros = s->zeros;
    out->min = s->min;
    out->max = s->max;
    for (size_t k = 0; k < s->candidate_count; k++) {
        uint64_t count = s->candidate_counts[k];
        if (count == 0)
            continue;
        if (k == 0 || !s->other_negative) {
            out->labels.values[out->labels.count] = s->candidates[k];
            out->label_counts[out->labels.count++] = count;
        } else {
            /* among other negative values, -1 and -2 are measurements */
            moments part = {(double)count, s->candidates[k], 0};
            join(&total, &part);
            extra[extra_count++] = count;
            out->max = s->candidates[k] > out->max ? s->candidates[k] : out->max;
        }
    }
    out->measured = (uint64_t)total.count;
    bool any = total.count > 0;
    out->min = any ? out->min : (double)NAN;
    out->max = any ? out->max : (double)NAN;
    out->mean = any ? total.mean : (double)NAN;
    out->deviation = any ? sqrt(total.squares / total.count) : (double)NAN;
    out->whole = s->whole;
    out->unique_complete = !s->full;
    out->entropy = entropy(s, extra, extra_count, total.count, &out->unique);
    if (s->full)
        out->entropy = (double)NAN;
}
