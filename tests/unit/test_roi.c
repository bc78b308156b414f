/* SPDX-License-Identifier: BSD-3-Clause
 * roi: boxes and marks come back bit by bit, the rest as the mean of its bin to half a step; hostile bytes
 * are refused; and the sums of peakfinder8 are the same at every SIMD level. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/roi.h"
#include "algo/roi_noise.h"
#include "algo/roi_side.h"
#include "algo/values.h"
#include "base/random.h"
#include "beampress/beampress.h"
#include "kernel/kernel.h"
#include "unit/cmocka_all.h"

#define ROWS    66
#define COLUMNS 83
#define PIXELS  ((size_t)ROWS * COLUMNS)
#define STEP    2.0
#define HALF    3

/* Background of mean 50, spots at some places, and two that overlap. */
static const size_t spots[][2] = {{20, 30}, {22, 33}, {50, 12}, {8, 66}, {40, 60}};

static void frame_of(bp_dtype dtype, uint64_t seed, void *values)
{
    double frame[PIXELS];
    bp_random random;
    bp_random_init(&random, seed, 0);
    for (size_t i = 0; i < PIXELS; i++)
        frame[i] = 40 + floor(20 * bp_random_uniform(&random)) + (dtype == BP_F32 ? 0.37 : 0);
    for (size_t s = 0; s < sizeof spots / sizeof *spots; s++)
        for (size_t y = 0; y < 2; y++)
            for (size_t x = 0; x < 2; x++)
                frame[(spots[s][0] + y) * COLUMNS + spots[s][1] + x] +=
                    (dtype == BP_I8 ? 60 : 150) + (double)(x + s);
    bp_values_from_double(dtype, frame, PIXELS, values);
}

static bp_operation_spec spec_of(const char *text)
{
    bp_operation_spec spec = {.operation = bp_operation_by_name("roi")};
    bp_param_defaults(spec.operation->params, spec.operation->param_count, spec.params);
    assert_int_equal(
        bp_param_parse(NULL, "roi", spec.operation->params, spec.operation->param_count, text, spec.params),
        BP_OK);
    return spec;
}

static bp_operation_spec usual_spec(void)
{
    return spec_of("half=3,step=2,threshold=90,centre_x=41,centre_y=33");
}

static void array_of(bp_array *array, bp_dtype dtype, size_t frames, void *data)
{
    const size_t shape[3] = {frames, ROWS, COLUMNS};
    assert_int_equal(bp_array_init(array, dtype, 0, 3, shape, data), BP_OK);
}

static bool in_box(size_t pixel)
{
    long y = (long)(pixel / COLUMNS), x = (long)(pixel % COLUMNS);
    for (size_t s = 0; s < sizeof spots / sizeof *spots; s++) {
        long cy = (long)spots[s][0] + 1, cx = (long)spots[s][1] + 1;
        if (labs(y - cy) <= HALF - 1 && labs(x - cx) <= HALF - 1)
            return true;
    }
    return false;
}

static bool far_from_boxes(size_t pixel)
{
    long y = (long)(pixel / COLUMNS), x = (long)(pixel % COLUMNS);
    for (size_t s = 0; s < sizeof spots / sizeof *spots; s++)
        if (labs(y - (long)spots[s][0]) <= HALF + 4 && labs(x - (long)spots[s][1]) <= HALF + 4)
            return false;
    return true;
}

static double mean_of_bin(const double *frame, size_t pixel)
{
    size_t y = pixel / COLUMNS / 2 * 2, x = pixel % COLUMNS / 2 * 2;
    double sum = 0, n = 0;
    for (size_t j = y; j < y + 2 && j < ROWS; j++)
        for (size_t i = x; i < x + 2 && i < COLUMNS; i++, n++)
            sum += frame[j * COLUMNS + i];
    return sum / n;
}

