/* SPDX-License-Identifier: BSD-3-Clause
 * Text tables: columns as wide as their widest cell, numbers to the right. */
#ifndef BP_REPORT_TABLE_H
#define BP_REPORT_TABLE_H

#include <stdio.h>

#include "beampress/status.h"

typedef struct bp_column {
    const char *title;
    char align; /* 'l' or 'r' */
} bp_column;

typedef struct bp_table bp_table;

/* NULL when there is no memory; the other functions take NULL and do nothing. */
bp_table *bp_table_new(const bp_column *columns, size_t count);
void bp_table_free(bp_table *table);
/* The next cell, row by row, printf style. A cell that finds no memory is left empty. */
void bp_table_cell(bp_table *table, const char *format, ...) BP_PRINTF(2, 3);
/* indent: blanks before every line. */
void bp_table_print(const bp_table *table, FILE *stream, int indent);
/* The same as comma-separated values, titles first, quoted where they must be. */
void bp_table_print_csv(const bp_table *table, FILE *stream);

#endif
