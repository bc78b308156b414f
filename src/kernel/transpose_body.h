/* SPDX-License-Identifier: BSD-3-Clause
 * The loops around the vectors of one SIMD level. The file that includes this one has STEP and BATCH (a
 * multiple of STEP and of 8), and shuffle_2, _4, _8 and their inverses (STEP elements, planes `stride`
 * apart), bits_forward and bits_backward (one byte of BATCH elements from or to 8 planes). */
#ifndef BP_KERNEL_TRANSPOSE_BODY_H
#define BP_KERNEL_TRANSPOSE_BODY_H

typedef void (*step_function)(const uint8_t *in, uint8_t *out, size_t stride);

static void shuffle(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    size_t i = 0;
    if (itemsize == 2)
        for (; n - i >= STEP; i += STEP)
            shuffle_2(in + 2 * i, out + i, n);
    else if (itemsize == 4)
        for (; n - i >= STEP; i += STEP)
            shuffle_4(in + 4 * i, out + i, n);
    else if (itemsize == 8)
        for (; n - i >= STEP; i += STEP)
            shuffle_8(in + 8 * i, out + i, n);
    bp_shuffle_from_c(in, out, n, itemsize, i);
}

static void unshuffle(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    size_t i = 0;
    if (itemsize == 2)
        for (; n - i >= STEP; i += STEP)
            unshuffle_2(in + i, out + 2 * i, n);
    else if (itemsize == 4)
        for (; n - i >= STEP; i += STEP)
            unshuffle_4(in + i, out + 4 * i, n);
    else if (itemsize == 8)
        for (; n - i >= STEP; i += STEP)
            unshuffle_8(in + i, out + 8 * i, n);
    bp_unshuffle_from_c(in, out, n, itemsize, i);
}

/* A batch of elements to byte planes that stand in `planes`, then each of those to bit planes. */
static inline void bitshuffle_batches(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize,
                                      step_function step)
{
    uint8_t planes[8 * BATCH];
    for (size_t i = 0; n - i >= BATCH; i += BATCH) {
        for (size_t j = 0; j < BATCH; j += STEP)
            step(in + (i + j) * itemsize, planes + j, BATCH);
        for (size_t byte = 0; byte < itemsize; byte++)
            bits_forward(planes + byte * BATCH, out + byte * n + i / 8, n / 8);
    }
}

static inline void bitunshuffle_batches(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize,
                                        step_function step)
{
    uint8_t planes[8 * BATCH];
    for (size_t i = 0; n - i >= BATCH; i += BATCH) {
        for (size_t byte = 0; byte < itemsize; byte++)
            bits_backward(in + byte * n + i / 8, planes + byte * BATCH, n / 8);
        for (size_t j = 0; j < BATCH; j += STEP)
            step(planes + j, out + (i + j) * itemsize, BATCH);
    }
}

/* Any other size of element: one byte of them at a time. */
static void bitshuffle_any(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    uint8_t bytes[BATCH];
    for (size_t i = 0; n - i >= BATCH; i += BATCH)
        for (size_t byte = 0; byte < itemsize; byte++) {
            for (size_t j = 0; j < BATCH; j++)
                bytes[j] = in[(i + j) * itemsize + byte];
            bits_forward(bytes, out + byte * n + i / 8, n / 8);
        }
}

static void bitunshuffle_any(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    uint8_t bytes[BATCH];
    for (size_t i = 0; n - i >= BATCH; i += BATCH)
        for (size_t byte = 0; byte < itemsize; byte++) {
            bits_backward(in + byte * n + i / 8, bytes, n / 8);
            for (size_t j = 0; j < BATCH; j++)
                out[(i + j) * itemsize + byte] = bytes[j];
        }
}

static void bitshuffle(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    if (itemsize == 1)
        for (size_t i = 0; n - i >= BATCH; i += BATCH)
            bits_forward(in + i, out + i / 8, n / 8);
    else if (itemsize == 2)
        bitshuffle_batches(in, out, n, 2, shuffle_2);
    else if (itemsize == 4)
        bitshuffle_batches(in, out, n, 4, shuffle_4);
    else if (itemsize == 8)
        bitshuffle_batches(in, out, n, 8, shuffle_8);
    else
        bitshuffle_any(in, out, n, itemsize);
    bp_bitshuffle_from_c(in, out, n, itemsize, n / BATCH * BATCH);
}

static void bitunshuffle(const uint8_t *in, uint8_t *out, size_t n, size_t itemsize)
{
    if (itemsize == 1)
        for (size_t i = 0; n - i >= BATCH; i += BATCH)
            bits_backward(in + i / 8, out + i, n / 8);
    else if (itemsize == 2)
        bitunshuffle_batches(in, out, n, 2, unshuffle_2);
    else if (itemsize == 4)
        bitunshuffle_batches(in, out, n, 4, unshuffle_4);
    else if (itemsize == 8)
        bitunshuffle_batches(in, out, n, 8, unshuffle_8);
    else
        bitunshuffle_any(in, out, n, itemsize);
    bp_bitunshuffle_from_c(in, out, n, itemsize, n / BATCH * BATCH);
}

#endif
