/* SPDX-License-Identifier: BSD-3-Clause
 * Names of files and folders as text. Results are freed by the caller; NULL when there is no memory. */
#ifndef BP_IO_PATHS_H
#define BP_IO_PATHS_H

#include <stdbool.h>

/* The folder that a file stands in: "." for a bare name. */
char *bp_path_folder(const char *path);
/* name below folder; name itself when it is absolute or the folder is "." */
char *bp_path_join(const char *folder, const char *name);
/* Without "." and "name/.." and doubled slashes, by the text alone. What is left of ".." stands in front. */
char *bp_path_normal(const char *path);
/* Does a normal path leave the folder that it begins in? */
bool bp_path_leaves(const char *normal);
bool bp_path_is_file(const char *path);
/* Do both lead to the same file or folder? */
bool bp_path_same(const char *a, const char *b);

#endif
