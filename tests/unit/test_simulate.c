/* SPDX-License-Identifier: BSD-3-Clause
 * What simulate makes follows the distribution that it states, and is the same everywhere. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/plain_log.h"
#include "algo/poisson_entropy.h"
#include "algo/poisson_sample.h"
#include "base/hash.h"
#include "beampress/simulate.h"
#include "unit/cmocka_all.h"

#define SAMPLES 1000000

static void logarithm_is_that_of_libm(void **state)
{
    (void)state;
    for (double x = 1e-300; x < 1e300; x *= 1.7)
        assert_true(fabs(bp_plain_log(x) - log(x)) <= 4e-16 * fabs(log(x)) + 2e-16);
    assert_true(bp_plain_log(1) == 0);
}

/* Chi-squared of counts against the exact distribution, cells of at least 20 expected; in units of its own
 * standard deviation from its mean. */
static double chi_squared(const uint32_t *found, uint32_t most, double mean)
{
    double chi = 0, cells = 0, expected = 0, got = 0;
    for (uint32_t k = 0; k <= most; k++) {
        expected += SAMPLES * exp(k * log(mean) - mean - lgamma(k + 1.0));
        got += found[k];
        if (expected >= 20) {
            chi += (got - expected) * (got - expected) / expected;
            cells++;
            expected = got = 0;
        }
    }
    return (chi - (cells - 1)) / sqrt(2 * (cells - 1));
}

static void counts_follow_the_exact_distribution(void **state)
{
    static const double means[] = {0.01, 0.3, 1, 2.7182, 17.53, 255.99, 300.2, 9999.9, 40000};
    (void)state;
    bp_poisson_sampler *sampler = bp_poisson_sampler_new();
    assert_non_null(sampler);
    for (size_t m = 0; m < sizeof means / sizeof means[0]; m++) {
        uint32_t mean = (uint32_t)(means[m] * BP_POISSON_ONE);
        double exact = (double)mean / BP_POISSON_ONE, sum = 0, squares = 0, cubes = 0;
        assert_int_equal(bp_poisson_sampler_prepare(NULL, sampler, mean), BP_OK);
        uint32_t most = bp_poisson_sample_most(sampler, mean), *found = calloc(most + 1, sizeof *found);
        assert_non_null(found);
        bp_random random;
        bp_random_init(&random, 12, m);
        for (int i = 0; i < SAMPLES; i++) {
            uint32_t count = bp_poisson_sample(sampler, mean, &random);
            assert_true(count <= most);
            double d = count - exact;
            found[count]++;
            sum += d;
            squares += d * d;
            cubes += d * d * d;
        }
        /* mean, variance and third moment are all m; their errors follow from moments up to the sixth */
        assert_true(fabs(sum / SAMPLES) < 4 * sqrt(exact / SAMPLES));
        assert_true(fabs(squares / SAMPLES - exact) < 4 * sqrt((exact + 2 * exact * exact) / SAMPLES));
        double sixth = 15 * exact * exact * exact + 25 * exact * exact + exact;
        assert_true(fabs(cubes / SAMPLES - exact) < 4 * sqrt(sixth / SAMPLES));
        if (exact >= 0.1)
            assert_true(fabs(chi_squared(found, most, exact)) < 4);
        free(found);
    }
    bp_poisson_sampler_free(sampler);
}

static void simulate(const char *text, bp_simulation *simulation)
{
    const bp_simulator *simulator = bp_simulator_by_name("poisson");
    double params[BP_MAX_PARAMS];
    assert_non_null(simulator);
    bp_param_defaults(simulator->params, simulator->param_count, params);
    assert_int_equal(bp_param_parse(NULL, "poisson", simulator->params, simulator->param_count, text, params),
                     BP_OK);
    assert_int_equal(bp_simulation_begin(NULL, simulator, params, simulation), BP_OK);
}

static uint64_t hash_of_frame(const bp_simulation *s, size_t index)
{
    size_t bytes = s->height * s->width * bp_dtype_size(s->dtype);
    uint8_t *values = malloc(bytes);
    assert_non_null(values);
    assert_int_equal(bp_simulation_frame(NULL, s, index, values), BP_OK);
    uint64_t hash = bp_hash64(values, bytes);
    free(values);
    return hash;
}

