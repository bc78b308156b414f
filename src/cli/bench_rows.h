/* SPDX-License-Identifier: BSD-3-Clause
 * The rows of a bench, and how they are shown. */
#ifndef BP_CLI_BENCH_ROWS_H
#define BP_CLI_BENCH_ROWS_H

#include <stdio.h>

#include "cli/bench.h"

typedef struct bp_bench_row {
    const char *file, *dataset; /* owned by the caller while rows are used, see finish */
    bp_dtype dtype;
    size_t itemsize, chunks, rank;
    uint64_t chunk[BP_MAX_RANK];
    unsigned threads;
    double floor_bpp; /* entropy of simulated values, NaN when it is not known */
    char codec[64], params[448];
    bool taken; /* the codec takes this type and shape */
    bool peer;
    char plugin[256]; /* file of a peer */
    char failed[512]; /* "" when it was measured */
    bp_bench_result result;
} bp_bench_row;

typedef struct bp_bench_rows {
    bp_bench_row *items;
    size_t count;
    char **texts; /* copies of names that must live as long as the rows */
    size_t text_count;
} bp_bench_rows;

bp_status bp_bench_rows_add(bp_bench_rows *rows, const bp_bench_row *row);
void bp_bench_rows_fini(bp_bench_rows *rows);
/* Sorts the rows from first on by ratio, best first, failed ones last, and adds them to result["results"]. */
void bp_bench_rows_finish(bp_bench_rows *rows, size_t first, json_t *result);
/* The rows of one dataset as a table under a heading. */
void bp_bench_rows_print(const bp_bench_rows *rows, size_t first, FILE *stream);
void bp_bench_rows_print_csv(const bp_bench_rows *rows, FILE *stream);

#endif
