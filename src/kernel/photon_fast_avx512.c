/* SPDX-License-Identifier: BSD-3-Clause
 * Level fast of photon with 512-bit vectors: the 64 pixels of a block are one vector for each of their bytes,
 * and bit matrices (GFNI) turn a vector of bytes into eight planes of 64 bits. */
#include "kernel/kernel_c.h"
#include "kernel/photon_fast_block.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__) &&       \
    defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512VPOPCNTDQ__) && defined(__GFNI__)

#define VECTOR 64 /* bytes */
#define SHORT  16 /* planes that the quick ways take */
#define INLINE static inline __attribute__((always_inline))

typedef __m512i vector;

/* Byte i of an index vector is f(i). */
#define EIGHT(f, i) f(i), f(i + 1), f(i + 2), f(i + 3), f(i + 4), f(i + 5), f(i + 6), f(i + 7)
#define TABLE(f)                                                                                             \
    {                                                                                                        \
        EIGHT(f, 0), EIGHT(f, 8), EIGHT(f, 16), EIGHT(f, 24), EIGHT(f, 32), EIGHT(f, 40), EIGHT(f, 48),      \
            EIGHT(f, 56)                                                                                     \
    }
#define ELEMENT(i)      ((i) / 8 * 8 + 7 - (i) % 8) /* eight elements in reverse, as bit matrices want them */
#define REVERSED_1(i)   ELEMENT(i)
#define REVERSED_2(i)   (2 * ELEMENT(i))        /* low bytes of 64 elements of 2 bytes in two vectors */
#define REVERSED_4(i)   (4 * (ELEMENT(i) % 32)) /* of 32 elements of 4 bytes, twice */
#define COLUMNS(i)      (8 * ((i) % 8) + (i) / 8)
#define COLUMNS_BACK(i) ((i) / 8 + 8 * (7 - (i) % 8))
#define ZIP_2(i)        ((i) / 2 + (i) % 2 * 64)
#define ZIP_4(i)        ((i) / 4 + (i) % 2 * 64)
#define ROW(i)          ((i) / 8)

static const uint8_t reversed_1[VECTOR] = TABLE(REVERSED_1), reversed_2[VECTOR] = TABLE(REVERSED_2);
static const uint8_t reversed_4[VECTOR] = TABLE(REVERSED_4), columns[VECTOR] = TABLE(COLUMNS);
static const uint8_t columns_back[VECTOR] = TABLE(COLUMNS_BACK), rows[VECTOR] = TABLE(ROW);
static const uint8_t zip_2[VECTOR] = TABLE(ZIP_2), zip_4[VECTOR] = TABLE(ZIP_4);

INLINE vector load(const void *p)
{
    return _mm512_loadu_si512(p);
}

INLINE void store(void *p, vector v)
{
    _mm512_storeu_si512(p, v);
}

INLINE vector bytes_of(int value)
{
    return _mm512_set1_epi8((char)value);
}

INLINE vector fill(size_t itemsize, uint32_t value)
{
    return itemsize == 1   ? _mm512_set1_epi8((char)value)
           : itemsize == 2 ? _mm512_set1_epi16((short)value)
                           : _mm512_set1_epi32((int)value);
}

INLINE vector add(size_t itemsize, vector a, vector b)
{
    return itemsize == 1   ? _mm512_add_epi8(a, b)
           : itemsize == 2 ? _mm512_add_epi16(a, b)
                           : _mm512_add_epi32(a, b);
}

INLINE vector sub(size_t itemsize, vector a, vector b)
{
    return itemsize == 1   ? _mm512_sub_epi8(a, b)
           : itemsize == 2 ? _mm512_sub_epi16(a, b)
                           : _mm512_sub_epi32(a, b);
}

INLINE vector max(size_t itemsize, vector a, vector b)
{
    return itemsize == 1   ? _mm512_max_epu8(a, b)
           : itemsize == 2 ? _mm512_max_epu16(a, b)
                           : _mm512_max_epu32(a, b);
}

