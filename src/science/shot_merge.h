/* SPDX-License-Identifier: BSD-3-Clause
 * Shots whose reflections are known (simulated ones): spots are summed where they are, merged by their
 * indices in two half sets, of shots of even and of odd number, and the halves are compared. */
#ifndef BP_SCIENCE_SHOT_MERGE_H
#define BP_SCIENCE_SHOT_MERGE_H

#include "algo/half_sets.h"
#include "science/shots.h"

enum { BP_MERGE_X, BP_MERGE_Y, BP_MERGE_Q, BP_MERGE_H, BP_MERGE_K, BP_MERGE_L, BP_MERGE_LISTS };

/* A spot in a shot. */
typedef struct bp_seen {
    uint64_t key; /* of its indices, signs apart: they are equivalent */
    double q;
    bp_half_spot spot;
} bp_seen;

typedef struct bp_shot_merge {
    double *lists[BP_MERGE_LISTS]; /* shots x room, NAN beyond the last spot */
    size_t room, shots;
    bp_seen *seen;
    size_t count, seen_room;
} bp_shot_merge;

/* BP_E_INPUT when the file does not say where the reflections are. bp_shot_merge_fini in every case. */
BP_MUST_CHECK bp_status bp_shot_merge_init(bp_context *ctx, bp_shot_merge *merge,
                                           const bp_science_stack *stack);
void bp_shot_merge_fini(bp_shot_merge *merge);
/* The spots of the shot that was read. False when memory is short. */
bool bp_shot_merge_add(bp_shot_merge *merge, const bp_shots *shots, uint64_t shot, size_t unit);
/* CC1/2, CC* and Rsplit, of everything and in shells with equal numbers of reflections; again without each
 * unit of shots. */
BP_MUST_CHECK bp_status bp_shot_merge_report(bp_context *ctx, bp_shot_merge *merge, size_t units,
                                             size_t shells, bp_outcomes *outcomes);

#endif
