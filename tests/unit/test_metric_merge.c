/* SPDX-License-Identifier: BSD-3-Clause
 * Every metric of the registry: what two halves of the frames have seen, each on its own, gives together what
 * all frames give one after the other; so frames may be spread over threads and machines. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "beampress/metric.h"
#include "cmocka_all.h"

#define FRAMES  19
#define ROWS    24
#define COLUMNS 33
#define PIXELS  ((size_t)ROWS * COLUMNS)

static double reference[FRAMES][ROWS * COLUMNS], test[FRAMES][ROWS * COLUMNS];
static uint8_t excluded[FRAMES][ROWS * COLUMNS];

/* Counts, or real numbers; some pixels masked, or none. */
static void fill(bool whole_numbers, bool masked, bp_survey *survey)
{
    bp_random random;
    uint64_t marks = 0;
    uint8_t mask[ROWS * COLUMNS];
    bp_random_init(&random, 11, whole_numbers);
    for (size_t i = 0; i < PIXELS; i++)
        mask[i] = masked && i % 97 == 5;
    for (size_t f = 0; f < FRAMES; f++)
        for (size_t i = 0; i < PIXELS; i++) {
            double u = (double)(bp_random_next(&random) >> 11) * 0x1p-53,
                   v = whole_numbers ? floor(200 * u) : u;
            reference[f][i] = v + 40;
            test[f][i] = whole_numbers ? 4 * floor(v / 4) + 41 : v + 40.001 + 1e-3 * u * u;
        }
    bp_survey parts[2];
    for (size_t p = 0; p < 2; p++) {
        bp_survey_init(&parts[p], ROWS, COLUMNS, whole_numbers ? BP_U16 : BP_F64);
        parts[p].whole_numbers = whole_numbers;
        for (size_t f = p ? 7 : 0; f < (p ? FRAMES : 7); f++)
            bp_survey_add(&parts[p], reference[f], test[f], mask, NULL, &marks, excluded[f]);
    }
    *survey = parts[0];
    bp_survey_merge(survey, &parts[1]);
    assert_int_equal(survey->used + survey->masked, FRAMES * PIXELS);
    for (size_t f = 0; f < FRAMES; f++)
        for (size_t i = 0; i < PIXELS; i++)
            if (excluded[f][i])
                reference[f][i] = test[f][i] = 0;
}

/* What frames `from` to `to` - 1 give, a fresh state for each. */
static void *part_of(bp_context *ctx, const bp_metric *m, const double *params, const bp_survey *survey,
                     bool masked, size_t from, size_t to)
{
    void *all, *one;
    assert_int_equal(m->begin(ctx, params, survey, &all), BP_OK);
    for (size_t f = from; f < to; f++) {
        bp_metric_frame frame = {ROWS, COLUMNS, reference[f], test[f], masked ? excluded[f] : NULL, COLUMNS,
                                 0,    f};
        assert_int_equal(m->begin(ctx, params, survey, &one), BP_OK);
        assert_int_equal(m->add(ctx, one, &frame), BP_OK);
        assert_int_equal(m->merge(ctx, all, one), BP_OK);
        m->end(one);
    }
    return all;
}

static void check(bp_context *ctx, const bp_metric *m, const bp_survey *survey, bool masked)
{
    double params[BP_MAX_PARAMS], values[2][1024];
    size_t count, defined = 0;
    bp_param_defaults(m->params, m->param_count, params);
    count = bp_metric_value_total(m, params, survey);
    assert_true(count <= 1024);
    void *whole = part_of(ctx, m, params, survey, masked, 0, FRAMES);
    void *first = part_of(ctx, m, params, survey, masked, 0, 8);
    void *second = part_of(ctx, m, params, survey, masked, 8, FRAMES);
    assert_int_equal(m->merge(ctx, first, second), BP_OK);
    assert_int_equal(m->finish(ctx, whole, values[0]), BP_OK);
    assert_int_equal(m->finish(ctx, first, values[1]), BP_OK);
    for (size_t i = 0; i < count; i++) {
        double a = values[0][i], b = values[1][i];
        defined += isnan(a) ? 0 : 1;
        if (!(isnan(a) && isnan(b)) && !(fabs(a - b) <= 1e-12 * (1 + fabs(a))))
            fail_msg("%s: value %zu is %.17g of all frames, %.17g of two parts", m->name, i, a, b);
    }
    /* frames of this size have no multiscale, those with a mask no rings */
    if (!masked && strcmp(m->name, "multiscale") != 0)
        assert_true(defined > 0);
    m->end(whole);
    m->end(first);
    m->end(second);
}

static void parts_are_as_the_whole(void **state)
{
    (void)state;
    bp_context *ctx = bp_context_new();
    for (int kind = 0; kind < 4; kind++) {
        bp_survey survey;
        fill(kind % 2 == 0, kind >= 2, &survey);
        for (size_t i = 0; bp_metric_at(i); i++)
            check(ctx, bp_metric_at(i), &survey, kind >= 2);
    }
    bp_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts_are_as_the_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
