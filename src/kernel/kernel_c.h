/* SPDX-License-Identifier: BSD-3-Clause
 * The C reference kernels, by name: the tables of other levels take them where they have nothing better, and
 * for the elements that their vectors leave over. */
#ifndef BP_KERNEL_KERNEL_C_H
#define BP_KERNEL_KERNEL_C_H

#include "kernel/kernel.h"

void bp_bitshuffle_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
void bp_bitunshuffle_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
void bp_shuffle_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
void bp_unshuffle_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
void bp_byteswap_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
size_t bp_lz4_encode_c(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out);
bool bp_lz4_decode_c(const uint8_t *in, size_t size, uint8_t *out, size_t bytes);
size_t bp_lz4_encode_avx2(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out);
bool bp_lz4_decode_avx2(const uint8_t *in, size_t size, uint8_t *out, size_t bytes);
size_t bp_lz4_encode_avx512(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out);
bool bp_lz4_decode_avx512(const uint8_t *in, size_t size, uint8_t *out, size_t bytes);

/* The same transposes of all n elements, of which those before `first` are done already. */
void bp_bitshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first);
void bp_bitunshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first);
void bp_shuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first);
void bp_unshuffle_from_c(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize, size_t first);

/* Tables of the levels above C: NULL when this build or this CPU lacks one. */
const bp_kernels *bp_kernels_avx2(void);
const bp_kernels *bp_kernels_avx512(void);

#endif
