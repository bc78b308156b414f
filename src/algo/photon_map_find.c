/* SPDX-License-Identifier: BSD-3-Clause
 * Which map suits the values of a chunk. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/photon_map.h"
#include "algo/photon_pattern.h"
#include "algo/photon_scale.h"

#define MOST_SAMPLES    4096
#define MOST_MAGNITUDES 1024
#define SHAPE_BITS      7
#define STRETCH         256 /* values that are counted at a time */
#define FEW_NON_ZEROS   256
#define VERY_FEW        64 /* values to each different one: a table of these is best without a trial */

/* Sorts by bytes from the lowest on, but for those in which all are alike. room: for as many. */
static void sort_patterns(uint64_t *patterns, uint64_t *room, size_t count)
{
    uint64_t *from = patterns, *to = room, differ = 0;
    for (size_t i = 0; i < count; i++)
        differ |= patterns[i] ^ patterns[0];
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t begin[257] = {0};
        if (!(differ >> shift & 255))
            continue;
        for (size_t i = 0; i < count; i++)
            begin[(from[i] >> shift & 255) + 1]++;
        for (size_t k = 1; k < 256; k++)
            begin[k] += begin[k - 1];
        for (size_t i = 0; i < count; i++)
            to[begin[from[i] >> shift & 255]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != patterns)
        memcpy(patterns, from, count * sizeof *patterns);
}

static double real_at(bp_dtype dtype, const void *values, size_t i)
{
    float narrow;
    double wide;
    if (dtype == BP_F32) {
        memcpy(&narrow, (const uint8_t *)values + 4 * i, 4);
        return (double)narrow;
    }
    memcpy(&wide, (const uint8_t *)values + 8 * i, 8);
    return wide;
}

typedef struct samples {
    double magnitudes[MOST_MAGNITUDES]; /* finite and not 0; sorted, each once */
    size_t count;
    uint64_t room[MOST_SAMPLES];
    uint64_t odd[MOST_SAMPLES]; /* patterns of what is not finite, of -0, -1 and -2 */
    size_t odd_count;
    size_t seen, zeros;
    bool whole;    /* are nearly all magnitudes whole numbers? Then they are not sorted */
    bool negative; /* are there other values below 0? */
} samples;

static void take_one(bp_dtype dtype, const void *values, size_t i, bool magnitude, samples *s)
{
    double v = real_at(dtype, values, i);
    bool mark = v == -1 || v == -2;
    if ((!isfinite(v) || mark || (v == 0 && signbit(v))) && s->odd_count < MOST_SAMPLES)
        s->odd[s->odd_count++] = bp_photon_pattern(dtype, values, i);
    s->seen++;
    s->zeros += v == 0;
    s->negative |= v < 0 && isfinite(v) && !mark;
    if (magnitude && isfinite(v) && v != 0 && s->count < MOST_MAGNITUDES)
        s->magnitudes[s->count++] = fabs(v);
}

/* One of each stride values, not always the same: values may have a period. */
static size_t stray(size_t i, size_t stride)
{
    return (size_t)((uint32_t)i * 2654435761u >> 8) % stride;
}

/* Of count values, how many are not 0, whatever their sign. */
static size_t count_non_zero(bp_dtype dtype, const uint8_t *values, size_t count)
{
    uint32_t narrow[STRETCH], found = 0;
    uint64_t wide[STRETCH];
    if (dtype == BP_F32) {
        memcpy(narrow, values, 4 * count);
        for (size_t i = 0; i < count; i++)
            found += narrow[i] << 1 ? 1 : 0;
    } else {
        memcpy(wide, values, 8 * count);
        for (size_t i = 0; i < count; i++)
            found += wide[i] << 1 ? 1 : 0;
    }
    return found;
}

