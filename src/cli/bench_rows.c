/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_rows.h"
#include "report/json.h"
#include "report/table.h"
#include "report/text.h"

/* One copy of a text for all rows of a dataset. */
static const char *keep(bp_bench_rows *rows, const char *text)
{
    for (size_t i = 0; i < rows->text_count; i++)
        if (strcmp(rows->texts[i], text) == 0)
            return rows->texts[i];
    char **texts = realloc(rows->texts, (rows->text_count + 1) * sizeof *texts);
    if (!texts)
        return NULL;
    rows->texts = texts;
    char *copy = strdup(text);
    if (copy)
        texts[rows->text_count++] = copy;
    return copy;
}

bp_status bp_bench_rows_add(bp_bench_rows *rows, const bp_bench_row *row)
{
    bp_bench_row *items = realloc(rows->items, (rows->count + 1) * sizeof *items);
    if (!items)
        return BP_E_MEMORY;
    rows->items = items;
    items[rows->count] = *row;
    items[rows->count].file = keep(rows, row->file);
    items[rows->count].dataset = keep(rows, row->dataset);
    if (!items[rows->count].file || !items[rows->count].dataset)
        return BP_E_MEMORY;
    rows->count++;
    return BP_OK;
}

void bp_bench_rows_fini(bp_bench_rows *rows)
{
    for (size_t i = 0; i < rows->text_count; i++)
        free(rows->texts[i]);
    free(rows->texts);
    free(rows->items);
    memset(rows, 0, sizeof *rows);
}

static double row_ratio(const bp_bench_row *row)
{
    return *row->failed ? -1 : bp_ratio(row->result.raw_bytes, row->result.stored_bytes);
}

/* Bits per pixel: the ratio applied to the bits of one value. */
static double row_bpp(const bp_bench_row *row)
{
    double pixels = (double)row->result.raw_bytes / (double)row->itemsize;
    return pixels > 0 ? 8 * (double)row->result.stored_bytes / pixels : 0;
}

static int compare_rows(const void *a, const void *b)
{
    double x = row_ratio(a), y = row_ratio(b);
    if (x != y)
        return x < y ? 1 : -1;
    const bp_bench_row *r = a, *s = b;
    int order = strcmp(r->codec, s->codec);
    return order ? order : strcmp(r->params, s->params);
}

static json_t *row_json(const bp_bench_row *row)
{
    json_t *object = json_object();
    bp_json_set_text(object, "file", row->file);
    bp_json_set_text(object, "dataset", row->dataset);
    bp_json_set_text(object, "codec", row->codec);
    bp_json_set_text(object, "params", row->params);
    if (row->peer) {
        bp_json_set_bool(object, "peer", true);
        bp_json_set_text(object, "plugin", row->plugin);
    }
    bp_json_set_text(object, "dtype", bp_dtype_name(row->dtype));
    bp_json_set_shape(object, "chunk", row->chunk, row->rank);
    bp_json_set_count(object, "chunks", row->chunks);
    bp_json_set_count(object, "threads", row->threads);
    if (*row->failed) {
        bp_json_set_text(object, "failed", row->failed);
        return object;
    }
    bp_json_set_bool(object, "lossless", row->result.lossless);
    bp_json_set_number(object, "max_error", row->result.max_error);
    bp_json_set_number(object, "ratio", row_ratio(row));
    bp_json_set_number(object, "bpp", row_bpp(row));
    if (isfinite(row->floor_bpp))
        bp_json_set_number(object, "floor_bpp", row->floor_bpp);
    bp_json_set_number(object, "encode_MBps", row->result.encode_MBps);
    bp_json_set_number(object, "decode_MBps", row->result.decode_MBps);
    bp_json_set_number(object, "encode_median_MBps", row->result.encode_median_MBps);
    bp_json_set_number(object, "decode_median_MBps", row->result.decode_median_MBps);
    bp_json_set_count(object, "measured", row->result.chunks);
    json_t *first = json_array();
    for (size_t i = 0; i < BP_BENCH_FIRSTS && row->result.chunks >> i; i++)
        json_array_append_new(first, json_integer((json_int_t)row->result.first_bytes[i]));
    bp_json_set(object, "first_bytes", first);
    bp_json_set_count(object, "raw_bytes", row->result.raw_bytes);
    bp_json_set_count(object, "stored_bytes", row->result.stored_bytes);
    bp_json_set_count(object, "passes", row->result.passes);
    return object;
}

void bp_bench_rows_finish(bp_bench_rows *rows, size_t first, json_t *result)
{
    if (rows->count > first)
        qsort(rows->items + first, rows->count - first, sizeof *rows->items, compare_rows);
    for (size_t i = first; i < rows->count; i++)
        if (rows->items[i].taken)
            bp_json_append(result, "results", row_json(&rows->items[i]));
        else
            bp_json_append(result, "not_taken", row_json(&rows->items[i]));
}