static void boxes_are_exact_and_the_rest_is_near(void **state)
{
    static const bp_dtype types[] = {BP_U8, BP_I8, BP_U16, BP_I16, BP_U32, BP_I32, BP_F32, BP_F64};
    static double in[PIXELS], out[PIXELS], frame[PIXELS], back[PIXELS];
    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        bp_operation_spec spec =
            types[t] == BP_I8 ? spec_of("half=3,step=2,threshold=75,centre_x=41,centre_y=33") : usual_spec();
        bp_operation_in given = {.as = types[t]};
        bp_array restored;
        frame_of(types[t], 3, in);
        array_of(&given.values, types[t], 1, in);
        array_of(&restored, types[t], 1, out);
        assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
        bp_values_to_double(types[t], in, PIXELS, frame);
        bp_values_to_double(types[t], out, PIXELS, back);
        size_t same = 0, changed = 0;
        for (size_t i = 0; i < PIXELS; i++) {
            if (in_box(i)) {
                assert_true(frame[i] == back[i]);
                same++;
            } else if (far_from_boxes(i)) {
                assert_true(fabs(back[i] - mean_of_bin(frame, i)) <= STEP / 2 + 0.51);
                changed += back[i] != frame[i];
            }
        }
        assert_true(same > 100 && changed > PIXELS / 3);
    }
}

/* Marks, NaN and hot pixels come back, and no mean knows of them. */
static void marks_are_kept(void **state)
{
    static float in[PIXELS], out[PIXELS];
    static uint8_t marks[PIXELS];
    (void)state;
    bp_operation_spec spec = usual_spec();
    bp_operation_in given = {.as = BP_F32, .marks = marks};
    bp_array restored;
    frame_of(BP_F32, 4, in);
    memset(marks, 0, sizeof marks);
    for (size_t i = 0; i < COLUMNS; i++) {
        marks[30 * COLUMNS + i] = 1;
        in[30 * COLUMNS + i] = -1;
    }
    in[5 * COLUMNS + 5] = NAN;
    in[6 * COLUMNS + 9] = -INFINITY;
    in[60 * COLUMNS + 60] = 5000; /* one hot pixel is no peak */
    array_of(&given.values, BP_F32, 1, in);
    array_of(&restored, BP_F32, 1, out);
    assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
    for (size_t i = 0; i < PIXELS; i++)
        if (marks[i] || !isfinite(in[i]) || in[i] > 4000)
            assert_memory_equal(&in[i], &out[i], sizeof *in);
        else
            assert_true(out[i] > 35 && out[i] < 250);
    memset(marks, 1, sizeof marks);
    assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
    assert_memory_equal(in, out, sizeof in);
}

static size_t box_bytes(const bp_roi_prepared *prepared, void *values)
{
    bp_operation_spec spec = usual_spec();
    bp_operation_in given = {.as = BP_F32};
    bp_operation_out out;
    bp_roi_side side;
    spec.prepared = prepared;
    array_of(&given.values, BP_F32, 1, values);
    assert_int_equal(bp_operation_apply(NULL, &spec, &given, &out), BP_OK);
    assert_int_equal(bp_roi_side_read(NULL, out.side, out.side_size, &side), BP_OK);
    size_t bytes = side.plain + side.coded;
    bp_operation_out_fini(NULL, &out);
    return bytes;
}

