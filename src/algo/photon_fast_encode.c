/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "algo/photon_bytes.h"
#include "algo/photon_fast.h"
#include "algo/photon_fast_frame.h"
#include "kernel/kernel.h"

#define MOST_TRIALS 64 /* blocks that each predictor is tried on */
#define SPARING     64 /* blocks of a frame for each of them */

/* Bytes that the blocks of the sample take. */
static size_t try_predictor(const bp_photon_fast *f, const void *values, size_t trials)
{
    const bp_kernels *kernels = bp_kernels_get();
    size_t blocks = (f->count + BP_FAST_BLOCK - 1) / BP_FAST_BLOCK, sum = 0;
    uint8_t scratch[2 * BP_FAST_BLOCK * sizeof(uint32_t)];
    for (size_t i = 0; i < trials; i++) {
        size_t first = bp_fast_place(blocks, trials, i) * BP_FAST_BLOCK;
        size_t end = first + BP_FAST_BLOCK < f->count ? first + BP_FAST_BLOCK : f->count;
        sum += kernels->photon_fast_encode(f, values, first, end, scratch, sizeof scratch);
    }
    return sum;
}

/* Chooses the predictor. False: the sample does not get smaller. */
static bool choose(bp_photon_fast *f, const void *values)
{
    size_t trials = f->count / BP_FAST_BLOCK / SPARING + 1, best = SIZE_MAX;
    trials = trials > MOST_TRIALS ? MOST_TRIALS : trials;
    bp_fast_predictor predictor = BP_FAST_ABOVE;
    for (unsigned i = 0; i < BP_FAST_PREDICTORS; i++) {
        f->predictor = (bp_fast_predictor)i;
        size_t size = try_predictor(f, values, trials);
        if (size < best) {
            best = size;
            predictor = f->predictor;
        }
    }
    f->predictor = predictor;
    return trials < MOST_TRIALS || best < trials * BP_FAST_BLOCK * f->itemsize;
}

static void write_header(bp_photon_writer *w, const bp_photon_fast *f, const bp_fast_move *move, bool moved)
{
    bp_photon_put_byte(w, (unsigned)f->predictor | (moved ? BP_FAST_MOVED : 0));
    bp_photon_put_number(w, f->base);
    bp_photon_put_number(w, bp_fast_ones(f->itemsize) - f->top);
    if (f->predictor == BP_FAST_LEVEL)
        bp_photon_put_number(w, f->level);
    if (moved) {
        bp_photon_put_number(w, move->offset);
        bp_photon_put_byte(w, move->turn);
    }
}

bp_status bp_photon_fast_encode_frame(bp_context *ctx, const double *params, const bp_frames *frame,
                                      const void *values, uint8_t *out, size_t capacity, size_t *size)
{
    (void)params;
    bp_photon_fast f = {.itemsize = frame->itemsize,
                        .count = frame->height * frame->width,
                        .lag = bp_photon_fast_lag(frame->height, frame->width)};
    bp_fast_move move;
    bp_photon_writer w = {.at = out, .end = out + capacity};
    *size = 0;
    bp_photon_fast_look(frame, values, &f, &move);
    bool moved = move.offset || move.turn;
    void *room = NULL;
    if (moved) {
        room = malloc(frame->bytes);
        if (!room)
            return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame");
        bp_photon_fast_move(&move, frame->itemsize, f.count, values, room);
        values = room;
    }
    if (choose(&f, values)) {
        write_header(&w, &f, &move, moved);
        size_t head = (size_t)(w.at - out), blocks = 0;
        if (!w.full)
            blocks = bp_kernels_get()->photon_fast_encode(&f, values, 0, f.count, w.at, capacity - head);
        if (blocks)
            *size = head + blocks;
    }
    free(room);
    return BP_OK;
}
