/* SPDX-License-Identifier: BSD-3-Clause
 * The codec photon: its kernels against the reference, its regimes, and payloads that were damaged. */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_tables.h"
#include "beampress/beampress.h"
#include "kernel/kernel_c.h"
#include "kernel/photon_model.h"
#include "unit/cmocka_all.h"

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13; /* xorshift64, Marsaglia 2003 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Values about a rising level with noise of about 2^spread; now and then anything. */
static uint16_t sample(size_t row, size_t column, unsigned spread)
{
    uint64_t r = next();
    if (r % 97 == 0)
        return (uint16_t)(r >> 20);
    uint32_t noise = (uint32_t)(r >> 40 & r >> 20) & ((2u << spread) - 1);
    return (uint16_t)((row + column / 4) * (spread > 1) + noise);
}

typedef struct plane {
    size_t height, width, stride;
    uint16_t *memory, *values;
    uint32_t *raw;
    uint8_t *labels;
} plane;

static plane make_plane(size_t height, size_t width, unsigned spread, bool labelled)
{
    plane p = {height, width, bp_photon_stride(width), NULL, NULL, NULL, NULL};
    p.memory = calloc(p.stride * height, sizeof *p.memory);
    p.values = p.memory + BP_PHOTON_PAD;
    p.raw = calloc(height * width, sizeof *p.raw);
    p.labels = labelled ? calloc(height, width) : NULL;
    for (size_t r = 0; r < height; r++) {
        uint16_t *row = p.values + r * p.stride;
        bp_photon_pad_left(row, p.stride, r);
        for (size_t c = 0; c < width; c++) {
            row[c] = sample(r, c, spread);
            p.raw[r * width + c] = row[c] < BP_PHOTON_LARGE ? row[c] : (uint32_t)next() | BP_PHOTON_LARGE;
            if (labelled && (next() % 50 == 0 || (r > 20 && r < 25))) {
                p.labels[r * width + c] = 1;
                row[c] = row[(ptrdiff_t)c - 1];
            }
        }
        for (size_t i = 0; i < 32; i++)
            row[width + i] = row[width - 1];
    }
    return p;
}

static void free_plane(plane *p)
{
    free(p->memory);
    free(p->raw);
    free(p->labels);
}

/* Any model: weights of both signs that sum to 16. */
static bp_photon_model make_model(unsigned which)
{
    static const int8_t weights[2][BP_PHOTON_WEIGHTS] = {{6, 7, 3, -4, 1, 2, 0, 1, 0},
                                                         {5, 3, -2, 1, 0, 2, 15, -15, 7}};
    bp_photon_model m = {.kind = (uint8_t)(which % BP_PHOTON_KINDS),
                         .weighted = which / BP_PHOTON_KINDS % 3 > 0};
    m.shift = (uint8_t)(next() % (BP_PHOTON_MOST_SHIFT + 1));
    m.pace = (uint8_t)(next() % (BP_PHOTON_MOST_PACE + 1));
    if (m.weighted)
        memcpy(m.weight, weights[which / BP_PHOTON_KINDS % 3 - 1], sizeof m.weight);
    if (m.weighted && m.kind == BP_PHOTON_BY_WINDOW && m.weight[BP_PHOTON_WINDOW]) {
        m.weight[BP_PHOTON_W] = (int8_t)(m.weight[BP_PHOTON_W] + m.weight[BP_PHOTON_WINDOW]);
        m.weight[BP_PHOTON_WINDOW] = 0;
    }
    return m;
}

#define MODELS (3 * BP_PHOTON_KINDS)

/* Tables that leave symbols out, so that there are escapes, in every regime of low bits. */
static void make_tables(bp_photon_tables *t, unsigned model, unsigned most_low)
{
    bp_photon_weights weights;
    memset(t, 0, sizeof *t);
    t->model = make_model(model);
    t->bits = (uint8_t)(most_low <= 4 ? BP_PHOTON_MOST_BITS : most_low <= 6 ? 10 : 16 - most_low);
    t->count = (uint8_t)(most_low <= 4 ? 8 : 32);
    for (size_t code = 0; code < BP_PHOTON_CODES; code++)
        t->map[code] = (uint8_t)(code * t->count / BP_PHOTON_CODES);
    for (size_t c = 0; c < t->count; c++) {
        t->low[c] = (uint8_t)(most_low ? c % (most_low + 1) : 0);
        t->zero[c] = c % 3 ? 15 : (uint8_t)(c % 7);
        for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
            weights.weight[c][s] = (uint8_t)(s == BP_PHOTON_ESCAPE ? 5 : next() % 5 ? 1 + next() % 20 : 0);
        if (c == 3) /* one symbol alone */
            for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
                weights.weight[c][s] = s == BP_PHOTON_ESCAPE;
    }
    assert_true(bp_photon_tables_build(t, &weights, true));
}

