/* SPDX-License-Identifier: BSD-3-Clause
 * HDF5 refuses to create a dataset with a filter that it does not know, and lets a plug-in change the words
 * of one that it knows. Neither is wanted where chunks are written as they are. */
#include <string.h>

#include "io/filters.h"
#include "io/hdf5_copier.h"
#include "io/hdf5_file.h"
#include "io/hdf5_source.h"

/* Called only for fill values that HDF5 lays down where chunks are allocated at once; each of those chunks is
 * written over afterwards. Nothing can be read through it. */
static size_t pass(unsigned flags, size_t word_count, const unsigned *words, size_t bytes, size_t *room,
                   void **buffer)
{
    (void)word_count;
    (void)words;
    (void)room;
    (void)buffer;
    return flags & H5Z_FLAG_REVERSE ? 0 : bytes;
}

static bool stands_in(const bp_h5_standins *standins, H5Z_filter_t id)
{
    for (size_t i = 0; i < standins->count; i++)
        if (standins->ids[i] == id)
            return true;
    return false;
}

static bp_status add(bp_context *ctx, bp_h5_standins *standins, H5Z_filter_t id)
{
    const H5Z_class2_t filter = {
        .version = H5Z_CLASS_T_VERS,
        .id = id,
        .encoder_present = 1,
        .decoder_present = 0,
        .name = bp_filter_name((uint32_t)id), /* written where the source has no name for it */
        .filter = pass,
    };
    if (standins->count == BP_H5_MAX_STANDINS)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "more than %d filters that HDF5 does not know",
                       BP_H5_MAX_STANDINS);
    if (H5Zregister(&filter) < 0)
        return bp_h5_fail(ctx, BP_E_UNSUPPORTED, "filter %d cannot be written with this HDF5 library",
                          (int)id);
    standins->ids[standins->count++] = id;
    return BP_OK;
}

bool bp_h5_filter_reads(uint32_t id)
{
    unsigned config = 0;
    bool reads = H5Zfilter_avail((H5Z_filter_t)id) > 0 &&
                 H5Zget_filter_info((H5Z_filter_t)id, &config) >= 0 &&
                 (config & H5Z_FILTER_CONFIG_DECODE_ENABLED);
    H5Eclear2(H5E_DEFAULT);
    return reads;
}

/* Is HDF5 to have this plug-in itself? Not those that we decode on our own: what is written shall not depend
 * on whether they are installed. */
static bool leave_to_hdf5(const bp_filters *pipeline, size_t index)
{
    unsigned config = 0;
    bp_filters one = {.count = 1, .filters = {pipeline->filters[index]}};
    H5Z_filter_t id = (H5Z_filter_t)one.filters[0].id;
    return !bp_filters_known(&one) && H5Zfilter_avail(id) > 0 && H5Zget_filter_info(id, &config) >= 0 &&
           (config & H5Z_FILTER_CONFIG_ENCODE_ENABLED);
}

bp_status bp_h5_standins_add(bp_context *ctx, bp_h5_standins *standins, hid_t dcpl, bool all)
{
    bp_filters pipeline;
    bp_status status = bp_h5_pipeline_read(ctx, dcpl, &pipeline);
    for (size_t i = 0; status == BP_OK && i < pipeline.count; i++) {
        H5Z_filter_t id = (H5Z_filter_t)pipeline.filters[i].id;
        if (id >= H5Z_FILTER_RESERVED && !stands_in(standins, id) && (all || !leave_to_hdf5(&pipeline, i)))
            status = add(ctx, standins, id);
    }
    H5Eclear2(H5E_DEFAULT);
    return status;
}

void bp_h5_standins_remove(bp_h5_standins *standins)
{
    while (standins->count > 0)
        H5Zunregister(standins->ids[--standins->count]);
    H5Eclear2(H5E_DEFAULT);
}

bool bp_h5_filters_equal(hid_t dcpl_a, hid_t dcpl_b)
{
    int count = H5Pget_nfilters(dcpl_a);
    if (count != H5Pget_nfilters(dcpl_b))
        return false;
    for (unsigned i = 0; count > 0 && i < (unsigned)count; i++) {
        unsigned flags[2], config, words[2][BP_H5_MAX_WORDS];
        size_t used[2] = {BP_H5_MAX_WORDS, BP_H5_MAX_WORDS};
        H5Z_filter_t a = H5Pget_filter2(dcpl_a, i, &flags[0], &used[0], words[0], 0, NULL, &config);
        H5Z_filter_t b = H5Pget_filter2(dcpl_b, i, &flags[1], &used[1], words[1], 0, NULL, &config);
        if (a != b || flags[0] != flags[1] || used[0] != used[1])
            return false;
        size_t shown = used[0] < BP_H5_MAX_WORDS ? used[0] : BP_H5_MAX_WORDS;
        if (memcmp(words[0], words[1], shown * sizeof words[0][0]) != 0)
            return false;
    }
    return true;
}
