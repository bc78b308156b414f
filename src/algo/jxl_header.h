/* SPDX-License-Identifier: BSD-3-Clause
 * What a JPEG XL codestream claims, looked at before a library believes it: other sizes, extra channels,
 * colour profiles and hidden frames could make a decoder allocate without limit. */
#ifndef BP_ALGO_JXL_HEADER_H
#define BP_ALGO_JXL_HEADER_H

#include "algo/frames.h"

/* BP_E_DAMAGED unless the image header (ISO 18181-1, annex D) is that of one grey image of the frame's size
 * and depth, without preview, animation, extra channels or ICC profile. */
BP_MUST_CHECK bp_status bp_jxl_check_image(bp_context *ctx, const bp_frames *frame, const uint8_t *in,
                                           size_t size);

/* BP_E_DAMAGED unless the frame header at in (annex F) is of one regular frame, the last, that fills the
 * image and refers to no other. */
BP_MUST_CHECK bp_status bp_jxl_check_frame(bp_context *ctx, bool xyb, const uint8_t *in, size_t size);

#endif
