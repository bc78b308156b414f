/* SPDX-License-Identifier: BSD-3-Clause
 * The coder of hdf5_plugin/dictionary/H5Zdictionary.c, the file that is also an HDF5 filter of its own: the
 * library compiles it with H5Z_DICTIONARY_CODER_ONLY. Bytes: docs/dictionary.md. */
#ifndef BP_ALGO_DICTIONARY_H
#define BP_ALGO_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

/* Largest size of a chunk of so many bytes. */
size_t H5Zdictionary_bound(size_t bytes);

/* Encodes by cd_values (docs/dictionary.md; any that are missing count as 0). `chunk` has
 * H5Zdictionary_bound(bytes). Returns the size of the chunk, 0 when memory is short. */
size_t H5Zdictionary_encode(const unsigned *words, size_t count, const void *values, size_t bytes,
                            void *chunk);

/* What the next two return. */
enum { DICTIONARY_OK, DICTIONARY_DAMAGED, DICTIONARY_NO_MEMORY, DICTIONARY_NO_ZSTD };

/* Decoded bytes of a chunk, after its checksum was compared. */
int H5Zdictionary_decoded_size(const void *chunk, size_t size, uint64_t *bytes);

/* Decodes a chunk of `size` bytes into exactly `bytes` bytes, which are what it says. */
int H5Zdictionary_decode(const void *chunk, size_t size, void *values, size_t bytes);

#endif
