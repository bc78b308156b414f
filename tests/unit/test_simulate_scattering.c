/* SPDX-License-Identifier: BSD-3-Clause
 * Simulated scattering is the same everywhere, and what it says of itself is true. */
#include <math.h>
#include <stdlib.h>

#include "algo/plain_exp.h"
#include "base/hash.h"
#include "beampress/simulate.h"
#include "unit/cmocka_all.h"

static void circle_is_that_of_libm(void **state)
{
    (void)state;
    for (double x = 0; x < 1e6; x = x * 1.01 + 0.0037) {
        double c, s;
        bp_plain_circle(x, &c, &s);
        assert_true(fabs(c - cos(x)) <= 1e-15 * (1 + x) && fabs(s - sin(x)) <= 1e-15 * (1 + x));
    }
}

static bp_status simulate(const char *name, const char *text, bp_simulation *simulation)
{
    const bp_simulator *simulator = bp_simulator_by_name(name);
    double params[BP_MAX_PARAMS];
    assert_non_null(simulator);
    bp_param_defaults(simulator->params, simulator->param_count, params);
    assert_int_equal(bp_param_parse(NULL, name, simulator->params, simulator->param_count, text, params),
                     BP_OK);
    return bp_simulation_begin(NULL, simulator, params, simulation);
}

static uint16_t *frame_of(const bp_simulation *s, size_t index)
{
    uint16_t *values = malloc(s->height * s->width * sizeof *values);
    assert_non_null(values);
    assert_int_equal(bp_simulation_frame(NULL, s, index, values), BP_OK);
    return values;
}

/* These numbers change only together with the simulator's version. */
static void values_are_the_same_everywhere(void **state)
{
    static const struct {
        const char *name, *text;
        uint64_t first, last;
    } table[] = {
        {"saxs", "height=61,width=83,radius=7.3", UINT64_C(0x4a8e24a022958092), UINT64_C(0xb5b26489f906f6c0)},
        {"saxs", "height=40,width=30,radius=0.5,intensity=3,background=7,wavelength=0.7,seed=9",
         UINT64_C(0xcde31ddeb73cfbb2), UINT64_C(0xba8dc475f66f5799)},
        {"xpcs", "height=31,width=43,frames=20", UINT64_C(0xa54dbf8d70514562), UINT64_C(0xd5eba0db2408bc0b)},
        {"xpcs", "height=31,width=43,frames=20,speckle=3,modes=1,counts=40,regions=3,rate=0.3,seed=2",
         UINT64_C(0xb2767cc1b0c2ffcf), UINT64_C(0x529e85da4a1025da)},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bp_simulation s;
        assert_int_equal(simulate(table[i].name, table[i].text, &s), BP_OK);
        uint16_t *first = frame_of(&s, 0), *last = frame_of(&s, s.frames - 1);
        size_t bytes = s.height * s.width * sizeof *first;
        uint64_t a = bp_hash64(first, bytes), b = bp_hash64(last, bytes);
        if (a != table[i].first || b != table[i].last)
            fail_msg("{\"%s\", \"%s\", UINT64_C(0x%016llx), UINT64_C(0x%016llx)},", table[i].name,
                     table[i].text, (unsigned long long)a, (unsigned long long)b);
        free(first);
        free(last);
        bp_simulation_end(&s);
    }
}

/* Counts against the rates beside them: chi-squared over pixels and exposures. */
static void exposures_follow_their_rate(void **state)
{
    (void)state;
    bp_simulation s;
    assert_int_equal(simulate("saxs", "height=80,width=90,background=2,frames=20", &s), BP_OK);
    double chi = 0, n = 0, excess = 0;
    for (size_t f = 0; f < s.frames; f++) {
        uint16_t *values = frame_of(&s, f);
        for (size_t i = 0; i < s.height * s.width; i++, n++) {
            double rate = s.truths[0].values[i], d = values[i] - rate;
            chi += d * d / rate;
            excess += 1 / rate; /* fourth moment of a Poisson count */
        }
        free(values);
    }
    assert_true(fabs(chi - n) < 4 * sqrt(2 * n + excess));
    /* the brightest pixel stands in the middle; its rate is intensity and background, nearly */
    double middle = s.truths[0].values[40 * 90 + 45];
    assert_true(middle > 99 && middle <= 102);
    bp_simulation_end(&s);
}

/* Mean and variance of the counts of a long series are those of the truth, and so is the loss of memory. */
static void speckles_have_their_contrast(void **state)
{
    (void)state;
    bp_simulation s;
    assert_int_equal(
        simulate("xpcs", "height=60,width=60,frames=200,regions=1,rate=0.25,modes=2,counts=5", &s), BP_OK);
    double sum = 0, squares = 0, products = 0, n = 0;
    uint16_t *before = frame_of(&s, 0);
    for (size_t f = 1; f < s.frames; f++) {
        uint16_t *now = frame_of(&s, f);
        for (size_t i = 0; i < s.height * s.width; i++, n++) {
            sum += now[i];
            squares += (double)now[i] * now[i];
            products += (double)now[i] * before[i];
        }
        free(before);
        before = now;
    }
    free(before);
    double mean = sum / n, contrast = (squares / n - mean * mean - mean) / (mean * mean);
    double g2 = products / n / (mean * mean) - 1;
    assert_true(fabs(mean / 5 - 1) < 0.01);
    assert_true(fabs(contrast / 0.5 - 1) < 0.02);
    assert_true(fabs(g2 / (0.5 * exp(-0.5)) - 1) < 0.03);
    bp_simulation_end(&s);
}

static void what_cannot_be_is_refused(void **state)
{
    static const char *const table[][2] = {{"saxs", "intensity=39000,background=2000"},
                                           {"xpcs", "height=4096,width=4096,frames=1000"},
                                           {"xpcs", "height=3,regions=4"}};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bp_simulation s;
        assert_int_equal(simulate(table[i][0], table[i][1], &s), BP_E_USAGE);
        bp_simulation_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(circle_is_that_of_libm),      cmocka_unit_test(values_are_the_same_everywhere),
        cmocka_unit_test(exposures_follow_their_rate), cmocka_unit_test(speckles_have_their_contrast),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
