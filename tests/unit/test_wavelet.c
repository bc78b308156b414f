/* SPDX-License-Identifier: BSD-3-Clause
 * The wavelet: undone exactly but for rounding, white noise stays white; its operation adds no more variance
 * than it says, keeps marks bit by bit, refuses hostile bytes, and writes the same bytes for ever. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/wavelet.h"
#include "base/random.h"
#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

#define ROWS 75
#define COLS 90
#define N    (ROWS * COLS)

static double normal(bp_random *random)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += bp_random_uniform(random);
    return sum - 6;
}

static void it_is_undone(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 1},   {1, 7},   {2, 3},   {16, 16},
                                      {17, 40}, {33, 95}, {64, 31}, {100, 129}};
    bp_random random;
    bp_random_init(&random, 5, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t rows = sizes[s][0], columns = sizes[s][1], count = rows * columns;
        unsigned levels = bp_wavelet_levels(rows, columns);
        double *in = malloc(count * sizeof *in), *out = malloc(count * sizeof *out), power = 0;
        double *room = malloc(bp_wavelet_room(rows, columns) * sizeof *room);
        assert_true(in && out && room);
        for (size_t i = 0; i < count; i++)
            out[i] = in[i] = normal(&random);
        bp_wavelet_forward(out, rows, columns, levels, room);
        for (size_t i = 0; i < count; i++)
            power += out[i] * out[i] / (double)count;
        if (count > 1000) /* sums of squares are kept, nearly */
            assert_true(levels > 0 && fabs(power - 1) < 0.15);
        bp_wavelet_inverse(out, rows, columns, levels, room);
        for (size_t i = 0; i < count; i++)
            assert_true(fabs(out[i] - in[i]) < 1e-9);
        free(in);
        free(out);
        free(room);
    }
}

/* ---- the operation ---- */

#define GAIN  2.0
#define NOISE 3.0
#define DARK  100.0

static bp_operation_spec spec_of(const char *text)
{
    bp_operation_spec spec = {.operation = bp_operation_by_name("wavelet")};
    assert_non_null(spec.operation);
    bp_param_defaults(spec.operation->params, spec.operation->param_count, spec.params);
    assert_int_equal(bp_param_parse(NULL, "wavelet", spec.operation->params, spec.operation->param_count,
                                    text, spec.params),
                     BP_OK);
    return spec;
}

static void frame_of(bp_array *array, bp_dtype dtype, void *values)
{
    static const size_t shape[3] = {1, ROWS, COLS};
    assert_int_equal(bp_array_init(array, dtype, 0, 3, shape, values), BP_OK);
}

/* Counts over a smooth scene; returns their variances. Whole arithmetic: the same everywhere. */
static void counts_of(uint16_t *values, double *variances)
{
    uint32_t random = 17;
    for (size_t i = 0; i < N; i++) {
        uint32_t sum = 0, photons = 900 + 8 * (uint32_t)(i % COLS);
        for (int k = 0; k < 12; k++) {
            random = random * 1664525u + 1013904223u;
            sum += random >> 16;
        }
        /* sigma of about 36 photons, 72 ADU, anywhere */
        int32_t noise = ((int32_t)(sum >> 4) - 24576) * 72 / 4096;
        values[i] = (uint16_t)((int32_t)(100 + 2 * photons) + noise);
        if (variances)
            variances[i] = NOISE * NOISE + GAIN * 2 * photons;
    }
}

static void round_trip(const char *text, bp_dtype from, const void *in, bp_dtype as, const uint8_t *marks,
                       void *out)
{
    bp_operation_spec spec = spec_of(text);
    bp_operation_in given = {.marks = marks, .as = as, .place = 12345};
    bp_array restored;
    bp_context *ctx = bp_context_new();
    frame_of(&given.values, from, (void *)(uintptr_t)in);
    frame_of(&restored, as, out);
    if (bp_operation_round_trip(ctx, &spec, &given, &restored) != BP_OK)
        fail_msg("%s: %s", text, bp_context_message(ctx));
    bp_context_free(ctx);
}

