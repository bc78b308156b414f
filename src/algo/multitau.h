/* SPDX-License-Identifier: BSD-3-Clause
 * Intensity correlation of a series of frames with itself at logarithmic delays, per region of the detector,
 * in one pass and bounded memory. K. Schaetzel, Inst. Phys. Conf. Ser. 77 (1985) 175; D. Lumma et al., Rev.
 * Sci. Instrum. 71 (2000) 3274.
 *
 * g2 = <I(t) I(t + d)> / (<I(t)> <I(t + d)>), the averages over the pixels of a region and over time
 * together, each over the pairs of that delay. Level l works on means of 2^l frames. */
#ifndef BP_ALGO_MULTITAU_H
#define BP_ALGO_MULTITAU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_MULTITAU_MOST_LEVELS 32

typedef struct bp_multitau bp_multitau;

/* Pixels of frames in groups: regions, each cut into `blocks` parts that count as independent. */
typedef struct bp_pixel_groups {
    size_t regions, blocks;
    size_t *starts; /* regions * blocks + 1: places in `pixels` */
    size_t *pixels; /* indices of a frame, in the order of groups */
    double *labels; /* of the regions, ascending */
} bp_pixel_groups;

/* Regions of equal label in map (0 or less: none; NULL: one region of everything), without excluded pixels
 * (or NULL). False when memory is short; regions is 0 when there are none. */
bool bp_pixel_groups_init(bp_pixel_groups *groups, size_t pixels, const double *map, const uint8_t *excluded,
                          size_t blocks);
void bp_pixel_groups_fini(bp_pixel_groups *groups);

/* Delays of level 0 are first ... last; of each higher level the upper half of those, (last + 1) / 2 ... last
 * (first 0: scikit-beam's 0 ... b - 1) or last / 2 + 1 ... last (first 1: APS), times 2^level. groups must
 * outlive it. NULL when memory is short. */
bp_multitau *bp_multitau_new(const bp_pixel_groups *groups, unsigned first, unsigned last, unsigned levels);
void bp_multitau_free(bp_multitau *multitau);
/* Takes in the next frame. */
void bp_multitau_add(bp_multitau *multitau, const double *frame);

/* Delays that had at least one pair, in frames, ascending. */
size_t bp_multitau_delays(const bp_multitau *multitau, double *delays);
/* g2 of a region at delay number i of those, without one of its blocks (or SIZE_MAX). NAN where the region is
 * dark. */
double bp_multitau_g2(const bp_multitau *multitau, size_t region, size_t i, size_t without_block);
/* Most delays that there can be. */
size_t bp_multitau_room(const bp_multitau *multitau);

#endif
