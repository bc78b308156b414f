/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/photon_bytes.h"
#include "algo/photon_fast.h"
#include "algo/photon_fast_frame.h"
#include "kernel/kernel.h"

bp_status bp_photon_fast_decode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                                      const uint8_t *in, size_t size, void *values)
{
    (void)params;
    bp_photon_fast f = {.itemsize = frame->itemsize,
                        .count = frame->height * frame->width,
                        .lag = bp_photon_fast_lag(frame->height, frame->width)};
    bp_photon_reader r = {.at = in, .end = in + size};
    uint32_t ones = bp_fast_ones(f.itemsize);
    unsigned flags = bp_photon_get_byte(&r), predictor = flags & BP_FAST_PREDICTOR_BITS;
    bp_fast_move move = {0, 0};
    f.base = bp_photon_get_number(&r);
    uint32_t below = bp_photon_get_number(&r);
    f.top = ones - below;
    if (predictor == BP_FAST_LEVEL)
        f.level = bp_photon_get_number(&r);
    if (flags & BP_FAST_MOVED) {
        move.offset = bp_photon_get_number(&r);
        move.turn = bp_photon_get_byte(&r);
    }
    if (r.bad || flags > (BP_FAST_MOVED | BP_FAST_PREDICTOR_BITS) || f.base > ones || f.level > ones ||
        below > ones || move.offset > ones || move.turn >= 8 * f.itemsize)
        return bp_fail(ctx, BP_E_DAMAGED, "photon: the header of a frame is damaged");
    f.predictor = (bp_fast_predictor)predictor;
    if (!bp_kernels_get()->photon_fast_decode(&f, r.at, (size_t)(r.end - r.at), values))
        return bp_fail(ctx, BP_E_DAMAGED, "photon: the blocks of a frame of %zu x %zu pixels are damaged",
                       frame->height, frame->width);
    if (flags & BP_FAST_MOVED)
        bp_photon_fast_move_back(&move, f.itemsize, f.count, values);
    return BP_OK;
}
