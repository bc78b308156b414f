/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/table.h"

struct bp_table {
    const bp_column *columns;
    size_t column_count;
    char **cells;
    size_t cell_count, room;
};

bp_table *bp_table_new(const bp_column *columns, size_t count)
{
    bp_table *table = calloc(1, sizeof *table);
    if (table) {
        table->columns = columns;
        table->column_count = count;
    }
    return table;
}

void bp_table_free(bp_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

void bp_table_cell(bp_table *table, const char *format, ...)
{
    if (!table)
        return;
    if (table->cell_count == table->room) {
        size_t room = table->room ? 2 * table->room : 64;
        char **cells = realloc(table->cells, room * sizeof *cells);
        if (!cells)
            return;
        table->cells = cells;
        table->room = room;
    }
    va_list args;
    char *text;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    table->cells[table->cell_count++] = text;
}

/* Columns on a terminal, taking every code point of UTF-8 as one. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; text && *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(FILE *stream, const char *text, size_t width, char align, bool last)
{
    int blanks = (int)(width - width_of(text));
    if (align == 'r')
        fprintf(stream, "%*s", blanks, "");
    fputs(text ? text : "", stream);
    if (align != 'r' && !last)
        fprintf(stream, "%*s", blanks, "");
    fputs(last ? "\n" : "  ", stream);
}

void bp_table_print(const bp_table *table, FILE *stream, int indent)
{
    if (!table)
        return;
    size_t columns = table->column_count, rows = table->cell_count / columns;
    size_t *widths = calloc(columns, sizeof *widths);
    if (!widths)
        return;
    for (size_t i = 0; i < (rows + 1) * columns; i++) {
        size_t width = width_of(i < columns ? table->columns[i].title : table->cells[i - columns]);
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
    for (size_t i = 0; i < (rows + 1) * columns; i++) {
        size_t c = i % columns;
        if (c == 0)
            fprintf(stream, "%*s", indent, "");
        print_cell(stream, i < columns ? table->columns[i].title : table->cells[i - columns], widths[c],
                   table->columns[c].align, c + 1 == columns);
    }
    free(widths);
}

static void print_csv_cell(FILE *stream, const char *text, bool last)
{
    bool quoted = text && text[strcspn(text, ",\"\n\r")];
    if (quoted)
        fputc('"', stream);
    for (; text && *text; text++) {
        if (*text == '"')
            fputc('"', stream);
        fputc(*text, stream);
    }
    if (quoted)
        fputc('"', stream);
    fputc(last ? '\n' : ',', stream);
}

void bp_table_print_csv(const bp_table *table, FILE *stream)
{
    if (!table || table->column_count == 0)
        return;
    for (size_t i = 0; i < table->column_count; i++)
        print_csv_cell(stream, table->columns[i].title, i + 1 == table->column_count);
    for (size_t i = 0; i < table->cell_count; i++)
        print_csv_cell(stream, table->cells[i], (i + 1) % table->column_count == 0);
}
