/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/max_error.h"
#include "base/pool.h"
#include "io/hdf5_chunks.h"
#include "io/hdf5_file.h"
#include "io/hdf5_gather.h"
#include "io/hdf5_recode.h"
#include "io/mapped.h"

#define MOST_PLACES      1e9        /* that are looked at one by one */
#define MOST_CHUNK_BYTES UINT32_MAX /* of a stored chunk before HDF5 2.0 */

/* Room that belongs to one thread. */
typedef struct thread_room {
    bp_scratch scratch;
    uint8_t *values; /* of one target chunk */
    uint8_t *again;  /* decoded once more to measure the error: two chunks */
} thread_room;

/* One target chunk on its way. */
typedef struct job {
    struct job *next;
    struct mover *mover;
    bp_h5_stored in;
    uint8_t *out;
    size_t size;
    double error;
} job;

typedef struct mover {
    bp_h5_recode *recode;
    bp_h5_source source;
    hid_t target;         /* invalid: a sample that is not written */
    bool same_grid;       /* a target chunk is a source chunk that can be decoded here */
    bp_h5_gather *gather; /* target chunks are put together from other chunks, one box of them at a time */
    bp_array box;
    hsize_t box_offset[BP_MAX_RANK];
    bool lossy;
    size_t values_bytes, out_capacity;
    size_t input_bytes; /* of what is read for a chunk */
    uint64_t before;    /* stored bytes of what was moved */
    uint64_t told;      /* raw bytes of progress */
    thread_room *rooms;
    unsigned room_count;
    job *spare;
    bp_pool *pool;
} mover;

static uint8_t *room_of(bp_context *ctx, uint8_t **room, size_t bytes)
{
    if (!*room)
        *room = malloc(bytes ? bytes : 1);
    if (!*room) {
        bp_status unused = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
        (void)unused;
    }
    return *room;
}

/* What a reader will get, beside what was there. */
static bp_status measure(bp_context *ctx, const mover *m, const bp_codec_spec *spec, thread_room *room,
                         const uint8_t *values, job *j)
{
    const bp_coding *coding = m->recode->coding;
    size_t bytes = m->values_bytes;
    if (!room_of(ctx, &room->again, bytes * 2))
        return BP_E_MEMORY;
    bp_array decoded = coding->chunk, reference = coding->chunk;
    decoded.data = room->again;
    reference.data = room->again + bytes;
    bp_status status = bp_coding_decode(ctx, coding, spec, j->out, j->size, decoded.data);
    if (status != BP_OK)
        return status;
    memcpy(reference.data, values, bytes);
    bp_h5_swap_to_machine(coding->chunk.dtype, coding->order, decoded.data, bytes);
    bp_h5_swap_to_machine(coding->chunk.dtype, coding->order, reference.data, bytes);
    j->error = bp_max_error(&reference, &decoded);
    return BP_OK;
}

static bp_status encode(bp_context *ctx, const mover *m, thread_room *room, const uint8_t *values, job *j)
{
    const bp_h5_recode *recode = m->recode;
    const bp_codec_spec *spec = recode->choose ? recode->choose(recode->user, j->in.offset) : NULL;
    if (!room_of(ctx, &j->out, m->out_capacity))
        return BP_E_MEMORY;
    bp_status status = bp_coding_encode(ctx, recode->coding, spec, values, j->out, m->out_capacity, &j->size);
    if (status == BP_OK && m->lossy && !bp_codec_spec_lossless(spec ? spec : &recode->coding->spec))
        status = measure(ctx, m, spec, room, values, j);
    return status;
}

typedef struct encode_call {
    bp_context *ctx;
    const mover *m;
    thread_room *room;
    const uint8_t *values;
    job *j;
} encode_call;

static bp_status encode_body(void *argument)
{
    encode_call *call = argument;
    return encode(call->ctx, call->m, call->room, call->values, call->j);
}

static bp_status encode_mapped(bp_context *ctx, const mover *m, thread_room *room, job *j)
{
    bp_mapped window;
    encode_call call = {ctx, m, room, bp_mapped_open(&window, m->source.fd, j->in.place, j->in.size), j};
    bp_status status = call.values ? bp_mapped_run(ctx, encode_body, &call)
                                   : bp_fail(ctx, BP_E_INPUT, "the file ends before its values");
    bp_mapped_close(&window);
    return status;
}

