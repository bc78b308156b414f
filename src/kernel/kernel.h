/* SPDX-License-Identifier: BSD-3-Clause
 * Hot loops behind one table: the C reference fills it, stronger variants replace entries. All variants write
 * the same bytes; tests/unit/test_kernel.c checks each against C on random and extreme input. */
#ifndef BP_KERNEL_KERNEL_H
#define BP_KERNEL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/backproject.h"
#include "kernel/lz4.h"
#include "kernel/metric.h"
#include "kernel/photon.h"
#include "kernel/photon_choice.h"
#include "kernel/photon_fast.h"
#include "kernel/photon_max.h"
#include "kernel/photon_numbers.h"
#include "kernel/quantise.h"
#include "kernel/ring.h"

typedef enum bp_simd { BP_SIMD_C = 0, BP_SIMD_AVX2 = 1, BP_SIMD_AVX512 = 2, BP_SIMD_COUNT } bp_simd;

/* Values of 1, 2 or 4 bytes, at addresses that are multiples of their size. */
typedef struct bp_photon_values {
    /* Adds count values to what was scanned; marks: four values that may be labels, the same one may come
     * twice. */
    void (*scan)(const void *in, size_t count, size_t itemsize, uint32_t flip, const uint32_t *marks,
                 bp_photon_scan *scan);
    /* Are all multiples of form->step above form->base? */
    bool (*divisible)(const bp_photon_form *form, const void *in, size_t count);
    /* Which of four marks each is, from 1 on, else 0. Is there any? */
    bool (*mark)(const void *in, size_t count, size_t itemsize, const uint32_t *marks, uint8_t *labels);
    /* Bit i % 64 of mask i / 64: is value i neither base nor one of four marks (NULL: none)? */
    void (*others)(const void *in, size_t count, size_t itemsize, uint32_t base, const uint32_t *marks,
                   uint64_t *masks);
    void (*work)(const bp_photon_form *form, const void *in, size_t count, uint16_t *out);
    /* Work values as the model sees them. */
    void (*see)(const uint16_t *work, size_t count, unsigned shift, uint16_t *out);
    /* The low bits of values: of 32 each, bit b makes bytes 4 b to 4 b + 3; what is missing is 0. */
    void (*gather_low)(const bp_photon_form *form, const void *in, size_t count, uint8_t *planes);
    /* Back to values; planes: low bits, as gathered from 32 values each. */
    void (*put)(const bp_photon_form *form, const uint16_t *work, const uint8_t *planes, size_t count,
                void *out);
} bp_photon_values;

typedef struct bp_kernels {
    /* Bit transpose of n elements (a multiple of 8) of itemsize bytes: output plane b*8+k holds bit k of byte
     * b of every element, 8 elements per byte (element i at bit i%8), n/8 bytes per plane. As in K. Masui's
     * bitshuffle. */
    void (*bitshuffle)(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
    void (*bitunshuffle)(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
    /* Byte transpose: output plane b holds byte b of every element. As HDF5's shuffle filter. */
    void (*shuffle)(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
    void (*unshuffle)(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
    /* Reverses the bytes of each of n elements of itemsize 2, 4 or 8; out may be in. */
    void (*byteswap)(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize);
    /* Packs one LZ4 block; returns its size, 0 when bytes is above BP_LZ4_MAX_BYTES. in and out are readable
     * and writable for their sizes (out: bp_lz4_bound) and BP_LZ4_SLACK more. */
    size_t (*lz4_encode)(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out);
    /* Do size bytes at in, whatever they are, unpack to exactly bytes bytes? out has BP_LZ4_SLACK more. */
    bool (*lz4_decode)(const uint8_t *in, size_t size, uint8_t *out, size_t bytes);
    /* What model says of the width values of a row, of which it sees rows: prediction and code of each. Both
     * have room for 32 more. */
    void (*photon_predict)(const bp_photon_model *model, const bp_photon_rows *rows, size_t width,
                           uint16_t *prediction, uint8_t *code);
    /* Long means of all values of pieces, each as if it were a band. */
    void (*photon_windows)(const bp_photon_model *model, const uint16_t *seen, const bp_photon_pieces *pieces,
                           uint16_t *windows);
    const bp_photon_values *photon_values;
    const bp_photon_numbers *photon_numbers;
    const bp_max_rows *photon_max;
    const bp_metric_kernels *metric;
    const bp_quantise_kernels *quantise;
    const bp_photon_choice *photon_choice;
    /* Codes one band; its streams have room for two words and one escape a pixel. */
    void (*photon_encode)(const bp_photon_source *source, bp_photon_sink *sink);
    /* Do these bands decode, each to its very end? What they decoded to is in their rows of out. */
    bool (*photon_decode)(const bp_photon_target *target, bp_photon_band *bands, size_t count);
    bool photon_decode_slots; /* it needs the slots of the tables */
    /* Codes pixels from `first` (a multiple of BP_FAST_BLOCK) to `end` of a frame. Returns the bytes written,
     * 0 when they do not fit. */
    size_t (*photon_fast_encode)(const bp_photon_fast *f, const void *frame, size_t first, size_t end,
                                 uint8_t *out, size_t capacity);
    /* Are these bytes a whole frame? If so, it is in frame. */
    bool (*photon_fast_decode)(const bp_photon_fast *f, const uint8_t *in, size_t size, void *frame);
    bp_ring_sum_function ring_sum;
    bp_ring_above_function ring_above;
    /* Adds to sums, BP_BACKPROJECT_PIXELS x BP_BACKPROJECT_LANES, what the rows have at each pixel: linear
     * between columns. */
    void (*backproject)(const bp_backproject *b, float *sums);
} bp_kernels;

/* The table for this CPU; the environment variable BEAMPRESS_SIMD (c, avx2, avx512) can lower the level.
 * It never changes a result. */
const bp_kernels *bp_kernels_get(void);
/* The table of one level, NULL when this CPU or build lacks it. For tests and benches. */
const bp_kernels *bp_kernels_at(bp_simd level);
const char *bp_simd_name(bp_simd level);

#endif
