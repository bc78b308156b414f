/* SPDX-License-Identifier: BSD-3-Clause
 * Axes of plots: what is drawn lies inside, ticks are round, nothing is divided by nothing. */
#include <math.h>

#include "cmocka_all.h"
#include "report/axis.h"

static void check_inside(const double *values, size_t count, bool log)
{
    bp_axis axis;
    bp_axis_init(&axis, values, NULL, count, true, 1.5);
    bp_axis_widen(&axis, values, NULL, count);
    bp_axis_finish(&axis, 100, 300);
    assert_int_equal(axis.log, log);
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) {
            double pixel = bp_axis_pixel(&axis, values[i]);
            assert_true(pixel >= 100 - 1e-6 && pixel <= 300 + 1e-6);
        } else {
            assert_true(isnan(bp_axis_pixel(&axis, values[i])));
        }
    assert_true(axis.tick_count >= 2 && axis.tick_count <= BP_AXIS_MAX_TICKS);
    for (size_t i = 1; i < axis.tick_count; i++)
        assert_true(axis.ticks[i] > axis.ticks[i - 1]);
}

static void values_of_all_kinds(void **state)
{
    (void)state;
    check_inside((const double[]){0.3, 7, NAN, -2, INFINITY}, 5, false);
    check_inside((const double[]){5}, 1, false);
    check_inside((const double[]){0, 0}, 2, false);
    check_inside((const double[]){NAN}, 1, false);
    check_inside((const double[]){1e-300, 2e-300}, 2, false);
    check_inside((const double[]){-1e300, 1e300}, 2, false);
    check_inside((const double[]){1, 1 + 1e-15}, 2, false);
    check_inside((const double[]){1, 2, 4, 1000}, 4, true);
    check_inside((const double[]){1e-30, 1e30}, 2, true);
}

static void spread_is_shown(void **state)
{
    (void)state;
    const double values[] = {10, 20}, spread[] = {1, NAN};
    bp_axis axis;
    bp_axis_init(&axis, values, spread, 2, false, 1);
    assert_true(axis.min == 9 && axis.max == 20);
    bp_axis_finish(&axis, 0, 1);
    assert_true(axis.min == 8 && axis.max == 20 && axis.ticks[1] == 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_of_all_kinds),
                                       cmocka_unit_test(spread_is_shown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
