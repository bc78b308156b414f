/* SPDX-License-Identifier: BSD-3-Clause
 * File names of a series. */
#ifndef BP_IO_FRAMES_PATHS_H
#define BP_IO_FRAMES_PATHS_H

#include "beampress/context.h"

#include <stddef.h>

/* Replaces each path that is no file but a shell pattern by its matches, in natural order. A pattern without
 * a match is BP_E_INPUT. */
BP_MUST_CHECK bp_status bp_frames_expand(bp_context *ctx, const char *const *paths, size_t count,
                                         char ***files, size_t *file_count);
void bp_frames_free_paths(char **files, size_t count);

/* Compares names so that numbers in them count by value: scan_9 before scan_10. */
int bp_natural_compare(const char *a, const char *b);

#endif
