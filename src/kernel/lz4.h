/* SPDX-License-Identifier: BSD-3-Clause
 * One LZ4 block (https://github.com/lz4/lz4, doc/lz4_Block_format.md), in memory. The encoder makes the same
 * choices as liblz4's quick mode (LZ4_compress_default, checked against version 1.9.4), hence the same bytes,
 * but keeps its table between blocks. */
#ifndef BP_KERNEL_LZ4_H
#define BP_KERNEL_LZ4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_LZ4_MAX_BYTES 0x7e000000u
/* Bytes behind the end of the output that encoder and decoder may touch. */
#define BP_LZ4_SLACK 64

/* Where four (or, in large blocks, five) bytes were last seen. It is the caller's so that it need not be on
 * the stack of whoever encodes. */
typedef union bp_lz4_table {
    uint16_t narrow[8192]; /* blocks below 64 KiB */
    uint32_t wide[4096];
} bp_lz4_table;

static inline size_t bp_lz4_bound(size_t bytes)
{
    return bytes > BP_LZ4_MAX_BYTES ? 0 : bytes + bytes / 255 + 16;
}

#endif
