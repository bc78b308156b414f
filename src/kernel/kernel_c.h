/* SPDX-License-Identifier: BSD-3-Clause
 * What the tables of the SIMD levels are made of: the coders of each level, and the plain transposes, which
 * are the reference and take the elements that vectors leave over. */
#ifndef BP_KERNEL_KERNEL_C_H
#define BP_KERNEL_KERNEL_C_H

#include "kernel/kernel.h"

void bp_byteswap_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
size_t bp_lz4_encode_c(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out);
bool bp_lz4_decode_c(const uint8_t *in, size_t size, uint8_t *out, size_t bytes);
size_t bp_lz4_encode_avx2(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out);
bool bp_lz4_decode_avx2(const uint8_t *in, size_t size, uint8_t *out, size_t bytes);
size_t bp_lz4_encode_avx512(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out);
bool bp_lz4_decode_avx512(const uint8_t *in, size_t size, uint8_t *out, size_t bytes);

extern const bp_quantise_kernels bp_quantise_kernels_c, bp_quantise_kernels_avx2, bp_quantise_kernels_avx512;
extern const bp_metric_kernels bp_metric_kernels_c, bp_metric_kernels_avx2, bp_metric_kernels_avx512;
extern const bp_photon_values bp_photon_values_c, bp_photon_values_avx2, bp_photon_values_avx512;
extern const bp_photon_numbers bp_photon_numbers_c, bp_photon_numbers_avx2, bp_photon_numbers_avx512;
extern const bp_max_rows bp_max_rows_c, bp_max_rows_avx2, bp_max_rows_avx512;
extern const bp_photon_choice bp_photon_choice_c, bp_photon_choice_avx2, bp_photon_choice_avx512;
void bp_photon_predict_c(const bp_photon_model *model, const bp_photon_rows *rows, size_t width,
                         uint16_t *prediction, uint8_t *code);
void bp_photon_windows_c(const bp_photon_model *model, const uint16_t *seen, const bp_photon_pieces *pieces,
                         uint16_t *windows);
void bp_photon_encode_c(const bp_photon_source *source, bp_photon_sink *sink);
bool bp_photon_decode_c(const bp_photon_target *target, bp_photon_band *bands, size_t count);
void bp_photon_predict_avx512(const bp_photon_model *model, const bp_photon_rows *rows, size_t width,
                              uint16_t *prediction, uint8_t *code);
void bp_photon_windows_avx512(const bp_photon_model *model, const uint16_t *seen,
                              const bp_photon_pieces *pieces, uint16_t *windows);
void bp_photon_encode_avx512(const bp_photon_source *source, bp_photon_sink *sink);
void bp_photon_encode_avx2(const bp_photon_source *source, bp_photon_sink *sink);
bool bp_photon_decode_avx2(const bp_photon_target *target, bp_photon_band *bands, size_t count);
bool bp_photon_decode_avx512(const bp_photon_target *target, bp_photon_band *bands, size_t count);

size_t bp_photon_fast_encode_c(const bp_photon_fast *f, const void *frame, size_t first, size_t end,
                               uint8_t *out, size_t capacity);
bool bp_photon_fast_decode_c(const bp_photon_fast *f, const uint8_t *in, size_t size, void *frame);
size_t bp_photon_fast_encode_avx2(const bp_photon_fast *f, const void *frame, size_t first, size_t end,
                                  uint8_t *out, size_t capacity);
bool bp_photon_fast_decode_avx2(const bp_photon_fast *f, const uint8_t *in, size_t size, void *frame);
size_t bp_photon_fast_encode_avx512(const bp_photon_fast *f, const void *frame, size_t first, size_t end,
                                    uint8_t *out, size_t capacity);
bool bp_photon_fast_decode_avx512(const bp_photon_fast *f, const uint8_t *in, size_t size, void *frame);

void bp_backproject_c(const bp_backproject *b, float *sums);
void bp_backproject_avx2(const bp_backproject *b, float *sums);
void bp_backproject_avx512(const bp_backproject *b, float *sums);

/* What the coders of all levels share: what the stream of escapes says of a pixel. */
uint32_t bp_photon_escaped(const bp_photon_source *source, size_t step, size_t lane);
bool bp_photon_band_ended(const bp_photon_band *band);

/* The transposes of kernel.h for all n elements, of which those before `first` are done already. */
void bp_bitshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first);
void bp_bitunshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first);
void bp_shuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first);
void bp_unshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first);

/* Transposes an 8 x 8 bit matrix, one row per byte: three rounds that swap blocks of 1, 2 and 4
 * (H. S. Warren, Hacker's Delight, section 7-3). It is its own inverse. */
static inline uint64_t bp_transpose_bits(uint64_t x)
{
    uint64_t t = (x ^ x >> 7) & UINT64_C(0x00aa00aa00aa00aa);
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & UINT64_C(0x0000cccc0000cccc);
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & UINT64_C(0x00000000f0f0f0f0);
    return x ^ t ^ t << 28;
}

/* NULL when this build or this CPU lacks the level. */
const bp_kernels *bp_kernels_c(void);
const bp_kernels *bp_kernels_avx2(void);
const bp_kernels *bp_kernels_avx512(void);

#endif
