/* SPDX-License-Identifier: BSD-3-Clause
 * Grey pictures as PNG, in base64 as HTML and JSON hold them. */
#ifndef BP_REPORT_PNG_H
#define BP_REPORT_PNG_H

#include <stddef.h>
#include <stdint.h>

/* 8 bits per pixel, rows from the top. NULL without memory; the caller frees it. */
char *bp_png_base64(const uint8_t *grey, size_t rows, size_t columns);

#endif