/* Number of the chunk's first value in the dataset. */
static uint64_t place_in_dataset(const mover *m, const hsize_t *offset)
{
    uint64_t place = 0;
    for (size_t i = 0; i < m->source.rank; i++)
        place = place * m->source.shape[i] + offset[i];
    return place;
}

static bp_status encode_chain(bp_context *ctx, const mover *m, job *j)
{
    const bp_coding *coding = m->recode->coding;
    const bp_h5_recode *recode = m->recode;
    const uint8_t *marks = j->in.bytes + bp_array_elements(&coding->chunk) * bp_dtype_size(coding->from);
    bool plain = recode->without_chain && recode->without_chain(recode->user, j->in.offset);
    if (!room_of(ctx, &j->out, m->out_capacity))
        return BP_E_MEMORY;
    return bp_coding_encode_chain(ctx, coding, plain, j->in.bytes, marks, place_in_dataset(m, j->in.offset),
                                  j->out, m->out_capacity, &j->size);
}

static bp_status work(bp_context *ctx, unsigned thread, void *item)
{
    job *j = item;
    const mover *m = j->mover;
    thread_room *room = &m->rooms[thread];
    const uint8_t *values;
    j->error = 0;
    if (m->recode->coding->chain)
        return encode_chain(ctx, m, j);
    if (j->in.kind == BP_H5_MAPPED)
        return encode_mapped(ctx, m, room, j);
    if (!room_of(ctx, &room->values, m->values_bytes))
        return BP_E_MEMORY;
    bp_status status = bp_h5_source_decode(ctx, &m->source, &j->in, &m->recode->coding->chunk, room->values,
                                           &room->scratch, &values);
    return status == BP_OK ? encode(ctx, m, room, values, j) : status;
}

static bp_status write_chunk(bp_context *ctx, const mover *m, const job *j)
{
    if (!H5_VERSION_GE(2, 0, 0) && j->size > MOST_CHUNK_BYTES)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "a stored chunk of %zu bytes: HDF5 ends at 4 GiB", j->size);
    if (H5Dwrite_chunk(m->target, H5P_DEFAULT, 0, j->in.offset, j->size, j->out) < 0)
        return bp_h5_fail(ctx, BP_E_OUTPUT, "a chunk could not be written");
    return BP_OK;
}

/* Raw bytes of the part of a target chunk that lies in the dataset. */
static uint64_t bytes_inside(const mover *m, const hsize_t *offset)
{
    const bp_array *chunk = &m->recode->coding->chunk;
    uint64_t bytes = m->source.itemsize;
    for (size_t i = 0; i < chunk->rank; i++) {
        hsize_t left = m->source.shape[i] - offset[i];
        bytes *= left < chunk->shape[i] ? left : chunk->shape[i];
    }
    return bytes;
}

static void tell(mover *m, const hsize_t *offset)
{
    uint64_t bytes = bytes_inside(m, offset);
    m->told += bytes;
    if (m->recode->progress)
        m->recode->progress(m->recode->user, bytes);
}

/* A failure names its chunk; salvage goes on without a damaged one. */
static bp_status judge(bp_context *ctx, const mover *m, const hsize_t *offset, bp_status status)
{
    char place[BP_MAX_RANK * 21];
    const bp_h5_recode *recode = m->recode;
    if (status == BP_OK || status == BP_E_INTERRUPTED)
        return status;
    if (recode->salvage && recode->lost && (status == BP_E_DAMAGED || status == BP_E_INPUT))
        return recode->lost(ctx, recode->user, offset, bp_context_message(ctx));
    bp_h5_print_place(m->source.rank, offset, place, sizeof place);
    return bp_fail_in(ctx, status, "chunk at %s", place);
}

