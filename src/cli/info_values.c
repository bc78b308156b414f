/* SPDX-License-Identifier: BSD-3-Clause
 * Statistics of a sample, the noise in it, and what counting noise leaves to a lossless codec. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/info_values.h"
#include "io/hdf5_sample.h"

/* The mask of a detector as a byte per pixel, NULL without one, or when it does not fit the frames. */
static uint8_t *read_mask(bp_context *ctx, const char *file, const bp_dataset_facts *facts, size_t rows,
                          size_t columns)
{
    bp_sample mask;
    if (!facts->detector.known || !*facts->detector.mask)
        return NULL;
    if (bp_sample_read(ctx, file, facts->detector.mask, SIZE_MAX / 4, &mask) != BP_OK) {
        bp_log(ctx, BP_LOG_WARNING, "the mask is not used: %s", bp_context_message(ctx));
        return NULL;
    }
    size_t count = bp_array_elements(&mask.array), size = mask.array.itemsize;
    uint8_t *excluded =
        count == rows * columns && mask.array.rank >= 2 && mask.array.shape[mask.array.rank - 1] == columns
            ? calloc(count ? count : 1, 1)
            : NULL;
    const uint8_t *bytes = mask.array.data;
    for (size_t i = 0; excluded && i < count; i++)
        for (size_t k = 0; k < size; k++)
            excluded[i] |= bytes[i * size + k] != 0;
    if (!excluded)
        bp_log(ctx, BP_LOG_WARNING, "the mask %s does not fit the frames and is not used",
               facts->detector.mask);
    bp_sample_fini(&mask);
    return excluded;
}

static bp_status take_noise(bp_context *ctx, const bp_sample *sample, size_t frames, size_t rows,
                            size_t columns, const uint8_t *excluded, bp_info_values *out)
{
    const bp_array *array = &sample->array;
    const uint8_t *bytes = array->data;
    size_t frame_bytes = rows * columns * array->itemsize;
    bp_noise *noise = bp_noise_new(rows, columns);
    bp_status status = noise ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t i = 0; i < frames && status == BP_OK; i++) {
        bool follows = i % sample->run != 0;
        status = bp_noise_add(ctx, noise, array->dtype, bytes + i * frame_bytes,
                              follows ? bytes + (i - 1) * frame_bytes : NULL, &out->summary.labels, excluded);
    }
    if (status == BP_OK) {
        out->noise_tried = true;
        bp_noise_finish(noise, &out->noise);
        out->gain_assumed = !out->noise.gain_known;
        /* a limit for values that count something; the bits of a mantissa are no counts */
        out->limit_known = out->summary.whole && out->summary.measured > 0 && out->summary.min >= 0;
        out->limit_bpp = out->gain_assumed
                             ? bp_noise_poisson_bits(noise, 1, 0)
                             : bp_noise_poisson_bits(noise, out->noise.gain, out->noise.intercept);
        /* order-0 entropy is above any such limit where the gain is 1, or equal to it, but for chance, in a
         * flat scene: elsewhere the assumption is wrong */
        if (out->gain_assumed && out->summary.entropy < 0.97 * out->limit_bpp)
            out->limit_known = false;
        out->limit_ratio = out->limit_bpp > 0 ? 8 * (double)array->itemsize / out->limit_bpp : INFINITY;
    }
    bp_noise_free(noise);
    return status;
}

static bp_status take_sample(bp_context *ctx, const char *file, const bp_dataset_facts *facts,
                             const bp_sample *sample, bp_info_values *out)
{
    const bp_array *array = &sample->array;
    size_t rank = array->rank, columns = array->shape[rank - 1], rows = rank > 1 ? array->shape[rank - 2] : 1;
    size_t elements = bp_array_elements(array), pixels = rows * columns;
    out->frames = pixels ? elements / pixels : 0;
    out->complete = sample->complete;
    bp_statistics *statistics = bp_statistics_new(array->dtype);
    if (!statistics)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    uint8_t *excluded = rank > 1 ? read_mask(ctx, file, facts, rows, columns) : NULL;
    bp_status status = BP_OK;
    for (size_t i = 0; i < out->frames && status == BP_OK; i++) {
        bp_statistics_add(statistics, (const uint8_t *)array->data + i * pixels * array->itemsize, pixels,
                          excluded);
        if (bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    }
    bp_statistics_finish(statistics, &out->summary);
    bp_statistics_free(statistics);
    if (status == BP_OK && rank > 1 && elements > 0)
        status = take_noise(ctx, sample, out->frames, rows, columns, excluded, out);
    free(excluded);
    out->known = status == BP_OK;
    return status;
}

bp_status bp_info_take_values(bp_context *ctx, const char *file, const bp_dataset_facts *facts,
                              size_t max_bytes, bool missing, bp_info_values *out)
{
    bp_sample sample;
    memset(out, 0, sizeof *out);
    if (facts->dtype == BP_OPAQUE || facts->rank == 0)
        return BP_OK;
    if (missing) {
        snprintf(out->problem, sizeof out->problem, "a file that they come from is not found");
        return BP_OK;
    }
    bp_status status = bp_sample_read(ctx, file, facts->path, max_bytes, &sample);
    if (status == BP_E_INTERRUPTED)
        return status;
    if (status != BP_OK) {
        /* a damaged chunk or a filter that nobody has: the rest of the file is still worth a report */
        snprintf(out->problem, sizeof out->problem, "%s", bp_context_message(ctx));
        return BP_OK;
    }
    status = take_sample(ctx, file, facts, &sample, out);
    bp_sample_fini(&sample);
    return status;
}
