/* SPDX-License-Identifier: BSD-3-Clause
 * The verdict: quantiles against tables, decisions that can be told in advance, and error rates over many
 * repeats of an experiment whose truth is known. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/jackknife.h"
#include "algo/quantile.h"
#include "base/random.h"
#include "explore/verdict.h"
#include "unit/cmocka_all.h"

#define UNITS 20
#define BINS  12

static double normal(bp_random *random)
{
    double sum = -6; /* of twelve: near enough */
    for (int i = 0; i < 12; i++)
        sum += bp_random_uniform(random);
    return sum;
}

/* scipy.stats t.isf and f.ppf */
static void test_quantiles(void **state)
{
    (void)state;
    static const double t[][3] = {{1, .05, 6.313751514800938},
                                  {19, .05, 1.7291328115213678},
                                  {19, .001, 3.5794001481637485},
                                  {4, .025, 2.7764451051977996},
                                  {1e6, .01, 2.3263516031208056}};
    static const double f[][3] = {
        {19, .05, 0.4612010890947485}, {19, .999, 4.473759713627166}, {1, .95, 161.44763879758827}};
    for (size_t i = 0; i < 5; i++)
        assert_true(fabs(bp_student_above(t[i][0], t[i][1]) / t[i][2] - 1) < 1e-8);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(bp_variance_ratio_below(f[i][0], f[i][0], f[i][1]) / f[i][2] - 1) < 1e-8);
}

/* A curve whose bins are means over units. */
typedef struct curve {
    double units[UNITS][BINS];
} curve;

static void outcome_of(const curve *c, bp_outcome *out, double *values, double *sigmas, double *without)
{
    for (size_t k = 0; k < BINS; k++) {
        double sum = 0, rest[UNITS];
        for (size_t u = 0; u < UNITS; u++)
            sum += c->units[u][k];
        values[k] = sum / UNITS;
        for (size_t u = 0; u < UNITS; u++)
            without[u * BINS + k] = rest[u] = (sum - c->units[u][k]) / (UNITS - 1);
        sigmas[k] = bp_jackknife_sigma(rest, UNITS);
    }
    *out = (bp_outcome){.name = "curve",
                        .unit = "",
                        .axis = "bin",
                        .count = BINS,
                        .values = values,
                        .sigmas = sigmas,
                        .unit_count = UNITS,
                        .without = without};
}

/* Noise of size 1 per bin of the mean; the test has a shift, in bins first to last, and scatter. */
static bp_decision experiment(uint64_t seed, double shift, size_t first, size_t last, double scatter)
{
    bp_random random;
    curve a, b;
    bp_outcome x, y;
    double values[2][BINS], sigmas[2][BINS], without[2][UNITS * BINS];
    bp_random_init(&random, seed, 0);
    for (size_t u = 0; u < UNITS; u++)
        for (size_t k = 0; k < BINS; k++) {
            a.units[u][k] = 50 + normal(&random) * sqrt(UNITS);
            b.units[u][k] = a.units[u][k] + normal(&random) * scatter * sqrt(UNITS) +
                            (k >= first && k <= last ? shift : 0);
        }
    outcome_of(&a, &x, values[0], sigmas[0], without[0]);
    outcome_of(&b, &y, values[1], sigmas[1], without[1]);
    bp_outcomes reference = {&x, 1, 1}, test = {&y, 1, 1};
    bp_verdict verdict;
    assert_int_equal(bp_verdict_make(NULL, &reference, &test, NULL, &verdict), BP_OK);
    bp_decision decision = verdict.decision;
    assert_int_equal(verdict.items[0].bins, BINS);
    bp_verdict_fini(&verdict);
    return decision;
}

static size_t times(bp_decision wanted, double shift, size_t first, size_t last, double scatter)
{
    size_t count = 0;
    for (uint64_t seed = 0; seed < 400; seed++)
        count += experiment(seed, shift, first, last, scatter) == wanted;
    return count;
}

