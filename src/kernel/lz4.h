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

#if defined(__GNUC__) || defined(__clang__)
#define BP_INLINE static inline __attribute__((always_inline))
#else
#define BP_INLINE static inline
#endif

/* Where four (or, in large blocks, five) bytes were last seen. Zeroed before its first use. */
typedef struct bp_lz4_table {
    union {
        uint16_t narrow[8192]; /* blocks below 64 KiB: position + base */
        uint32_t wide[4096];
    } at;
    bool wide;     /* which of the two is in use */
    uint32_t base; /* entries at or below it are older than the block; 0 at its start */
    uint32_t next; /* base of the next block */
} bp_lz4_table;

static inline size_t bp_lz4_bound(size_t bytes)
{
    return bytes > BP_LZ4_MAX_BYTES ? 0 : bytes + bytes / 255 + 16;
}

#endif
