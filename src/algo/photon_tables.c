/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_tables.h"

/* 65536 log2(1 + i / 256) */
static const uint32_t logs[257] = {
    0,     369,   736,   1102,  1466,  1829,  2190,  2551,  2909,  3267,  3623,  3978,  4331,  4683,  5034,
    5384,  5732,  6079,  6425,  6769,  7112,  7454,  7795,  8134,  8473,  8810,  9146,  9480,  9814,  10146,
    10477, 10807, 11136, 11464, 11791, 12116, 12440, 12764, 13086, 13407, 13727, 14046, 14363, 14680, 14996,
    15310, 15624, 15937, 16248, 16559, 16868, 17177, 17484, 17791, 18096, 18401, 18704, 19007, 19308, 19609,
    19909, 20207, 20505, 20802, 21098, 21393, 21687, 21980, 22272, 22564, 22854, 23144, 23433, 23720, 24007,
    24293, 24579, 24863, 25146, 25429, 25711, 25992, 26272, 26551, 26830, 27108, 27384, 27660, 27936, 28210,
    28484, 28757, 29029, 29300, 29571, 29840, 30109, 30378, 30645, 30912, 31178, 31443, 31707, 31971, 32234,
    32496, 32758, 33019, 33279, 33538, 33797, 34055, 34312, 34569, 34825, 35080, 35334, 35588, 35841, 36094,
    36346, 36597, 36847, 37097, 37346, 37595, 37842, 38090, 38336, 38582, 38827, 39072, 39316, 39559, 39802,
    40044, 40286, 40527, 40767, 41006, 41246, 41484, 41722, 41959, 42196, 42432, 42667, 42902, 43137, 43370,
    43603, 43836, 44068, 44300, 44530, 44761, 44990, 45220, 45448, 45676, 45904, 46131, 46357, 46583, 46809,
    47034, 47258, 47482, 47705, 47928, 48150, 48372, 48593, 48813, 49034, 49253, 49472, 49691, 49909, 50127,
    50344, 50560, 50776, 50992, 51207, 51422, 51636, 51850, 52063, 52276, 52488, 52700, 52911, 53122, 53332,
    53542, 53751, 53960, 54169, 54377, 54584, 54791, 54998, 55204, 55410, 55615, 55820, 56025, 56229, 56432,
    56635, 56838, 57040, 57242, 57443, 57644, 57845, 58045, 58245, 58444, 58643, 58841, 59039, 59237, 59434,
    59631, 59827, 60023, 60219, 60414, 60609, 60803, 60997, 61190, 61384, 61576, 61769, 61961, 62152, 62343,
    62534, 62725, 62915, 63104, 63294, 63483, 63671, 63859, 64047, 64234, 64421, 64608, 64794, 64980, 65166,
    65351, 65536,
};

uint32_t bp_photon_log2(uint64_t v)
{
    unsigned e = 63 - (unsigned)__builtin_clzll(v);
    uint64_t fraction = (e > 16 ? v >> (e - 16) : v << (16 - e)) & 65535; /* 16 bits behind the leading one */
    uint32_t i = (uint32_t)fraction >> 8, rest = (uint32_t)fraction & 255;
    return (e << 16) + logs[i] + ((logs[i + 1] - logs[i]) * rest >> 8);
}

size_t bp_photon_band_row(size_t height, size_t bands, size_t band)
{
    size_t groups = (height + BP_PHOTON_LANES - 1) / BP_PHOTON_LANES;
    size_t row = groups / bands * band + groups % bands * band / bands;
    row *= BP_PHOTON_LANES;
    return row < height ? row : height;
}

/* 2^((weight - 1) / 4), times 256 */
static uint64_t weight_value(unsigned weight)
{
    static const uint16_t roots[4] = {256, 304, 362, 431}; /* 256 * 2^(i/4) */
    return weight ? (uint64_t)roots[(weight - 1) % 4] << (weight - 1) / 4 : 0;
}