INLINE vector mean(size_t itemsize, vector a, vector b)
{
    return itemsize == 1 ? _mm512_avg_epu8(a, b)
           : itemsize == 2
               ? _mm512_avg_epu16(a, b)
               : _mm512_sub_epi32(_mm512_or_si512(a, b), _mm512_srli_epi32(_mm512_xor_si512(a, b), 1));
}

/* `above` where `key` is larger than top, elsewhere `other`. */
INLINE vector marked(size_t itemsize, vector key, vector top, vector above, vector other)
{
    return itemsize == 1   ? _mm512_mask_mov_epi8(other, _mm512_cmpgt_epu8_mask(key, top), above)
           : itemsize == 2 ? _mm512_mask_mov_epi16(other, _mm512_cmpgt_epu16_mask(key, top), above)
                           : _mm512_mask_mov_epi32(other, _mm512_cmpgt_epu32_mask(key, top), above);
}

/* Signed residuals to unsigned: 0, -1, 1, -2 become 0, 1, 2, 3. */
INLINE vector fold(size_t itemsize, vector r)
{
    vector sign = itemsize == 1   ? _mm512_movm_epi8(_mm512_movepi8_mask(r))
                  : itemsize == 2 ? _mm512_srai_epi16(r, 15)
                                  : _mm512_srai_epi32(r, 31);
    return _mm512_xor_si512(add(itemsize, r, r), sign);
}

INLINE vector unfold(size_t itemsize, vector u)
{
    vector odd = _mm512_and_si512(u, fill(itemsize, 1));
    vector half = itemsize == 1   ? _mm512_and_si512(_mm512_srli_epi16(u, 1), bytes_of(0x7f))
                  : itemsize == 2 ? _mm512_srli_epi16(u, 1)
                                  : _mm512_srli_epi32(u, 1);
    return _mm512_xor_si512(half, sub(itemsize, _mm512_setzero_si512(), odd));
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

/* Transposes the 8 x 8 bits of every 8 bytes, which stand in reverse. */
INLINE vector transpose_bits(vector reversed)
{
    return _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64(INT64_C(-0x7fbfdfeff7fbfdff)), reversed, 0);
}

/* Byte `which` of all 64 elements, as eight planes. */
INLINE vector planes_of(size_t itemsize, const vector *v, int which)
{
    vector bytes;
    if (itemsize == 1) {
        bytes = _mm512_shuffle_epi8(v[0], load(reversed_1));
    } else if (itemsize == 2) {
        bytes = _mm512_permutex2var_epi8(v[0], _mm512_add_epi8(load(reversed_2), bytes_of(which)), v[1]);
    } else {
        vector index = _mm512_add_epi8(load(reversed_4), bytes_of(which));
        vector low = _mm512_permutex2var_epi8(v[0], index, v[1]);
        vector high = _mm512_permutex2var_epi8(v[2], index, v[3]);
        bytes = _mm512_mask_mov_epi64(low, 0xf0, high);
    }
    return _mm512_permutexvar_epi8(load(columns), transpose_bits(bytes));
}

/* What the planes of a block are, up to the sixteenth, and the plan for them. */
typedef struct block {
    vector planes[2];
    vector any[2]; /* plane k: or of planes k and above */
    bp_fast_plan plan;
} block;

/* A block that waits until the others of its group are planned too: so the processor works on several. */
typedef struct staged {
    uint64_t planes[BP_FAST_PLANES];
    uint64_t any[SHORT];
    bp_fast_plan plan;
    unsigned mode;
} staged;

INLINE vector or_above(vector v)
{
    const vector zero = _mm512_setzero_si512();
    v = _mm512_or_si512(v, _mm512_alignr_epi64(zero, v, 1));
    v = _mm512_or_si512(v, _mm512_alignr_epi64(zero, v, 2));
    return _mm512_or_si512(v, _mm512_alignr_epi64(zero, v, 4));
}

