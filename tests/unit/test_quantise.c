/* SPDX-License-Identifier: BSD-3-Clause
 * Quantising: the law against theory, its promises at every value, and chunks that restore it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/quantiser.h"
#include "base/random.h"
#include "beampress/beampress.h"
#include "unit/cmocka_all.h"

#define ROWS 60
#define COLS 70
#define N    (ROWS * COLS)

static bp_operation_spec spec_of(const char *text)
{
    bp_operation_spec spec = {.operation = bp_operation_by_name("quantise")};
    assert_non_null(spec.operation);
    bp_param_defaults(spec.operation->params, spec.operation->param_count, spec.params);
    assert_int_equal(bp_param_parse(NULL, "quantise", spec.operation->params, spec.operation->param_count,
                                    text, spec.params),
                     BP_OK);
    return spec;
}

static void frame_of(bp_array *array, bp_dtype dtype, void *values)
{
    static const size_t shape[2] = {ROWS, COLS};
    assert_int_equal(bp_array_init(array, dtype, 0, 2, shape, values), BP_OK);
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

/* ---- the law ---- */

static double poisson(double lambda, double n)
{
    return exp(n * log(lambda) - lambda - lgamma(n + 1));
}

typedef struct columns {
    double bits, closed, closed_added, total, whole, whole_added, mean, mean_added;
} columns;

/* What the table states, from the numbers and the restored values of the law itself. */
static void columns_of(double lambda, double q, columns *c)
{
    enum { MOST = 1 << 15 };
    static double x[MOST], p[MOST], back[MOST], middle[MOST];
    static int32_t number[MOST];
    size_t count = (size_t)(lambda + 40 * sqrt(lambda) + 60);
    bp_quantiser law;
    assert_true(count <= MOST);
    memset(c, 0, sizeof *c);
    bp_quantiser_init(&law, BP_LAW_COUNTS, q, 0, 1, 0, false);
    for (size_t i = 0; i < count; i++) {
        x[i] = (double)i;
        p[i] = poisson(lambda, x[i]);
    }
    bp_quantiser_scale(&law, x, count, back);
    bp_quantiser_round(back, count, number);
    for (size_t i = 0; i < count; i++)
        back[i] = (double)number[i];
    bp_quantiser_restore(&law, back, count, back);
    for (size_t i = 0, end; i < count; i = end) {
        double share = 0;
        for (end = i; end < count && number[end] == number[i]; end++)
            share += p[end];
        for (size_t j = i; j < end; j++)
            middle[j] = (x[i] + x[end - 1]) / 2;
        c->bits -= share > 0 ? share * log2(share) : 0;
    }
    double mean = 0, square = 0;
    for (size_t i = 0; i < count; i++) {
        double d = back[i] - x[i], w = rint(back[i]) - x[i], m = middle[i] - x[i];
        c->closed += p[i] * d;
        c->closed_added += p[i] * d * d / lambda;
        c->whole += p[i] * w;
        c->whole_added += p[i] * w * w / lambda;
        c->mean += p[i] * m;
        c->mean_added += p[i] * m * m / lambda;
        mean += p[i] * (back[i] - lambda);
        square += p[i] * (back[i] - lambda) * (back[i] - lambda);
    }
    c->total = (square - mean * mean) / lambda;
}

static void theory_is_met_point_by_point(void **state)
{
    (void)state;
    const char *data = getenv("BEAMPRESS_DATA");
    char path[512], line[512];
    snprintf(path, sizeof path, "%s/../cases/vst_quantisation_theory.csv", data ? data : "");
    FILE *file = data ? fopen(path, "r") : NULL;
    size_t seen = 0;
    if (!file) {
        print_message("SKIP: no table of quantised counts\n");
        skip();
    }
    while (fgets(line, sizeof line, file)) {
        double lambda, q, r[9];
        columns c;
        if (sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf", &lambda, &q, r, r + 1, r + 2, r + 3,
                   r + 4, r + 5, r + 6, r + 7) != 10 ||
            q == 0)
            continue;
        columns_of(lambda, q, &c);
        const double ours[] = {c.bits,  c.closed,      c.closed_added, c.total,
                               c.whole, c.whole_added, c.mean,         c.mean_added};
        /* the table has eight digits, and biases carry the rounding of values as large as lambda */
        for (size_t i = 0; i < 8; i++)
            if (!(fabs(ours[i] - r[i]) <= 1e-7 * fmax(1, fabs(r[i])) + 1e-10 * lambda))
                fail_msg("%g photons, step %g, column %zu: %.10g where theory has %.10g", lambda, q, i,
                         ours[i], r[i]);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 48);
}

