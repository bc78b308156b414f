/* SPDX-License-Identifier: BSD-3-Clause
 * The language of pipelines, and pipelines over stacks in memory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/values.h"
#include "pipeline/pipeline.h"
#include "unit/cmocka_all.h"

#define ROWS    24
#define COLUMNS 40
#define FRAMES  17

static const char *text_of(const bp_pipeline *pipeline, char *room, size_t size)
{
    assert_true(bp_pipeline_print(pipeline, room, size) < size);
    return room;
}

static void canonical(const char *text, const char *expected)
{
    char once[1024], twice[1024];
    bp_context *ctx = bp_context_new();
    bp_pipeline *pipeline;
    if (bp_pipeline_parse(ctx, text, &pipeline, NULL) != BP_OK)
        fail_msg("%s: %s", text, bp_context_message(ctx));
    assert_string_equal(text_of(pipeline, once, sizeof once), expected);
    bp_pipeline_free(pipeline);
    assert_int_equal(bp_pipeline_parse(ctx, once, &pipeline, NULL), BP_OK);
    assert_string_equal(text_of(pipeline, twice, sizeof twice), once);
    bp_pipeline_free(pipeline);
    bp_context_free(ctx);
}

static void test_canonical(void **state)
{
    (void)state;
    canonical("crop   x=2.0", "crop x=2");
    canonical("  crop\n y=3 # a comment | with a bar\n |threshold level=2.50",
              "crop y=3 | threshold level=2.5");
    canonical("threshold level=3sigma to=0|store", "threshold level=3sigma to=0 | store");
    if (bp_codec_by_name("zstd"))
        canonical("zstd level=7", "zstd level=7 shuffle=1");
    canonical("crop | photon level=fast", "crop | photon level=fast");
}

/* The text fails, and the blame is on `word`. */
static void refused(const char *text, const char *word, const char *message)
{
    bp_context *ctx = bp_context_new();
    bp_pipeline *pipeline;
    bp_blame blame;
    assert_int_equal(bp_pipeline_parse(ctx, text, &pipeline, &blame), BP_E_USAGE);
    assert_null(pipeline);
    char found[200];
    snprintf(found, sizeof found, "%.*s", (int)blame.length, text + blame.at);
    assert_string_equal(found, word);
    if (!strstr(bp_context_message(ctx), message))
        fail_msg("'%s' is not in '%s'", message, bp_context_message(ctx));
    bp_context_free(ctx);
}

static void test_refused(void **state)
{
    (void)state;
    refused("", "", "empty");
    refused("# nothing\n", "", "empty");
    refused("crop |", "|", "missing");
    refused("crop || photon", "|", "missing");
    refused("crops x=1", "crops", "no stage or codec 'crops'");
    refused("crop z=1", "z", "no parameter 'z'");
    refused("crop x=1 x=2", "x=2", "twice");
    refused("crop x", "x", "needs a value");
    refused("crop x=abc", "x=abc", "not a number");
    refused("crop x=1.5", "x=1.5", "whole");
    refused("crop x=-1", "x=-1", "outside");
    refused("crop x>=3", "x>=3", "no comparison");
    refused("threshold level=0.5mm", "level=0.5mm", "no unit");
    refused("threshold level=nan", "level=nan", "not a number");
    refused("store | crop", "crop", "behind the codec");
    if (bp_codec_by_name("zstd"))
        refused("zstd level=99", "level=99", "outside");
}

static void test_caret(void **state)
{
    (void)state;
    char out[200];
    bp_blame blame = {7, 3};
    bp_blame_print("crop \ncrop z=1\n", &(bp_blame){11, 3}, out, sizeof out);
    assert_string_equal(out, "crop z=1\n     ^~~");
    bp_blame_print("crop x z=1", &blame, out, sizeof out);
    assert_string_equal(out, "crop x z=1\n       ^~~");
}

static bp_memory_stack make_stack(void)
{
    bp_memory_stack stack = {0};
    bp_flow_init(&stack.flow, BP_U16, FRAMES, ROWS, COLUMNS);
    uint16_t *values = malloc(sizeof *values * FRAMES * ROWS * COLUMNS);
    for (size_t i = 0; i < FRAMES * ROWS * COLUMNS; i++)
        values[i] = (uint16_t)(i % 101 == 7 ? 65535 : (i * 2654435761u >> 7) % 50);
    stack.values = values;
    return stack;
}

static bp_memory_stack run(const bp_memory_stack *in, const char *text, unsigned threads)
{
    bp_context *ctx = bp_context_new();
    bp_pipeline *pipeline;
    bp_memory_stack out;
    if (bp_pipeline_parse(ctx, text, &pipeline, NULL) != BP_OK)
        fail_msg("%s", bp_context_message(ctx));
    if (bp_pipeline_run_memory(ctx, pipeline, 0, pipeline->count, in, NULL, threads, &out) != BP_OK)
        fail_msg("%s", bp_context_message(ctx));
    bp_pipeline_free(pipeline);
    bp_context_free(ctx);
    return out;
}

