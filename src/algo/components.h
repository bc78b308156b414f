/* SPDX-License-Identifier: BSD-3-Clause
 * Connected components of a stack of binary images, one image after the other in bounded memory: only the
 * last image is kept (A. Rosenfeld, J. Pfaltz, J. ACM 13 (1966) 471, with union by size). */
#ifndef BP_ALGO_COMPONENTS_H
#define BP_ALGO_COMPONENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum bp_connectivity {
    BP_CONNECTED_FACES, /* 4 neighbours in an image, 6 in a volume */
    BP_CONNECTED_ALL    /* 8 and 26 */
} bp_connectivity;

typedef struct bp_components bp_components;

/* volume: do images touch the ones before? NULL when memory is short. */
bp_components *bp_components_new(size_t rows, size_t columns, bp_connectivity connectivity, bool volume);
void bp_components_free(bp_components *components);
/* Takes in the next image, a byte per pixel. False when memory is short. */
bool bp_components_add(bp_components *components, const uint8_t *image);

/* Pixels of each component, in the order of their first pixels; and the row that it begins in, counted
 * through all images. Both arrays are the caller's to free. False when memory is short. */
bool bp_components_sizes(bp_components *components, uint64_t **sizes, uint64_t **rows, size_t *count);

#endif