static bp_status done(bp_context *ctx, void *user, void *item, bp_status status)
{
    mover *m = user;
    job *j = item;
    bp_h5_recode *recode = m->recode;
    if (status == BP_OK && m->target >= 0)
        status = write_chunk(ctx, m, j);
    if (status == BP_OK) {
        recode->stored_bytes += j->size;
        if (j->error > recode->max_error)
            recode->max_error = j->error;
    } else {
        status = judge(ctx, m, j->in.offset, status);
    }
    if (status == BP_OK)
        tell(m, j->in.offset);
    j->next = m->spare;
    m->spare = j;
    return status;
}

static void free_job(job *j)
{
    bp_h5_stored_fini(&j->in);
    free(j->out);
    free(j);
}

static void mover_fini(mover *m)
{
    bp_pool_free(m->pool);
    bp_h5_gather_free(m->gather);
    free(m->box.data);
    while (m->spare) {
        job *next = m->spare->next;
        free_job(m->spare);
        m->spare = next;
    }
    for (unsigned i = 0; i < m->room_count; i++) {
        bp_scratch_fini(&m->rooms[i].scratch);
        free(m->rooms[i].values);
        free(m->rooms[i].again);
    }
    free(m->rooms);
    bp_h5_source_fini(&m->source);
}

static bool same_shape(const bp_array *a, const bp_array *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, a->rank * sizeof a->shape[0]) == 0;
}

static bp_status mover_init(bp_context *ctx, mover *m, hid_t source, hid_t target, bp_h5_recode *recode)
{
    memset(m, 0, sizeof *m);
    recode->stored_bytes = 0;
    recode->max_error = 0;
    m->recode = recode;
    m->target = target;
    bp_status status = bp_h5_source_init(ctx, source, &m->source);
    if (status != BP_OK)
        return status;
    if (recode->map_input && !recode->salvage && !recode->read)
        bp_h5_source_allow_map(&m->source);
    const bp_coding *coding = recode->coding;
    m->same_grid = m->source.chunked && m->source.direct && same_shape(&m->source.chunk, &coding->chunk);
    m->values_bytes = bp_array_bytes(&coding->chunk);
    m->input_bytes = m->values_bytes;
    if (coding->chain)
        m->input_bytes = bp_array_elements(&coding->chunk) * (bp_dtype_size(coding->from) + 1);
    m->out_capacity = bp_coding_worst_size(coding);
    m->lossy = !coding->plain && !bp_codec_spec_lossless(&coding->spec);
    m->pool = bp_pool_new(ctx, recode->threads, recode->memory / 2, work, done, m);
    if (m->pool)
        m->rooms = calloc(bp_pool_threads(m->pool), sizeof *m->rooms);
    if (!m->rooms)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for threads");
    m->room_count = bp_pool_threads(m->pool);
    return BP_OK;
}

static job *take_job(bp_context *ctx, mover *m)
{
    job *j = m->spare;
    if (j)
        m->spare = j->next;
    else if (!(j = calloc(1, sizeof *j))) {
        bp_status unused = bp_fail(ctx, BP_E_MEMORY, "no memory for a chunk");
        (void)unused;
        return NULL;
    }
    j->mover = m;
    return j;
}

static bp_status room_for_values(bp_context *ctx, const mover *m, const hsize_t *offset, bp_h5_stored *in)
{
    memcpy(in->offset, offset, m->source.rank * sizeof *offset);
    in->kind = BP_H5_VALUES;
    in->mask = 0;
    in->size = m->input_bytes;
    if (in->capacity < in->size) {
        free(in->bytes);
        in->bytes = malloc(in->size);
        in->capacity = in->bytes ? in->size : 0;
    }
    return in->bytes ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", in->size);
}

static bp_status fetch_foreign(bp_context *ctx, const mover *m, const hsize_t *offset, bp_h5_stored *in)
{
    bp_status status = room_for_values(ctx, m, offset, in);
    if (status != BP_OK)
        return status;
    /* what sticks out of the dataset goes into the file too, and must not depend on what was here before */
    if (bytes_inside(m, offset) < m->values_bytes)
        memset(in->bytes, 0, in->size);
    return m->recode->read(ctx, m->recode->user, offset, in->bytes);
}

