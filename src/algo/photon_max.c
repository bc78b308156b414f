/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/photon_max.h"
#include "algo/photon_max_fit.h"
#include "algo/photon_max_stage.h"
#include "algo/photon_values.h"

enum { METHOD_1 = 1, METHOD_2 = 2 }; /* how the chunk is coded; other numbers are for later models */

/* Both directions: the memory of one chunk. */
typedef struct job {
    const bp_frames *frames;
    size_t pixels; /* of a frame */
    unsigned method;
    bp_photon_grid grid;
    bp_max_state *state;
    bool staged; /* the gain is in the upper two bits */
    bp_max_stages stages;
    uint32_t *values;   /* of a frame */
    uint8_t *labels[2]; /* present frame and the one before, each with a row of none above; NULL: none */
    uint8_t *plain;
} job;

static void job_fini(job *j)
{
    if (j->state)
        bp_max_plane_fini(&j->state->plane);
    free(j->state);
    free(j->values);
    free(j->labels[0]);
    free(j->labels[1]);
    free(j->plain);
    bp_max_stages_fini(&j->stages);
}

static bool job_init(job *j)
{
    const bp_frames *f = j->frames;
    j->values = calloc(j->pixels, sizeof *j->values);
    j->state = calloc(1, sizeof *j->state);
    for (size_t i = 0; (j->staged || j->grid.label_count) && i < 2; i++)
        if (!(j->labels[i] = calloc(f->height + 1, f->width)))
            return false;
    if (!j->values || !j->state || !bp_max_plane_init(&j->state->plane, f->height, f->width, f->count > 1))
        return false;
    bp_max_state_start(j->state);
    j->state->most = j->grid.most;
    j->state->second = j->method >= METHOD_2;
    return !j->staged || bp_max_stages_init(&j->stages, j->pixels);
}

static void fill_frame(job *j, const uint8_t *values)
{
    bp_photon_keys(j->frames, values, j->pixels, j->values);
    uint8_t *labels = j->labels[0] ? j->labels[0] + j->frames->width : NULL;
    if (labels)
        bp_photon_grid_classify(&j->grid, j->values, j->pixels, labels);
    if (j->staged)
        bp_max_stages_classify(&j->stages, j->values, j->pixels, (unsigned)j->grid.label_count, labels);
    for (size_t i = 0; i < j->pixels; i++)
        j->values[i] -= j->grid.offset;
    for (size_t i = 0; j->grid.step > 1 && i < j->pixels; i++)
        j->values[i] /= j->grid.step;
    size_t width = j->frames->width;
    for (size_t i = 0; labels && i < j->pixels; i++)
        if (labels[i])
            j->values[i] = i % width ? j->values[i - 1] : i ? j->values[i - width] : 0;
}

static void swap_labels(job *j)
{
    uint8_t *swap = j->labels[0];
    j->labels[0] = j->labels[1];
    j->labels[1] = swap;
}

/* What is no value of the model: labels, and other stages of gain with their values. */
static void code_kinds(job *j, bool decoding, size_t row, uint8_t *labels)
{
    size_t width = j->frames->width;
    unsigned count = (unsigned)j->grid.label_count;
    bp_max_code_labels(j->state, decoding, count + (j->staged ? BP_MAX_STAGES : 0), labels, labels - width,
                       j->state->plane.frame ? j->labels[1] + (row + 1) * width : NULL);
    if (j->staged)
        bp_max_code_stages(&j->stages, j->state, decoding, row * width, width, count, labels);
}

