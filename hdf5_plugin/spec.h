/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_PLUGIN_SPEC_H
#define BP_PLUGIN_SPEC_H

#include "beampress/chunk.h"

/* The best that is lossless for every type and still quick, of what this build has. */
BP_MUST_CHECK bp_status spec_default(bp_context *ctx, bp_codec_spec *spec);

/* The codec that cd_values ask for: the full words of a dataset of ours, or the short form that people type:
 * nothing (the default), or a codec's number and its parameters, one word each. */
BP_MUST_CHECK bp_status spec_from_words(bp_context *ctx, const uint32_t *words, size_t count,
                                        bp_codec_spec *spec);

#endif