/* Words of patches | bytes with patches << 8, one for each plane. */
INLINE __m128i counts_of(vector any)
{
    vector bytes = _mm512_sad_epu8(_mm512_min_epu8(any, bytes_of(1)), _mm512_setzero_si512());
    return _mm512_cvtepi64_epi16(_mm512_or_si512(_mm512_popcnt_epi64(any), _mm512_slli_epi64(bytes, 8)));
}

/* Keys of the plans with `first` planes and more, 65535 where there is none. */
INLINE __m128i keys_of(__m128i counts, unsigned most, int first)
{
    const __m128i order = _mm_add_epi16(_mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7), _mm_set1_epi16((short)first));
    const __m128i bits = /* bp_fast_patch_bits */
        _mm_setr_epi8(0, 2, 3, 8, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 16);
    __m128i patches = _mm_and_si128(counts, _mm_set1_epi16(255));
    __m128i extra = _mm_sub_epi16(_mm_set1_epi16((short)(most - 1)), order);
    __m128i each = _mm_shuffle_epi8(bits, _mm_or_si128(extra, _mm_set1_epi16(INT16_MIN)));
    /* (64 k + 8 + 8 bytes + patches * each) << 5 | 31 - k */
    __m128i cost = _mm_slli_epi16(_mm_mullo_epi16(patches, each), 5);
    cost = _mm_add_epi16(cost, _mm_slli_epi16(_mm_srli_epi16(counts, 8), 8));
    cost = _mm_add_epi16(cost, _mm_add_epi16(_mm_mullo_epi16(order, _mm_set1_epi16((BP_FAST_BLOCK << 5) - 1)),
                                             _mm_set1_epi16((8 << 5) + 31)));
    /* patches - 1, so that none becomes many */
    __mmask8 good =
        _mm_cmplt_epu16_mask(_mm_sub_epi16(patches, _mm_set1_epi16(1)), _mm_set1_epi16(BP_FAST_MOST_PATCHES));
    return _mm_mask_mov_epi16(_mm_set1_epi16(-1), good, cost);
}

INLINE unsigned sum_of_high_bytes(__m128i counts)
{
    __m128i sums = _mm_sad_epu8(_mm_srli_epi16(counts, 8), _mm_setzero_si128());
    return (unsigned)_mm_cvtsi128_si32(_mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums)));
}

INLINE void plan_unary(block *b)
{
    uint64_t planes[8];
    store(planes, b->planes[0]);
    for (unsigned k = 0; k < BP_FAST_UNARY_WIDTHS; k++) {
        if (b->plan.most > k + BP_FAST_UNARY_PLANES)
            continue;
        unsigned cost = bp_fast_unary_cost(planes, k);
        if (cost < b->plan.cost) {
            b->plan.kind = BP_FAST_UNARY;
            b->plan.cost = cost;
            b->plan.width = k;
        }
    }
}