static bp_status fetch_from_box(bp_context *ctx, const mover *m, const hsize_t *offset, bp_h5_stored *in)
{
    bp_array part, chunk = m->recode->coding->chunk;
    size_t at[BP_MAX_RANK];
    bp_status status = room_for_values(ctx, m, offset, in);
    if (status != BP_OK)
        return status;
    for (size_t i = 0; i < chunk.rank; i++)
        at[i] = (size_t)(offset[i] - m->box_offset[i]);
    chunk.data = in->bytes;
    status = bp_array_part(&m->box, at, chunk.shape, &part);
    return status == BP_OK ? bp_array_copy(&part, &chunk) : status;
}

static bp_status fetch(bp_context *ctx, mover *m, const hsize_t *offset, job *j)
{
    if (m->recode->read)
        return fetch_foreign(ctx, m, offset, &j->in);
    if (m->gather)
        return fetch_from_box(ctx, m, offset, &j->in);
    if (m->source.fd >= 0 && bp_h5_source_locate(&m->source, offset, m->recode->coding->chunk.shape, &j->in))
        return BP_OK;
    if (m->same_grid)
        return bp_h5_source_fetch(ctx, &m->source, offset, &j->in);
    return bp_h5_source_read(ctx, &m->source, offset, m->recode->coding->chunk.shape, &j->in);
}

static bp_status move_one(bp_context *ctx, mover *m, const hsize_t *offset)
{
    job *j = take_job(ctx, m);
    if (!j)
        return BP_E_MEMORY;
    bp_status status = fetch(ctx, m, offset, j);
    if (status == BP_OK && j->in.kind != BP_H5_FILL) {
        m->before += j->in.size;
        return bp_pool_submit(m->pool, j, (j->in.kind == BP_H5_MAPPED ? 0 : j->in.size) + m->out_capacity);
    }
    status = judge(ctx, m, offset, status);
    if (status == BP_OK)
        tell(m, offset);
    j->next = m->spare;
    m->spare = j;
    return status;
}

static bool nothing_stored(const mover *m)
{
    if (m->recode->read)
        return m->source.bytes == 0;
    return m->source.bytes == 0 || H5Dget_storage_size(m->source.dataset) == 0;
}

/* All target chunks in the part of the dataset that begins at `begin`; end: behind its last place. */
static bp_status move_all(bp_context *ctx, mover *m, const hsize_t *begin, const hsize_t *end)
{
    const bp_array *chunk = &m->recode->coding->chunk;
    hsize_t at[BP_MAX_RANK];
    bp_status status;
    memcpy(at, begin, chunk->rank * sizeof *at);
    for (;;) {
        size_t i = chunk->rank;
        status = move_one(ctx, m, at);
        if (status != BP_OK)
            return status;
        for (; i > 0; i--) {
            if (end[i - 1] - at[i - 1] > chunk->shape[i - 1]) {
                at[i - 1] += chunk->shape[i - 1];
                break;
            }
            at[i - 1] = begin[i - 1];
        }
        if (i == 0)
            return BP_OK;
    }
}

static bp_status start_gather(bp_context *ctx, mover *m)
{
    size_t shape[BP_MAX_RANK];
    const bp_h5_recode *recode = m->recode;
    bp_h5_gather_shape(&m->source, recode->coding->chunk.shape, recode->memory / 2, shape);
    bp_status status =
        bp_array_init(&m->box, m->source.dtype, m->source.itemsize, m->source.rank, shape, NULL);
    if (status != BP_OK)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "its new chunks are too large");
    m->box.data = malloc(bp_array_bytes(&m->box));
    if (!m->box.data)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bp_array_bytes(&m->box));
    return bp_h5_gather_new(ctx, &m->source, recode->threads, recode->memory / 8, &m->gather);
}

static bp_status move_box(bp_context *ctx, mover *m)
{
    hsize_t end[BP_MAX_RANK];
    bool any;
    bp_status status = bp_h5_gather_box(ctx, m->gather, m->box_offset, m->box.shape, m->box.data, &any);
    if (status != BP_OK || !any)
        return status;
    for (size_t i = 0; i < m->source.rank; i++) {
        hsize_t left = m->source.shape[i] - m->box_offset[i];
        end[i] = m->box_offset[i] + (left < m->box.shape[i] ? left : m->box.shape[i]);
    }
    return move_all(ctx, m, m->box_offset, end);
}

