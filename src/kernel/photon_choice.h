/* SPDX-License-Identifier: BSD-3-Clause
 * Arithmetic of the choice of photon's model and tables, on arrays of sampled pixels. */
#ifndef BP_KERNEL_PHOTON_CHOICE_H
#define BP_KERNEL_PHOTON_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/photon.h"

#define BP_PHOTON_CELLS   128 /* of residuals, four an octave, half of them for those below 0 */
#define BP_PHOTON_COPIES  4   /* of counts: pixels that follow each other do not wait for each other */
#define BP_PHOTON_SIDE    256 /* finer buckets of residuals from 0 on, and as many below */
#define BP_PHOTON_BUCKETS (2 * BP_PHOTON_SIDE)

typedef struct bp_photon_choice {
    /* Local mean and roughness of pixels from their neighbours, in arrays in the order of their weights. */
    void (*around)(const uint16_t *const *near, size_t count, uint16_t *mean, uint16_t *rough);
    /* Codes of BY_MEAN, BY_ROUGHNESS and BY_BOTH. */
    void (*codes)(const uint16_t *mean, const uint16_t *rough, size_t count, uint8_t *by_mean,
                  uint8_t *by_rough, uint8_t *by_both);
    /* Code of BY_WINDOW for means below small, else of the mean, and above. */
    void (*window_codes)(const uint16_t *mean, const uint16_t *window, size_t count, uint32_t small,
                         uint32_t above, uint8_t *code);
    /* Where pixels count: each two codes have BP_PHOTON_CELLS. Pixels whose mean is below small are coded as
     * they are. Returns the bits of places within cells. */
    uint32_t (*cells)(const uint16_t *value, const uint16_t *mean, const uint16_t *level, const uint8_t *code,
                      size_t count, unsigned shift, uint32_t small, uint16_t *cell);
    /* Adds the copies of BP_PHOTON_CELLS counts, stride apart, to row. Returns the sum of all. */
    uint32_t (*add_copies)(const uint16_t *counts, size_t stride, uint32_t *row);
    /* The sum of n log2 n of counts; *used: how many are not 0. */
    int32_t (*logs)(const uint32_t *counts, size_t count, int32_t *used);
    /* The same of the sums of two; *shared: how many are not 0 in both. */
    int32_t (*logs_together)(const uint32_t *a, const uint32_t *b, size_t count, int32_t *all,
                             int32_t *shared);
    /* Distances of neighbours from pixels, times each's scale, at most 2047. */
    void (*distances)(const uint16_t *near, const uint16_t *value, const float *scale, size_t count,
                      int16_t *distance);
    int64_t (*product)(const int16_t *a, const int16_t *b, size_t count);
    /* Weighted sums of neighbours, rounded and cut off. */
    void (*level)(const uint16_t *const *near, const int8_t *weight, size_t weights, size_t count,
                  float *scratch, uint16_t *level);
    /* From predictions to where pixels count: code and bucket of the residual. */
    void (*places)(const uint16_t *values, const uint8_t *codes, size_t width, uint16_t *at);
    /* The sum of BP_PHOTON_BUCKETS counts; all that are not 0 stand from *begin to *end. */
    uint32_t (*extent)(const uint32_t *counts, uint16_t *begin, uint16_t *end);
    /* Counts these places, without those that have a label (labels NULL: none has). */
    void (*count)(const uint16_t *at, const uint8_t *labels, size_t count, uint32_t *counts);
} bp_photon_choice;

#endif
