/* SPDX-License-Identifier: BSD-3-Clause
 * The kernels of quantising against the law that they repeat. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/quantiser.h"
#include "base/random.h"
#include "kernel/kernel.h"
#include "unit/cmocka_all.h"

/* Every level of SIMD gives the numbers of plain C, and C those of the law. */
static void kernels_are_the_law(void **state)
{
    (void)state;
    enum { COUNT = 5003 };
    static float x[COUNT];
    static int32_t wanted[COUNT], got[COUNT];
    static uint8_t codes[COUNT], again[COUNT];
    bp_random random;
    bp_random_init(&random, 8, 0);
    for (size_t i = 0; i < COUNT; i++) {
        uint32_t bits = (uint32_t)bp_random_next(&random);
        x[i] = (float)(bp_random_uniform(&random) * 300 - 20);
        if (i % 3 == 0)
            memcpy(&x[i], &bits, 4); /* anything, NaN too */
    }
    for (int k = 0; k < 4; k++) {
        bp_quantiser q;
        bp_quantise_terms law;
        double bound = k == 1 ? 0.35 : (double)INFINITY;
        bp_quantiser_init(&q, k < 2 ? BP_LAW_LINEAR : BP_LAW_COUNTS, 0.7, k == 3 ? 10 : 0, 2, k == 3, false);
        bp_quantiser_for_kernels(&q, bound, &law);
        for (size_t i = 0; i < COUNT; i++) {
            double value = (double)x[i], t, back;
            bp_quantiser_scale(&q, &value, 1, &t);
            bp_quantiser_round(&t, 1, &wanted[i]);
            back = (double)wanted[i];
            bp_quantiser_restore(&q, &back, 1, &back);
            if (abs(wanted[i]) >= 1 << 30 || (k == 1 && !(fabs(value - (double)(float)back) <= bound)))
                wanted[i] = BP_QUANTISE_NO_NUMBER;
        }
        for (int level = 0; level < BP_SIMD_COUNT; level++) {
            const bp_kernels *kernels = bp_kernels_at((bp_simd)level);
            if (!kernels)
                continue;
            kernels->quantise->numbers(&law, x, COUNT, got);
            assert_memory_equal(wanted, got, sizeof got);
            kernels->quantise->codes(&law, 200, x, COUNT, level ? again : codes);
            if (level)
                assert_memory_equal(codes, again, COUNT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kernels_are_the_law)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
