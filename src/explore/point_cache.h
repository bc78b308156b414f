/* SPDX-License-Identifier: BSD-3-Clause
 * Points made earlier, one file each, named for the hash of everything that they depend on: the frames, the
 * pipeline, the techniques with their parameters, the versions of the program and of the codec's library.
 * Budgets are not among them: what is kept are results, and they are judged again. */
#ifndef BP_EXPLORE_POINT_CACHE_H
#define BP_EXPLORE_POINT_CACHE_H

#include "explore/point.h"

/* Fills a point whose pipeline is there. False when it is not in the folder (NULL: no folder) or damaged. */
bool bp_point_recall(const char *folder, const bp_trial *trial, bp_point *point);
/* A folder that cannot be written is no reason to stop. */
void bp_point_remember(const char *folder, const bp_trial *trial, const bp_point *point);

#endif
