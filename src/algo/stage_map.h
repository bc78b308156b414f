/* SPDX-License-Identifier: BSD-3-Clause
 * What several stages do with maps (flat, dark, pedestal, gain) and with the values of frames. */
#ifndef BP_ALGO_STAGE_MAP_H
#define BP_ALGO_STAGE_MAP_H

#include "beampress/stage.h"

/* Planes of rows x columns that stand beside the frames, under the name that text parameter `param` gives, or
 * under its own name when it is not given. *values NULL and BP_OK: there are none under that plain name. The
 * planes fit the frames, or the failure is about the parameter. The caller frees *values. */
BP_MUST_CHECK bp_status bp_stage_map(bp_context *ctx, bp_stage_run *run, int param, double **values,
                                     size_t *planes);
/* How the map is called in messages: what the parameter says, or its name. */
const char *bp_stage_map_name(const bp_stage_run *run, int param);

/* map[count]: mean, or median, of each pixel over the planes. */
void bp_stage_average(const double *planes, size_t plane_count, size_t count, int median, double *map);

/* Is any pixel of the map that is no label not finite (or, above_zero, not above 0)? bad: how many, first:
 * where. */
size_t bp_stage_bad_pixels(const double *map, const uint8_t *labels, size_t count, int above_zero,
                           size_t *first);

/* Values of a frame as doubles, in scratch of the context that bp_scratch_give takes back; NULL when there is
 * no memory. */
double *bp_stage_doubles(bp_context *ctx, const bp_frame *in, size_t extra);

/* Type of what is computed from a type: F64 of F64 and of integers of 32 bits and more, F32 of all others. */
bp_dtype bp_stage_real_type(bp_dtype dtype);

#endif