static void predictions_are_those_sums(void **state)
{
    (void)state;
    static const double lambdas[] = {1, 30, 300};
    for (size_t i = 0; i < 3; i++) {
        bp_quantiser law;
        bp_quantiser_theory t;
        columns c;
        bp_quantiser_init(&law, BP_LAW_COUNTS, 0.5, 0, 1, 0, false);
        columns_of(lambdas[i], 0.5, &c);
        bp_quantiser_predict(&law, lambdas[i], false, &t);
        assert_true(fabs(t.bits - c.bits) < 1e-9 && fabs(t.bias - c.closed) < 1e-9);
        assert_true(fabs(t.variance - c.closed_added) < 1e-9 && fabs(t.total - c.total) < 1e-9);
        bp_quantiser_predict(&law, lambdas[i], true, &t);
        assert_true(fabs(t.bias - c.whole) < 1e-9 && fabs(t.variance - c.whole_added) < 1e-9);
    }
    /* with gain, offset and read noise, at many photons: q^2 / 12, no bias */
    bp_quantiser law;
    bp_quantiser_theory t;
    bp_quantiser_init(&law, BP_LAW_COUNTS, 1, 100, 2.5, 16, false);
    bp_quantiser_predict(&law, 500, false, &t);
    assert_true(fabs(t.variance * 12 - 1) < 0.01 && fabs(t.bias / t.sigma) < 0.003);
    assert_true(fabs(t.sigma * t.sigma / (2.5 * 2.5 * 500 + 256) - 1) < 1e-3);
    /* in the dark as well */
    bp_quantiser_predict(&law, 0, false, &t);
    assert_true(fabs(t.variance * 12 * 256 / (256 + 0.375 * 6.25) - 1) < 0.08 &&
                fabs(t.bias / t.sigma) < 0.01);
}

/* Mean error and mean square of it under dither, over `count` values of whole photons. */
static void dithered_errors(double lambda, double q, size_t count, double *bias, double *bias_sigma,
                            double *variance)
{
    enum { BLOCK = 1000 };
    bp_quantiser law;
    double sum = 0, square = 0, x[BLOCK], t[BLOCK], u[BLOCK];
    int32_t number[BLOCK];
    bp_random random;
    bp_random_init(&random, 5, 0);
    bp_quantiser_init(&law, BP_LAW_COUNTS, q, 0, 1, 0, true);
    /* counts by the inverse of their distribution */
    double first = floor(fmax(0, lambda - 10 * sqrt(lambda) - 10)), chance[4096], above = 0;
    size_t kinds = (size_t)fmin(4096, 20 * sqrt(lambda) + 40);
    for (size_t i = 0; i < kinds; i++)
        chance[i] = above += poisson(lambda, first + (double)i);
    for (size_t at = 0; at < count; at += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++) {
            double r = bp_random_uniform(&random) * above;
            size_t low = 0, high = kinds - 1;
            while (low < high) {
                size_t half = (low + high) / 2;
                if (chance[half] < r)
                    low = half + 1;
                else
                    high = half;
            }
            x[i] = first + (double)low;
        }
        bp_quantiser_scale(&law, x, BLOCK, t);
        bp_quantiser_dither(77, at, BLOCK, u);
        for (size_t i = 0; i < BLOCK; i++)
            t[i] += u[i];
        bp_quantiser_round(t, BLOCK, number);
        for (size_t i = 0; i < BLOCK; i++)
            t[i] = (double)number[i] - u[i];
        bp_quantiser_restore(&law, t, BLOCK, t);
        for (size_t i = 0; i < BLOCK; i++) {
            sum += t[i] - x[i];
            square += (t[i] - x[i]) * (t[i] - x[i]);
        }
    }
    *bias = sum / (double)count;
    *variance = square / (double)count;
    *bias_sigma = sqrt(*variance / (double)count);
}

