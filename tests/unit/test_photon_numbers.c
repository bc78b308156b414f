/* SPDX-License-Identifier: BSD-3-Clause
 * Loops of photon's map and choice: every SIMD level gives what plain C gives, on random and extreme values.
 */
#include <string.h>

#include "kernel/kernel.h"
#include "unit/cmocka_all.h"

#define N 777

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13; /* xorshift64, Marsaglia 2003 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed >> 11;
}

static const uint32_t extremes[] = {
    0,           1,           0x80000000u, 0x80000001u, 0x7f800000u, 0xff800000u, 0x7fc00000,  0xffffffff,
    0x3f800000u, 0xbf800000u, 0x007fffffu, 0x7f7fffffu, 0x4b800000,  0xcb800000,  0xc0000000u, 0x4b7fffffu};

/* Patterns of floats: whole numbers, fractions, anything, extremes. */
static void fill(uint32_t *patterns)
{
    for (size_t i = 0; i < N; i++) {
        float f = (float)(int32_t)(next() % 4000) - 1000.0F + (next() % 3 ? 0.0F : (float)(next() % 64) / 64);
        memcpy(&patterns[i], &f, 4);
        if (next() % 8 == 0)
            patterns[i] = (uint32_t)next();
        if (next() % 16 == 0)
            patterns[i] = extremes[next() % 16];
    }
}

typedef struct result {
    int32_t numbers[6][N], low, high;
    uint32_t bits[2][N], counts[4][N], patterns[2][N];
    float single[2][N];
    double wide[2][N];
    uint8_t pixels[3][4 * N];
    size_t left[8];
    bool good[2];
} result;

static void digits_there_and_back(const bp_photon_numbers *k, const uint32_t *patterns, bool fixed, result *r)
{
    const bp_photon_digits d = {fixed, 3, 9, 2, 28, {0x3f800000u, 0}, {UINT32_MAX, 0}};
    k->cut(&d, patterns, N, r->numbers[fixed], r->bits[fixed], r->counts[fixed]);
    for (size_t i = 0; i < N; i++) {
        if (r->counts[fixed][i] == BP_PHOTON_NO_NUMBER)
            r->numbers[fixed][i] = BP_PHOTON_RAW;
        else
            assert_true((uint64_t)r->bits[fixed][i] >> r->counts[fixed][i] == 0);
    }
    r->left[fixed] = k->bits_of(&d, r->numbers[fixed], N, r->counts[2 + fixed]);
    r->good[fixed] = k->join(&d, r->numbers[fixed], r->bits[fixed], N, r->patterns[fixed]);
    assert_true(r->good[fixed]);
    for (size_t i = 0; i < N; i++)
        if (r->numbers[fixed][i] != BP_PHOTON_RAW) {
            assert_int_equal(r->patterns[fixed][i], patterns[i]);
            assert_int_equal(r->counts[2 + fixed][i], r->counts[fixed][i]);
        } else {
            assert_int_equal(r->counts[2 + fixed][i], 32);
            r->patterns[fixed][i] = 0;
        }
}

static void run(const bp_photon_numbers *k, const uint32_t *patterns, result *r)
{
    float values[N];
    double wide[N];
    memset(r, 0, sizeof *r);
    memcpy(values, patterns, sizeof values);
    for (size_t i = 0; i < N; i++)
        wide[i] = (double)values[i];
    for (int fixed = 0; fixed < 2; fixed++)
        digits_there_and_back(k, patterns, fixed, r);
    r->left[2] = k->whole_f32(values, N, r->numbers[2]);
    for (int divide = 0; divide < 2; divide++) {
        r->left[3 + divide] = k->scale_f32(values, N, 64, divide, r->numbers[3 + divide]);
        k->back_f32(r->numbers[3 + divide], N, 0.37, divide, r->single[divide]);
        k->back_f64(r->numbers[3 + divide], N, 0.37, divide, r->wide[divide]);
    }
    r->left[5] = k->scale_f64(wide, N, 1.0 / 64, false, r->numbers[5]);
    r->left[6] = k->extent(r->numbers[5], N, &r->low, &r->high);
    for (size_t i = 0, itemsize = 1; i < 3; i++, itemsize *= 2) {
        int32_t back[N];
        k->put(r->numbers[5], N, (uint32_t)r->low, itemsize, r->pixels[i]);
        k->get(r->pixels[i], N, (uint32_t)r->low, itemsize, back);
        if (itemsize == 4)
            assert_memory_equal(back, r->numbers[5], sizeof back);
    }
}