typedef struct streams {
    uint16_t *words, *words_end;
    uint32_t *escapes, *escapes_end;
    bp_photon_sink sink;
} streams;

static streams encode_with(const bp_kernels *kernels, const plane *p, const bp_photon_tables *t)
{
    size_t n = p->height * p->width;
    streams s = {malloc(4 * n + 128), NULL, malloc(4 * n), NULL, {{0}, NULL, NULL}};
    uint16_t *tokens = malloc(bp_photon_tokens_size(p->height, p->width) * sizeof *tokens);
    uint16_t *lines = malloc(bp_photon_lines_size(p->width) * sizeof *lines);
    const bp_photon_source source = {.tables = t,
                                     .plane = p->values,
                                     .stride = p->stride,
                                     .raw = (const uint8_t *)p->raw,
                                     .form = {.itemsize = 4, .step = 1, .inverse = 1},
                                     .labels = p->labels,
                                     .height = p->height,
                                     .width = p->width,
                                     .lines = lines,
                                     .tokens = tokens};
    s.sink.word = s.words_end = s.words + 2 * n + 64;
    s.sink.escape = s.escapes_end = s.escapes + n;
    kernels->photon_encode(&source, &s.sink);
    free(tokens);
    free(lines);
    return s;
}

static void free_streams(streams *s)
{
    free(s->words);
    free(s->escapes);
}

static void same_streams(const streams *a, const streams *b)
{
    size_t words = (size_t)(a->words_end - a->sink.word), escapes = (size_t)(a->escapes_end - a->sink.escape);
    assert_int_equal(b->words_end - b->sink.word, words);
    assert_int_equal(b->escapes_end - b->sink.escape, escapes);
    assert_memory_equal(a->sink.word, b->sink.word, 2 * words);
    assert_memory_equal(a->sink.escape, b->sink.escape, 4 * escapes);
    assert_memory_equal(a->sink.state, b->sink.state, sizeof a->sink.state);
}

static uint32_t *hidden_of(const plane *p)
{
    uint32_t *hidden = calloc(bp_photon_steps(p->height, p->width), sizeof *hidden);
    for (size_t r = 0; r < p->height; r++)
        for (size_t c = 0; c < p->width; c++)
            if (p->labels[r * p->width + c])
                hidden[bp_photon_step_of(r, c, p->width)] |= 1u << r % BP_PHOTON_LANES;
    return hidden;
}

/* The same band three times: kernels decode two side by side. */
static void decodes_with(const bp_kernels *kernels, const plane *p, const bp_photon_tables *t,
                         const streams *s)
{
    enum { COPIES = 3 };
    size_t n = p->height * p->width, words = (size_t)(s->words_end - s->sink.word);
    size_t escapes = (size_t)(s->escapes_end - s->sink.escape);
    uint8_t *bytes = calloc(2 * words + BP_PHOTON_WORD_SLACK, 1);
    uint32_t *values = calloc(escapes + BP_PHOTON_ESCAPE_SLACK, sizeof *values);
    uint16_t *out = malloc(COPIES * n * sizeof *out);
    uint16_t *lines = malloc(2 * bp_photon_lines_size(p->width) * sizeof *lines);
    uint32_t *hidden = p->labels ? hidden_of(p) : NULL;
    bp_photon_band bands[COPIES];
    memcpy(values, s->sink.escape, 4 * escapes);
    for (size_t i = 0; i < words; i++) {
        bytes[2 * i] = (uint8_t)s->sink.word[i];
        bytes[2 * i + 1] = (uint8_t)(s->sink.word[i] >> 8);
    }
    for (size_t i = 0; i < COPIES; i++) {
        bands[i] = (bp_photon_band){.words = bytes, .words_end = bytes + 2 * words, .escapes = values};
        bands[i].escapes_end = values + escapes;
        bands[i].height = p->height;
        bands[i].hidden = hidden;
        bands[i].out = out + i * n;
        memcpy(bands[i].state, s->sink.state, sizeof s->sink.state);
    }
    const bp_photon_target target = {.tables = t, .width = p->width, .stride = p->width, .lines = lines};
    assert_true(kernels->photon_decode(&target, bands, COPIES));
    for (size_t i = 0; i < COPIES * n; i++)
        if (!p->labels || !p->labels[i % n])
            assert_int_equal(out[i], p->values[i % n / p->width * p->stride + i % p->width]);
    free(hidden);
    free(lines);
    free(out);
    free(values);
    free(bytes);
}

