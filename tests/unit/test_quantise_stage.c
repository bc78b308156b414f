/* SPDX-License-Identifier: BSD-3-Clause
 * The stage quantise over stacks in memory: laws from parameters and from the data, what it promises, and
 * what it refuses with which word. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "beampress/beampress.h"
#include "pipeline/pipeline.h"
#include "unit/cmocka_all.h"

#define FRAMES  6
#define ROWS    96
#define COLUMNS 128
#define PIXELS  (ROWS * COLUMNS)
#define COUNT   (FRAMES * PIXELS)

static double normal(bp_random *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += bp_random_uniform(random);
    return sum;
}

/* A still scene from 200 to 8000 photons, gain 2.5, read noise 4, offset 100. */
static bp_memory_stack camera(void)
{
    bp_memory_stack stack = {0};
    bp_random random;
    bp_flow_init(&stack.flow, BP_U16, FRAMES, ROWS, COLUMNS);
    uint16_t *values = malloc(sizeof *values * COUNT);
    assert_non_null(values);
    bp_random_init(&random, 1, 0);
    for (size_t i = 0; i < COUNT; i++) {
        double lambda = 200 + 7800 * (double)(i % COLUMNS / 8) / 16;
        values[i] =
            (uint16_t)rint(100 + 2.5 * (lambda + sqrt(lambda) * normal(&random)) + 4 * normal(&random));
    }
    stack.values = values;
    return stack;
}

static bp_memory_stack floats(void)
{
    bp_memory_stack stack = {0};
    bp_random random;
    bp_flow_init(&stack.flow, BP_F32, FRAMES, ROWS, COLUMNS);
    float *values = malloc(sizeof *values * COUNT);
    assert_non_null(values);
    bp_random_init(&random, 2, 0);
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (float)(sin((double)(i % PIXELS) * 1e-3) + 0.1 * normal(&random));
    values[3] = NAN;
    values[PIXELS] = INFINITY;
    stack.values = values;
    return stack;
}

static bp_status try_run(const bp_memory_stack *in, const char *text, unsigned threads, bp_memory_stack *out,
                         char *message)
{
    bp_context *ctx = bp_context_new();
    bp_pipeline *pipeline;
    memset(out, 0, sizeof *out);
    bp_status status = bp_pipeline_parse(ctx, text, &pipeline, NULL);
    if (status == BP_OK)
        status = bp_pipeline_run_memory(ctx, pipeline, 0, pipeline->count, in, NULL, threads, out);
    snprintf(message, 500, "%s", bp_context_message(ctx));
    bp_pipeline_free(pipeline);
    bp_context_free(ctx);
    return status;
}

static bp_memory_stack run(const bp_memory_stack *in, const char *text, unsigned threads)
{
    char message[500];
    bp_memory_stack out;
    if (try_run(in, text, threads, &out, message) != BP_OK)
        fail_msg("%s: %s", text, message);
    return out;
}

/* Mean square of (y - x) / sigma(x), and the mean. */
static double errors(const bp_memory_stack *in, const bp_memory_stack *out, double *bias)
{
    const uint16_t *x = in->values, *y = out->values;
    double sum = 0, square = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double e = ((double)y[i] - x[i]) / sqrt(16 + 2.5 * (x[i] - 100.0));
        sum += e;
        square += e * e;
    }
    *bias = sum / COUNT;
    return square / COUNT;
}

static void steps_are_of_the_noise(void **state)
{
    (void)state;
    bp_memory_stack in = camera();
    static const char *const texts[] = {"quantise step=0.5sigma gain=2.5 read_noise=4 offset=100",
                                        "quantise step=1 gain=2.5 read_noise=4 offset=100",
                                        "quantise step=0.5"};
    static const double steps[] = {0.5, 1, 0.5}, within[] = {0.02, 0.02, 0.1};
    for (size_t i = 0; i < 3; i++) {
        double bias, q = steps[i];
        bp_memory_stack out = run(&in, texts[i], 2);
        double square = errors(&in, &out, &bias);
        assert_int_equal(out.flow.dtype, BP_U16);
        assert_true(out.flow.step == q && fabs(out.flow.variance - q * q / 12) < 1e-12);
        assert_int_equal(out.flow.loss, BP_LOSS_UNBOUNDED);
        if (fabs(square * 12 / (q * q) - 1) > within[i] || fabs(bias) > 0.01)
            fail_msg("%s: %g of q^2/12, bias %g", texts[i], square * 12 / (q * q), bias);
        bp_memory_stack again = run(&in, texts[i], 1);
        assert_memory_equal(again.values, out.values, 2 * COUNT);
        bp_memory_stack_fini(&again);
        bp_memory_stack_fini(&out);
    }
    bp_memory_stack_fini(&in);
}

static void labels_stay(void **state)
{
    (void)state;
    bp_memory_stack in = camera();
    uint16_t *x = in.values;
    for (size_t i = 5; i < COUNT; i += 501)
        x[i] = 65535;
    bp_memory_stack out = run(&in, "quantise step=2 gain=2.5 offset=100 read_noise=4", 1);
    const uint16_t *y = out.values;
    for (size_t i = 5; i < COUNT; i += 501)
        assert_int_equal(y[i], 65535);
    bp_memory_stack_fini(&out);
    bp_memory_stack_fini(&in);
}