/* Of sparse data, magnitudes spread over all that are not 0. */
static void take_sparse(bp_dtype dtype, const uint8_t *values, size_t count, samples *s)
{
    size_t found = 0, seen = 0, itemsize = dtype == BP_F32 ? 4 : 8;
    for (size_t at = 0; at < count; at += STRETCH)
        found += count_non_zero(dtype, values + at * itemsize, count - at < STRETCH ? count - at : STRETCH);
    size_t stride = found / MOST_MAGNITUDES + 1, next = 0;
    s->count = 0;
    for (size_t at = 0; at < count && s->count < MOST_MAGNITUDES; at += STRETCH) {
        size_t n = count - at < STRETCH ? count - at : STRETCH;
        size_t here = count_non_zero(dtype, values + at * itemsize, n), end = seen + here;
        for (size_t i = at; i < at + n && next < end && s->count < MOST_MAGNITUDES; i++) {
            double v = fabs(real_at(dtype, values, i));
            if (v == 0 || seen++ != next)
                continue;
            next += stride;
            if (v < INFINITY)
                s->magnitudes[s->count++] = v;
        }
        seen = end;
    }
}

static void take_samples(bp_dtype dtype, const void *values, size_t count, samples *s)
{
    size_t stride = count / MOST_SAMPLES + 1;
    s->count = s->odd_count = s->seen = s->zeros = 0;
    s->whole = s->negative = false;
    for (size_t i = 0; i * stride < count; i++) {
        size_t at = i * stride + stray(i, stride);
        take_one(dtype, values, at < count ? at : count - 1,
                 i % (MOST_SAMPLES / MOST_MAGNITUDES) == 0 || stride == 1, s);
    }
    if (s->count < FEW_NON_ZEROS)
        take_sparse(dtype, values, count, s);
    s->whole = bp_photon_scale_whole(s->magnitudes, s->count);
    if (s->whole)
        return;
    uint64_t patterns[MOST_MAGNITUDES]; /* of positive values they have the same order */
    size_t kept = 0;
    memcpy(patterns, s->magnitudes, s->count * sizeof *patterns);
    sort_patterns(patterns, s->room, s->count);
    memcpy(s->magnitudes, patterns, s->count * sizeof *patterns);
    for (size_t i = 0; i < s->count; i++)
        if (i == 0 || s->magnitudes[i] != s->magnitudes[kept - 1])
            s->magnitudes[kept++] = s->magnitudes[i];
    s->count = kept;
}

/* -1 and -2 mark gaps and dead pixels where there is nothing else below 0. */
static void drop_marks(samples *s, bp_dtype dtype)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->odd_count; i++) {
        double v = dtype == BP_F32 ? (double)bp_photon_single(s->odd[i]) : bp_photon_double(s->odd[i]);
        if (v != -1 && v != -2)
            s->odd[kept++] = s->odd[i];
    }
    s->odd_count = kept;
}

/* The two patterns that are most frequent among count. */
static void choose_specials(uint64_t *patterns, uint64_t *room, size_t count, bp_photon_map *map)
{
    size_t best[2] = {1, 1}; /* one of a kind is none */
    sort_patterns(patterns, room, count);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && patterns[end] == patterns[i];)
            end++;
        if (end - i > best[0]) {
            best[1] = best[0];
            map->specials[1] = map->specials[0];
            best[0] = end - i;
            map->specials[0] = patterns[i];
        } else if (end - i > best[1]) {
            best[1] = end - i;
            map->specials[1] = patterns[i];
        }
    }
    map->special_count = (size_t)(best[0] > 1) + (best[1] > 1);
}

/* All values in a hash table, as long as there are not more than most. */
static bool fill_slots(bp_photon_map *map, const void *values, size_t count, size_t most)
{
    uint32_t mask = (1u << map->slot_bits) - 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t pattern = bp_photon_pattern(map->dtype, values, i);
        uint32_t slot = bp_photon_slot(map, pattern);
        while (map->slots[slot] && map->table[map->slots[slot] - 1] != pattern)
            slot = (slot + 1) & mask;
        if (map->slots[slot])
            continue;
        if (map->table_count == most)
            return false;
        map->table[map->table_count++] = pattern;
        map->slots[slot] = (uint32_t)map->table_count;
    }
    return true;
}

