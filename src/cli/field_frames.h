/* SPDX-License-Identifier: BSD-3-Clause
 * Frames as plain files in a temporary folder, for a program that knows nothing of ours. */
#ifndef BP_CLI_FIELD_FRAMES_H
#define BP_CLI_FIELD_FRAMES_H

#include "cli/cli.h"
#include "explore/judge.h"

typedef struct bp_field_frames {
    uint64_t frames, of; /* written, and in the file */
    bool geometry;       /* the file, or --geometry, says where the detector stands */
} bp_field_frames;

/* Writes reference.npy, test.npy, mask.npy and facts.json (what src/cli/field/field.py reads) into folder. Of
 * a file too large for it, the first frames. */
bp_status bp_field_write(bp_cli *cli, const bp_judge_options *options, const char *folder,
                         bp_field_frames *written);

#endif
