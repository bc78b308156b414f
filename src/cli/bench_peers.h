/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_CLI_BENCH_PEERS_H
#define BP_CLI_BENCH_PEERS_H

#include "cli/bench_rows.h"

/* Adds a row for every setting of every HDF5 filter of others that is found. Each file runs in a process of
 * its own. model: the columns that all rows of the dataset share. */
bp_status bp_bench_peers(bp_context *ctx, const bp_bench_row *model, const bp_bench_chunks *chunks,
                         const bp_bench_plan *plan, bp_bench_rows *rows);

#endif