static void dither_is_unbiased(void **state)
{
    (void)state;
    static const double lambdas[] = {0.1, 1, 10, 300, 10000};
    for (size_t i = 0; i < 5; i++) {
        double bias, sigma, variance;
        dithered_errors(lambdas[i], 1, 1000000, &bias, &sigma, &variance);
        double expected = (lambdas[i] + 0.375) / 12;
        if (fabs(bias) > 4 * sigma || fabs(variance / expected - 1) > 0.02)
            fail_msg("%g photons: bias %g of %g, variance %g of %g", lambdas[i], bias, sigma, variance,
                     expected);
    }
}

static void dither_is_even(void **state)
{
    (void)state;
    enum { COUNT = 1 << 18 };
    double *u = malloc(COUNT * sizeof *u), sum = 0, square = 0, next = 0;
    assert_non_null(u);
    bp_quantiser_dither(1, 0, COUNT, u);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(u[i] > -0.5 && u[i] < 0.5);
        sum += u[i];
        square += u[i] * u[i];
        next += i ? u[i] * u[i - 1] : 0;
    }
    assert_true(fabs(sum / COUNT) < 4 * sqrt(1.0 / 12 / COUNT));
    assert_true(fabs(square / COUNT * 12 - 1) < 0.01);
    assert_true(fabs(next / COUNT * 12) < 4 / sqrt(COUNT));
    double again;
    bp_quantiser_dither(1, 4711, 1, &again);
    assert_true(again == u[4711]);
    free(u);
}

/* ---- values ---- */

static void bounds_hold_everywhere(void **state)
{
    (void)state;
    static const double bounds[] = {1e-6, 0.01, 1, 1000};
    static float in[N], out[N];
    uint32_t random = 3;
    for (size_t i = 0; i < N; i++) {
        random = random * 1664525u + 1013904223u;
        in[i] = (float)(random >> 8) * (i % 3 ? 1e-5f : 1e-2f) - 70;
    }
    in[5] = NAN;
    in[6] = -NAN;
    in[7] = INFINITY;
    in[8] = -INFINITY;
    in[9] = 3e38f;
    in[10] = -1e-40f;
    for (size_t b = 0; b < 4; b++) {
        char text[100];
        snprintf(text, sizeof text, "law=linear,step=%.17g,bound=%.17g%s", 2 * bounds[b], bounds[b],
                 b % 2 ? ",dither" : "");
        round_trip(text, BP_F32, in, BP_F32, NULL, out);
        for (size_t i = 0; i < N; i++)
            if (i >= 5 && i <= 9)
                assert_memory_equal(&in[i], &out[i], 4);
            else
                assert_true(fabs((double)in[i] - (double)out[i]) <= bounds[b]);
    }
}

static void marks_are_kept(void **state)
{
    (void)state;
    static uint16_t in[N], out[N];
    static uint8_t marks[N];
    static float single[N];
    for (size_t i = 0; i < N; i++)
        in[i] = (uint16_t)(i * 13 % 60000);
    for (size_t i = 0; i < N; i += 7) {
        marks[i] = (uint8_t)(1 + i % 4);
        in[i] = i % 2 ? 65535 : (uint16_t)(i * 31); /* more kinds than labels have room for */
    }
    round_trip("law=counts,step=1", BP_U16, in, BP_U16, marks, out);
    for (size_t i = 0; i < N; i++)
        if (marks[i])
            assert_int_equal(in[i], out[i]);
        else
            assert_true(fabs(in[i] - (double)out[i]) <= 0.51 * sqrt(in[i] + 0.375) + 0.6);
    round_trip("law=counts,step=1,dither", BP_U16, in, BP_F32, marks, single);
    for (size_t i = 0; i < N; i++)
        if (marks[i])
            assert_true((float)in[i] == single[i]);
}

