/* SPDX-License-Identifier: BSD-3-Clause
 * The byte-offset compression of CBF: each value as its difference to the one before, in 1, 2, 4 or 8 bytes,
 * little endian; the most negative number of each width announces the next one (International Tables for
 * Crystallography G, 5.6; CBFlib manual, "byte_offset"). */
#ifndef BP_IO_CBF_BYTE_OFFSET_H
#define BP_IO_CBF_BYTE_OFFSET_H

#include "beampress/array.h"
#include "beampress/context.h"

/* Decodes exactly size bytes into exactly count integers. BP_E_DAMAGED when they end too early or too late,
 * or when a value does not fit the type. */
BP_MUST_CHECK bp_status bp_cbf_byte_offset_decode(bp_context *ctx, const uint8_t *in, size_t size,
                                                  bp_dtype dtype, bool wrap, void *values, size_t count);

#endif
