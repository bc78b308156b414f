/* SPDX-License-Identifier: BSD-3-Clause
 * Level fast of photon with 256-bit vectors: the bytes of a block stand in pairs of vectors, of which sign
 * bits are taken off as planes. Blocks of 32-bit pixels are narrowed to 16 bits where their residuals allow
 * it. */
#include "kernel/kernel_c.h"
#include "kernel/photon_fast_block.h"

#if defined(__AVX2__) && defined(__BMI2__)

#define VECTOR 32 /* bytes */
#define MOST   8  /* vectors of a block */
#define INLINE static inline __attribute__((always_inline))

typedef __m256i vector;

INLINE vector load(const uint8_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}

INLINE void store(uint8_t *p, vector v)
{
    _mm256_storeu_si256((void *)p, v);
}

INLINE vector fill(size_t itemsize, uint32_t value)
{
    return itemsize == 1   ? _mm256_set1_epi8((char)value)
           : itemsize == 2 ? _mm256_set1_epi16((short)value)
                           : _mm256_set1_epi32((int)value);
}

INLINE vector add(size_t itemsize, vector a, vector b)
{
    return itemsize == 1   ? _mm256_add_epi8(a, b)
           : itemsize == 2 ? _mm256_add_epi16(a, b)
                           : _mm256_add_epi32(a, b);
}

INLINE vector sub(size_t itemsize, vector a, vector b)
{
    return itemsize == 1   ? _mm256_sub_epi8(a, b)
           : itemsize == 2 ? _mm256_sub_epi16(a, b)
                           : _mm256_sub_epi32(a, b);
}

INLINE vector max(size_t itemsize, vector a, vector b)
{
    return itemsize == 1   ? _mm256_max_epu8(a, b)
           : itemsize == 2 ? _mm256_max_epu16(a, b)
                           : _mm256_max_epu32(a, b);
}

INLINE vector mean(size_t itemsize, vector a, vector b)
{
    return itemsize == 1 ? _mm256_avg_epu8(a, b)
           : itemsize == 2
               ? _mm256_avg_epu16(a, b)
               : _mm256_sub_epi32(_mm256_or_si256(a, b), _mm256_srli_epi32(_mm256_xor_si256(a, b), 1));
}

/* `above` where `key` is larger than top, elsewhere `other`. */
INLINE vector marked(size_t itemsize, vector key, vector top, vector above, vector other)
{
    vector larger = max(itemsize, key, top); /* that is top where key is not larger */
    vector plain = itemsize == 1   ? _mm256_cmpeq_epi8(larger, top)
                   : itemsize == 2 ? _mm256_cmpeq_epi16(larger, top)
                                   : _mm256_cmpeq_epi32(larger, top);
    return _mm256_blendv_epi8(above, other, plain);
}

/* Signed residuals to unsigned: 0, -1, 1, -2 become 0, 1, 2, 3. */
INLINE vector fold(size_t itemsize, vector r)
{
    vector sign = itemsize == 1   ? _mm256_cmpgt_epi8(_mm256_setzero_si256(), r)
                  : itemsize == 2 ? _mm256_srai_epi16(r, 15)
                                  : _mm256_srai_epi32(r, 31);
    return _mm256_xor_si256(add(itemsize, r, r), sign);
}

INLINE vector unfold(size_t itemsize, vector u)
{
    vector odd = _mm256_and_si256(u, fill(itemsize, 1));
    vector half = itemsize == 1   ? _mm256_and_si256(_mm256_srli_epi16(u, 1), fill(1, 0x7f))
                  : itemsize == 2 ? _mm256_srli_epi16(u, 1)
                                  : _mm256_srli_epi32(u, 1);
    return _mm256_xor_si256(half, sub(itemsize, _mm256_setzero_si256(), odd));
}

INLINE vector background(const bp_photon_fast *f, size_t itemsize, const uint8_t *north)
{
    vector above = load(north);
    return marked(itemsize, above, fill(itemsize, f->top), above, fill(itemsize, f->base));
}

INLINE vector predict(const bp_photon_fast *f, size_t itemsize, const uint8_t *north)
{
    vector above = load(north);
    if (f->predictor == BP_FAST_ABOVE)
        return above;
    if (f->predictor == BP_FAST_LEVEL)
        return marked(itemsize, above, fill(itemsize, f->top), above, fill(itemsize, f->level));
    vector west = load(north - itemsize), east = load(north + itemsize);
    vector largest = max(itemsize, max(itemsize, west, east), above), sides = mean(itemsize, west, east);
    if (f->predictor == BP_FAST_MEAN_5) {
        west = load(north - 2 * itemsize);
        east = load(north + 2 * itemsize);
        largest = max(itemsize, max(itemsize, west, east), largest);
        sides = mean(itemsize, sides, mean(itemsize, west, east));
    }
    return marked(itemsize, largest, fill(itemsize, f->top), above, mean(itemsize, sides, above));
}

