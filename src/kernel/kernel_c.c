/* SPDX-License-Identifier: BSD-3-Clause
 * Transposes in plain C, in loops that compilers turn into vectors. The steps are those of kernel_avx2.c. */
#include "kernel/kernel_c.h"
#include "base/bits.h"

#define STEP  64
#define BATCH 512

static inline void shuffle_step(const uint8_t *restrict in, uint8_t *restrict out, size_t stride,
                                size_t itemsize)
{
    for (size_t byte = 0; byte < itemsize; byte++)
        for (size_t i = 0; i < STEP; i++)
            out[byte * stride + i] = in[i * itemsize + byte];
}

static inline void unshuffle_step(const uint8_t *restrict in, uint8_t *restrict out, size_t stride,
                                  size_t itemsize)
{
    for (size_t i = 0; i < STEP; i++)
        for (size_t byte = 0; byte < itemsize; byte++)
            out[i * itemsize + byte] = in[byte * stride + i];
}

static inline void shuffle_2(const uint8_t *in, uint8_t *out, size_t stride)
{
    shuffle_step(in, out, stride, 2);
}

static inline void unshuffle_2(const uint8_t *in, uint8_t *out, size_t stride)
{
    unshuffle_step(in, out, stride, 2);
}

static inline void shuffle_4(const uint8_t *in, uint8_t *out, size_t stride)
{
    shuffle_step(in, out, stride, 4);
}

static inline void unshuffle_4(const uint8_t *in, uint8_t *out, size_t stride)
{
    unshuffle_step(in, out, stride, 4);
}

static inline void shuffle_8(const uint8_t *in, uint8_t *out, size_t stride)
{
    shuffle_step(in, out, stride, 8);
}

static inline void unshuffle_8(const uint8_t *in, uint8_t *out, size_t stride)
{
    unshuffle_step(in, out, stride, 8);
}

static inline void bits_forward(const uint8_t *restrict in, uint8_t *restrict out, size_t plane)
{
    uint64_t words[BATCH / 8];
    for (size_t i = 0; i < BATCH / 8; i++)
        words[i] = bp_transpose_bits(bp_load_le64(in + 8 * i));
    for (size_t bit = 0; bit < 8; bit++)
        for (size_t i = 0; i < BATCH / 8; i++)
            out[bit * plane + i] = (uint8_t)(words[i] >> 8 * bit);
}

static inline void bits_backward(const uint8_t *in, uint8_t *out, size_t plane)
{
    unshuffle_step(in, out, plane, 8);
    for (size_t i = 0; i < BATCH; i += 8)
        bp_store_le64(out + i, bp_transpose_bits(bp_load_le64(out + i)));
}

#include "kernel/transpose_body.h"

const bp_kernels *bp_kernels_c(void)
{
    static const bp_kernels kernels = {
        .bitshuffle = bitshuffle,
        .bitunshuffle = bitunshuffle,
        .shuffle = shuffle,
        .unshuffle = unshuffle,
        .byteswap = bp_byteswap_c,
        .lz4_encode = bp_lz4_encode_c,
        .lz4_decode = bp_lz4_decode_c,
        .photon_predict = bp_photon_predict_c,
        .photon_values = &bp_photon_values_c,
        .photon_numbers = &bp_photon_numbers_c,
        .photon_max = &bp_max_rows_c,
        .metric = &bp_metric_kernels_c,
        .quantise = &bp_quantise_kernels_c,
        .photon_choice = &bp_photon_choice_c,
        .photon_windows = bp_photon_windows_c,
        .photon_encode = bp_photon_encode_c,
        .photon_decode = bp_photon_decode_c,
        .photon_decode_slots = true,
        .photon_fast_encode = bp_photon_fast_encode_c,
        .photon_fast_decode = bp_photon_fast_decode_c,
        .ring_sum = bp_ring_sum_c,
        .ring_above = bp_ring_above_c,
        .backproject = bp_backproject_c,
    };
    return &kernels;
}
