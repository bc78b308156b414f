/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "algo/shuffled.h"
#include "kernel/kernel.h"

#define HDF5_SHUFFLE 2 /* H5Z_FILTER_SHUFFLE */

bp_status bp_shuffled_room(bp_context *ctx, const bp_array *out, bool shuffle, bp_shuffled *shuffled)
{
    *shuffled = (bp_shuffled){out->data, bp_array_bytes(out), NULL};
    if (!shuffle || out->itemsize == 1 || shuffled->size == 0)
        return BP_OK;
    shuffled->owned = malloc(shuffled->size);
    if (!shuffled->owned)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu shuffled bytes", shuffled->size);
    shuffled->bytes = shuffled->owned;
    return BP_OK;
}

bp_status bp_shuffled_from(bp_context *ctx, const bp_array *in, bool shuffle, bp_shuffled *shuffled)
{
    bp_status status = bp_shuffled_room(ctx, in, shuffle, shuffled);
    if (status == BP_OK && shuffled->owned)
        bp_kernels_get()->shuffle(in->data, shuffled->owned, bp_array_elements(in), in->itemsize);
    return status;
}

void bp_shuffled_to_array(const bp_shuffled *shuffled, const bp_array *out)
{
    if (shuffled->owned)
        bp_kernels_get()->unshuffle(shuffled->owned, out->data, bp_array_elements(out), out->itemsize);
}

void bp_shuffled_fini(bp_shuffled *shuffled)
{
    free(shuffled->owned);
    shuffled->owned = NULL;
}

void bp_shuffled_standard(const bp_array *chunk, bool shuffle, uint32_t id, size_t word_count,
                          const uint32_t *words, bp_filter *filters, size_t *count)
{
    *count = 0;
    if (shuffle && chunk->itemsize > 1) {
        filters[0] = (bp_filter){.id = HDF5_SHUFFLE, .word_count = 1, .words = {(uint32_t)chunk->itemsize}};
        *count = 1;
    }
    bp_filter *last = &filters[(*count)++];
    *last = (bp_filter){.id = id, .word_count = word_count};
    memcpy(last->words, words, word_count * sizeof *words);
}