static void every_level_maps_alike(void **state)
{
    (void)state;
    static result a, b;
    for (size_t round = 0; round < 40; round++) {
        uint32_t patterns[N];
        fill(patterns);
        run(bp_kernels_at(BP_SIMD_C)->photon_numbers, patterns, &a);
        for (int level = BP_SIMD_AVX2; level < BP_SIMD_COUNT; level++) {
            const bp_kernels *k = bp_kernels_at((bp_simd)level);
            if (!k)
                continue;
            run(k->photon_numbers, patterns, &b);
            assert_memory_equal(&a, &b, sizeof a);
        }
    }
}

typedef struct choice {
    uint16_t mean[N], rough[N], cell[N], level[N], at[N], begin, end;
    uint8_t code[4][N];
    int16_t distance[2][N];
    int32_t logs, together, used, all, shared;
    uint32_t within, extent;
    int64_t product;
    uint32_t counts[BP_PHOTON_CODES * BP_PHOTON_BUCKETS];
} choice;

static void choose(const bp_photon_choice *k, uint16_t (*near)[N], const uint8_t *labels, choice *c)
{
    const uint16_t *rows[BP_PHOTON_WEIGHTS], *value = near[9];
    const int8_t weight[BP_PHOTON_WEIGHTS] = {7, 5, 3, -4, 2, -1, 1, -1, 4};
    float scale[N], scratch[N];
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < BP_PHOTON_WEIGHTS; i++)
        rows[i] = near[i];
    for (size_t i = 0; i < N; i++)
        scale[i] = 64.0F / (float)(1 + i % 50);
    k->around(rows, N, c->mean, c->rough);
    k->codes(c->mean, c->rough, N, c->code[0], c->code[1], c->code[2]);
    k->window_codes(c->mean, near[8], N, 24, 30, c->code[3]);
    k->level(rows, weight, BP_PHOTON_WEIGHTS, N, scratch, c->level);
    c->within = k->cells(value, c->mean, c->level, c->code[0], N, 2, 24, c->cell);
    for (size_t i = 0; i < 2; i++)
        k->distances(near[i], value, scale, N, c->distance[i]);
    c->product = k->product(c->distance[0], c->distance[1], N);
    memcpy(c->at, c->level, sizeof c->at);
    k->places(value, c->code[1], N, c->at);
    k->count(c->at, NULL, N, c->counts);
    k->count(c->at, labels, N, c->counts);
    k->count(c->at, labels, 5, c->counts);
    const uint32_t *row = c->counts + BP_PHOTON_BUCKETS * c->code[1][0];
    c->logs = k->logs(row, BP_PHOTON_BUCKETS, &c->used);
    c->together = k->logs_together(row, row + BP_PHOTON_BUCKETS, BP_PHOTON_BUCKETS, &c->all, &c->shared);
    c->extent = k->extent(row, &c->begin, &c->end);
}

static void every_level_chooses_alike(void **state)
{
    (void)state;
    static choice a, b;
    for (size_t round = 0; round < 40; round++) {
        uint16_t near[10][N];
        uint8_t labels[N];
        for (size_t i = 0; i < N; i++) {
            labels[i] = next() % 5 == 0;
            for (size_t k = 0; k < 10; k++)
                near[k][i] = (uint16_t)(round % 4 == 0   ? next() % 70 == 0
                                        : round % 4 == 1 ? 100 + next() % 64
                                        : round % 4 == 2 ? next()
                                                         : (next() % 9 ? 3 : 65535));
        }
        choose(bp_kernels_at(BP_SIMD_C)->photon_choice, near, labels, &a);
        for (int level = BP_SIMD_AVX2; level < BP_SIMD_COUNT; level++) {
            const bp_kernels *k = bp_kernels_at((bp_simd)level);
            if (!k)
                continue;
            choose(k->photon_choice, near, labels, &b);
            assert_memory_equal(&a, &b, sizeof a);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_level_maps_alike),
                                       cmocka_unit_test(every_level_chooses_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