static void all_types_come_back(void **state)
{
    (void)state;
    static const bp_dtype types[] = {BP_U8, BP_I8, BP_U16, BP_I16, BP_U32, BP_I32, BP_F32, BP_F64};
    static uint64_t in[N], out[N];
    for (size_t t = 0; t < 8; t++) {
        size_t size = bp_dtype_size(types[t]);
        for (size_t i = 0; i < N; i++) {
            int32_t value = (int32_t)(i % 250) - (types[t] == BP_I8 ? 120 : 0);
            float single = (float)value;
            double twice = value;
            const void *from = types[t] == BP_F32   ? (void *)&single
                               : types[t] == BP_F64 ? (void *)&twice
                                                    : (void *)&value;
            memcpy((uint8_t *)in + i * size, from, size);
        }
        round_trip("law=linear,step=1,bound=0.5", types[t], in, types[t], NULL, out);
        assert_memory_equal(in, out, N * size); /* whole values in steps of one */
    }
}

/* Many values of 16 bits go through a table, few do not; both say the same. */
static void tables_are_the_law(void **state)
{
    (void)state;
    enum { LARGE = 1 << 16, PIECE = 1 << 10 };
    static const char *const laws[] = {"law=counts,step=0.7,gain=3,read_noise=9,offset=500",
                                       "law=linear,step=7,bound=3"};
    uint16_t *in = malloc(LARGE * 2), *out = malloc(LARGE * 2), *small = malloc(LARGE * 2);
    uint8_t *marks = calloc(LARGE, 1);
    for (size_t i = 0; i < LARGE; i++)
        in[i] = (uint16_t)(i * 40503u >> 3);
    for (size_t i = 0; i < LARGE; i += 97)
        marks[i] = 1;
    for (size_t k = 0; k < 8; k++) {
        bp_operation_spec spec = spec_of(laws[k & 1]);
        bp_dtype dtype = k & 2 ? BP_I16 : BP_U16;
        bp_operation_in given = {.as = dtype, .marks = k & 4 ? marks : NULL};
        bp_array restored;
        assert_int_equal(bp_array_init(&given.values, dtype, 0, 1, &(size_t){LARGE}, in), BP_OK);
        assert_int_equal(bp_array_init(&restored, dtype, 0, 1, &(size_t){LARGE}, out), BP_OK);
        assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
        for (size_t at = 0; at < LARGE; at += PIECE) {
            given.marks = k & 4 ? marks + at : NULL;
            assert_int_equal(bp_array_init(&given.values, dtype, 0, 1, &(size_t){PIECE}, in + at), BP_OK);
            assert_int_equal(bp_array_init(&restored, dtype, 0, 1, &(size_t){PIECE}, small + at), BP_OK);
            assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
        }
        assert_memory_equal(out, small, LARGE * 2);
    }
    free(in);
    free(out);
    free(small);
    free(marks);
}

/* ---- chunks ---- */

static size_t encode(const char *text, bp_dtype from, const void *in, bp_dtype as, bp_byte_order order,
                     const size_t *tiles, const char *codec_text, uint8_t **chunk)
{
    bp_chain chain = {.count = 1};
    bp_codec_spec codec;
    bp_array values;
    size_t size = 0;
    chain.operations[0] = spec_of(text);
    assert_int_equal(bp_codec_spec_parse(NULL, codec_text, -1, &codec), BP_OK);
    frame_of(&values, from, (void *)(uintptr_t)in);
    bp_chunk_source source = {.values = &values, .as = as, .place = 99};
    size_t capacity = bp_chunk_worst_values(&codec, &chain, &source, tiles);
    *chunk = malloc(capacity);
    bp_context *ctx = bp_context_new();
    if (bp_chunk_encode_values(ctx, &codec, &chain, &source, order, tiles, *chunk, capacity, &size) != BP_OK)
        fail_msg("%s: %s", text, bp_context_message(ctx));
    bp_context_free(ctx);
    return size;
}