static bool find_ranks(const void *values, size_t count, bp_photon_map *map)
{
    size_t most = count / 4 < BP_PHOTON_MOST_RANKS ? count / 4 : BP_PHOTON_MOST_RANKS;
    map->kind = BP_PHOTON_KIND_RANKS;
    map->table = calloc(most + 1, sizeof *map->table);
    for (map->slot_bits = 4; 1u << map->slot_bits < 2 * most + 2;)
        map->slot_bits++;
    map->slots = calloc((size_t)1 << map->slot_bits, sizeof *map->slots);
    if (!map->table || !map->slots || !fill_slots(map, values, count, most))
        return false;
    for (size_t i = 0; i < map->table_count; i++)
        map->table[i] = bp_photon_key(map->dtype, map->table[i]);
    uint64_t *room = malloc((map->table_count + 1) * sizeof *room);
    if (!room)
        return false;
    sort_patterns(map->table, room, map->table_count);
    free(room);
    memset(map->slots, 0, sizeof *map->slots << map->slot_bits);
    uint32_t mask = (1u << map->slot_bits) - 1;
    for (size_t i = 0; i < map->table_count; i++) {
        map->table[i] = bp_photon_key_back(map->dtype, map->table[i]);
        uint32_t slot = bp_photon_slot(map, map->table[i]);
        while (map->slots[slot])
            slot = (slot + 1) & mask;
        map->slots[slot] = (uint32_t)i + 1;
    }
    return true;
}

static unsigned common_zeros(bp_dtype dtype, const void *values, size_t count)
{
    const bp_photon_real real = bp_photon_real_of(dtype);
    uint64_t any = UINT64_C(1) << real.mantissa;
    for (size_t i = 0; i < count && !(any & 1); i++) {
        uint64_t magnitude = bp_photon_pattern(dtype, values, i) & ((UINT64_C(1) << (real.width - 1)) - 1);
        if (magnitude >> real.mantissa < 2 * (uint64_t)real.bias + 1)
            any |= magnitude;
    }
    return (unsigned)__builtin_ctzll(any);
}

/* Binary exponent of the median of positive values. */
static int median_exponent(const double *values, size_t count)
{
    uint16_t counts[2048] = {0};
    size_t seen = 0, exponent = 0;
    if (count == 0)
        return INT_MAX;
    for (size_t i = 0; i < count; i++) {
        uint64_t pattern;
        memcpy(&pattern, &values[i], sizeof pattern);
        counts[pattern >> 52 & 2047]++;
    }
    for (; exponent < 2047 && (seen += counts[exponent]) <= count / 2;)
        exponent++;
    return (int)exponent - 1023; /* what is below normal numbers is no distance of any use */
}

/* Binary exponent of what a prediction leaves: the median distance from the value before, or half of that
 * from the line through two; of patterns (in units of 1), or of values. */
static int roughness(bp_dtype dtype, const void *values, size_t count, bool patterns)
{
    double flat[MOST_MAGNITUDES] = {0}, line[MOST_MAGNITUDES] = {0};
    size_t flats = 0, lines = 0, stride = count / MOST_MAGNITUDES | 1;
    for (size_t i = 0; i + 2 < count && flats < MOST_MAGNITUDES && lines < MOST_MAGNITUDES; i += stride) {
        double v[3];
        for (size_t k = 0; k < 3; k++) {
            v[k] = real_at(dtype, values, i + k);
            if (patterns && isfinite(v[k]))
                v[k] = (double)bp_photon_key(dtype, bp_photon_pattern(dtype, values, i + k));
        }
        double d = fabs(v[1] - v[0]), curved = fabs(v[2] - 2 * v[1] + v[0]) / 2;
        if (isfinite(d) && d > 0)
            flat[flats++] = d;
        if (isfinite(curved) && curved > 0)
            line[lines++] = curved;
    }
    int a = median_exponent(flat, flats), b = median_exponent(line, lines);
    return a == INT_MAX ? 0 : a < b ? a : b;
}

