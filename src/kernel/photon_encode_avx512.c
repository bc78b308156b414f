/* SPDX-License-Identifier: BSD-3-Clause
 * Encodes bands of photon with 16 lanes a vector. All neighbours are known, so rows are modelled along the
 * row; a transpose turns their tokens into the order of the lanes. */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__) &&       \
    defined(__AVX512VBMI__) && defined(__AVX512CD__)
#include "kernel/photon_avx512.h"

#define BLOCK 16

BP_ALWAYS bp_photon_around load_around(const bp_photon_rows *r, size_t c)
{
    return (bp_photon_around){_mm512_loadu_si512(r->w + c),   _mm512_loadu_si512(r->ww + c),
                              _mm512_loadu_si512(r->n + c),   _mm512_loadu_si512(r->ne + c),
                              _mm512_loadu_si512(r->nw + c),  _mm512_loadu_si512(r->nn + c),
                              _mm512_loadu_si512(r->nne + c), _mm512_loadu_si512(r->nnw + c)};
}

BP_ALWAYS void predict_row(const int model, const bp_photon_rows *rows, size_t width, uint32_t *prediction,
                           uint8_t *code)
{
    for (size_t c = 0; c < width; c += 16) {
        __m512i codes;
        bp_photon_around a = load_around(rows, c);
        _mm512_storeu_si512(prediction + c, bp_predict_16(model, &a, &codes));
        _mm_storeu_si128((__m128i *)(void *)(code + c), _mm512_cvtepi32_epi8(codes));
    }
}

void bp_photon_predict_avx512(unsigned model, const bp_photon_rows *rows, size_t width, uint32_t *prediction,
                              uint8_t *code)
{
    switch (model) {
    case 0:
        predict_row(0, rows, width, prediction, code);
        break;
    case 1:
        predict_row(1, rows, width, prediction, code);
        break;
    case 2:
        predict_row(2, rows, width, prediction, code);
        break;
    case 3:
        predict_row(3, rows, width, prediction, code);
        break;
    default:
        predict_row(4, rows, width, prediction, code);
        break;
    }
}

typedef struct lookup {
    __m512i low[2], zero[2], map[2], used[2]; /* used: bit s, symbol s has a frequency */
} lookup;

static lookup make_lookup(const bp_photon_tables *t)
{
    uint32_t low[BP_PHOTON_CONTEXTS] = {0}, zero[BP_PHOTON_CONTEXTS] = {0}, used[BP_PHOTON_CONTEXTS] = {0};
    lookup look;
    for (size_t c = 0; c < t->count; c++) {
        low[c] = t->low[c];
        zero[c] = t->zero[c];
        for (size_t s = 0; s < BP_PHOTON_SYMBOLS; s++)
            used[c] |= (uint32_t)(t->freq[c][s] != 0) << s;
    }
    for (size_t i = 0; i < 2; i++) {
        look.low[i] = _mm512_loadu_si512(low + 16 * i);
        look.zero[i] = _mm512_loadu_si512(zero + 16 * i);
        look.used[i] = _mm512_loadu_si512(used + 16 * i);
        look.map[i] = _mm512_loadu_si512(t->map + 64 * i);
    }
    return look;
}

BP_ALWAYS void tokens_of_row(const lookup *look, const int model, const bp_photon_rows *rows, size_t width,
                             uint32_t *tokens)
{
    for (size_t c = 0; c < width; c += 16) {
        bp_photon_around a = load_around(rows, c);
        __m512i code, prediction = bp_predict_16(model, &a, &code);
        __m512i residual = _mm512_sub_epi32(_mm512_loadu_si512(rows->w + c + 1), prediction);
        __m512i context = _mm512_and_si512(_mm512_permutex2var_epi8(look->map[0], code, look->map[1]),
                                           _mm512_set1_epi32(31));
        __m512i k = _mm512_permutex2var_epi32(look->low[0], context, look->low[1]);
        __m512i symbol = _mm512_add_epi32(_mm512_srav_epi32(residual, k),
                                          _mm512_permutex2var_epi32(look->zero[0], context, look->zero[1]));
        __m512i used = _mm512_permutex2var_epi32(look->used[0], context, look->used[1]);
        __mmask16 fits = _mm512_cmplt_epu32_mask(symbol, _mm512_set1_epi32(BP_PHOTON_ESCAPE));
        fits = _mm512_mask_test_epi32_mask(fits, _mm512_srlv_epi32(used, symbol), _mm512_set1_epi32(1));
        __m512i low = _mm512_andnot_si512(_mm512_sllv_epi32(_mm512_set1_epi32(-1), k), residual);
        __m512i token = _mm512_mask_or_epi32(_mm512_set1_epi32(BP_PHOTON_ESCAPE), fits, symbol,
                                             _mm512_slli_epi32(low, 10));
        _mm512_storeu_si512(tokens + c, _mm512_or_si512(token, _mm512_slli_epi32(context, 5)));
    }
}

