/* SPDX-License-Identifier: BSD-3-Clause
 * Loops of photon's map: floats to numbers and raw bits, numbers to pixels, and back (docs/photon-chunk.md).
 */
#ifndef BP_KERNEL_PHOTON_NUMBERS_H
#define BP_KERNEL_PHOTON_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers that are no numbers. Others are from -BP_PHOTON_MOST_NUMBER to BP_PHOTON_MOST_NUMBER. */
#define BP_PHOTON_RAW           INT32_MAX       /* all bits of the value are raw */
#define BP_PHOTON_SPECIAL       (INT32_MAX - 2) /* special 0 or 1 */
#define BP_PHOTON_MOST_NUMBER   (1 << 24)
#define BP_PHOTON_MOST_EXPONENT 23 /* numbers in fixed point are below 2^24 */
#define BP_PHOTON_PIXEL_MARKS   3  /* the largest pixels stand for what is no number */
#define BP_PHOTON_NO_NUMBER     255u

/* How single precision is cut into numbers and bits. */
typedef struct bp_photon_digits {
    bool fixed; /* fixed point; else split */
    int point;
    unsigned shift, zeros, small;
    uint32_t special[2];
    uint32_t is_special[2]; /* all ones where there is one */
} bp_photon_digits;

typedef struct bp_photon_numbers {
    /* Smallest and largest number, and how many there are. */
    size_t (*extent)(const int32_t *numbers, size_t count, int32_t *low, int32_t *high);
    /* Numbers as pixels of itemsize bytes above least, and back. */
    void (*put)(const int32_t *numbers, size_t count, uint32_t least, size_t itemsize, void *out);
    void (*get)(const void *in, size_t count, uint32_t least, size_t itemsize, int32_t *numbers);
    /* Whole numbers; multiples of scale, or parts when divide. Return how many values have no number. */
    size_t (*whole_f32)(const float *values, size_t count, int32_t *numbers);
    size_t (*scale_f32)(const float *values, size_t count, double scale, bool divide, int32_t *numbers);
    size_t (*scale_f64)(const double *values, size_t count, double scale, bool divide, int32_t *numbers);
    void (*back_f32)(const int32_t *numbers, size_t count, double scale, bool divide, float *values);
    void (*back_f64)(const int32_t *numbers, size_t count, double scale, bool divide, double *values);
    /* Number, bits and how many these are, or BP_PHOTON_NO_NUMBER. */
    void (*cut)(const bp_photon_digits *digits, const uint32_t *patterns, size_t count, int32_t *numbers,
                uint32_t *bits, uint32_t *counts);
    /* How many bits each number has behind it. Returns how many are no numbers. */
    size_t (*bits_of)(const bp_photon_digits *digits, const int32_t *numbers, size_t count, uint32_t *counts);
    /* False when a number stands for no value. */
    bool (*join)(const bp_photon_digits *digits, const int32_t *numbers, const uint32_t *bits, size_t count,
                 uint32_t *patterns);
} bp_photon_numbers;

#endif