static void counts_of(uint16_t *values)
{
    uint32_t random = 17;
    for (size_t i = 0; i < N; i++) {
        random = random * 1664525u + 1013904223u;
        values[i] = (uint16_t)(1000 + (random >> 27) + (random >> 22) % 32 + 5 * (i % COLS));
    }
}

static void chunks_restore(void **state)
{
    (void)state;
    static uint16_t in[N], want[N], back[N];
    static float wanted[N], got[N];
    static const size_t tiles[2] = {17, 70}, narrow[2] = {32, 33};
    const size_t *const shapes[] = {NULL, tiles, narrow};
    counts_of(in);
    round_trip("law=counts,step=0.5", BP_U16, in, BP_U16, NULL, want);
    for (size_t s = 0; s < 3; s++) {
        uint8_t *chunk;
        size_t size =
            encode("law=counts,step=0.5", BP_U16, in, BP_U16, BP_LITTLE_ENDIAN, shapes[s], "photon", &chunk);
        bp_chunk_info info;
        assert_int_equal(bp_chunk_read_info(NULL, chunk, size, &info), BP_OK);
        assert_int_equal(info.operation_count, 1);
        assert_int_equal(info.operations[0].number, 16384);
        assert_true(size < sizeof in / 2);
        assert_int_equal(bp_chunk_decode(NULL, chunk, size, back, sizeof back), BP_OK);
        assert_memory_equal(want, back, sizeof back);
        free(chunk);
    }
    uint8_t *chunk;
    round_trip("law=counts,step=1", BP_U16, in, BP_F32, NULL, wanted);
    size_t size = encode("law=counts,step=1", BP_U16, in, BP_F32, BP_BIG_ENDIAN, NULL, "bslz4", &chunk);
    assert_int_equal(bp_chunk_decode(NULL, chunk, size, got, sizeof got), BP_OK);
    for (size_t i = 0; i < N; i++) {
        uint32_t bits;
        memcpy(&bits, &got[i], 4);
        bits = __builtin_bswap32(bits);
        memcpy(&got[i], &bits, 4);
    }
    assert_memory_equal(wanted, got, sizeof got);
    free(chunk);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static uint16_t in[N];
    bp_array values;
    bp_codec_spec codec;
    bp_chain chain = {.count = 1};
    uint8_t room[100];
    size_t size;
    chain.operations[0] = spec_of("law=counts");
    frame_of(&values, BP_U16, in);
    bp_chunk_source source = {.values = &values, .as = BP_I16};
    assert_int_equal(bp_codec_spec_parse(NULL, "photon", -1, &codec), BP_OK);
    assert_int_equal(
        bp_operation_check(NULL, &chain.operations[0], &(bp_operation_in){.values = values, .as = BP_I16}),
        BP_E_UNSUPPORTED);
    source.as = BP_U16;
    assert_int_equal(bp_chunk_encode_values(NULL, &codec, &chain, &source, BP_LITTLE_ENDIAN, NULL, room,
                                            sizeof room, &size),
                     BP_E_USAGE);
    if (bp_codec_spec_parse(NULL, "zfp:accuracy=1", -1, &codec) == BP_OK)
        assert_int_equal(bp_chunk_encode_values(NULL, &codec, &chain, &source, BP_LITTLE_ENDIAN, NULL, room,
                                                sizeof room, &size),
                         BP_E_UNSUPPORTED);
}

