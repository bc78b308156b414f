/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_BASE_HASH_H
#define BP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH3, 64 bits, seed 0: the hash of the chunk format (https://github.com/Cyan4973/xxHash,
 * doc/xxhash_spec.md). */
uint64_t bp_hash64(const void *data, size_t size);

/* Fletcher's checksum as HDF5's filter 3 computes it (H5checksum.c of HDF5 describes the odd-byte rule). */
uint32_t bp_fletcher32(const void *data, size_t size);

#endif
