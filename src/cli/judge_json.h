/* SPDX-License-Identifier: BSD-3-Clause
 * A verdict as JSON, as judge and explore write it (docs/json.md). */
#ifndef BP_CLI_JUDGE_JSON_H
#define BP_CLI_JUDGE_JSON_H

#include <jansson.h>

#include "explore/judge.h"

/* The technique and its verdict. */
json_t *bp_judged_json(const bp_judged *judged);
/* Appends an object for each quantity to the array at key. */
void bp_judged_quantities_json(const bp_judged *judged, json_t *object, const char *key);

#endif
