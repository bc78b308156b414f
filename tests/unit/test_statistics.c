/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/noise.h"
#include "algo/otsu.h"
#include "algo/poisson_entropy.h"
#include "algo/statistics.h"
#include "unit/cmocka_all.h"

/* A small generator of our own, so that the same numbers come everywhere (SplitMix64). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double uniform(uint64_t *state)
{
    return ((double)(next_random(state) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(uniform(state)));
    return radius * cos(2 * M_PI * uniform(state));
}

/* Knuth's product method; large means are made of smaller ones. */
static unsigned poisson(uint64_t *state, double mean)
{
    unsigned count = 0;
    for (; mean > 0; mean -= 16) {
        double limit = exp(-(mean < 16 ? mean : 16));
        for (double product = uniform(state); product > limit; product *= uniform(state))
            count++;
    }
    return count;
}

static void poisson_entropy_is_that_of_the_direct_sum(void **state)
{
    (void)state;
    /* sums in multiple precision */
    static const double table[][2] = {{0.001, 0.01140897926}, {0.1, 0.4813941481},  {1, 1.882489432},
                                      {10, 3.695333411},      {100, 5.367815345},   {500, 6.529747037},
                                      {1000, 7.029867443},    {10000, 8.690939752}, {65535, 10.04708274}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_true(fabs(bp_poisson_entropy(table[i][0]) / table[i][1] - 1) < 1e-9);
    assert_true(bp_poisson_entropy(0) == 0 && bp_poisson_entropy(-1) == 0);
    assert_true(fabs(bp_poisson_entropy(999.999999) - bp_poisson_entropy(1000)) < 1e-8);
}

static void statistics_count_what_is_there(void **state)
{
    (void)state;
    const uint16_t values[] = {0, 0, 3, 3, 3, 3, 7, 65535};
    const uint8_t excluded[] = {0, 0, 0, 0, 0, 0, 1, 0};
    bp_statistics_summary s;
    bp_statistics *statistics = bp_statistics_new(BP_U16);
    bp_statistics_add(statistics, values, 5, excluded);
    bp_statistics_add(statistics, values + 5, 3, excluded + 5);
    bp_statistics_finish(statistics, &s);
    bp_statistics_free(statistics);
    assert_int_equal(s.values, 8);
    assert_int_equal(s.masked, 1);
    assert_int_equal(s.zeros, 2);
    assert_int_equal(s.unique, 2);
    assert_int_equal(s.measured, 6);
    assert_int_equal(s.labels.count, 1);
    assert_true(s.labels.values[0] == 65535 && s.label_counts[0] == 1);
    assert_true(s.min == 0 && s.max == 3 && fabs(s.mean - 2) < 1e-15);
    assert_true(fabs(s.deviation - sqrt(2)) < 1e-15);
    /* a third and two thirds */
    assert_true(fabs(s.entropy - (log2(3) - 2.0 / 3)) < 1e-14);
}

static void minus_one_is_a_label_only_alone(void **state)
{
    (void)state;
    const int32_t gaps[] = {-1, -2, 5, 5, 6}, dark[] = {-1, -2, 5, -7, 2147483647};
    const int32_t *cases[] = {gaps, dark};
    const size_t labels[] = {2, 1}, unique[] = {2, 4};
    for (size_t i = 0; i < 2; i++) {
        bp_statistics_summary s;
        bp_statistics *statistics = bp_statistics_new(BP_I32);
        bp_statistics_add(statistics, cases[i], 5, NULL);
        bp_statistics_finish(statistics, &s);
        bp_statistics_free(statistics);
        assert_int_equal(s.labels.count, labels[i]);
        assert_int_equal(s.unique, unique[i]);
    }
}

static void statistics_know_floats_and_their_limit(void **state)
{
    (void)state;
    bp_statistics_summary s;
    double few[] = {1.5, (double)NAN, (double)INFINITY, 1.5, -4};
    bp_statistics *statistics = bp_statistics_new(BP_F64);
    bp_statistics_add(statistics, few, 5, NULL);
    bp_statistics_finish(statistics, &s);
    assert_int_equal(s.nonfinite, 2);
    assert_int_equal(s.unique, 2);
    assert_false(s.whole);
    assert_true(s.unique_complete && s.min == -4);
    for (uint32_t i = 0; i < 4000000; i++) {
        double value = i;
        bp_statistics_add(statistics, &value, 1, NULL);
    }
    bp_statistics_finish(statistics, &s);
    bp_statistics_free(statistics);
    assert_false(s.unique_complete);
    assert_true(isnan(s.entropy) && s.unique > 3000000);
    assert_int_equal(s.measured, 4000003);
}

/* 8 frames of 128 x 128 pixels: a smooth scene of low ... high counts, seen with gain, noise and an offset */
static bp_noise *simulate(bool linked, double low, double high, double gain, double sigma, double offset)
{
    static uint16_t now[128 * 128], before[128 * 128];
    uint64_t seed = 20;
    const bp_labels labels = {1, {65535}};
    bp_noise *noise = bp_noise_new(128, 128);
    assert_non_null(noise);
    for (size_t f = 0; f < 8; f++) {
        memcpy(before, now, sizeof now);
        for (size_t i = 0; i < 128 * 128; i++) {
            double rate = low + (high - low) * (double)(i / 128) / 127;
            double value = gain * poisson(&seed, rate) + sigma * normal(&seed) + offset;
            now[i] = value < 0 ? 0 : (uint16_t)(value + 0.5);
        }
        assert_int_equal(bp_noise_add(NULL, noise, BP_U16, now, linked && f ? before : NULL, &labels, NULL),
                         BP_OK);
    }
    return noise;
}

static void gain_and_noise_are_found_again(void **state)
{
    (void)state;
    static const struct {
        bool linked;
        double low, high, gain, sigma, tolerance;
    } cases[] = {{true, 20, 200, 3.5, 12, 0.03},
                 {true, 1, 40, 1, 0, 0.03},
                 {false, 20, 200, 3.5, 12, 0.08},
                 {false, 5, 100, 1, 0, 0.08}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bp_noise_estimate e;
        bp_noise *noise =
            simulate(cases[i].linked, cases[i].low, cases[i].high, cases[i].gain, cases[i].sigma, 0);
        bp_noise_finish(noise, &e);
        bp_noise_free(noise);
        assert_true(e.gain_known);
        assert_true(fabs(e.gain / cases[i].gain - 1) < cases[i].tolerance);
        assert_true(e.noise_known);
        if (cases[i].sigma > 0)
            assert_true(fabs(e.noise / cases[i].sigma - 1) < 4 * cases[i].tolerance);
        else
            assert_true(e.noise < 1.0);
        assert_string_equal(e.method, cases[i].linked ? "consecutive frames" : "neighbouring pixels");
    }
}

static void what_cannot_be_known_is_not_estimated(void **state)
{
    (void)state;
    bp_noise_estimate e;
    bp_noise *flat = simulate(true, 50, 50, 1, 0, 0);
    bp_noise_finish(flat, &e);
    bp_noise_free(flat);
    assert_false(e.gain_known || e.noise_known);
    assert_non_null(e.why_not);
    bp_noise *shifted = simulate(true, 20, 200, 2, 3, 500);
    bp_noise_finish(shifted, &e);
    bp_noise_free(shifted);
    assert_true(e.gain_known && fabs(e.gain / 2 - 1) < 0.05);
    assert_false(e.noise_known);
    assert_true(fabs(e.offset / 500 - 1) < 0.1);
}

static void poisson_bits_are_those_of_the_rate(void **state)
{
    (void)state;
    bp_noise *noise = simulate(true, 3, 3, 1, 0, 0);
    double bits = bp_noise_poisson_bits(noise, 1, 0);
    bp_noise_free(noise);
    assert_true(fabs(bits / bp_poisson_entropy(3) - 1) < 0.005);
}

/* Where a threshold lies midway between the means of its sides, each bin evenly filled. */
static double midway(const bp_histogram *h, double place)
{
    for (int step = 0; step < 200; step++) {
        double n[2] = {0}, m[2] = {0};
        for (size_t i = 0; i < h->count; i++) {
            double below = fmin(fmax(place - (double)i, 0), 1), parts[2] = {below, 1 - below};
            for (int k = 0; k < 2; k++) {
                double at = (double)i + (k ? (1 + below) / 2 : below / 2);
                n[k] += parts[k] * (double)h->counts[i];
                m[k] += parts[k] * (double)h->counts[i] * at;
            }
        }
        place = (m[0] / n[0] + m[1] / n[1]) / 2;
    }
    return place;
}

static void threshold_moves_with_its_classes(void **state)
{
    (void)state;
    bp_histogram all, part;
    uint64_t seed = 5;
    assert_true(bp_histogram_init(&all, true, 0, 299, 0) && bp_histogram_init(&part, true, 0, 299, 0));
    for (int i = 0; i < 200000; i++) {
        double value = floor(100 + (i % 4 == 0) * 100 + 25 * normal(&seed) + 0.5);
        bp_histogram_add(&all, fmin(fmax(value, 0), 299));
        if (i % 40 == 0) /* a part with more of the upper class than all */
            bp_histogram_add(&part, fmin(fmax(value, 0), 299));
    }
    size_t bin;
    double moved;
    assert_true(bp_otsu(&all, &bin));
    assert_true(bp_otsu_moved(&all, &part, 2, &bin, &moved));
    double before = midway(&all, (double)bin + 1);
    assert_true(fabs(before - 1 - (double)bin) < 2);
    for (size_t i = 0; i < all.count; i++)
        all.counts[i] -= part.counts[i];
    double after = midway(&all, before);
    assert_true(fabs(after - before) > 0.1);
    assert_true(fabs(moved / (after - before) - 1) < 0.1);
    bool pinned;
    assert_true(bp_otsu_rounding(&all, 2, &bin, 0, &pinned) < 0.3 && !pinned);
    for (size_t i = 120; i < all.count; i++) /* nothing from 120 to 180: the end of the lower class */
        all.counts[i] = i < 180 ? 0 : all.counts[i];
    assert_true(bp_otsu(&all, &bin) && bin == 119);
    assert_true(bp_otsu_rounding(&all, 2, &bin, 0, &pinned) < 1 && pinned);
    bp_histogram_fini(&all);
    bp_histogram_fini(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poisson_entropy_is_that_of_the_direct_sum),
        cmocka_unit_test(statistics_count_what_is_there),
        cmocka_unit_test(minus_one_is_a_label_only_alone),
        cmocka_unit_test(statistics_know_floats_and_their_limit),
        cmocka_unit_test(gain_and_noise_are_found_again),
        cmocka_unit_test(what_cannot_be_known_is_not_estimated),
        cmocka_unit_test(threshold_moves_with_its_classes),
        cmocka_unit_test(poisson_bits_are_those_of_the_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