static void code_frame(job *j, bool decoding, bool own)
{
    bp_max_state *s = j->state;
    size_t width = j->frames->width;
    if (!own)
        bp_max_default_weights(&s->plane, &s->weights);
    bp_max_code_weights(s, decoding, own);
    bp_max_plane_start_frame(&s->plane);
    for (size_t r = 0; r < j->frames->height && !s->coder.failed; r++) {
        uint8_t *labels = j->labels[0] ? j->labels[0] + (r + 1) * width : NULL;
        if (labels)
            code_kinds(j, decoding, r, labels);
        bp_max_code_row(s, decoding, r, j->values + r * width, labels);
    }
    if (s->second)
        bp_max_plane_end_frame_under(&s->plane, j->labels[0] ? j->labels[0] + width : NULL);
    else
        bp_max_plane_end_frame(&s->plane);
    swap_labels(j);
}

static void encode_frame(job *j, const uint8_t *values)
{
    bp_max_state *s = j->state;
    fill_frame(j, values);
    bool own =
        bp_max_fit(&s->plane, j->values, j->labels[0] ? j->labels[0] + j->frames->width : NULL, &s->weights);
    code_frame(j, false, own);
}

static uint32_t zigzag(const bp_frames *frames, uint32_t key)
{
    int32_t v = (int32_t)(key ^ (bp_photon_is_signed(frames->dtype) ? 0x80000000u : 0));
    return v < 0 ? ~((uint32_t)v << 1) : (uint32_t)v << 1;
}

static uint32_t unzigzag(const bp_frames *frames, uint32_t n)
{
    uint32_t v = n & 1 ? ~(n >> 1) : n >> 1;
    return v ^ (bp_photon_is_signed(frames->dtype) ? 0x80000000u : 0);
}

static void write_header(const job *j, bp_photon_writer *w)
{
    bp_photon_put_byte(w, METHOD_2);
    bp_photon_put_byte(w, (unsigned)j->grid.label_count);
    for (size_t i = 0; i < j->grid.label_count; i++)
        bp_photon_put_number(w, zigzag(j->frames, j->grid.labels[i]));
    bp_photon_put_number(w, zigzag(j->frames, j->grid.offset));
    bp_photon_put_number(w, j->grid.step - 1);
    bp_photon_put_number(w, j->grid.most);
    bp_photon_put_byte(w, j->staged ? 1 + j->stages.main : 0);
}

static bool read_header(job *j, bp_photon_reader *r)
{
    j->grid.label_count = bp_photon_get_byte(r);
    if (j->grid.label_count > BP_PHOTON_MOST_LABELS)
        return false;
    for (size_t i = 0; i < j->grid.label_count; i++)
        j->grid.labels[i] = unzigzag(j->frames, bp_photon_get_number(r));
    j->grid.offset = unzigzag(j->frames, bp_photon_get_number(r));
    j->grid.step = bp_photon_get_number(r) + 1;
    j->grid.most = bp_photon_get_number(r);
    if (j->method >= METHOD_2) {
        unsigned stages = bp_photon_get_byte(r);
        j->staged = stages != 0;
        j->stages.main = stages - j->staged;
        if (stages > 1 + BP_MAX_STAGES ||
            (j->staged && (j->frames->dtype != BP_U16 || j->grid.label_count > 1)))
            return false;
    }
    return !r->bad && j->grid.step != 0;
}

/* False: it does not pay. */
static bool encode(job *j, const uint8_t *values, uint8_t *out, size_t capacity, size_t *size)
{
    bp_photon_writer w = {.at = out, .end = out + capacity};
    write_header(j, &w);
    if (w.full || w.end - w.at < 4)
        return false;
    uint8_t *length = w.at;
    bp_max_coder *c = &j->state->coder;
    *c = (bp_max_coder){
        .out = w.at + 4, .out_end = out + capacity, .plain_out = j->plain, .plain_end = j->plain + capacity};
    bp_max_coder_start(c, false);
    for (size_t i = 0; i < j->frames->count && !c->failed; i++)
        encode_frame(j, values + i * j->frames->bytes);
    bp_max_coder_finish(c, false);
    size_t coded = (size_t)(c->out - length) - 4, plain = (size_t)(c->plain_out - j->plain);
    if (c->failed || coded > UINT32_MAX || plain > (size_t)(c->out_end - c->out))
        return false;
    bp_store_le32(length, (uint32_t)coded);
    memcpy(c->out, j->plain, plain);
    *size = (size_t)(c->out - out) + plain;
    return true;
}