static void variance_is_within_what_is_said(void **state)
{
    (void)state;
    static uint16_t in[N], out[N];
    static double variances[N];
    static const double steps[] = {0.5, 1, 2, 4};
    counts_of(in, variances);
    for (size_t s = 0; s < 4; s++) {
        char text[128];
        double sum = 0, mean = 0;
        snprintf(text, sizeof text, "law=counts,step=%g,gain=2,read_noise=3,offset=100", steps[s]);
        round_trip(text, BP_U16, in, BP_U16, NULL, out);
        for (size_t i = 0; i < N; i++) {
            double d = ((double)out[i] - in[i]) / sqrt(variances[i]);
            sum += d * d / N;
            mean += d / N;
        }
        assert_true(sum < steps[s] * steps[s] / 8 && sum > steps[s] * steps[s] / 60 && sum < 1.1);
        assert_true(fabs(mean) < 0.01 * (1 + steps[s]));
    }
}

static void marks_and_what_is_no_number_are_kept(void **state)
{
    (void)state;
    static uint16_t in[N], out[N];
    static float singles[N], back[N];
    static uint8_t marks[N];
    counts_of(in, NULL);
    for (size_t i = 0; i < N; i++) {
        marks[i] = i / COLS == 20 || i % 97 == 0 || i > N - 100;
        in[i] = marks[i] ? (uint16_t)(i % 3 ? 65535 : i) : in[i];
        singles[i] = i % 50 ? in[i] : i % 100 ? NAN : i % 200 ? INFINITY : (float)-1e30;
    }
    round_trip("law=counts,gain=2", BP_U16, in, BP_U16, marks, out);
    round_trip("law=linear,step=50", BP_F32, singles, BP_F32, NULL, back);
    for (size_t i = 0; i < N; i++) {
        assert_true(!marks[i] || out[i] == in[i]);
        if (i % 50 == 0)
            assert_memory_equal(&singles[i], &back[i], sizeof(float));
        else if (!marks[i])
            assert_true(fabsf(singles[i] - back[i]) < 400);
    }
    memset(marks, 1, sizeof marks); /* nothing left to transform */
    round_trip("law=counts", BP_U16, in, BP_U16, marks, out);
    assert_memory_equal(in, out, sizeof in);
}

#define ALL_TYPES(type, dtype)                                                                               \
    do {                                                                                                     \
        static type x[N], y[N];                                                                              \
        for (size_t i = 0; i < N; i++)                                                                       \
            x[i] = (type)(counts[i] / 64 + 1);                                                               \
        round_trip("law=counts,step=0.1,read_noise=1", dtype, x, dtype, NULL, y);                            \
        for (size_t i = 0; i < N; i++)                                                                       \
            assert_true(fabs((double)x[i] - (double)y[i]) <= 4);                                             \
    } while (0)

static void all_types_come_back(void **state)
{
    (void)state;
    static uint16_t counts[N];
    static float single[N];
    counts_of(counts, NULL);
    ALL_TYPES(uint8_t, BP_U8);
    ALL_TYPES(int8_t, BP_I8);
    ALL_TYPES(uint16_t, BP_U16);
    ALL_TYPES(int16_t, BP_I16);
    ALL_TYPES(uint32_t, BP_U32);
    ALL_TYPES(int32_t, BP_I32);
    ALL_TYPES(float, BP_F32);
    ALL_TYPES(double, BP_F64);
    round_trip("law=counts,step=0.1", BP_U16, counts, BP_F32, NULL, single);
    bp_operation_spec spec = spec_of("law=counts");
    bp_operation_in given = {.as = BP_I16};
    frame_of(&given.values, BP_U16, counts);
    assert_int_equal(bp_operation_check(NULL, &spec, &given), BP_E_UNSUPPORTED);
    static const size_t line[1] = {N};
    given.as = BP_U16;
    assert_int_equal(bp_array_init(&given.values, BP_U16, 0, 1, line, counts), BP_OK);
    assert_int_equal(bp_operation_check(NULL, &spec, &given), BP_E_UNSUPPORTED);
}

/* ---- chunks ---- */

static size_t encode(const void *in, uint8_t **chunk)
{
    bp_chain chain = {.count = 1,
                      .operations = {spec_of("law=counts,step=1.5,gain=2,read_noise=3,offset=100")}};
    bp_codec_spec codec;
    bp_array values;
    size_t size = 0;
    assert_int_equal(bp_codec_spec_parse(NULL, "bslz4", -1, &codec), BP_OK);
    frame_of(&values, BP_U16, (void *)(uintptr_t)in);
    static uint8_t marks[N];
    memset(marks + 500, 1, 40);
    bp_chunk_source source = {.values = &values, .marks = marks, .as = BP_U16};
    size_t capacity = bp_chunk_worst_values(&codec, &chain, &source, NULL);
    *chunk = malloc(capacity);
    assert_int_equal(bp_chunk_encode_values(NULL, &codec, &chain, &source, BP_LITTLE_ENDIAN, NULL, *chunk,
                                            capacity, &size),
                     BP_OK);
    return size;
}