/* 64 elements of 4 bytes, all below 65536, in vectors of 2 bytes. */
INLINE void narrow(const vector *from, vector *to)
{
    for (int i = 0; i < 4; i++)
        to[i] = _mm256_permute4x64_epi64(_mm256_packus_epi32(from[2 * i], from[2 * i + 1]), 0xd8);
}

/* Low or high bytes of 64 elements of 2 bytes. */
INLINE void split(const vector *v, int high, vector *bytes)
{
    const vector low = _mm256_set1_epi16(255);
    for (int i = 0; i < 2; i++) {
        vector a = v[2 * i], b = v[2 * i + 1];
        a = high ? _mm256_srli_epi16(a, 8) : _mm256_and_si256(a, low);
        b = high ? _mm256_srli_epi16(b, 8) : _mm256_and_si256(b, low);
        bytes[i] = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
    }
}

INLINE void take_planes(const vector *bytes, uint64_t *planes)
{
    vector a = bytes[0], b = bytes[1];
    for (int k = 8; k-- > 0;) {
        planes[k] = (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
        a = _mm256_add_epi8(a, a);
        b = _mm256_add_epi8(b, b);
    }
}

/* Planes of elements of 2 bytes; returns how many. */
INLINE unsigned planes_of_2(const vector *v, uint64_t *planes)
{
    vector bytes[2];
    split(v, 0, bytes);
    take_planes(bytes, planes);
    split(v, 1, bytes);
    vector any = _mm256_or_si256(bytes[0], bytes[1]);
    if (_mm256_testz_si256(any, any))
        return 8;
    take_planes(bytes, planes + 8);
    return 16;
}

INLINE unsigned planes_of(size_t itemsize, const vector *v, bool wide, uint64_t *planes)
{
    vector half[4];
    if (itemsize == 1) {
        take_planes(v, planes);
        return 8;
    }
    if (itemsize == 2)
        return planes_of_2(v, planes);
    if (!wide) {
        narrow(v, half);
        return planes_of_2(half, planes);
    }
    for (int part = 0; part < 2; part++) {
        vector part_of[MOST], bytes[2];
        for (int i = 0; i < MOST; i++)
            part_of[i] = part ? _mm256_srli_epi32(v[i], 16) : _mm256_and_si256(v[i], fill(4, 65535));
        narrow(part_of, half);
        for (int high = 0; high < 2; high++) {
            split(half, high, bytes);
            take_planes(bytes, planes + 16 * part + 8 * high);
        }
    }
    return 32;
}

typedef bp_fast_staged staged;

INLINE bool plan_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *values, const uint8_t *north,
                       staged *to)
{
    const vector upper = fill(4, 0xffff0000);
    vector residuals[MOST], any = _mm256_setzero_si256();
    for (size_t i = 0; i < 2 * itemsize; i++) {
        residuals[i] = sub(itemsize, load(values + VECTOR * i), background(f, itemsize, north + VECTOR * i));
        any = _mm256_or_si256(any, residuals[i]);
    }
    if (_mm256_testz_si256(any, any))
        return false;
    bool wide = itemsize == 4 && !_mm256_testz_si256(any, upper);
    unsigned counted = bp_fast_most(to->planes[0], planes_of(itemsize, residuals, wide, to->planes[0]));
    if (bp_fast_is_sparse(to, counted))
        return true;
    any = _mm256_setzero_si256();
    for (size_t i = 0; i < 2 * itemsize; i++) {
        vector residual = sub(itemsize, load(values + VECTOR * i), predict(f, itemsize, north + VECTOR * i));
        residuals[i] = fold(itemsize, residual);
        any = _mm256_or_si256(any, residuals[i]);
    }
    wide = itemsize == 4 && !_mm256_testz_si256(any, upper);
    unsigned predicted = bp_fast_most(to->planes[1], planes_of(itemsize, residuals, wide, to->planes[1]));
    bp_fast_choose(to, counted, predicted);
    return true;
}

INLINE uint8_t *put_block(const staged *from, size_t itemsize, uint8_t *out)
{
    (void)itemsize;
    return bp_fast_put_staged(from, out);
}

/* Transposes the 8 x 8 bits of every 8 bytes (as bp_transpose_bits). */
INLINE vector transpose_bits(vector x)
{
    vector t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 7)),
                                _mm256_set1_epi64x(INT64_C(0x00aa00aa00aa00aa)));
    x = _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 7)));
    t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 14)),
                         _mm256_set1_epi64x(INT64_C(0x0000cccc0000cccc)));
    x = _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 14)));
    t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 28)),
                         _mm256_set1_epi64x(INT64_C(0x00000000f0f0f0f0)));
    return _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 28)));
}