void bp_photon_weigh(const uint32_t *counts, unsigned bits, uint8_t *weights)
{
    uint64_t total = 0;
    for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
        total += counts[s];
    int32_t whole = total ? ((int32_t)bits << 16) - (int32_t)bp_photon_log2(total) : 0;
    for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++) {
        weights[s] = 0;
        if (!counts[s])
            continue;
        int32_t log = (int32_t)bp_photon_log2(counts[s]) + whole;
        int32_t weight = log <= 0 ? 1 : 1 + (log * 4 + 32768) / 65536;
        weights[s] = (uint8_t)(weight > BP_PHOTON_MOST_WEIGHT ? BP_PHOTON_MOST_WEIGHT : weight);
    }
}

static size_t largest(const uint16_t *freq)
{
    size_t most = 0;
    for (size_t s = 1; s < BP_PHOTON_SYMBOLS; s++)
        if (freq[s] > freq[most])
            most = s;
    return most;
}

static bool normalise(const uint8_t *weights, unsigned bits, uint16_t *freq)
{
    uint64_t total = 0;
    uint32_t sum = 0, whole = 1u << bits;
    for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
        total += weight_value(weights[s]);
    if (total == 0)
        return false;
    for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++) {
        uint64_t share = weights[s] ? weight_value(weights[s]) * whole / total : 0;
        freq[s] = weights[s] ? (uint16_t)(share ? share : 1) : 0;
        sum += freq[s];
    }
    while (sum > whole) { /* at most by one a symbol */
        size_t s = largest(freq);
        uint32_t excess = sum - whole, part = freq[s] / 8u + 1;
        part = part < excess ? part : excess;
        freq[s] = (uint16_t)(freq[s] - part);
        sum -= part;
    }
    size_t s = largest(freq);
    freq[s] = (uint16_t)(freq[s] + whole - sum);
    if (freq[s] == whole) { /* a symbol alone: the coder wants two */
        freq[s]--;
        freq[s == BP_PHOTON_ESCAPE ? 0 : BP_PHOTON_ESCAPE] = 1;
    }
    return true;
}

bool bp_photon_tables_build(bp_photon_tables *t, const bp_photon_weights *weights, bool slots)
{
    for (size_t c = 0; c < t->count; c++) {
        if (!normalise(weights->weight[c], t->bits, t->freq[c]))
            return false;
        if (t->low[c] + t->bits > 16)
            return false;
        uint32_t start = 0;
        for (uint32_t s = 0; s < BP_PHOTON_SYMBOLS; s++) {
            t->start[c][s] = (uint16_t)start;
            uint32_t *slot = t->slots + ((size_t)c << t->bits) + start;
            for (uint32_t i = 0; slots && i < t->freq[c][s]; i++)
                slot[i] = t->freq[c][s] | (s & 15) << 12 | i << 16 | s >> 4 << 28;
            start += t->freq[c][s];
        }
    }
    return true;
}

static void write_model(bp_photon_writer *w, const bp_photon_model *m)
{
    bp_photon_put_bits(w, m->kind, 2);
    bp_photon_put_bits(w, m->shift, 4);
    bp_photon_put_bits(w, m->pace, 2);
    bp_photon_put_bits(w, m->weighted, 1);
    for (size_t i = 0; m->weighted && i < BP_PHOTON_WEIGHTS; i++)
        bp_photon_put_bits(w, (uint32_t)(m->weight[i] + BP_PHOTON_MOST_WEIGHING), 5);
}

static void read_model(bp_photon_reader *r, bp_photon_model *m)
{
    int sum = 0;
    m->kind = (uint8_t)bp_photon_get_bits(r, 2);
    m->shift = (uint8_t)bp_photon_get_bits(r, 4);
    m->pace = (uint8_t)bp_photon_get_bits(r, 2);
    m->weighted = bp_photon_get_bits(r, 1);
    for (size_t i = 0; m->weighted && i < BP_PHOTON_WEIGHTS; i++) {
        int weight = (int)bp_photon_get_bits(r, 5) - BP_PHOTON_MOST_WEIGHING;
        sum += weight;
        r->bad |= weight > BP_PHOTON_MOST_WEIGHING;
        m->weight[i] = (int8_t)weight;
    }
    if (m->shift > BP_PHOTON_MOST_SHIFT || m->pace > BP_PHOTON_MOST_PACE || (m->weighted && sum != 16) ||
        (m->weighted && m->kind == BP_PHOTON_BY_WINDOW && m->weight[BP_PHOTON_WINDOW]))
        r->bad = true;
}