static void print_row(bp_table *table, const bp_bench_row *row, bool with_plugin)
{
    bp_table_cell(table, "%s%s", row->peer ? "(peer) " : "", row->codec);
    bp_table_cell(table, "%s", row->params);
    for (int i = 0; i < 4 && *row->failed; i++)
        bp_table_cell(table, "-");
    if (!*row->failed) {
        bp_table_cell(table, "%.3f", row_ratio(row));
        if (row->floor_bpp > 0)
            bp_table_cell(table, "%.3f (%+.1f %%)", row_bpp(row), 100 * (row_bpp(row) / row->floor_bpp - 1));
        else
            bp_table_cell(table, "%.3f", row_bpp(row));
        bp_table_cell(table, "%.0f", row->result.encode_MBps);
        bp_table_cell(table, "%.0f", row->result.decode_MBps);
    }
    if (*row->failed)
        bp_table_cell(table, "failed: %s", row->failed);
    else if (row->result.lossless && row->result.chunks < row->chunks)
        bp_table_cell(table, "yes, %zu of %zu chunks", row->result.chunks, row->chunks);
    else if (row->result.lossless)
        bp_table_cell(table, "yes");
    else
        bp_table_cell(table, "no, error up to %.6g", row->result.max_error);
    if (with_plugin)
        bp_table_cell(table, "%s", row->plugin);
}

void bp_bench_rows_print(const bp_bench_rows *rows, size_t first, FILE *stream)
{
    static const bp_column columns[] = {{"codec", 'l'},      {"parameters", 'l'},  {"ratio", 'r'},
                                        {"bits/pixel", 'r'}, {"encode MB/s", 'r'}, {"decode MB/s", 'r'},
                                        {"identical", 'l'},  {"plug-in", 'l'}};
    if (first >= rows->count)
        return;
    const bp_bench_row *head = &rows->items[first];
    bp_shape_text shape;
    fprintf(stream, "%s: %s: %s, %zu chunks of %s, %u thread%s\n", head->file, head->dataset,
            bp_dtype_name(head->dtype), head->chunks, bp_text_shape(&shape, head->chunk, head->rank),
            head->threads, head->threads == 1 ? "" : "s");
    if (isfinite(head->floor_bpp))
        fprintf(stream,
                "  SIMULATED, with an entropy of %.4f bits per pixel; behind bits/pixel: how much above it\n",
                head->floor_bpp);
    bool peers = false;
    for (size_t i = first; i < rows->count; i++)
        peers |= rows->items[i].peer;
    bp_table *table = bp_table_new(columns, sizeof columns / sizeof columns[0] - !peers);
    for (size_t i = first; i < rows->count; i++)
        if (rows->items[i].taken)
            print_row(table, &rows->items[i], peers);
    bp_table_print(table, stream, 2);
    bp_table_free(table);
    fputs("\n", stream);
}

void bp_bench_rows_print_csv(const bp_bench_rows *rows, FILE *stream)
{
    static const bp_column columns[] = {{"file", 'l'},
                                        {"dataset", 'l'},
                                        {"codec", 'l'},
                                        {"params", 'l'},
                                        {"peer", 'l'},
                                        {"dtype", 'l'},
                                        {"lossless", 'l'},
                                        {"max_error", 'l'},
                                        {"ratio", 'l'},
                                        {"bpp", 'l'},
                                        {"encode_MBps", 'l'},
                                        {"decode_MBps", 'l'},
                                        {"encode_median_MBps", 'l'},
                                        {"decode_median_MBps", 'l'},
                                        {"floor_bpp", 'l'},
                                        {"chunks", 'l'},
                                        {"measured", 'l'},
                                        {"threads", 'l'},
                                        {"raw_bytes", 'l'},
                                        {"stored_bytes", 'l'},
                                        {"failed", 'l'}};
    bp_table *table = bp_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < rows->count; i++) {
        const bp_bench_row *row = &rows->items[i];
        bool failed = *row->failed;
        if (!row->taken)
            continue;
        bp_table_cell(table, "%s", row->file);
        bp_table_cell(table, "%s", row->dataset);
        bp_table_cell(table, "%s", row->codec);
        bp_table_cell(table, "%s", row->params);
        bp_table_cell(table, "%d", row->peer);
        bp_table_cell(table, "%s", bp_dtype_name(row->dtype));
        bp_table_cell(table, "%s", failed ? "" : row->result.lossless ? "1" : "0");
        double numbers[7] = {
            row->result.max_error,         row_ratio(row),          row_bpp(row),
            row->result.encode_MBps,       row->result.decode_MBps, row->result.encode_median_MBps,
            row->result.decode_median_MBps};
        for (int k = 0; k < 7; k++) {
            if (failed)
                bp_table_cell(table, "%s", "");
            else
                bp_table_cell(table, "%.9g", numbers[k]);
        }
        if (isfinite(row->floor_bpp))
            bp_table_cell(table, "%.9g", row->floor_bpp);
        else
            bp_table_cell(table, "%s", "");
        bp_table_cell(table, "%zu", row->chunks);
        bp_table_cell(table, "%zu", failed ? (size_t)0 : row->result.chunks);
        bp_table_cell(table, "%u", row->threads);
        bp_table_cell(table, "%llu", (unsigned long long)row->result.raw_bytes);
        bp_table_cell(table, "%llu", (unsigned long long)row->result.stored_bytes);
        bp_table_cell(table, "%s", row->failed);
    }
    bp_table_print_csv(table, stream);
    bp_table_free(table);
}