static int bounded(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void find_fixed(const void *values, size_t count, const samples *s, bp_photon_map *map)
{
    const bp_photon_real real = bp_photon_real_of(map->dtype);
    int point = SHAPE_BITS - roughness(map->dtype, values, count, false);
    if (s->count) {
        int top = ilogb(s->magnitudes[s->count - 1 - s->count / 1000]);
        point = point < BP_PHOTON_MOST_EXPONENT - top ? point : BP_PHOTON_MOST_EXPONENT - top;
    }
    map->kind = BP_PHOTON_KIND_FIXED;
    map->point = bounded(point, 2 - real.bias, real.bias - 2);
    map->small = bp_photon_small_bits(map);
}

/* A background of 0 is a mark: no lower bits for it. */
static void find_split(const void *values, size_t count, const samples *s, bp_photon_map *map)
{
    const bp_photon_real real = bp_photon_real_of(map->dtype);
    int shift = roughness(map->dtype, values, count, true) - SHAPE_BITS, least = (int)real.width - 25;
    map->kind = BP_PHOTON_KIND_SPLIT;
    map->shift = (unsigned)bounded(shift, least, (int)real.mantissa);
    if (s->zeros > s->seen / 16 && map->special_count < 2)
        map->specials[map->special_count++] = 0;
}

static void find_offset(const void *values, size_t count, bp_photon_map *map)
{
    bool negative = map->dtype == BP_I64;
    uint64_t marks[2] = {UINT64_MAX, UINT64_MAX - 1}, least = UINT64_MAX; /* -1 and -2 */
    bool marked[2] = {false, false};
    for (size_t i = 0; i < count; i++) {
        uint64_t pattern = bp_photon_pattern(map->dtype, values, i), key = bp_photon_key(map->dtype, pattern);
        if (pattern == marks[0] || pattern == marks[1])
            marked[pattern == marks[1]] = true;
        else
            least = key < least ? key : least;
    }
    map->kind = BP_PHOTON_KIND_OFFSET;
    map->offset = bp_photon_key_back(map->dtype, least);
    for (size_t m = 0; m < 2; m++) /* between other values they are values */
        if (marked[m] && !(negative && (int64_t)map->offset < 0))
            map->specials[map->special_count++] = marks[m];
}

static size_t find_real(bp_dtype dtype, const void *values, size_t count, bool scales, samples *s,
                        bp_photon_map *candidates)
{
    bp_photon_map base = {.kind = BP_PHOTON_KIND_SCALE, .dtype = dtype, .scale = 1};
    size_t found = 0;
    take_samples(dtype, values, count, s);
    if (s->negative)
        drop_marks(s, dtype);
    choose_specials(s->odd, s->room, s->odd_count, &base);
    candidates[0] = base;
    if (scales && (s->whole || bp_photon_scale_find(s->magnitudes, s->count, &candidates[0])))
        return 1;
    candidates[0] = (bp_photon_map){.dtype = dtype};
    if (find_ranks(values, count, &candidates[0]))
        found = 1;
    if (found && candidates[0].table_count < count / VERY_FEW)
        return found;
    if (!found)
        bp_photon_map_fini(&candidates[0]);
    base.zeros = common_zeros(dtype, values, count);
    candidates[found] = base;
    find_fixed(values, count, s, &candidates[found++]);
    candidates[found] = base;
    find_split(values, count, s, &candidates[found++]);
    return found;
}

size_t bp_photon_map_find(bp_dtype dtype, const void *values, size_t count, bool scales,
                          bp_photon_map *candidates)
{
    if (dtype == BP_U64 || dtype == BP_I64) {
        candidates[0] = (bp_photon_map){.dtype = dtype};
        find_offset(values, count, &candidates[0]);
        return 1;
    }
    samples *s = malloc(sizeof *s);
    size_t found = s ? find_real(dtype, values, count, scales, s, candidates) : 0;
    free(s);
    return found;
}
