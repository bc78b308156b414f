/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/info_frame.h"
#include "report/json.h"
#include "report/text.h"

#define HIGH        3.5 /* times the bytes of a frame that are decoded for it */
#define MANY_CHUNKS 64  /* pieces of a frame */

typedef struct frame_cost {
    uint64_t chunks;       /* that hold a part of the frame */
    uint64_t chunk_frames; /* that a chunk holds parts of */
    uint64_t frame_bytes;
    double fetched, decoded; /* bytes; fetched: chunks of mean size */
} frame_cost;

static bool find_cost(const bp_dataset_facts *d, frame_cost *cost)
{
    if (d->rank < 3 || d->chunk_rank != d->rank || d->raw_bytes == 0 || d->stored_chunks == 0)
        return false;
    double chunk_bytes = (double)d->itemsize;
    *cost = (frame_cost){.chunks = 1, .chunk_frames = 1, .frame_bytes = d->itemsize};
    for (size_t i = 0; i < d->rank; i++) {
        chunk_bytes *= (double)d->chunk[i];
        if (i + 2 < d->rank) {
            cost->chunk_frames *= d->chunk[i] < d->shape[i] ? d->chunk[i] : d->shape[i];
        } else {
            cost->chunks *= d->shape[i] / d->chunk[i] + (d->shape[i] % d->chunk[i] != 0);
            cost->frame_bytes *= d->shape[i];
        }
    }
    cost->decoded = (double)cost->chunks * chunk_bytes;
    cost->fetched = (double)cost->chunks * (double)d->stored_bytes / (double)d->stored_chunks;
    return true;
}

static const char *advice_for(const frame_cost *cost)
{
    if (cost->chunk_frames > 1 && cost->decoded > HIGH * (double)cost->frame_bytes)
        return "for reading single frames take one frame per chunk: beampress compress --chunk frame";
    if (cost->chunks > MANY_CHUNKS)
        return "a frame lies in many small chunks; take one frame per chunk: beampress compress --chunk "
               "frame";
    return NULL;
}

json_t *bp_info_frame_json(const bp_dataset_facts *facts)
{
    frame_cost cost;
    if (!find_cost(facts, &cost))
        return json_null();
    json_t *object = json_object();
    bp_json_set_count(object, "chunks", cost.chunks);
    bp_json_set_count(object, "chunk_frames", cost.chunk_frames);
    bp_json_set_count(object, "frame_bytes", cost.frame_bytes);
    bp_json_set_number(object, "fetched_bytes", cost.fetched);
    bp_json_set_number(object, "decoded_bytes", cost.decoded);
    bp_json_set_text(object, "advice", advice_for(&cost));
    return object;
}

void bp_info_frame_print(const bp_dataset_facts *facts, FILE *stream)
{
    frame_cost cost;
    bp_text fetched, decoded, frame;
    if (!find_cost(facts, &cost))
        return;
    fprintf(stream, "    reading one frame of %s: %llu chunk%s, %s fetched, %s decoded",
            bp_text_bytes(&frame, cost.frame_bytes), (unsigned long long)cost.chunks,
            cost.chunks == 1 ? "" : "s", bp_text_bytes(&fetched, (uint64_t)cost.fetched),
            bp_text_bytes(&decoded, (uint64_t)cost.decoded));
    if (cost.decoded > 1.05 * (double)cost.frame_bytes)
        fprintf(stream, ", %.3g times the frame", cost.decoded / (double)cost.frame_bytes);
    fputc('\n', stream);
    const char *advice = advice_for(&cost);
    if (advice)
        fprintf(stream, "    advice: %s\n", advice);
}
