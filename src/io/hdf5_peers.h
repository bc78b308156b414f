/* SPDX-License-Identifier: BSD-3-Clause
 * The filters of others, called in memory as HDF5 would call them: plug-in files found on this machine, and
 * the filters built into HDF5. A plug-in is foreign code and may crash: open one in a process that may die.
 */
#ifndef BP_IO_HDF5_PEERS_H
#define BP_IO_HDF5_PEERS_H

#include "beampress/array.h"
#include "beampress/context.h"

/* The file names that stand for HDF5's own deflate, with its shuffle, and szip (CCSDS 121). */
#define BP_PEER_BUILT_IN "HDF5 itself"
#define BP_PEER_SZIP     "HDF5's szip"

typedef struct bp_peer bp_peer;

/* Calls found for HDF5's built-in filters and for each plug-in file in the folders that HDF5 searches, which
 * HDF5_PLUGIN_PATH replaces, and in HDF5's default folders. A file that is reached twice is told once. */
void bp_peer_files(void (*found)(void *user, const char *file), void *user);

/* Loads a plug-in file. common: the settings that people use, alone. BP_E_UNSUPPORTED when it is none. The
 * caller frees it with bp_peer_close. */
BP_MUST_CHECK bp_status bp_peer_open(bp_context *ctx, const char *file, bool common, bp_peer **peer);
void bp_peer_close(bp_peer *peer);
unsigned bp_peer_id(const bp_peer *peer);
/* "bitshuffle", ...; what the plug-in calls itself when we do not know its number. */
const char *bp_peer_name(const bp_peer *peer);

/* Number of settings that we know for arrays of this type; 1, its defaults, when we know none, unless common.
 */
size_t bp_peer_setting_count(const bp_peer *peer, bp_dtype dtype);
/* "level=3", ...; "" for the filter's defaults. */
const char *bp_peer_setting_name(const bp_peer *peer, bp_dtype dtype, size_t index);
/* Makes the filter ready for chunks of this type and shape (can_apply and set_local, as HDF5 calls them). */
BP_MUST_CHECK bp_status bp_peer_prepare(bp_context *ctx, bp_peer *peer, size_t setting,
                                        const bp_array *chunk);

/* Room that bp_peer_encode needs. */
size_t bp_peer_worst_size(const bp_array *chunk);
/* A chunk that the filter does not take is kept raw, as HDF5 does; the byte at out[*size] says so to decode.
 * seconds: in the filter alone. */
BP_MUST_CHECK bp_status bp_peer_encode(bp_context *ctx, bp_peer *peer, const bp_array *chunk, uint8_t *out,
                                       size_t capacity, size_t *size, double *seconds);
BP_MUST_CHECK bp_status bp_peer_decode(bp_context *ctx, bp_peer *peer, const uint8_t *in, size_t size,
                                       const bp_array *chunk, double *seconds);
/* Has the last filter of the pipeline taken any chunk since bp_peer_prepare? */
bool bp_peer_took_any(const bp_peer *peer);

#endif