static bp_status move_boxes(bp_context *ctx, mover *m)
{
    bp_status status = start_gather(ctx, m);
    if (status != BP_OK)
        return status;
    do
        status = move_box(ctx, m);
    while (status == BP_OK && bp_h5_step(m->source.rank, m->source.shape, m->box.shape, m->box_offset));
    return status;
}

static bp_status move_stored(bp_context *ctx, void *user, const hsize_t *offset, hsize_t bytes)
{
    (void)bytes;
    return move_one(ctx, user, offset);
}

/* Too many places for what is stored: a shape that nobody meant, or that was damaged. */
static bp_status check_place_count(bp_context *ctx, const mover *m, const size_t *step)
{
    double places = 1;
    for (size_t i = 0; i < m->source.rank; i++) {
        size_t along = m->source.shape[i] / step[i] + (m->source.shape[i] % step[i] != 0);
        places *= (double)along;
    }
    if (places > MOST_PLACES)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "its shape has room for %.0f chunks", places);
    return BP_OK;
}

static bp_status move_everything(bp_context *ctx, mover *m)
{
    const hsize_t begin[BP_MAX_RANK] = {0};
    bool gather = m->source.chunked && m->source.direct && !m->same_grid && !m->recode->read;
    if (m->same_grid && !m->recode->read)
        return bp_h5_chunks_walk(ctx, m->source.dataset, move_stored, m);
    bp_status status = check_place_count(ctx, m, m->recode->coding->chunk.shape);
    if (status != BP_OK)
        return status;
    return gather ? move_boxes(ctx, m) : move_all(ctx, m, begin, m->source.shape);
}

bp_status bp_h5_recode_dataset(bp_context *ctx, hid_t source, hid_t target, bp_h5_recode *recode)
{
    mover m;
    bp_status status = mover_init(ctx, &m, source, target, recode);
    if (status == BP_OK && !nothing_stored(&m)) {
        status = move_everything(ctx, &m);
        if (status == BP_OK)
            status = bp_pool_finish(m.pool);
    }
    /* what was never written is done too */
    if (status == BP_OK && recode->progress && m.told < m.source.bytes)
        recode->progress(recode->user, m.source.bytes - m.told);
    mover_fini(&m);
    return status;
}

/* Number of places in the grid of target chunks; saturates. */
static uint64_t grid_count(const mover *m)
{
    const bp_array *chunk = &m->recode->coding->chunk;
    uint64_t count = 1;
    for (size_t i = 0; i < chunk->rank; i++) {
        uint64_t along = m->source.shape[i] / chunk->shape[i] + (m->source.shape[i] % chunk->shape[i] != 0);
        if (__builtin_mul_overflow(count, along, &count))
            return UINT64_MAX;
    }
    return count;
}

static void place_of(const mover *m, uint64_t number, hsize_t *offset)
{
    const bp_array *chunk = &m->recode->coding->chunk;
    for (size_t i = chunk->rank; i-- > 0;) {
        uint64_t along = m->source.shape[i] / chunk->shape[i] + (m->source.shape[i] % chunk->shape[i] != 0);
        offset[i] = number % along * chunk->shape[i];
        number /= along;
    }
}

bp_status bp_h5_recode_sample(bp_context *ctx, hid_t source, bp_h5_recode *recode, size_t most,
                              uint64_t *before, uint64_t *after)
{
    mover m;
    hsize_t offset[BP_MAX_RANK] = {0};
    *before = *after = 0;
    bp_status status = mover_init(ctx, &m, source, H5I_INVALID_HID, recode);
    if (status == BP_OK && !nothing_stored(&m)) {
        uint64_t count = grid_count(&m), take = count < most ? count : most;
        for (uint64_t i = 0; status == BP_OK && i < take; i++) {
            /* in the middle of equal parts */
            uint64_t number = count / take * i + count % take * i / take + count / take / 2;
            place_of(&m, number, offset);
            status = move_one(ctx, &m, offset);
        }
        if (status == BP_OK)
            status = bp_pool_finish(m.pool);
    }
    *before = m.before;
    *after = recode->stored_bytes;
    recode->sample_bytes = m.told;
    mover_fini(&m);
    return status;
}