/* As bp_fast_make_plan, all widths at once. */
INLINE void make_plan(block *b)
{
    __m128i counts, keys;
    unsigned bytes;
    if (b->plan.most <= 8) {
        b->any[1] = _mm512_setzero_si512();
        b->any[0] = or_above(b->planes[0]);
        counts = counts_of(b->any[0]);
        keys = keys_of(counts, b->plan.most, 0);
        bytes = sum_of_high_bytes(counts);
    } else {
        b->any[1] = or_above(b->planes[1]);
        b->any[0] = _mm512_or_si512(or_above(b->planes[0]),
                                    _mm512_broadcastq_epi64(_mm512_castsi512_si128(b->any[1])));
        __m128i high = counts_of(b->any[1]);
        counts = counts_of(b->any[0]);
        keys = _mm_min_epu16(keys_of(counts, b->plan.most, 0), keys_of(high, b->plan.most, 8));
        bytes = sum_of_high_bytes(_mm_add_epi8(counts, high));
        if (b->plan.most == SHORT) /* where nibbles end */
            bytes += 8 - ((unsigned)_mm_cvtsi128_si32(counts) >> 8 & 255);
    }
    unsigned best = (unsigned)_mm_cvtsi128_si32(_mm_minpos_epu16(keys)) & 0xffff;
    unsigned plain = b->plan.most * BP_FAST_BLOCK << 5, grouped = 32 + 8 * bytes;
    best = best < plain ? best : plain;
    b->plan.kind = 0;
    b->plan.cost = best >> 5;
    b->plan.width = best & 31 ? 31 - (best & 31) : b->plan.most;
    if (grouped < b->plan.cost) {
        b->plan.kind = BP_FAST_GROUPED;
        b->plan.cost = grouped;
    }
    if (b->plan.most >= 2 && b->plan.most <= 4)
        plan_unary(b);
}

INLINE uint8_t *put_grouped(const staged *b, uint8_t *out)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    vector above = load(b->any), above_8 = load(b->any + 8);
    __mmask64 low = _mm512_test_epi8_mask(above, above) | (b->plan.most == SHORT ? 255 : 0);
    __mmask64 high = _mm512_test_epi8_mask(above_8, above_8);
    /* bytes: the planes that every eight pixels have */
    vector sum = _mm512_add_epi8(_mm512_maskz_set1_epi8(low, 1), _mm512_maskz_set1_epi8(high, 1));
    uint64_t widths = (uint64_t)_mm512_reduce_add_epi64(sum);
    *out = (uint8_t)(b->mode | BP_FAST_GROUPED << 4 | (b->plan.most - 1));
    bp_fast_store64(out + 1, _pext_u64(b->plan.most * ones - widths, 15 * ones));
    out += 5;
    store(out, _mm512_maskz_compress_epi8(low, load(b->planes)));
    out += bp_fast_count(low);
    store(out, _mm512_maskz_compress_epi8(high, load(b->planes + 8)));
    return out + bp_fast_count(high);
}

/* Patches of at most BP_FAST_MOST_PLANES planes, without branches. */
INLINE uint8_t *put_patches(const staged *b, unsigned width, unsigned extra, uint8_t *out)
{
    const uint64_t *planes = b->planes + width;
    uint64_t places = b->any[width & (SHORT - 1)], bytes = bp_fast_nonzero(places);
    unsigned patches = bp_fast_count(places);
    *out = (uint8_t)_pext_u64(bytes, UINT64_C(0x8080808080808080));
    bp_fast_store64(out + 1, _pext_u64(places, bp_fast_spread(bytes)));
    uint8_t *end = out + 1 + bp_fast_count(bytes);
    uint64_t packed = _pext_u64(planes[0], places) | _pext_u64(planes[1], places) << patches |
                      _pext_u64(planes[2], places) << 2 * patches;
    bp_fast_store64(end, packed);
    end += extra < 2 ? 0 : (extra * patches + 7) / 8;
    return extra ? end : out;
}

static __attribute__((noinline)) uint8_t *put_slowly(const staged *b, uint8_t *out)
{
    return bp_fast_put_block(b->planes, &b->plan, b->mode, out);
}

INLINE uint8_t *put_block(const staged *b, size_t itemsize, uint8_t *out)
{
    unsigned width = b->plan.width, extra = b->plan.most - width;
    if (b->plan.kind == BP_FAST_UNARY)
        return bp_fast_put_unary(b->planes, width, b->mode, out);
    if (b->plan.kind == BP_FAST_GROUPED && b->plan.most <= SHORT)
        return put_grouped(b, out);
    if (extra > BP_FAST_MOST_PLANES || b->plan.most > SHORT || width == SHORT)
        return put_slowly(b, out);
    *out = (uint8_t)(b->mode | extra << 4 | width);
    store(out + 1, load(b->planes));
    if (itemsize > 1)
        store(out + 1 + VECTOR, load(b->planes + 8));
    return put_patches(b, width, extra, out + 1 + 8 * width);
}

