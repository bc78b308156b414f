/* SPDX-License-Identifier: BSD-3-Clause
 * raw bytes: an array without any header, whose shape and type the caller states. */
#include <inttypes.h>
#include <stdlib.h>

#include "io/plain.h"

static bp_status set_facts(bp_context *ctx, const bp_frames_raw *raw, bp_plain *plain)
{
    if (raw->dtype == BP_OPAQUE)
        return bp_fail(ctx, BP_E_USAGE, "raw bytes need a type (--dtype)");
    plain->facts.dtype = raw->dtype;
    plain->facts.big_endian = raw->big_endian;
    plain->offset = raw->offset;
    bp_status status = bp_plain_set_shape(ctx, &plain->facts, raw->rank, raw->shape);
    if (status != BP_OK)
        return bp_fail_in(ctx, BP_E_USAGE, "--shape");
    uint64_t bytes = plain->facts.count * plain->facts.frame_bytes;
    if (plain->offset > plain->input.size || plain->input.size - plain->offset != bytes)
        return bp_fail(ctx, BP_E_USAGE,
                       "the stated shape and type make %" PRIu64 " bytes from byte %" PRIu64
                       ", but the file has %" PRIu64 " bytes",
                       bytes, plain->offset, plain->input.size);
    return BP_OK;
}

static bp_status open_raw(bp_context *ctx, const char *path, const bp_frames_raw *raw, bp_frames_facts *facts,
                          void **state)
{
    bp_plain *plain = calloc(1, sizeof *plain);
    if (!plain)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    plain->facts = *facts;
    bp_status status = bp_input_open(ctx, path, &plain->input);
    if (status == BP_OK)
        status = set_facts(ctx, raw, plain);
    if (status != BP_OK) {
        bp_plain_close(plain);
        return status;
    }
    *facts = plain->facts;
    *state = plain;
    return BP_OK;
}

const bp_frame_format bp_frame_format_raw = {
    .name = "raw",
    .open = open_raw,
    .read = bp_plain_read,
    .read_part = bp_plain_read_part,
    .close = bp_plain_close,
};