static void test_crop_threshold(void **state)
{
    (void)state;
    bp_memory_stack in = make_stack();
    bp_memory_stack out = run(&in, "crop x=5 y=3 width=20 | threshold level=10", 2);
    assert_int_equal(out.flow.rows, ROWS - 3);
    assert_int_equal(out.flow.columns, 20);
    assert_int_equal(out.flow.frames, FRAMES);
    assert_int_equal(out.flow.loss, BP_LOSS_BOUNDED);
    const uint16_t *x = in.values, *y = out.values;
    size_t marks = 0;
    for (size_t f = 0; f < FRAMES; f++)
        for (size_t r = 0; r < ROWS - 3; r++)
            for (size_t c = 0; c < 20; c++, y++) {
                uint16_t was = x[(f * ROWS + r + 3) * COLUMNS + c + 5];
                marks += was == 65535;
                assert_int_equal(*y, was <= 10 ? 0 : was);
            }
    assert_true(marks > 10);
    bp_memory_stack again = run(&in, "crop x=5 y=3 width=20 | threshold level=10", 1);
    assert_memory_equal(again.values, out.values, 2 * FRAMES * (ROWS - 3) * 20);
    bp_memory_stack_fini(&again);
    bp_memory_stack_fini(&out);
    bp_memory_stack_fini(&in);
}

static void test_prefix(void **state)
{
    (void)state;
    bp_context *ctx = bp_context_new();
    bp_memory_stack in = make_stack(), half, rest, whole;
    bp_pipeline *pipeline;
    assert_int_equal(bp_pipeline_parse(ctx, "crop x=5 | threshold level=10 | crop y=2", &pipeline, NULL),
                     BP_OK);
    assert_int_equal(bp_pipeline_run_memory(ctx, pipeline, 0, 1, &in, NULL, 1, &half), BP_OK);
    assert_int_equal(bp_pipeline_run_memory(ctx, pipeline, 1, 2, &half, NULL, 1, &rest), BP_OK);
    assert_int_equal(bp_pipeline_run_memory(ctx, pipeline, 0, 3, &in, NULL, 1, &whole), BP_OK);
    assert_memory_equal(rest.values, whole.values, 2 * FRAMES * (ROWS - 2) * (COLUMNS - 5));
    assert_int_equal(rest.flow.loss, whole.flow.loss);
    assert_true(rest.flow.bound == whole.flow.bound);
    bp_pipeline_free(pipeline);
    bp_memory_stack_fini(&half);
    bp_memory_stack_fini(&rest);
    bp_memory_stack_fini(&whole);
    bp_memory_stack_fini(&in);
    bp_context_free(ctx);
}

/* Blocks of 4 x 3 pixels of frames without labels, by their sums. */
static void one_bin(bp_dtype dtype, const char *text)
{
    bp_memory_stack in = {0};
    double *plain = malloc(sizeof *plain * FRAMES * ROWS * COLUMNS);
    size_t size = bp_dtype_size(dtype);
    bp_flow_init(&in.flow, dtype, FRAMES, ROWS, COLUMNS);
    in.values = malloc(size * FRAMES * ROWS * COLUMNS);
    for (size_t i = 0; i < FRAMES * ROWS * COLUMNS; i++) {
        unsigned value = (unsigned)(i * 2654435761u >> 9) % 100;
        plain[i] = value;
        if (dtype == BP_U8)
            ((uint8_t *)in.values)[i] = (uint8_t)value;
        else if (dtype == BP_U16)
            ((uint16_t *)in.values)[i] = (uint16_t)value;
        else if (dtype == BP_I32)
            ((int32_t *)in.values)[i] = (int32_t)value;
        else
            ((float *)in.values)[i] = (float)value;
    }
    bp_memory_stack out = run(&in, text, 2);
    bool mean = strstr(text, "mean") != NULL;
    assert_int_equal(out.flow.rows, ROWS / 3);
    assert_int_equal(out.flow.columns, COLUMNS / 4);
    for (size_t f = 0, at = 0; f < FRAMES; f++)
        for (size_t r = 0; r < ROWS / 3; r++)
            for (size_t c = 0; c < COLUMNS / 4; c++, at++) {
                double sum = 0, got;
                for (size_t i = 0; i < 12; i++)
                    sum += plain[(f * ROWS + r * 3 + i / 4) * COLUMNS + c * 4 + i % 4];
                bp_values_to_double(out.flow.dtype, (char *)out.values + at * bp_dtype_size(out.flow.dtype),
                                    1, &got);
                assert_true(got == (mean ? (double)(float)(sum / 12) : sum));
            }
    bp_memory_stack_fini(&out);
    bp_memory_stack_fini(&in);
    free(plain);
}

static void test_bin(void **state)
{
    (void)state;
    static const bp_dtype dtypes[] = {BP_U8, BP_U16, BP_I32, BP_F32};
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        one_bin(dtypes[i], "bin x=4 y=3");
        one_bin(dtypes[i], "bin x=4 y=3 mode=mean");
    }
}

static void test_check_blames(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
    } rows[] = {{"crop x=1 width=40", "width=40"},
                {"crop | crop y=24", "y=24"},
                {"crop | threshold", "threshold"},
                {"threshold level=2sigma", "level=2sigma"},
                {"threshold level=2 to=0.5", "to=0.5"}};
    bp_context *ctx = bp_context_new();
    bp_flow flow;
    bp_flow_init(&flow, BP_U16, FRAMES, ROWS, COLUMNS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bp_pipeline *pipeline;
        bp_plan *plan;
        bp_blame blame;
        assert_int_equal(bp_pipeline_parse(ctx, rows[i].text, &pipeline, NULL), BP_OK);
        assert_int_equal(bp_plan_new(ctx, pipeline, 0, pipeline->count, &flow, NULL, 1, &plan, &blame),
                         BP_E_USAGE);
        assert_null(plan);
        char found[100];
        snprintf(found, sizeof found, "%.*s", (int)blame.length, rows[i].text + blame.at);
        assert_string_equal(found, rows[i].word);
        bp_pipeline_free(pipeline);
    }
    bp_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_caret),     cmocka_unit_test(test_crop_threshold),
        cmocka_unit_test(test_prefix),    cmocka_unit_test(test_check_blames),
        cmocka_unit_test(test_bin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
