/* SPDX-License-Identifier: BSD-3-Clause
 * What the HTML report is put together from. The table is made by cmake/embed.cmake. */
#ifndef BP_REPORT_PAGE_PARTS_H
#define BP_REPORT_PAGE_PARTS_H

#include <stddef.h>

typedef struct bp_page_part {
    const char *name; /* NULL ends the table */
    const char *text; /* ends with a 0 behind its size */
    size_t size;
} bp_page_part;

/* page, style, script; library and licence where Chart.js was there when this was built. */
extern const bp_page_part bp_page_parts[];

#endif