static void all_levels_agree_on(const plane *p, const bp_photon_tables *t)
{
    streams reference = encode_with(bp_kernels_at(BP_SIMD_C), p, t);
    for (int level = BP_SIMD_C; level < BP_SIMD_COUNT; level++) {
        const bp_kernels *kernels = bp_kernels_at((bp_simd)level);
        if (!kernels) {
            print_message("SKIP %s: not on this machine\n", bp_simd_name((bp_simd)level));
            continue;
        }
        streams s = encode_with(kernels, p, t);
        same_streams(&reference, &s);
        decodes_with(kernels, p, t, &reference);
        free_streams(&s);
    }
    free_streams(&reference);
}

static void every_level_codes_alike(void **state)
{
    (void)state;
    static const size_t shapes[][2] = {{1, 1},   {1, 40},  {40, 1},  {3, 2},     {33, 31},  {64, 62},
                                       {17, 50}, {70, 93}, {33, 94}, {100, 131}, {65, 157}, {97, 70}};
    static const unsigned lows[] = {0, 5, 7, 11};
    bp_photon_tables *t = malloc(sizeof *t);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (unsigned model = 0; model < MODELS; model++) {
            unsigned low = lows[(model + i) % 4];
            plane p = make_plane(shapes[i][0], shapes[i][1], low, (i + model / 4) % 2);
            make_tables(t, model, low);
            all_levels_agree_on(&p, t);
            free_plane(&p);
        }
    free(t);
}

static void every_level_predicts_alike(void **state)
{
    (void)state;
    plane p = make_plane(5, 77, 15, false);
    const bp_photon_pieces pieces = {(const size_t[]){0}, 1, p.height, p.width, p.stride, p.stride};
    uint16_t prediction[2][128], *windows[2];
    uint8_t code[2][128];
    windows[0] = calloc(p.stride * p.height + 64, 2);
    windows[1] = calloc(p.stride * p.height + 64, 2);
    for (int level = BP_SIMD_AVX2; level < BP_SIMD_COUNT; level++)
        for (unsigned which = 0; bp_kernels_at((bp_simd)level) && which < MODELS; which++) {
            bp_photon_model model = make_model(which);
            const bp_kernels *kernels[2] = {bp_kernels_at(BP_SIMD_C), bp_kernels_at((bp_simd)level)};
            for (size_t k = 0; k < 2; k++)
                kernels[k]->photon_windows(&model, p.values, &pieces, windows[k] + BP_PHOTON_PAD);
            for (size_t r = 0; r < p.height; r++) {
                bp_photon_rows rows = bp_photon_rows_of(p.values + r * p.stride, p.stride, r);
                for (size_t k = 0; k < 2; k++) {
                    rows.window =
                        bp_photon_has_window(&model) ? windows[k] + BP_PHOTON_PAD + r * p.stride : NULL;
                    kernels[k]->photon_predict(&model, &rows, p.width, prediction[k], code[k]);
                }
                assert_memory_equal(prediction[0], prediction[1], p.width * sizeof(uint16_t));
                assert_memory_equal(code[0], code[1], p.width);
            }
        }
    free(windows[0]);
    free(windows[1]);
    free_plane(&p);
}

static void logarithms_are_right(void **state)
{
    (void)state;
    for (unsigned e = 0; e < 64; e++)
        assert_int_equal(bp_photon_log2(UINT64_C(1) << e), e << 16);
    assert_in_range(bp_photon_log2(3), 103872, 103874); /* 65536 log2(3) = 103872.6 */
    assert_in_range(bp_photon_log2(1000003), 1306234, 1306237);
    for (uint64_t v = 1; v < 5000; v++)
        assert_true(bp_photon_log2(v) < bp_photon_log2(v + 1));
}