/* Blocks with values of more than 16 bits. */
static __attribute__((noinline)) void plan_wide(const vector *counted, const vector *predicted, staged *to)
{
    bp_fast_staged both;
    both.planes[0][0] = both.planes[1][0] = 0; /* which analysers do not see being stored */
    for (int i = 0; i < 4; i++) {
        store(both.planes[0] + 8 * i, planes_of(4, counted, i));
        store(both.planes[1] + 8 * i, planes_of(4, predicted, i));
    }
    bp_fast_choose(&both, bp_fast_most(both.planes[0], BP_FAST_PLANES),
                   bp_fast_most(both.planes[1], BP_FAST_PLANES));
    memcpy(to->planes, both.planes[both.mode != 0], sizeof to->planes);
    to->plan = both.plan;
    to->mode = both.mode;
    uint64_t any = 0;
    for (unsigned k = SHORT; k-- > 0;)
        to->any[k] = any |= to->planes[k];
}

/* Planes of residuals below 65536. */
INLINE void take_planes(size_t itemsize, const vector *residuals, block *b)
{
    b->planes[0] = planes_of(itemsize, residuals, 0);
    b->planes[1] = itemsize == 1 ? _mm512_setzero_si512() : planes_of(itemsize, residuals, 1);
    unsigned used = _mm512_test_epi64_mask(b->planes[0], b->planes[0]) |
                    (unsigned)_mm512_test_epi64_mask(b->planes[1], b->planes[1]) << 8;
    b->plan.most = 32 - (unsigned)_lzcnt_u32(used);
}

INLINE vector predict_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *values,
                            const uint8_t *north, vector *residuals)
{
    vector any = _mm512_setzero_si512();
    for (size_t i = 0; i < itemsize; i++) {
        vector residual = sub(itemsize, load(values + VECTOR * i), predict(f, itemsize, north + VECTOR * i));
        residuals[i] = fold(itemsize, residual);
        any = _mm512_or_si512(any, residuals[i]);
    }
    return any;
}

INLINE void stage(const block *b, unsigned mode, staged *to)
{
    store(to->planes, b->planes[0]);
    store(to->planes + 8, b->planes[1]);
    store(to->planes + 16, _mm512_setzero_si512());
    store(to->any, b->any[0]);
    store(to->any + 8, b->any[1]);
    to->plan = b->plan;
    to->mode = mode;
}

INLINE bool plan_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *values, const uint8_t *north,
                       staged *to)
{
    const vector upper = _mm512_set1_epi32(-0x10000);
    vector counted[4], predicted[4], any = _mm512_setzero_si512();
    block count, other;
    for (size_t i = 0; i < itemsize; i++) {
        counted[i] = sub(itemsize, load(values + VECTOR * i), background(f, itemsize, north + VECTOR * i));
        any = _mm512_or_si512(any, counted[i]);
    }
    if (!_mm512_test_epi32_mask(any, any))
        return false;
    bool wide = itemsize == 4 && _mm512_test_epi32_mask(any, upper); /* more than 16 planes */
    take_planes(itemsize, counted, &count);
    if (!wide && count.plan.most == 1) {
        make_plan(&count);
        if (count.plan.cost <= BP_FAST_FEW_BITS) {
            stage(&count, 0, to);
            return true;
        }
    }
    any = predict_block(f, itemsize, values, north, predicted);
    bool wider = itemsize == 4 && _mm512_test_epi32_mask(any, upper);
    take_planes(itemsize, predicted, &other);
    if (wider || (wide && other.plan.most + BP_FAST_PLANES_LESS > SHORT)) {
        plan_wide(counted, predicted, to);
        return true;
    }
    make_plan(&other);
    bool better = true;
    if (!wide && other.plan.most + BP_FAST_PLANES_LESS > count.plan.most) {
        make_plan(&count);
        better = other.plan.cost < count.plan.cost;
    }
    if (!better)
        other = count;
    stage(&other, better ? BP_FAST_PREDICTED : 0, to);
    return true;
}