static void make_tokens(const bp_photon_tables *t, const bp_photon_rows *rows, size_t width, uint32_t *tokens)
{
    const lookup look = make_lookup(t);
    switch (t->model) {
    case 0:
        tokens_of_row(&look, 0, rows, width, tokens);
        break;
    case 1:
        tokens_of_row(&look, 1, rows, width, tokens);
        break;
    case 2:
        tokens_of_row(&look, 2, rows, width, tokens);
        break;
    case 3:
        tokens_of_row(&look, 3, rows, width, tokens);
        break;
    default:
        tokens_of_row(&look, 4, rows, width, tokens);
        break;
    }
}

/* Per context and symbol: frequency | start << 13 | low bits << 26. */
typedef struct coder {
    uint32_t entries[BP_PHOTON_CONTEXTS * BP_PHOTON_SYMBOLS];
    __m512i x;
    __m512i free_bits; /* 32 - precision */
    __m128i bits;
} coder;

BP_ALWAYS void push_words(__m512i *x, __mmask16 full, bp_photon_sink *sink)
{
    unsigned count = (unsigned)__builtin_popcount(full);
    sink->word -= count;
    _mm256_mask_storeu_epi16(sink->word, (__mmask16)((1u << count) - 1),
                             _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(full, *x)));
    *x = _mm512_mask_srli_epi32(*x, full, *x, 16);
}

/* x / f: both are exact as doubles, and the quotient is no nearer than 1 / f to a whole number above it. */
BP_ALWAYS __m512i divide(__m512i x, __m512i f)
{
    __m512d low = _mm512_div_pd(_mm512_cvtepu32_pd(_mm512_castsi512_si256(x)),
                                _mm512_cvtepu32_pd(_mm512_castsi512_si256(f)));
    __m512d high = _mm512_div_pd(_mm512_cvtepu32_pd(_mm512_extracti64x4_epi64(x, 1)),
                                 _mm512_cvtepu32_pd(_mm512_extracti64x4_epi64(f, 1)));
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvttpd_epu32(low)), _mm512_cvttpd_epu32(high), 1);
}

BP_ALWAYS void encode_step(coder *t, __m512i token, const bool wide, bp_photon_sink *sink)
{
    __mmask16 active = _mm512_cmpneq_epi32_mask(token, _mm512_set1_epi32(-1));
    __m512i entry = _mm512_mask_i32gather_epi32(
        _mm512_set1_epi32(1), active, _mm512_and_si512(token, _mm512_set1_epi32(1023)), t->entries, 4);
    __m512i f = _mm512_and_si512(entry, _mm512_set1_epi32(8191)), k = _mm512_srli_epi32(entry, 26);
    __m512i start = _mm512_and_si512(_mm512_srli_epi32(entry, 13), _mm512_set1_epi32(8191));
    __m512i low = _mm512_srli_epi32(token, 10), x = t->x, joint = wide ? _mm512_setzero_si512() : k;
    if (wide) { /* a shift by 32 gives 0: lanes without low bits push nothing */
        __m512i over = _mm512_srlv_epi32(x, _mm512_sub_epi32(_mm512_set1_epi32(32), k));
        push_words(&x, _mm512_mask_test_epi32_mask(active, over, over), sink);
        x = _mm512_or_si512(_mm512_sllv_epi32(x, k), low);
    }
    __m512i head = _mm512_srlv_epi32(x, _mm512_sub_epi32(t->free_bits, joint));
    push_words(&x, _mm512_mask_cmpge_epu32_mask(active, head, f), sink);
    if (!wide)
        x = _mm512_or_si512(_mm512_sllv_epi32(x, k), low);
    __m512i quotient = divide(x, f);
    __m512i rest = _mm512_sub_epi32(x, _mm512_mullo_epi32(quotient, f));
    x = _mm512_add_epi32(_mm512_sll_epi32(quotient, t->bits), _mm512_add_epi32(rest, start));
    t->x = _mm512_mask_mov_epi32(t->x, active, x);
}