static void given_peaks_and_overlap(void **state)
{
    static float in[PIXELS];
    static const double x[] = {20.9, 22, 20.2, 1e9, NAN}, y[] = {30.5, 30, 30.7, 3, 4};
    double counts[] = {0};
    (void)state;
    frame_of(BP_F32, 5, in);
    bp_roi_prepared prepared = {
        .rows = ROWS, .columns = COLUMNS, .x = x, .y = y, .counts = counts, .room = 5, .frames = 1};
    assert_in_range(box_bytes(&prepared, in), 0, 8);
    counts[0] = 1;
    size_t one = box_bytes(&prepared, in);
    assert_in_range(one, 49 * 2, 49 * 4);
    counts[0] = 2; /* two more columns */
    size_t two = box_bytes(&prepared, in);
    assert_in_range(two, one + 14 * 2, one + 14 * 5);
    counts[0] = 5; /* the same once more, and two that are nowhere */
    assert_int_equal(box_bytes(&prepared, in), two);
    prepared.rows = ROWS / 2;
    bp_operation_spec spec = usual_spec();
    bp_operation_in given = {.as = BP_F32};
    bp_operation_out out;
    spec.prepared = &prepared;
    array_of(&given.values, BP_F32, 1, in);
    assert_int_equal(bp_operation_apply(NULL, &spec, &given, &out), BP_E_USAGE);
    bp_operation_out_fini(NULL, &out);
}

static size_t encode(bp_dtype dtype, size_t frames, void *values, const char *codec_text, uint8_t **chunk)
{
    bp_array array;
    bp_codec_spec codec;
    bp_chain chain = {.count = 1};
    size_t size;
    chain.operations[0] = usual_spec();
    array_of(&array, dtype, frames, values);
    bp_chunk_source source = {.values = &array, .as = dtype};
    assert_int_equal(bp_codec_spec_parse(NULL, codec_text, -1, &codec), BP_OK);
    size_t room = bp_chunk_worst_values(&codec, &chain, &source, NULL);
    *chunk = malloc(room);
    assert_non_null(*chunk);
    assert_int_equal(
        bp_chunk_encode_values(NULL, &codec, &chain, &source, BP_LITTLE_ENDIAN, NULL, *chunk, room, &size),
        BP_OK);
    return size;
}