/* First and last symbol that occurs, each weight between as a step from the one before, the escape apart. */
static void write_weights(bp_photon_writer *w, const uint8_t *weights)
{
    unsigned first = 0, last = BP_PHOTON_ESCAPE - 1;
    while (first < BP_PHOTON_ESCAPE && !weights[first])
        first++;
    while (last > first && !weights[last])
        last--;
    bp_photon_put_bits(w, first, 5);
    bp_photon_put_bits(w, weights[BP_PHOTON_ESCAPE], 6);
    if (first == BP_PHOTON_ESCAPE)
        return;
    bp_photon_put_bits(w, last - first, 5);
    bp_photon_put_bits(w, weights[first], 6);
    for (unsigned s = first + 1; s <= last; s++)
        bp_photon_put_signed(w, (int32_t)weights[s] - (int32_t)weights[s - 1]);
}

static void read_weights(bp_photon_reader *r, uint8_t *weights)
{
    unsigned first = bp_photon_get_bits(r, 5), escape = bp_photon_get_bits(r, 6);
    memset(weights, 0, BP_PHOTON_SYMBOLS);
    if (escape > BP_PHOTON_MOST_WEIGHT)
        r->bad = true;
    weights[BP_PHOTON_ESCAPE] = (uint8_t)escape;
    if (first == BP_PHOTON_ESCAPE || r->bad)
        return;
    unsigned last = first + bp_photon_get_bits(r, 5);
    int32_t weight = (int32_t)bp_photon_get_bits(r, 6);
    for (unsigned s = first; s <= last && !r->bad; s++) {
        if (s > first)
            weight += bp_photon_get_signed(r);
        if (weight < 0 || weight > BP_PHOTON_MOST_WEIGHT || last >= BP_PHOTON_ESCAPE)
            r->bad = true;
        else
            weights[s] = (uint8_t)weight;
    }
}

void bp_photon_tables_write(bp_photon_writer *w, const bp_photon_tables *t, const bp_photon_weights *weights)
{
    write_model(w, &t->model);
    bp_photon_put_bits(w, t->bits - BP_PHOTON_LEAST_BITS, 3);
    bp_photon_put_bits(w, t->count - 1u, 5);
    for (size_t c = 0, code = 0; c < t->count; c++) {
        size_t from = code;
        while (c + 1u < t->count && t->map[code] == c)
            code++;
        if (c + 1u < t->count)
            bp_photon_put_gamma(w, (uint32_t)(code - from) - 1);
        bp_photon_put_signed(w, (int32_t)t->low[c] - (c ? (int32_t)t->low[c - 1] : 0));
        bp_photon_put_signed(w, (int32_t)t->zero[c] - (c ? (int32_t)t->zero[c - 1] : 0));
        write_weights(w, weights->weight[c]);
    }
    bp_photon_put_flush(w);
}

/* A value that moves by signed steps within 0 and most. */
static uint8_t read_step(bp_photon_reader *r, uint8_t before, int32_t most)
{
    int32_t value = before + bp_photon_get_signed(r);
    if (value < 0 || value > most) {
        r->bad = true;
        return 0;
    }
    return (uint8_t)value;
}

void bp_photon_tables_read(bp_photon_reader *r, bp_photon_tables *t, bp_photon_weights *weights)
{
    read_model(r, &t->model);
    t->bits = (uint8_t)(bp_photon_get_bits(r, 3) + BP_PHOTON_LEAST_BITS);
    t->count = (uint8_t)(bp_photon_get_bits(r, 5) + 1);
    if ((size_t)t->count << t->bits > BP_PHOTON_SLOTS)
        r->bad = true;
    size_t code = 0;
    for (uint8_t c = 0; c < t->count && !r->bad; c++) {
        size_t left = BP_PHOTON_CODES - code, run = left;
        if (c + 1u < t->count)
            run = (size_t)bp_photon_get_gamma(r) + 1;
        if (run > left) {
            r->bad = true;
            break;
        }
        memset(t->map + code, c, run);
        code += run;
        t->low[c] = read_step(r, c ? t->low[c - 1] : 0, BP_PHOTON_MOST_LOW);
        t->zero[c] = read_step(r, c ? t->zero[c - 1] : 0, BP_PHOTON_ESCAPE - 1);
        read_weights(r, weights->weight[c]);
    }
    bp_photon_get_flush(r);
}