/* 400 repeats: 5 % are 20, and 28 are five hundredths and twice their scatter. */
static void test_error_rates(void **state)
{
    (void)state;
    assert_true(times(BP_FAIL, 0, 0, 0, 0.02) <= 2);    /* no effect, little scatter: none fails */
    assert_true(times(BP_FAIL, 0, 0, 0, 0.25) <= 28);   /* scatter within its budget */
    assert_true(times(BP_PASS, 0, 0, 0, 0.02) >= 380);  /* and there is power */
    assert_true(times(BP_PASS, 0.3, 3, 3, 0.02) <= 28); /* beyond the budget; sigma is known to 16 % */
    assert_true(times(BP_PASS, 1, 7, 7, 0.05) == 0);    /* a sigma in one bin */
    assert_true(times(BP_FAIL, 1, 7, 7, 0.05) == 400);
    assert_true(times(BP_PASS, 0.15, 0, 11, 0.01) <=
                28);                                /* within budget in each bin, not over all of them */
    assert_true(times(BP_FAIL, 0, 0, 0, 1) >= 380); /* as much scatter again */
    assert_true(times(BP_UNDECIDED, 0.1, 3, 3, 0.1) > 100);
}

static void test_the_same_passes(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++)
        assert_int_equal(experiment(seed, 0, 0, 0, 0), BP_PASS);
}

static bp_judgement judge_number(bp_outcome a, bp_outcome b, const bp_budgets *budgets, bp_decision *decision)
{
    bp_outcomes reference = {&a, 1, 1}, test = {&b, 1, 1};
    bp_verdict verdict;
    a.name = b.name = "number";
    a.unit = b.unit = "";
    a.count = b.count = 1;
    assert_int_equal(bp_verdict_make(NULL, &reference, &test, budgets, &verdict), BP_OK);
    bp_judgement judgement = verdict.items[0];
    *decision = verdict.decision;
    bp_verdict_fini(&verdict);
    return judgement;
}

static void test_numbers_at_the_edge(void **state)
{
    (void)state;
    double one = 1, near = 1.01, far = 9, nan = NAN, zero = 0, tenth = 0.1, rest[2] = {1, 1};
    bp_decision decision;
    bp_outcome exact = {.values = &one, .sigmas = &tenth, .unit_count = 2, .without = rest};
    /* no units: the same passes, far away fails, between cannot be told */
    bp_outcome plain = {.values = &one, .sigmas = &tenth}, moved = {.values = &near, .sigmas = &tenth};
    bp_outcome away = {.values = &far, .sigmas = &tenth};
    assert_int_equal(judge_number(plain, plain, NULL, &decision).decision, BP_PASS);
    assert_int_equal(judge_number(plain, moved, NULL, &decision).decision, BP_UNDECIDED);
    assert_int_equal(judge_number(plain, away, NULL, &decision).decision, BP_FAIL);
    /* not known how well: shown, but silence is no pass */
    bp_outcome unknown = {.values = &one};
    assert_int_equal(judge_number(unknown, unknown, NULL, &decision).decision, BP_NOT_JUDGED);
    assert_int_equal(decision, BP_UNDECIDED);
    /* sigma zero */
    bp_outcome still = {.values = &one, .sigmas = &zero}, changed = {.values = &near, .sigmas = &zero};
    assert_int_equal(judge_number(still, changed, NULL, &decision).decision, BP_UNDECIDED);
    /* not defined on the test */
    bp_outcome lost = {.values = &nan, .sigmas = &tenth};
    bp_judgement j = judge_number(plain, lost, NULL, &decision);
    assert_int_equal(j.decision, BP_FAIL);
    assert_non_null(strstr(j.reason, "not defined"));
    assert_int_equal(judge_number(lost, plain, NULL, &decision).decision, BP_NOT_JUDGED);
    /* a change that is the same without each unit is known exactly: the budget alone decides */
    double after[2] = {1.01, 1.01};
    bp_outcome shifted = {.values = &near, .sigmas = &tenth, .unit_count = 2, .without = after};
    assert_int_equal(judge_number(exact, shifted, NULL, &decision).decision, BP_PASS);
    bp_budget items[] = {{"number", 0.05, NAN}};
    j = judge_number(exact, shifted, &(bp_budgets){items, 1}, &decision);
    assert_int_equal(j.decision, BP_FAIL);
    assert_true(j.budget == 0.05 && j.random_budget == BP_BUDGET_RANDOM);
}