static void chunks_of_several_frames(void **state)
{
    static uint16_t in[3 * PIXELS], want[3 * PIXELS], back[3 * PIXELS];
    uint8_t *chunk;
    (void)state;
    bp_operation_spec spec = usual_spec();
    for (size_t f = 0; f < 3; f++)
        frame_of(BP_U16, 10 + f, in + f * PIXELS);
    bp_operation_in given = {.as = BP_U16};
    bp_array restored;
    array_of(&given.values, BP_U16, 3, in);
    array_of(&restored, BP_U16, 3, want);
    assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
    size_t size = encode(BP_U16, 3, in, "photon", &chunk);
    assert_true(size < sizeof in / 6);
    assert_int_equal(bp_chunk_decode(NULL, chunk, size, back, sizeof back), BP_OK);
    assert_memory_equal(want, back, sizeof back);
    bp_random random;
    bp_random_init(&random, 1, 1);
    for (int trial = 0; trial < 1000; trial++) {
        size_t bit = (size_t)(bp_random_next(&random) % (8 * size));
        chunk[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bp_chunk_decode(NULL, chunk, size, back, sizeof back) == BP_OK)
            fail_msg("flipped bit %zu was not noticed", bit);
        chunk[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(chunk);
}

/* Side bytes that no hash protects: an answer, whatever it is, and no access beyond the bytes. */
static void hostile_side_bytes(void **state)
{
    static int32_t in[PIXELS], out[PIXELS];
    (void)state;
    bp_operation_spec spec = usual_spec();
    bp_operation_in given = {.as = BP_I32};
    bp_operation_out made;
    bp_array restored;
    frame_of(BP_I32, 6, in);
    array_of(&given.values, BP_I32, 1, in);
    array_of(&restored, BP_I32, 1, out);
    assert_int_equal(bp_operation_apply(NULL, &spec, &given, &made), BP_OK);
    bp_random random;
    bp_random_init(&random, 2, 1);
    size_t refused = 0;
    for (size_t trial = 0; trial < 600; trial++) {
        size_t size = trial % 3 ? made.side_size : (size_t)(bp_random_next(&random) % made.side_size);
        uint8_t *side = malloc(size + 1);
        bp_array coded;
        assert_non_null(side);
        memcpy(side, made.side, size);
        for (int k = 0; k < 2 && size; k++)
            side[bp_random_next(&random) % size] = (uint8_t)bp_random_next(&random);
        bp_status status = spec.operation->coded(NULL, spec.params, side, size, &restored, &coded);
        if (status == BP_OK && coded.dtype == made.coded.dtype) {
            coded.data = made.coded.data;
            status = spec.operation->restore(NULL, spec.params, side, size, &coded, &restored);
        }
        refused += status != BP_OK;
        free(side);
    }
    assert_true(refused > 300);
    bp_operation_out_fini(NULL, &made);
}

static void odd_shapes(void **state)
{
    static float in[64], out[64];
    static const size_t shapes[][4] = {{2, 1, 1, 0}, {2, 1, 9, 0}, {2, 3, 3, 0}, {4, 2, 2, 3}, {2, 8, 1, 0}};
    (void)state;
    for (size_t i = 0; i < 64; i++)
        in[i] = (float)(i * i % 17);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        bp_operation_spec spec = usual_spec();
        bp_operation_in given = {.as = BP_F32};
        bp_array restored;
        size_t shape[4] = {shapes[s][1], shapes[s][2], shapes[s][3] ? shapes[s][3] : 1, 5};
        size_t rank = shapes[s][0];
        assert_int_equal(bp_array_init(&given.values, BP_F32, 0, rank, shape, in), BP_OK);
        assert_int_equal(bp_array_init(&restored, BP_F32, 0, rank, shape, out), BP_OK);
        assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
    }
    bp_operation_spec spec = usual_spec();
    bp_operation_in given = {.as = BP_F32};
    bp_operation_out made;
    size_t shape[1] = {64};
    assert_int_equal(bp_array_init(&given.values, BP_F32, 0, 1, shape, in), BP_OK);
    assert_int_equal(bp_operation_apply(NULL, &spec, &given, &made), BP_E_UNSUPPORTED);
    bp_operation_out_fini(NULL, &made);
}

/* Approximately normal noise of variance 9 + 0.5 mean; the mean rises over the frame. */
static void noise_of_the_background(void **state)
{
    enum { SIDE = 512 };
    double *frame = malloc(SIDE * SIDE * sizeof *frame);
    uint8_t *exact = calloc(SIDE, SIDE);
    bp_roi_region *regions = malloc(bp_roi_regions_most(SIDE, SIDE, 2) * sizeof *regions);
    bp_random random;
    (void)state;
    assert_true(frame && exact && regions);
    bp_random_init(&random, 8, 0);
    for (int law = 0; law < 2; law++) {
        size_t count;
        bp_roi_noise noise;
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            double mean = (double)(i / SIDE) * 0.4, sum = 0;
            for (int k = 0; k < 12; k++)
                sum += bp_random_uniform(&random) - 0.5;
            frame[i] = mean + sum * sqrt(9 + (law ? 0.5 : 0) * mean);
        }
        assert_true(bp_roi_regions(frame, exact, SIDE, SIDE, 2, regions, &count));
        assert_int_equal(count, 64);
        assert_true(bp_roi_noise_of(regions, count, &noise));
        double dark = noise.read_noise * noise.read_noise - noise.gain * noise.offset;
        double bright = dark + noise.gain * 200, wanted = (9 + (law ? 100 : 0)) / 4.0;
        assert_true(bright < 1.1 * wanted && bright > 0.75 * wanted);
        assert_true(dark < 1.3 * 9 / 4 && dark > 0.6 * 9 / 4);
    }
    size_t none;
    memset(exact, 1, SIDE * SIDE);
    bp_roi_noise noise;
    assert_true(bp_roi_regions(frame, exact, SIDE, SIDE, 2, regions, &none));
    assert_int_equal(none, 0);
    assert_false(bp_roi_noise_of(regions, none, &noise));
    free(frame);
    free(exact);
    free(regions);
}

