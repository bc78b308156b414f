/* SPDX-License-Identifier: BSD-3-Clause
 * One LZ4 block (https://github.com/lz4/lz4, doc/lz4_Block_format.md), in memory. The encoder makes the same
 * choices as liblz4's quick mode (LZ4_compress_default; the tests compare with version 1.9.4), hence the same
 * bytes. */
#ifndef BP_KERNEL_LZ4_H
#define BP_KERNEL_LZ4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_LZ4_MAX_BYTES 0x7e000000u
/* Bytes behind the end that may be touched: of the encoder's input and output, and of the decoder's output.
 */
#define BP_LZ4_SLACK 64

/* Room for the encoder's table: where four (or, in large blocks, five) bytes were last seen. It need not be
 * set, and nothing in it outlives a block. */
typedef union bp_lz4_table {
    uint16_t narrow[8192]; /* blocks below 64 KiB */
    uint32_t wide[4096];
} bp_lz4_table;

static inline size_t bp_lz4_bound(size_t bytes)
{
    return bytes > BP_LZ4_MAX_BYTES ? 0 : bytes + bytes / 255 + 16;
}

#endif