/* Encodes a frame and decodes it; returns the size of the payload, which the caller frees. */
static size_t round_trip(bp_dtype dtype, size_t height, size_t width, const void *values, uint8_t **payload)
{
    const size_t shape[2] = {height, width};
    bp_codec_spec spec;
    bp_array in, out;
    size_t size;
    assert_int_equal(bp_codec_spec_parse(NULL, "photon", -1, &spec), BP_OK);
    assert_int_equal(bp_array_init(&in, dtype, 0, 2, shape, NULL), BP_OK);
    out = in;
    in.data = (void *)(uintptr_t)values;
    out.data = malloc(bp_array_bytes(&in));
    size_t worst = bp_codec_worst_size(&spec, &in);
    *payload = malloc(worst);
    assert_int_equal(bp_codec_encode(NULL, &spec, &in, *payload, worst, &size), BP_OK);
    assert_int_equal(bp_codec_decode(NULL, &spec, *payload, size, &out), BP_OK);
    assert_memory_equal(in.data, out.data, bp_array_bytes(&in));
    free(out.data);
    return size;
}

#define HEIGHT 120
#define WIDTH  90

static size_t size_of_32(bp_dtype dtype, const uint32_t *values)
{
    uint8_t *payload;
    size_t size = round_trip(dtype, HEIGHT, WIDTH, values, &payload);
    free(payload);
    return size;
}

static void regimes_take_few_bytes(void **state)
{
    (void)state;
    static uint32_t v[HEIGHT * WIDTH];
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        v[i] = 12345;
    assert_in_range(size_of_32(BP_U32, v), 1, 8); /* constant */
    v[777] = UINT32_MAX;
    v[778] = UINT32_MAX - 1;
    assert_in_range(size_of_32(BP_U32, v), 1, 40); /* constant but for two labels */
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        v[i] = i % 7 ? UINT32_MAX : UINT32_MAX - 1;
    size_of_32(BP_I32, v); /* nothing but labels */
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        v[i] = next() % 500 == 0;
    assert_in_range(size_of_32(BP_U32, v), 1, 300); /* sparse: 0.021 bits a pixel are 28 bytes */
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        v[i] = 1000 + 3000 * (uint32_t)(next() % 4);
    assert_in_range(size_of_32(BP_I32, v), HEIGHT * WIDTH / 4, HEIGHT * WIDTH / 4 + 400); /* a coarse grid */
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        v[i] = (uint32_t)next();
    assert_int_equal(size_of_32(BP_U32, v), sizeof v + 1); /* nothing to gain: as it is */
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        v[i] = (uint32_t)((int32_t)(next() % 64) - 1000);
    assert_in_range(size_of_32(BP_I32, v), 1, HEIGHT * WIDTH * 7 / 8); /* negative values */
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        v[i] = i % 1000 ? (uint32_t)(next() % 4) : (1u << 26) - 1 - (uint32_t)(i & 1);
    assert_in_range(size_of_32(BP_U32, v), 1, HEIGHT * WIDTH / 2); /* few values at the limit */
}

/* Damage is noticed or gives other values; it never does harm. */
static void damaged_payloads_are_survived(void **state)
{
    (void)state;
    static uint16_t v[HEIGHT * WIDTH], back[HEIGHT * WIDTH];
    const size_t shape[2] = {HEIGHT, WIDTH};
    bp_context *ctx = bp_context_new();
    bp_codec_spec spec;
    bp_array out;
    uint8_t *payload;
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        v[i] = i / WIDTH == 60 ? 65535
                               : (uint16_t)(100 + (next() & next() & 31) + (next() % 300 == 0 ? 9000 : 0));
    size_t size = round_trip(BP_U16, HEIGHT, WIDTH, v, &payload), noticed = 0;
    assert_int_equal(bp_codec_spec_parse(ctx, "photon", -1, &spec), BP_OK);
    assert_int_equal(bp_array_init(&out, BP_U16, 0, 2, shape, back), BP_OK);
    for (size_t i = 0; i < 3000; i++) {
        size_t length = i % 3 ? size : next() % size, at = i < 1500 ? i % 300 % size : next() % size;
        uint8_t *copy = malloc(length + 1);
        memcpy(copy, payload, length);
        if (at < length)
            copy[at] ^= (uint8_t)(1 + next() % 255);
        bp_status status = bp_codec_decode(ctx, &spec, copy, length, &out);
        assert_true(status == BP_OK || status == BP_E_DAMAGED);
        noticed += status != BP_OK;
        free(copy);
    }
    assert_true(noticed > 2500); /* a stream that was changed hardly ever ends in the right states */
    free(payload);
    bp_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithms_are_right),          cmocka_unit_test(every_level_predicts_alike),
        cmocka_unit_test(every_level_codes_alike),       cmocka_unit_test(regimes_take_few_bytes),
        cmocka_unit_test(damaged_payloads_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