/* These numbers change only together with the simulator's version. */
static void values_are_the_same_everywhere(void **state)
{
    static const struct {
        const char *text;
        uint64_t first, third, rate, entropy;
    } table[] = {
        {"height=61,width=83,rate=0.05,pattern=flat,dtype=uint8", UINT64_C(0xd886f3a039991110),
         UINT64_C(0xbcc4e2a861746a4f), UINT64_C(0x70147f997c3a77aa), UINT64_C(0x942851cd8d0fd864)},
        {"height=61,width=83,rate=7.5,pattern=gradient", UINT64_C(0xdd46e47156df45c0),
         UINT64_C(0x415747c511f7d676), UINT64_C(0x1bbc208505985d39), UINT64_C(0x0afbfe1804ebd864)},
        {"height=200,width=120,rate=300,pattern=rings,dtype=uint32,seed=9", UINT64_C(0xc1cb7f51a85fdf5e),
         UINT64_C(0xaebe5f81cbd3064d), UINT64_C(0xcaa794cd8325b3e9), UINT64_C(0xa1b4c378ccfd3487)},
        {"height=64,width=64,rate=10000,pattern=rings", UINT64_C(0x950feb319273afce),
         UINT64_C(0xb870d3c26cb5296c), UINT64_C(0x3791f0f51256d77e), UINT64_C(0x01441633c3d00291)},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bp_simulation s;
        simulate(table[i].text, &s);
        size_t map = s.height * s.width * sizeof(double);
        uint64_t third = hash_of_frame(&s, 2), first = hash_of_frame(&s, 0);
        uint64_t rate = bp_hash64(s.truths[0].values, map), entropy = bp_hash64(s.truths[1].values, map);
        if (first != table[i].first || third != table[i].third || rate != table[i].rate ||
            entropy != table[i].entropy)
            fail_msg("{\"%s\", UINT64_C(0x%016llx), UINT64_C(0x%016llx), UINT64_C(0x%016llx), "
                     "UINT64_C(0x%016llx)},",
                     table[i].text, (unsigned long long)first, (unsigned long long)third,
                     (unsigned long long)rate, (unsigned long long)entropy);
        bp_simulation_end(&s);
    }
}

/* Bubbles: + - x / and sqrt alone. */
static void flow_is_the_same_everywhere(void **state)
{
    (void)state;
    bp_simulation s;
    const bp_simulator *simulator = bp_simulator_by_name("rofex");
    double params[BP_MAX_PARAMS];
    bp_param_defaults(simulator->params, simulator->param_count, params);
    assert_int_equal(bp_param_parse(NULL, "rofex", simulator->params, simulator->param_count,
                                    "frames=9,size=70,bubble=13", params),
                     BP_OK);
    assert_int_equal(bp_simulation_begin(NULL, simulator, params, &s), BP_OK);
    uint64_t first = hash_of_frame(&s, 0), last = hash_of_frame(&s, 8);
    uint64_t voids = bp_hash64(s.truths[0].values, 9 * sizeof(double));
    if (first != UINT64_C(0x0271b6d172b291d4) || last != UINT64_C(0x0b3e2f261e3eabfd) ||
        voids != UINT64_C(0x476289ecdd38f06f))
        fail_msg("0x%016llx 0x%016llx 0x%016llx", (unsigned long long)first, (unsigned long long)last,
                 (unsigned long long)voids);
    bp_simulation_end(&s);
}

/* Crystals and spots, too. */
static void shots_are_the_same_everywhere(void **state)
{
    (void)state;
    bp_simulation s;
    const bp_simulator *simulator = bp_simulator_by_name("sx");
    double params[BP_MAX_PARAMS];
    bp_param_defaults(simulator->params, simulator->param_count, params);
    assert_int_equal(bp_param_parse(NULL, "sx", simulator->params, simulator->param_count,
                                    "frames=5,height=160,width=150,hits=1", params),
                     BP_OK);
    assert_int_equal(bp_simulation_begin(NULL, simulator, params, &s), BP_OK);
    uint64_t first = hash_of_frame(&s, 0), last = hash_of_frame(&s, 4);
    uint64_t counts = bp_hash64(s.truths[4].values, 5 * sizeof(double));
    uint64_t photons = bp_hash64(s.truths[7].values, 5 * s.truths[7].columns * sizeof(double));
    if (first != UINT64_C(0xb502f30ec2298eca) || last != UINT64_C(0xa13ece2ac6bda2b9) ||
        counts != UINT64_C(0x6e755698ee62ec8c) || photons != UINT64_C(0x91d9648f5bb0ede6))
        fail_msg("0x%016llx 0x%016llx 0x%016llx 0x%016llx", (unsigned long long)first,
                 (unsigned long long)last, (unsigned long long)counts, (unsigned long long)photons);
    bp_simulation_end(&s);
}

