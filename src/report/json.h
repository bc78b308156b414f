/* SPDX-License-Identifier: BSD-3-Clause
 * JSON for machines: numbers that JSON cannot hold become null, text is always valid UTF-8. */
#ifndef BP_REPORT_JSON_H
#define BP_REPORT_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "beampress/array.h"

/* Set a key of an object. Running out of memory leaves the key out, and bp_json_print then fails. */
void bp_json_set(json_t *object, const char *key, json_t *value);
/* text NULL: null. Bytes that are no UTF-8 become U+FFFD. */
void bp_json_set_text(json_t *object, const char *key, const char *text);
void bp_json_set_count(json_t *object, const char *key, uint64_t count);
void bp_json_set_number(json_t *object, const char *key, double number);
void bp_json_set_bool(json_t *object, const char *key, bool value);
void bp_json_set_shape(json_t *object, const char *key, const uint64_t *shape, size_t rank);
json_t *bp_json_text(const char *text);
/* Appends to the array at key, which is made when it is missing. */
void bp_json_append(json_t *object, const char *key, json_t *value);
/* raw / stored, 0 when nothing is stored. */
double bp_ratio(uint64_t raw, uint64_t stored);

bp_status bp_json_print(const json_t *object, FILE *stream);

#endif