/* Elements from the planes of their bytes. */
INLINE void elements_of(size_t itemsize, const vector *planes, size_t used, vector *v)
{
    vector bytes[4];
    for (size_t i = 0; i < used; i++)
        bytes[i] = transpose_bits(_mm512_permutexvar_epi8(load(columns_back), planes[i]));
    if (itemsize == 1)
        v[0] = bytes[0];
    for (int i = 0; itemsize == 2 && i < 2; i++)
        v[i] = _mm512_permutex2var_epi8(bytes[0], _mm512_add_epi8(load(zip_2), bytes_of(32 * i)), bytes[1]);
    for (int i = 0; itemsize == 4 && i < 4; i++) {
        vector index = _mm512_add_epi8(load(zip_4), bytes_of(16 * i));
        v[i] = _mm512_maskz_permutex2var_epi8(UINT64_C(0x3333333333333333), bytes[0], index, bytes[1]);
        if (used == 4)
            v[i] = _mm512_or_si512(v[i], _mm512_maskz_permutex2var_epi8(UINT64_C(0xcccccccccccccccc),
                                                                        bytes[2], index, bytes[3]));
    }
}

INLINE void put_values(const bp_photon_fast *f, size_t itemsize, unsigned mode, const vector *residuals,
                       const uint8_t *north, uint8_t *values)
{
    for (size_t i = 0; i < itemsize; i++) {
        vector v =
            mode ? add(itemsize, unfold(itemsize, residuals[i]), predict(f, itemsize, north + VECTOR * i))
                 : add(itemsize, residuals[i], background(f, itemsize, north + VECTOR * i));
        store(values + VECTOR * i, v);
    }
}

static __attribute__((noinline)) const uint8_t *get_slowly(const uint8_t *in, unsigned bits, vector *planes,
                                                           bool *bad)
{
    uint64_t words[BP_FAST_PLANES] = {0};
    unsigned most;
    in = bp_fast_get_block(in, bits, words, &most, bad);
    for (unsigned i = 0; i < 4; i++)
        planes[i] = load(words + 8 * i);
    return in;
}

INLINE const uint8_t *get_grouped(const uint8_t *in, unsigned bits, vector *planes, bool *bad)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    unsigned most = BP_FAST_WIDTH(*in) + 1;
    /* bit 7 keeps a byte from borrowing from its neighbour */
    uint64_t widths = (most * ones | 0x80 * ones) - _pdep_u64((uint32_t)bp_fast_load64(in + 1), 15 * ones);
    *bad |= most > bits || (~widths & 0x80 * ones);
    vector of_eight = _mm512_set1_epi64((int64_t)(widths & 0x7f * ones));
    __mmask64 low = _mm512_cmpgt_epu8_mask(of_eight, load(rows));
    __mmask64 high = _mm512_cmpgt_epu8_mask(of_eight, _mm512_add_epi8(load(rows), bytes_of(8)));
    in += 5;
    planes[0] = _mm512_maskz_expand_epi8(low, load(in));
    in += bp_fast_count(low);
    planes[1] = _mm512_maskz_expand_epi8(high, load(in));
    return in + bp_fast_count(high);
}

/* Up to three planes from `width` on. */
INLINE void put_planes(uint64_t a, uint64_t b, uint64_t c, unsigned width, unsigned count, vector *planes)
{
    vector three = _mm512_castsi256_si512(_mm256_setr_epi64x((int64_t)a, (int64_t)b, (int64_t)c, 0));
    vector index = _mm512_sub_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64(width));
    unsigned at = ((1u << count) - 1) << width;
    planes[0] = _mm512_mask_permutexvar_epi64(planes[0], (__mmask8)at, index, three);
    planes[1] = _mm512_mask_permutexvar_epi64(planes[1], (__mmask8)(at >> 8), index, three);
}

