/* SPDX-License-Identifier: BSD-3-Clause
 * What the codec files share. */
#ifndef BP_CODEC_CODEC_H
#define BP_CODEC_CODEC_H

#include "beampress/codec.h"

/* Sets of dtypes for bp_codec.dtypes. */
#define BP_BIT(dtype) (1u << (dtype))
#define BP_DTYPES_ALL ((1u << BP_DTYPE_COUNT) - 1u)
#define BP_DTYPES_8   (BP_BIT(BP_U8) | BP_BIT(BP_I8))
#define BP_DTYPES_16  (BP_BIT(BP_U16) | BP_BIT(BP_I16))
#define BP_DTYPES_INTEGER                                                                                    \
    (BP_DTYPES_8 | BP_DTYPES_16 | BP_BIT(BP_U32) | BP_BIT(BP_I32) | BP_BIT(BP_U64) | BP_BIT(BP_I64))

static inline bool bp_codec_always_lossless(const double *params)
{
    (void)params;
    return true;
}

#endif