static void test_results_that_do_not_match(void **state)
{
    (void)state;
    double values[3] = {1, 2, 3}, sigmas[3] = {1, 1, 1}, at[3] = {1, 2, 4}, elsewhere[3] = {1, 2, 5};
    bp_outcome a = {.name = "c", .axis = "t", .count = 3, .values = values, .sigmas = sigmas, .at = at},
               b = a;
    bp_outcomes reference = {&a, 1, 1}, test = {&b, 1, 1}, none = {NULL, 0, 0};
    bp_verdict verdict;
    b.at = elsewhere;
    assert_int_equal(bp_verdict_make(NULL, &reference, &test, NULL, &verdict), BP_OK);
    assert_int_equal(verdict.decision, BP_FAIL);
    bp_verdict_fini(&verdict);
    assert_int_equal(bp_verdict_make(NULL, &reference, &none, NULL, &verdict), BP_OK);
    assert_int_equal(verdict.decision, BP_FAIL);
    bp_verdict_fini(&verdict);
}

/* A ratio that is 1 when nothing changed and that noise moves to either side: mean of the units, without each
 * of them, scattering by `scatter` about `mean`. */
static void ratio_of(uint64_t seed, double mean, double scatter, bp_outcome *out, double *values)
{
    bp_random random;
    double units[UNITS], sum = 0;
    bp_random_init(&random, seed, 9);
    for (size_t u = 0; u < UNITS; u++)
        sum += units[u] = mean + scatter * normal(&random) * sqrt(UNITS);
    values[0] = sum / UNITS;
    for (size_t u = 0; u < UNITS; u++)
        values[2 + u] = (sum - units[u]) / (UNITS - 1);
    values[1] = bp_jackknife_sigma(values + 2, UNITS);
    *out = (bp_outcome){.name = "ratio",
                        .unit = "",
                        .count = 1,
                        .values = values,
                        .sigmas = values + 1,
                        .unit_count = UNITS,
                        .without = values + 2};
}

static size_t ratios_that(bp_decision decision, double effect, double scatter, size_t repeats)
{
    size_t count = 0;
    for (uint64_t seed = 0; seed < repeats; seed++) {
        double room[3][UNITS + 2];
        bp_outcome items[3];
        bp_verdict verdict = {0};
        ratio_of(seed, 1, 0, &items[0], room[0]);
        ratio_of(seed, 1, 0.01, &items[1], room[1]);
        ratio_of(seed + 5000, 1 + 0.01 * effect, 0.01 * scatter, &items[2], room[2]);
        bp_outcomes perfect = {&items[0], 1, 1}, noise = {&items[1], 1, 1}, test = {&items[2], 1, 1};
        assert_int_equal(bp_verdict_add_agreement(NULL, &perfect, &noise, &test, &verdict), BP_OK);
        count += verdict.items[0].decision == decision;
        bp_verdict_fini(&verdict);
    }
    return count;
}

/* Whatever the one realisation of the noise happens to give. */
static void test_agreement(void **state)
{
    (void)state;
    assert_int_equal(ratios_that(BP_PASS, 0, 0.02, 400), 400);
    assert_int_equal(ratios_that(BP_FAIL, 0, 0.5, 400), 0);
    assert_true(ratios_that(BP_PASS, 1, 0.02, 400) < 20);
    assert_true(ratios_that(BP_PASS, 1, 0.3, 400) < 20);
    assert_true(ratios_that(BP_FAIL, 6, 0.3, 400) > 380);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_the_same_passes),
        cmocka_unit_test(test_error_rates),
        cmocka_unit_test(test_numbers_at_the_edge),
        cmocka_unit_test(test_results_that_do_not_match),
        cmocka_unit_test(test_agreement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
