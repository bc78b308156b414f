/* SPDX-License-Identifier: BSD-3-Clause
 * Back-projection of 16 slices side by side: every value stands for the same place of all of them, so that
 * one index and one weight serve 16 sums. */
#ifndef BP_KERNEL_BACKPROJECT_H
#define BP_KERNEL_BACKPROJECT_H

#include <stddef.h>

#define BP_BACKPROJECT_LANES  16 /* slices */
#define BP_BACKPROJECT_PIXELS 16 /* neighbours in a row of the slices */
#define BP_BACKPROJECT_ANGLES 16 /* at most, of one call */

typedef struct bp_backproject {
    const float *rows; /* filtered rows, angles x width x lanes; their first and last two columns are 0 */
    size_t width;
    size_t angles; /* at most BP_BACKPROJECT_ANGLES */
    /* of the first pixel at each angle: column / 1 and the part behind the point; and the step to the next
     * pixel, at most 1 either way */
    const int *column;
    const float *part, *step;
} bp_backproject;

#endif
