/* SPDX-License-Identifier: BSD-3-Clause
 * What a JPEG 2000 codestream claims, looked at before a library believes it. Ours have one tile, one
 * component, one layer, code-blocks of 64 x 64 and no precincts; anything else could make a decoder allocate
 * or run without limit. */
#ifndef BP_ALGO_J2K_HEADER_H
#define BP_ALGO_J2K_HEADER_H

#include "algo/frames.h"

/* Resolutions that a frame is coded in: at most 6, fewer when a side is short. */
int bp_j2k_resolutions(size_t height, size_t width);

/* BP_E_DAMAGED unless the codestream's markers (ISO 15444-1, annex A) are those of this frame. */
BP_MUST_CHECK bp_status bp_j2k_check(bp_context *ctx, const bp_frames *frame, bool irreversible,
                                     const uint8_t *in, size_t size);

#endif