static void flips_are_found(void **state)
{
    (void)state;
    static const char *const laws[] = {"law=counts,step=0.7,gain=2,offset=900", "law=linear,step=8,dither"};
    static float in[N], back[N];
    static uint16_t counts[N];
    counts_of(counts);
    for (size_t i = 0; i < N; i++)
        in[i] = i % 50 ? counts[i] : i % 100 ? NAN : (float)i * 1e30f;
    for (size_t l = 0; l < 2; l++) {
        uint8_t *chunk;
        size_t size = encode(laws[l], BP_F32, in, BP_F32, BP_LITTLE_ENDIAN, NULL, "photon", &chunk);
        assert_int_equal(bp_chunk_decode(NULL, chunk, size, back, sizeof back), BP_OK);
        bp_random random;
        bp_random_init(&random, 1, l);
        for (size_t trial = 0; trial < 2000; trial++) {
            size_t bit = (size_t)(bp_random_next(&random) % (8 * size));
            chunk[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (bp_chunk_decode(NULL, chunk, size, back, sizeof back) == BP_OK)
                fail_msg("flipped bit %zu was not noticed", bit);
            chunk[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        free(chunk);
    }
}

/* ---- chunks of earlier versions ---- */

#define GOLDEN "tests/golden/chunk/quantise-1_%s.chunk"

static const struct golden {
    const char *name, *text, *codec;
    bp_dtype as;
} goldens[] = {
    {"counts_u16", "law=counts,step=0.5,gain=2,read_noise=3,offset=100", "photon", BP_U16},
    {"counts_f32_dither", "law=counts,step=1,dither,seed=9", "store", BP_F32},
    {"linear_f32", "law=linear,step=20,bound=10", "bslz4", BP_F32},
};

static bool read_golden(size_t index, uint8_t *chunk, size_t room, size_t *size)
{
    char path[256];
    snprintf(path, sizeof path, GOLDEN, goldens[index].name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    *size = fread(chunk, 1, room, file);
    fclose(file);
    return true;
}

/* The values in them: whole ones, a mark that is no number, and for every law a value far away. */
static void golden_values(bp_dtype as, void *values)
{
    static uint16_t counts[N];
    counts_of(counts);
    for (size_t i = 0; i < N; i++) {
        float single = i % 50 ? counts[i] : i % 100 ? (float)NAN : 1e25f;
        memcpy((uint8_t *)values + i * bp_dtype_size(as), as == BP_U16 ? (void *)&counts[i] : (void *)&single,
               bp_dtype_size(as));
    }
}

static void golden_chunks_decode(void **state)
{
    (void)state;
    static uint8_t chunk[8 * N];
    static uint32_t in[N], want[N], back[N];
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++) {
        const struct golden *g = &goldens[i];
        bp_operation_spec spec = spec_of(g->text);
        size_t size = 0, bytes = N * bp_dtype_size(g->as);
        bp_operation_in given = {.as = g->as, .place = 99};
        bp_array restored;
        if (!read_golden(i, chunk, sizeof chunk, &size))
            fail_msg("golden %s is missing", g->name);
        golden_values(g->as, in);
        frame_of(&given.values, g->as, in);
        frame_of(&restored, g->as, want);
        assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
        assert_int_equal(bp_chunk_decode(NULL, chunk, size, back, bytes), BP_OK);
        assert_memory_equal(want, back, bytes);
        uint8_t *again; /* and are written as they were */
        assert_int_equal(encode(g->text, g->as, in, g->as, BP_LITTLE_ENDIAN, NULL, g->codec, &again), size);
        assert_memory_equal(chunk, again, size);
        free(again);
    }
}

/* Adds the files that are missing. */
static int write_goldens(void)
{
    static uint8_t chunk[8 * N];
    static uint32_t in[N];
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++) {
        const struct golden *g = &goldens[i];
        char path[256];
        size_t size;
        uint8_t *made;
        if (read_golden(i, chunk, sizeof chunk, &size))
            continue;
        golden_values(g->as, in);
        size = encode(g->text, g->as, in, g->as, BP_LITTLE_ENDIAN, NULL, g->codec, &made);
        snprintf(path, sizeof path, GOLDEN, g->name);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(made, 1, size, file) != size || fclose(file) != 0)
            return 1;
        free(made);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "write") == 0)
        return write_goldens();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(theory_is_met_point_by_point),
        cmocka_unit_test(predictions_are_those_sums),
        cmocka_unit_test(dither_is_unbiased),
        cmocka_unit_test(dither_is_even),
        cmocka_unit_test(bounds_hold_everywhere),
        cmocka_unit_test(marks_are_kept),
        cmocka_unit_test(all_types_come_back),
        cmocka_unit_test(tables_are_the_law),
        cmocka_unit_test(chunks_restore),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(flips_are_found),
        cmocka_unit_test(golden_chunks_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