static void push_escapes(const bp_photon_source *s, size_t first, size_t step, uint32_t lanes,
                         bp_photon_sink *sink)
{
    for (size_t l = BP_PHOTON_LANES; l-- > 0;)
        if (lanes >> l & 1)
            *--sink->escape = s->plane[(first + l) * s->stride + step - BP_PHOTON_SKEW * l];
}

BP_ALWAYS void encode_group(const bp_photon_source *s, coder *t, size_t first, const bool wide,
                            bp_photon_sink *sink)
{
    size_t stride = bp_photon_stride(s->width), steps = bp_photon_steps(s->width);
    const __m512i escape = _mm512_set1_epi32(BP_PHOTON_ESCAPE);
    for (size_t block = (steps + BLOCK - 1) / BLOCK; block-- > 0;) {
        __m512i tokens[BLOCK];
        ptrdiff_t at = (ptrdiff_t)(block * BLOCK);
        for (size_t l = 0; l < BP_PHOTON_LANES; l++) { /* right of the row there may be no room for all */
            ptrdiff_t c = at - (ptrdiff_t)(BP_PHOTON_SKEW * l);
            tokens[l] = c < (ptrdiff_t)s->width ? _mm512_loadu_si512(s->tokens + l * stride + c)
                                                : _mm512_set1_epi32(-1);
        }
        bp_transpose_16(tokens);
        for (size_t i = BLOCK; i-- > 0;) {
            __mmask16 valid = _mm512_cmpneq_epi32_mask(tokens[i], _mm512_set1_epi32(-1));
            __mmask16 escaped =
                _mm512_mask_cmpeq_epi32_mask(valid, _mm512_and_si512(tokens[i], escape), escape);
            if (__builtin_expect(escaped != 0, 0))
                push_escapes(s, first, (size_t)at + i, escaped, sink);
            encode_step(t, tokens[i], wide, sink);
        }
    }
}

/* Left and right of a row, and in rows that are not there, nothing is coded. */
static void clear_around(const bp_photon_source *s, size_t rows)
{
    size_t stride = bp_photon_stride(s->width);
    for (size_t l = 0; l < BP_PHOTON_LANES; l++) {
        uint32_t *row = s->tokens + l * stride;
        for (size_t i = 1; i <= 32; i++)
            row[-(ptrdiff_t)i] = BP_PHOTON_SKIP;
        for (size_t c = l < rows ? s->width : 0; c < s->width + 32; c++)
            row[c] = BP_PHOTON_SKIP;
    }
}

void bp_photon_encode_avx512(const bp_photon_source *source, bp_photon_sink *sink)
{
    const bp_photon_tables *tables = source->tables;
    bp_photon_source s = *source;
    coder t = {.bits = _mm_cvtsi32_si128(tables->bits), .free_bits = _mm512_set1_epi32(32 - tables->bits)};
    s.tokens += BP_PHOTON_PAD;
    t.x = _mm512_set1_epi32((int)BP_PHOTON_START);
    for (size_t c = 0; c < tables->count; c++)
        for (size_t i = 0; i < BP_PHOTON_SYMBOLS; i++)
            t.entries[c * BP_PHOTON_SYMBOLS + i] =
                tables->freq[c][i] | (uint32_t)tables->start[c][i] << 13 | (uint32_t)tables->low[c] << 26;
    size_t groups = (s.height + BP_PHOTON_LANES - 1) / BP_PHOTON_LANES;
    for (size_t g = groups; g-- > 0;) {
        size_t first = g * BP_PHOTON_LANES;
        size_t rows = s.height - first < BP_PHOTON_LANES ? s.height - first : BP_PHOTON_LANES;
        bp_photon_group_tokens(&s, first, rows, make_tokens);
        clear_around(&s, rows);
        if (tables->wide)
            encode_group(&s, &t, first, true, sink);
        else
            encode_group(&s, &t, first, false, sink);
    }
    _mm512_storeu_si512(sink->state, t.x);
}
#endif