static void every_level_sums_alike(void **state)
{
    enum { COUNT = 16 * 77 };
    static float values[COUNT];
    static uint32_t found[COUNT], wanted[COUNT];
    (void)state;
    bp_random random;
    bp_random_init(&random, 9, 0);
    const bp_kernels *plain = bp_kernels_at(BP_SIMD_C);
    for (size_t trial = 0; trial < 50; trial++) {
        for (size_t i = 0; i < COUNT; i++)
            values[i] = i % 97 == 5 ? NAN : (float)(bp_random_uniform(&random) * 3000 - 1000);
        size_t count = trial * 16 < COUNT ? trial * 16 : COUNT;
        bp_ring_sums a, b;
        plain->ring_sum(values, count, -500, 900, &a);
        size_t n = plain->ring_above(values, count, 1700, wanted);
        for (int level = 1; level < BP_SIMD_COUNT; level++) {
            const bp_kernels *k = bp_kernels_at((bp_simd)level);
            if (!k)
                continue;
            k->ring_sum(values, count, -500, 900, &b);
            assert_true(a.sum == b.sum && a.squares == b.squares && a.count == b.count);
            assert_int_equal(k->ring_above(values, count, 1700, found), n);
            assert_memory_equal(found, wanted, n * sizeof *found);
        }
    }
}

#define GOLDEN "tests/golden/chunk/roi-1_%s.chunk"

static const struct golden {
    const char *name, *codec;
    bp_dtype dtype;
    size_t frames;
} goldens[] = {{"u16", "photon", BP_U16, 2}, {"f32", "store", BP_F32, 1}};

static void golden_values(const struct golden *g, void *values)
{
    for (size_t f = 0; f < g->frames; f++)
        frame_of(g->dtype, 100 + f, (uint8_t *)values + f * PIXELS * bp_dtype_size(g->dtype));
}

static void golden_chunks_decode(void **state)
{
    static uint8_t chunk[8 * PIXELS];
    static uint32_t in[PIXELS], want[PIXELS], back[PIXELS];
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        const struct golden *g = &goldens[i];
        char path[256];
        size_t bytes = g->frames * PIXELS * bp_dtype_size(g->dtype);
        bp_operation_spec spec = usual_spec();
        bp_operation_in given = {.as = g->dtype};
        bp_array restored;
        uint8_t *again;
        snprintf(path, sizeof path, GOLDEN, g->name);
        golden_values(g, in);
        size_t size = encode(g->dtype, g->frames, in, g->codec, &again);
        if (getenv("BP_WRITE_GOLDEN")) {
            FILE *out = fopen(path, "wb");
            assert_non_null(out);
            assert_int_equal(fwrite(again, 1, size, out), size);
            fclose(out);
        }
        FILE *file = fopen(path, "rb");
        if (!file)
            fail_msg("golden %s is missing", g->name);
        assert_int_equal(fread(chunk, 1, sizeof chunk, file), size);
        fclose(file);
        assert_memory_equal(chunk, again, size);
        array_of(&given.values, g->dtype, g->frames, in);
        array_of(&restored, g->dtype, g->frames, want);
        assert_int_equal(bp_operation_round_trip(NULL, &spec, &given, &restored), BP_OK);
        assert_int_equal(bp_chunk_decode(NULL, chunk, size, back, bytes), BP_OK);
        assert_memory_equal(want, back, bytes);
        free(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_are_exact_and_the_rest_is_near),
        cmocka_unit_test(marks_are_kept),
        cmocka_unit_test(given_peaks_and_overlap),
        cmocka_unit_test(chunks_of_several_frames),
        cmocka_unit_test(hostile_side_bytes),
        cmocka_unit_test(odd_shapes),
        cmocka_unit_test(noise_of_the_background),
        cmocka_unit_test(every_level_sums_alike),
        cmocka_unit_test(golden_chunks_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