static void bounds_are_met(void **state)
{
    (void)state;
    bp_memory_stack in = floats();
    const float *x = in.values;
    static const char *const texts[] = {"quantise abs=0.003", "quantise abs=0.2values dither=subtractive",
                                        "quantise rel=0.01 low=-2 high=2", "quantise rel=0.001",
                                        "quantise levels=200 dtype=same"};
    static const double most[] = {0.003, 0.2, 0.04, 0, 0};
    for (size_t t = 0; t < 5; t++) {
        bp_memory_stack out = run(&in, texts[t], 3);
        const float *y = out.values;
        assert_int_equal(out.flow.dtype, BP_F32);
        assert_int_equal(out.flow.loss, BP_LOSS_BOUNDED);
        if (most[t] > 0)
            assert_true(fabs(out.flow.bound - most[t]) < 1e-12);
        assert_true(out.flow.bound > 0 && out.flow.bound < 0.3);
        double largest = 0;
        for (size_t i = 0; i < COUNT; i++)
            if (isfinite(x[i]))
                largest = fmax(largest, fabs((double)x[i] - (double)y[i]));
            else
                assert_memory_equal(&x[i], &y[i], 4);
        assert_true(largest <= out.flow.bound && largest > out.flow.bound / 3);
        bp_memory_stack_fini(&out);
    }
    bp_memory_stack_fini(&in);
    in = camera();
    bp_memory_stack out = run(&in, "quantise abs=7", 1);
    const uint16_t *a = in.values, *b = out.values;
    for (size_t i = 0; i < COUNT; i++)
        assert_true(abs(a[i] - b[i]) <= 7);
    bp_memory_stack_fini(&out);
    bp_memory_stack_fini(&in);
}

static void codes_are_levels(void **state)
{
    (void)state;
    bp_memory_stack in = floats(), out = run(&in, "quantise bits=8 low=-1 high=1.55", 2);
    const float *x = in.values;
    const uint8_t *y = out.values;
    double step = 2.55 / 254; /* 255 is for what is not finite */
    assert_int_equal(out.flow.dtype, BP_U8);
    for (size_t i = 0; i < COUNT; i++)
        if (!isfinite(x[i]))
            assert_int_equal(y[i], 255);
        else if (x[i] > -1 && x[i] < 1.55f)
            assert_true(fabs(-1 + step * y[i] - (double)x[i]) <= step * 0.5001);
        else
            assert_int_equal(y[i], x[i] < 0 ? 0 : 254);
    bp_memory_stack_fini(&out);
    bp_memory_stack_fini(&in);
}

static void dither_averages_out(void **state)
{
    (void)state;
    bp_memory_stack in = camera();
    uint16_t *x = in.values;
    for (size_t i = 0; i < COUNT; i++) /* one value: no noise helps */
        x[i] = (uint16_t)(1000 + i / PIXELS);
    bp_memory_stack out =
        run(&in, "quantise step=1 gain=2.5 offset=100 read_noise=4 dither=subtractive seed=3", 2);
    assert_int_equal(out.flow.dtype, BP_F32);
    const float *y = out.values;
    double sum = 0, square = 0, sigma2 = 16 + 2.5 * 902.5, across = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double e = (double)y[i] - x[i];
        sum += e;
        square += e * e;
        if (i >= PIXELS) /* frames have dither of their own */
            across += e * ((double)y[i - PIXELS] - x[i - PIXELS]);
    }
    assert_true(fabs(square / COUNT / sigma2 * 12 - 1) < 0.02);
    assert_true(fabs(sum / COUNT) < 4 * sqrt(sigma2 / 12 / COUNT));
    assert_true(fabs(across / COUNT / sigma2 * 12) < 4 / sqrt(COUNT));
    bp_memory_stack_fini(&out);
    bp_memory_stack_fini(&in);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        bool single;
    } rows[] = {
        {"quantise", "needs one of", false},
        {"quantise step=1 abs=2", "needs one of", false},
        {"quantise step=0.5mm", "mm", false},
        {"quantise step=-1", "step", false},
        {"quantise abs=1 low=2", "is for rel=", false},
        {"quantise abs=1 gain=2", "is for steps in sigma", false},
        {"quantise rel=0.1 low=3 high=2", "is not above low", false},
        {"quantise step=1 seed=3", "is of dither", false},
        {"quantise bits=8 dither=subtractive", "undone on reading", false},
        {"quantise abs=1 dtype=code", "code is for", false},
        {"quantise bits=1 low=0 high=1", "no level beside", true},
        {"quantise step=1 gain=1", "a negative count", true},
        {"quantise step=1", "cannot be estimated", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char message[500];
        bp_memory_stack in = rows[i].single ? floats() : camera(), out;
        bp_status status = try_run(&in, rows[i].text, 1, &out, message);
        if (status == BP_OK || !strstr(message, rows[i].says))
            fail_msg("'%s': status %d, %s", rows[i].text, (int)status, message);
        bp_memory_stack_fini(&out);
        bp_memory_stack_fini(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_of_the_noise), cmocka_unit_test(labels_stay),
        cmocka_unit_test(bounds_are_met),         cmocka_unit_test(codes_are_levels),
        cmocka_unit_test(dither_averages_out),    cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