INLINE const uint8_t *get_unary(const uint8_t *in, unsigned width, vector *planes)
{
    uint64_t upper[BP_FAST_UNARY_PLANES];
    in = bp_fast_get_unary(in, upper);
    put_planes(upper[0], upper[1], upper[2], width, BP_FAST_UNARY_PLANES, planes);
    return in;
}

INLINE const uint8_t *get_patches(const uint8_t *in, unsigned width, unsigned extra, vector *planes,
                                  bool *bad)
{
    uint64_t bytes = _pdep_u64(*in, UINT64_C(0x0101010101010101)) * 255;
    uint64_t places = _pdep_u64(bp_fast_load64(in + 1), bytes);
    unsigned patches = bp_fast_count(places), several = extra > 1;
    in += 1 + bp_fast_count(*in);
    *bad |= several && patches > BP_FAST_MOST_PATCHES;
    patches &= 31; /* of a block that is refused */
    uint64_t packed = bp_fast_load64(in) | ((uint64_t)several - 1);
    put_planes(_pdep_u64(packed, places), _pdep_u64(packed >> patches, places),
               _pdep_u64(packed >> 2 * patches % 64, places), width, extra, planes);
    return in + (several ? (extra * patches + 7) / 8 : 0);
}

INLINE const uint8_t *decode_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *in,
                                   const uint8_t *north, uint8_t *values, bool *bad)
{
    unsigned bits = (unsigned)itemsize * 8, mode = *in & BP_FAST_PREDICTED;
    unsigned kind = BP_FAST_KIND(*in), width = BP_FAST_WIDTH(*in);
    vector planes[4], residuals[4];
    unsigned extra = kind == BP_FAST_UNARY ? BP_FAST_UNARY_PLANES : kind;
    if (kind <= BP_FAST_UNARY && width + extra <= (itemsize == 1 ? 8 : SHORT)) {
        unsigned all = (1u << width) - 1;
        planes[0] = _mm512_maskz_loadu_epi64((__mmask8)all, in + 1);
        planes[1] = itemsize == 1 ? _mm512_setzero_si512()
                                  : _mm512_maskz_loadu_epi64((__mmask8)(all >> 8), in + 1 + VECTOR);
        in += 1 + 8 * width;
        if (kind == BP_FAST_UNARY)
            in = get_unary(in, width, planes);
        else if (kind)
            in = get_patches(in, width, kind, planes, bad);
    } else if (kind == BP_FAST_GROUPED) {
        in = get_grouped(in, bits, planes, bad);
    } else {
        in = get_slowly(in, bits, planes, bad);
        if (itemsize == 4) {
            elements_of(itemsize, planes, 4, residuals);
            put_values(f, itemsize, mode, residuals, north, values);
            return in;
        }
    }
    elements_of(itemsize, planes, itemsize == 1 ? 1 : 2, residuals);
    put_values(f, itemsize, mode, residuals, north, values);
    return in;
}

INLINE void decode_zeros(const bp_photon_fast *f, size_t itemsize, const uint8_t *north, uint8_t *values)
{
    for (size_t i = 0; i < itemsize; i++)
        store(values + VECTOR * i, background(f, itemsize, north + VECTOR * i));
}

#include "kernel/photon_fast_body.h"

size_t bp_photon_fast_encode_avx512(const bp_photon_fast *f, const void *frame, size_t first, size_t end,
                                    uint8_t *out, size_t capacity)
{
    return encode_any(f, frame, first, end, out, capacity);
}

bool bp_photon_fast_decode_avx512(const bp_photon_fast *f, const uint8_t *in, size_t size, void *frame)
{
    return decode_any(f, in, size, frame);
}

#endif
