/* SPDX-License-Identifier: BSD-3-Clause
 * Output files appear under their name only when they are complete: written to a temporary file beside it,
 * synced, renamed. The temporary is locked while its writer lives; what a dead writer left behind is removed
 * by the next run for the same output. */
#ifndef BP_IO_OUTPUT_H
#define BP_IO_OUTPUT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "beampress/context.h"

typedef struct bp_output {
    char *path;      /* where the output will appear; of a symbolic link that is replaced: its target */
    char *temporary; /* written by the caller */
    int fd;          /* holds the lock; -1 */
    bool overwrite, replace;
    struct stat input; /* of the file that is replaced */
} bp_output;

/* Checks that output may be written, removes temporaries that dead runs left for it, creates an empty, locked
 * temporary. input: file that is read (output must not be it, also by another name; NULL: there is none),
 * unless replace is set: then output is input and mode and owner are kept. BP_E_USAGE: output is an input;
 * BP_E_OUTPUT: it exists and overwrite is not set, or cannot be written. Abort in every case that is not
 * committed. */
BP_MUST_CHECK bp_status bp_output_begin(bp_context *ctx, const char *input, const char *path, bool overwrite,
                                        bool replace, bp_output *output);

/* Syncs the temporary, gives it its final name, syncs the folder. */
BP_MUST_CHECK bp_status bp_output_commit(bp_context *ctx, bp_output *output);

/* Removes the temporary when there is one, frees. Also after a commit. */
void bp_output_end(bp_output *output);

/* What a file was at one time: to find out that it changed while it was read. */
typedef struct bp_file_stamp {
    struct stat st;
} bp_file_stamp;
BP_MUST_CHECK bp_status bp_file_stamp_take(bp_context *ctx, const char *path, bp_file_stamp *stamp);
/* BP_E_INPUT when the file is no longer what it was. */
BP_MUST_CHECK bp_status bp_file_stamp_check(bp_context *ctx, const char *path, const bp_file_stamp *stamp);

#endif
