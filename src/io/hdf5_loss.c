/* SPDX-License-Identifier: BSD-3-Clause
 * Where loss is allowed: an error in a flat or a dark hits every projection, and numbers that are no images
 * (axes, masks, positions) have no noise to hide it in. */
#include "io/hdf5_run.h"

/* Keys of the frames, when they are one for each and not all projections. */
static const uint8_t *keys_that_matter(const bp_h5_detector *detector, const bp_h5_source *source)
{
    if (!detector || !detector->image_key || source->rank < 1 ||
        detector->image_key_count != source->shape[0])
        return NULL;
    for (size_t i = 0; i < detector->image_key_count; i++)
        if (detector->image_key[i] != BP_KEY_PROJECTION)
            return detector->image_key;
    return NULL;
}

bp_status bp_h5_may_lose(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source, bool named,
                         const char **why)
{
    bp_status status = BP_OK;
    *why = NULL;
    run->keys = NULL;
    if (!run->nexus)
        status = bp_h5_nexus_read(ctx, run->file, &run->nexus);
    if (status != BP_OK)
        return status;
    if (!source->exact)
        *why = "a type of reduced precision is coded without loss";
    else if (!named && !bp_h5_nexus_is_image(run->nexus, source->dataset))
        *why = "no detector image (NXdetector, NXdata): coded without loss";
    else
        run->keys = keys_that_matter(bp_h5_nexus_detector(run->nexus, source->dataset), source);
    return BP_OK;
}

const bp_codec_spec *bp_h5_choose_by_key(void *user, const hsize_t *offset)
{
    const bp_h5_run *run = user;
    const bp_dataset_report *entry = &run->report->datasets[run->entry];
    uint64_t end = offset[0] + run->coding.chunk.shape[0];
    if (!run->keys)
        return NULL;
    for (uint64_t i = offset[0]; i < end && i < entry->shape[0]; i++)
        if (run->keys[i] != BP_KEY_PROJECTION)
            return &run->fallback;
    return NULL;
}