/* The frames have the rate and the entropy that stand beside them. */
static void truth_is_true(void **state)
{
    (void)state;
    bp_simulation s;
    simulate("height=300,width=200,rate=2.5,pattern=rings,seed=3", &s);
    size_t pixels = s.height * s.width;
    uint16_t *values = malloc(pixels * sizeof *values);
    double chi = 0, mean = 0, bits = 0, *sum = calloc(pixels, sizeof *sum);
    assert_non_null(values);
    assert_non_null(sum);
    for (size_t f = 0; f < s.frames; f++) {
        assert_int_equal(bp_simulation_frame(NULL, &s, f, values), BP_OK);
        for (size_t i = 0; i < pixels; i++) {
            double rate = s.truths[0].values[i];
            sum[i] += values[i];
            /* what an ideal code would need: its mean is the entropy */
            bits -= (values[i] * log(rate) - rate - lgamma(values[i] + 1.0)) / log(2);
        }
    }
    for (size_t i = 0; i < pixels; i++) {
        double expected = s.truths[0].values[i] * (double)s.frames;
        chi += (sum[i] - expected) * (sum[i] - expected) / expected;
        mean += s.truths[0].values[i];
    }
    assert_true(fabs(chi - (double)pixels) < 5 * sqrt(2 * (double)pixels));
    assert_true(fabs(mean / (double)pixels - 2.5) < 1e-5);
    assert_true(s.truths[2].values[0] == mean / (double)pixels || fabs(s.truths[2].values[0] - 2.5) < 1e-5);
    bits /= (double)pixels * (double)s.frames;
    assert_true(fabs(bits / s.entropy - 1) < 0.002);
    free(values);
    free(sum);
    bp_simulation_end(&s);
}

static void bad_parameters_are_refused(void **state)
{
    const bp_simulator *simulator = bp_simulator_by_name("poisson");
    double params[BP_MAX_PARAMS];
    bp_simulation s;
    (void)state;
    assert_null(bp_simulator_by_name("nosuch"));
    static const char *const wrong[] = {"rate=0",      "rate=-1",    "rate=1e9", "rate=nan",
                                        "frames=0",    "frames=1.5", "height=0", "pattern=dots",
                                        "dtype=int16", "seed=-1",    "nosuch=1", "width=1e99"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bp_param_defaults(simulator->params, simulator->param_count, params);
        assert_int_equal(
            bp_param_parse(NULL, "poisson", simulator->params, simulator->param_count, wrong[i], params),
            BP_E_USAGE);
    }
    bp_param_defaults(simulator->params, simulator->param_count, params);
    assert_int_equal(bp_param_parse(NULL, "poisson", simulator->params, simulator->param_count,
                                    "rate=200,dtype=uint8,height=9,width=9", params),
                     BP_OK);
    assert_int_equal(bp_simulation_begin(NULL, simulator, params, &s), BP_E_USAGE);
    bp_simulation_end(&s);
    simulate("frames=2,height=1,width=1,rate=0.01,pattern=rings", &s);
    uint16_t value;
    assert_int_equal(bp_simulation_frame(NULL, &s, 2, &value), BP_E_USAGE);
    assert_int_equal(bp_simulation_frame(NULL, &s, 1, &value), BP_OK);
    bp_simulation_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithm_is_that_of_libm),
        cmocka_unit_test(counts_follow_the_exact_distribution),
        cmocka_unit_test(values_are_the_same_everywhere),
        cmocka_unit_test(flow_is_the_same_everywhere),
        cmocka_unit_test(shots_are_the_same_everywhere),
        cmocka_unit_test(truth_is_true),
        cmocka_unit_test(bad_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
