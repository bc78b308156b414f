/* SPDX-License-Identifier: BSD-3-Clause
 * Quantities as people read them. Each fills text and returns it. */
#ifndef BP_REPORT_TEXT_H
#define BP_REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct bp_text {
    char text[64];
} bp_text;

/* "1.23 MB": powers of 1000, as speeds are stated. */
const char *bp_text_bytes(bp_text *text, uint64_t bytes);
/* "3 s", "2:05", "1:02:03" */
const char *bp_text_duration(bp_text *text, double seconds);

typedef struct bp_shape_text {
    char text[512];
} bp_shape_text;

/* "100x512x1024", "scalar" for rank 0 */
const char *bp_text_shape(bp_shape_text *text, const uint64_t *shape, size_t rank);

/* Writes text as HTML and SVG have it between tags. */
void bp_text_escaped(FILE *out, const char *text);

#endif