bp_status bp_photon_max_encode(bp_context *ctx, const double *params, const bp_frames *frames,
                               const void *values, uint8_t *out, size_t capacity, size_t *size)
{
    (void)params;
    job j = {.frames = frames, .pixels = frames->height * frames->width, .method = METHOD_2};
    bp_frames tall = *frames;
    tall.height *= frames->count;
    *size = 0;
    uint32_t *row = malloc(frames->width * sizeof *row);
    bool good = row != NULL;
    if (good) {
        bp_photon_grid_find(&tall, values, row, &j.grid);
        j.staged = bp_max_stages_find(frames, values, &j.grid, &j.stages.main);
        j.plain = malloc(capacity + 1);
        good = j.plain && job_init(&j);
    }
    if (good && !encode(&j, values, out, capacity, size))
        *size = 0;
    free(row);
    job_fini(&j);
    return good ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "photon: no memory for %zu frames", frames->count);
}

static void put_frame(const job *j, uint8_t *values)
{
    const uint8_t *labels = j->labels[1] ? j->labels[1] + j->frames->width : NULL; /* swapped already */
    size_t itemsize = j->frames->itemsize;
    uint32_t sign = bp_photon_is_signed(j->frames->dtype) ? 0x80000000u : 0;
    for (size_t i = 0; i < j->pixels; i++) {
        uint32_t key = j->grid.offset + j->values[i] * j->grid.step;
        if (labels && labels[i])
            key = labels[i] <= j->grid.label_count
                      ? j->grid.labels[labels[i] - 1]
                      : bp_max_stage_key(&j->stages, i, labels[i] - (unsigned)j->grid.label_count);
        key ^= sign;
        uint8_t v1 = (uint8_t)key;
        uint16_t v2 = (uint16_t)key;
        memcpy(values + i * itemsize,
               itemsize == 1   ? (void *)&v1
               : itemsize == 2 ? (void *)&v2
                               : (void *)&key,
               itemsize);
    }
}

static bool decode(job *j, bp_photon_reader *r, uint8_t *values)
{
    if (r->end - r->at < 4)
        return false;
    size_t coded = bp_load_le32(r->at);
    const uint8_t *at = r->at + 4;
    if (coded > (size_t)(r->end - at))
        return false;
    bp_max_coder *c = &j->state->coder;
    *c = (bp_max_coder){.in = at, .in_end = at + coded, .plain_in = at + coded, .plain_in_end = r->end};
    bp_max_coder_start(c, true);
    for (size_t i = 0; i < j->frames->count && !c->failed; i++) {
        code_frame(j, true, false);
        put_frame(j, values + i * j->frames->bytes);
    }
    bp_max_coder_finish(c, true);
    return !c->failed;
}

bp_status bp_photon_max_decode(bp_context *ctx, const double *params, const bp_frames *frames,
                               const uint8_t *in, size_t size, void *values)
{
    (void)params;
    job j = {.frames = frames, .pixels = frames->height * frames->width};
    bp_photon_reader r = {.at = in, .end = in + size};
    j.method = bp_photon_get_byte(&r);
    if (j.method < METHOD_1 || j.method > METHOD_2 || !read_header(&j, &r))
        return bp_fail(ctx, BP_E_DAMAGED, "photon: a header that no encoder writes");
    bp_status status = BP_OK;
    if (!job_init(&j))
        status = bp_fail(ctx, BP_E_MEMORY, "photon: no memory for %zu frames", frames->count);
    else if (!decode(&j, &r, values))
        status = bp_fail(ctx, BP_E_DAMAGED, "photon: a stream that does not end where it must");
    job_fini(&j);
    return status;
}
