/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_bytes.h"
#include "algo/photon_fast.h"
#include "algo/photon_fast_frame.h"
#include "base/pool.h"
#include "base/scratch.h"
#include "kernel/kernel.h"

#define MOST_TRIALS 64 /* blocks that each predictor is tried on */
#define SPARING     64 /* blocks of a frame for each of them */
#define MOST_PARTS  64
#define PART        ((size_t)1 << 18) /* pixels that are worth a thread */

/* Groups of blocks know nothing of each other, so that they can be coded in parts. */
typedef struct parts {
    const bp_photon_fast *f;
    const void *values;
    size_t each, room; /* pixels and bytes of a part */
    uint8_t *out;
    size_t sizes[MOST_PARTS];
} parts;

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

static bp_status encode_part(bp_context *ctx, void *user, size_t index)
{
    parts *p = user;
    size_t from = index * p->each, end = p->f->count - from < p->each ? p->f->count : from + p->each;
    (void)ctx;
    p->sizes[index] =
        bp_kernels_get()->photon_fast_encode(p->f, p->values, from, end, p->out + index * p->room, p->room);
    return BP_OK;
}

/* All blocks; *size 0: they do not fit. */
static bp_status encode_blocks(bp_context *ctx, const bp_photon_fast *f, const void *values, uint8_t *out,
                               size_t capacity, size_t *size)
{
    size_t count = f->count / PART, width = bp_pool_width(ctx), done = 0;
    count = count < width ? count : width;
    count = count < MOST_PARTS ? count : MOST_PARTS;
    if (count < 2) {
        *size = bp_kernels_get()->photon_fast_encode(f, values, 0, f->count, out, capacity);
        return BP_OK;
    }
    parts p = {.f = f, .values = values};
    p.each = (f->count / count / BP_FAST_GROUP + 1) * BP_FAST_GROUP;
    p.room = p.each / BP_FAST_GROUP * BP_FAST_GROUP_BYTES;
    p.out = bp_scratch_take(ctx, count * p.room);
    if (!p.out)
        return bp_fail(ctx, BP_E_MEMORY, "photon: no memory for a frame");
    bp_status status = bp_pool_split(ctx, count, encode_part, &p);
    for (size_t i = 0; i < count && status == BP_OK && p.sizes[i] <= capacity - done; i++) {
        memcpy(out + done, p.out + i * p.room, p.sizes[i]);
        done += p.sizes[i];
        if (i + 1 == count)
            *size = done;
    }
    bp_scratch_give(ctx, p.out);
    return status;
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
    bp_status status = BP_OK;
    if (choose(&f, values)) {
        write_header(&w, &f, &move, moved);
        size_t head = (size_t)(w.at - out), blocks = 0;
        if (!w.full)
            status = encode_blocks(ctx, &f, values, w.at, capacity - head, &blocks);
        if (blocks)
            *size = head + blocks;
    }
    free(room);
    return status;
}