/* 64 bytes from their eight planes. */
INLINE void join_planes(const uint64_t *planes, vector *bytes)
{
    const vector pair = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, 0, 8, 1, 9, 2,
                                         10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    /* lanes: planes 0, 1 and 4, 5; planes 2, 3 and 6, 7 */
    vector a = load((const uint8_t *)planes), b = load((const uint8_t *)(planes + 4));
    vector v = _mm256_shuffle_epi8(_mm256_permute2x128_si256(a, b, 0x20), pair);
    vector w = _mm256_shuffle_epi8(_mm256_permute2x128_si256(a, b, 0x31), pair);
    vector low = _mm256_unpacklo_epi16(v, w), high = _mm256_unpackhi_epi16(v, w);
    /* lanes: 4 bytes of each eight pixels, planes 0 to 3 and 4 to 7; pixels 0 to 31, 32 to 63 */
    low = _mm256_permute4x64_epi64(low, 0xd8);
    high = _mm256_permute4x64_epi64(high, 0xd8);
    bytes[0] = transpose_bits(_mm256_shuffle_epi32(low, 0xd8));
    bytes[1] = transpose_bits(_mm256_shuffle_epi32(high, 0xd8));
}

/* Elements of 2 bytes. */
INLINE void join_bytes(const vector *low, const vector *high, vector *v)
{
    for (int i = 0; i < 2; i++) {
        vector a = _mm256_permute4x64_epi64(low[i], 0xd8), b = _mm256_permute4x64_epi64(high[i], 0xd8);
        v[2 * i] = _mm256_unpacklo_epi8(a, b);
        v[2 * i + 1] = _mm256_unpackhi_epi8(a, b);
    }
}

INLINE void join_halves(const vector *low, const vector *high, vector *v)
{
    for (int i = 0; i < 4; i++) {
        vector a = _mm256_permute4x64_epi64(low[i], 0xd8), b = _mm256_permute4x64_epi64(high[i], 0xd8);
        v[2 * i] = _mm256_unpacklo_epi16(a, b);
        v[2 * i + 1] = _mm256_unpackhi_epi16(a, b);
    }
}

INLINE void elements_of(size_t itemsize, const uint64_t *planes, unsigned most, vector *v)
{
    vector bytes[4][2], half[2][4];
    unsigned used = most > 16 ? 4 : most > 8 ? 2 : 1;
    for (unsigned i = 0; i < 4; i++)
        bytes[i][0] = bytes[i][1] = _mm256_setzero_si256();
    for (unsigned i = 0; i < used && i < itemsize; i++)
        join_planes(planes + 8 * i, bytes[i]);
    if (itemsize == 1) {
        v[0] = bytes[0][0];
        v[1] = bytes[0][1];
    } else if (itemsize == 2) {
        join_bytes(bytes[0], bytes[1], v);
    } else {
        join_bytes(bytes[0], bytes[1], half[0]);
        join_bytes(bytes[2], bytes[3], half[1]);
        join_halves(half[0], half[1], v);
    }
}

INLINE const uint8_t *decode_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *in,
                                   const uint8_t *north, uint8_t *values, bool *bad)
{
    uint64_t planes[BP_FAST_PLANES] = {0};
    vector residuals[MOST];
    unsigned most, mode = *in & BP_FAST_PREDICTED;
    in = bp_fast_get_block(in, (unsigned)itemsize * 8, planes, &most, bad);
    elements_of(itemsize, planes, most, residuals);
    for (size_t i = 0; i < 2 * itemsize; i++) {
        const uint8_t *above = north + VECTOR * i;
        vector v = mode ? add(itemsize, unfold(itemsize, residuals[i]), predict(f, itemsize, above))
                        : add(itemsize, residuals[i], background(f, itemsize, above));
        store(values + VECTOR * i, v);
    }
    return in;
}

INLINE void decode_zeros(const bp_photon_fast *f, size_t itemsize, const uint8_t *north, uint8_t *values)
{
    for (size_t i = 0; i < 2 * itemsize; i++)
        store(values + VECTOR * i, background(f, itemsize, north + VECTOR * i));
}

#include "kernel/photon_fast_body.h"

size_t bp_photon_fast_encode_avx2(const bp_photon_fast *f, const void *frame, size_t first, size_t end,
                                  uint8_t *out, size_t capacity)
{
    return encode_any(f, frame, first, end, out, capacity);
}

bool bp_photon_fast_decode_avx2(const bp_photon_fast *f, const uint8_t *in, size_t size, void *frame)
{
    return decode_any(f, in, size, frame);
}

#endif
