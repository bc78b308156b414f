/* SPDX-License-Identifier: BSD-3-Clause
 * The verdict that a pipeline text carries: a comment "#verdict KEY JSON" on a line of its own, which
 * `beampress explore` writes. It goes into the record of a run. KEY: XXH3 of the canonical pipeline, 16
 * digits, so that the verdict of one pipeline is not taken for that of another. */
#ifndef BP_PIPELINE_ATTEST_H
#define BP_PIPELINE_ATTEST_H

#include "pipeline/pipeline.h"

#define BP_VERDICT_MARK "#verdict "

/* *key: 17 bytes. */
BP_MUST_CHECK bp_status bp_verdict_key(bp_context *ctx, const bp_pipeline *pipeline, char *key);
/* *verdict: JSON, freed by the caller; NULL when there is none, or (with a warning) one of another pipeline.
 */
BP_MUST_CHECK bp_status bp_verdict_find(bp_context *ctx, const bp_pipeline *pipeline, const char *text,
                                        char **verdict);

#endif