/* Side bytes and codes as no encoder writes them: refused, or some values, never more. */
static void hostile_bytes_are_met(void **state)
{
    (void)state;
    static uint16_t in[N], out[N];
    static uint8_t marks[N];
    bp_operation_spec spec = spec_of("law=counts,gain=2");
    bp_operation_in given = {.as = BP_U16, .marks = marks};
    bp_operation_out made = {0};
    bp_array restored, coded;
    bp_context *ctx = bp_context_new();
    bp_random random;
    size_t refused = 0;
    counts_of(in, NULL);
    memset(marks + 700, 1, 30);
    frame_of(&given.values, BP_U16, in);
    frame_of(&restored, BP_U16, out);
    assert_int_equal(bp_operation_apply(ctx, &spec, &given, &made), BP_OK);
    bp_random_init(&random, 7, 0);
    uint8_t *side = malloc(made.side_size);
    for (size_t trial = 0; trial < 3000; trial++) {
        size_t size = trial % 3 ? made.side_size : (size_t)(bp_random_next(&random) % made.side_size);
        memcpy(side, made.side, made.side_size);
        for (int k = 0; k < 3; k++)
            side[bp_random_next(&random) % made.side_size] ^= (uint8_t)(1u << bp_random_next(&random) % 8);
        bp_status status = spec.operation->coded(ctx, spec.params, side, size, &restored, &coded);
        if (status == BP_OK && coded.dtype == made.coded.dtype)
            status = spec.operation->restore(ctx, spec.params, side, size, &made.coded, &restored);
        assert_true(status == BP_OK || status == BP_E_DAMAGED);
        refused += status != BP_OK;
    }
    assert_true(refused > 1000);
    free(side);
    bp_operation_out_fini(ctx, &made);
    bp_context_free(ctx);
}

static void flips_are_found(void **state)
{
    (void)state;
    static uint16_t in[N], back[N];
    uint8_t *chunk;
    bp_random random;
    counts_of(in, NULL);
    size_t size = encode(in, &chunk);
    assert_true(size < sizeof in / 3);
    assert_int_equal(bp_chunk_decode(NULL, chunk, size, back, sizeof back), BP_OK);
    assert_memory_equal(in + 500, back + 500, 40 * sizeof *in);
    bp_random_init(&random, 3, 0);
    for (size_t trial = 0; trial < 500; trial++) {
        size_t bit = (size_t)(bp_random_next(&random) % (8 * size));
        chunk[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(bp_chunk_decode(NULL, chunk, size, back, sizeof back), BP_OK);
        chunk[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(chunk);
}

#define GOLDEN "tests/golden/chunk/wavelet-1_u16.chunk"

static void the_golden_chunk_is_written_again(void **state)
{
    (void)state;
    static uint16_t in[N];
    static uint8_t golden[4 * N];
    uint8_t *chunk;
    counts_of(in, NULL);
    size_t size = encode(in, &chunk);
    FILE *file = fopen(GOLDEN, "rb");
    assert_non_null(file);
    assert_int_equal(fread(golden, 1, sizeof golden, file), size);
    fclose(file);
    assert_memory_equal(golden, chunk, size);
    free(chunk);
}

static int write_golden(void)
{
    static uint16_t in[N];
    uint8_t *chunk;
    counts_of(in, NULL);
    size_t size = encode(in, &chunk);
    FILE *file = fopen(GOLDEN, "wb");
    bool good = file && fwrite(chunk, 1, size, file) == size;
    good = file && fclose(file) == 0 && good;
    free(chunk);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "write") == 0)
        return write_golden();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_undone),
        cmocka_unit_test(variance_is_within_what_is_said),
        cmocka_unit_test(marks_and_what_is_no_number_are_kept),
        cmocka_unit_test(all_types_come_back),
        cmocka_unit_test(hostile_bytes_are_met),
        cmocka_unit_test(flips_are_found),
        cmocka_unit_test(the_golden_chunk_is_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
