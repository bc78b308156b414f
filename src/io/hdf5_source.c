/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_file.h"
#include "io/hdf5_source.h"
#include "kernel/kernel.h"

bp_status bp_h5_pipeline_read(bp_context *ctx, hid_t dcpl, bp_filters *pipeline)
{
    memset(pipeline, 0, sizeof *pipeline);
    int count = H5Pget_nfilters(dcpl);
    if (count < 0 || count > BP_MAX_FILTERS)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its filters cannot be read");
    for (int i = 0; i < count; i++) {
        bp_filter *filter = &pipeline->filters[i];
        unsigned flags, config, words[BP_FILTER_MAX_WORDS] = {0};
        size_t word_count = BP_FILTER_MAX_WORDS;
        H5Z_filter_t id = H5Pget_filter2(dcpl, (unsigned)i, &flags, &word_count, words, 0, NULL, &config);
        if (id < 0)
            return bp_h5_fail(ctx, BP_E_DAMAGED, "its filter %d cannot be read", i);
        if (word_count > BP_FILTER_MAX_WORDS) {
            pipeline->cut = true;
            word_count = BP_FILTER_MAX_WORDS;
        }
        filter->id = (uint32_t)id;
        filter->word_count = word_count;
        for (size_t k = 0; k < word_count; k++)
            filter->words[k] = words[k];
    }
    pipeline->count = (size_t)count;
    return BP_OK;
}

/* IEEE 754 binary16, binary32 or binary64? */
static bp_dtype float_dtype(hid_t type, size_t size)
{
    static const struct {
        size_t size, exponent_at, exponent_bits, mantissa_bits, bias;
        bp_dtype dtype;
    } kinds[] = {{2, 10, 5, 10, 15, BP_F16}, {4, 23, 8, 23, 127, BP_F32}, {8, 52, 11, 52, 1023, BP_F64}};
    size_t sign_at, exponent_at, exponent_bits, mantissa_at, mantissa_bits;
    if (H5Tget_fields(type, &sign_at, &exponent_at, &exponent_bits, &mantissa_at, &mantissa_bits) < 0)
        return BP_OPAQUE;
    for (size_t i = 0; i < 3; i++)
        if (kinds[i].size == size && kinds[i].exponent_at == exponent_at &&
            kinds[i].exponent_bits == exponent_bits && kinds[i].mantissa_bits == mantissa_bits &&
            mantissa_at == 0 && sign_at == size * 8 - 1 && H5Tget_ebias(type) == kinds[i].bias &&
            H5Tget_norm(type) == H5T_NORM_IMPLIED)
            return kinds[i].dtype;
    return BP_OPAQUE;
}

static bp_dtype integer_dtype(hid_t type, size_t size)
{
    bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
    switch (size) {
    case 1:
        return is_signed ? BP_I8 : BP_U8;
    case 2:
        return is_signed ? BP_I16 : BP_U16;
    case 4:
        return is_signed ? BP_I32 : BP_U32;
    case 8:
        return is_signed ? BP_I64 : BP_U64;
    default:
        return BP_OPAQUE;
    }
}

static bp_status look_at_type(bp_context *ctx, bp_h5_source *source)
{
    source->type = H5Dget_type(source->dataset);
    source->itemsize = H5Tget_size(source->type);
    if (source->type < 0 || source->itemsize == 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its type cannot be read");
    H5T_class_t class = H5Tget_class(source->type);
    source->dtype = class == H5T_INTEGER ? integer_dtype(source->type, source->itemsize)
                    : class == H5T_FLOAT ? float_dtype(source->type, source->itemsize)
                                         : BP_OPAQUE;
    if (source->dtype == BP_OPAQUE)
        return BP_OK;
    H5T_order_t order = H5Tget_order(source->type);
    if (order != H5T_ORDER_LE && order != H5T_ORDER_BE && order != H5T_ORDER_NONE)
        source->dtype = BP_OPAQUE;
    source->order = order == H5T_ORDER_BE ? BP_BIG_ENDIAN : BP_LITTLE_ENDIAN;
    source->exact = H5Tget_precision(source->type) == source->itemsize * 8;
    return BP_OK;
}

static bp_status look_at_space(bp_context *ctx, bp_h5_source *source)
{
    source->space = H5Dget_space(source->dataset);
    int rank = H5Sget_simple_extent_ndims(source->space);
    if (rank < 0 || rank > BP_MAX_RANK)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its shape cannot be read");
    source->rank = (size_t)rank;
    if (rank && H5Sget_simple_extent_dims(source->space, source->shape, NULL) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its shape cannot be read");
    uint64_t bytes = source->itemsize;
    for (int i = 0; i < rank; i++)
        if (source->shape[i] == 0)
            bytes = 0;
    for (int i = 0; bytes && i < rank; i++)
        if (__builtin_mul_overflow(bytes, source->shape[i], &bytes))
            return bp_fail(ctx, BP_E_DAMAGED, "its shape has more bytes than 64 bits count");
    source->bytes = bytes;
    return BP_OK;
}

static bp_status look_at_chunks(bp_context *ctx, bp_h5_source *source, hid_t dcpl)
{
    hsize_t chunk[BP_MAX_RANK];
    size_t shape[BP_MAX_RANK];
    unsigned options = 0;
    if (H5Pget_chunk(dcpl, (int)source->rank, chunk) != (int)source->rank ||
        H5Pget_chunk_opts(dcpl, &options) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its chunks cannot be read");
    for (size_t i = 0; i < source->rank; i++)
        if (chunk[i] == 0 || bp_size_from_u64(chunk[i], &shape[i]))
            return bp_fail(ctx, BP_E_DAMAGED, "its chunks have no size");
    bp_status status =
        bp_array_init(&source->chunk, source->dtype, source->itemsize, source->rank, shape, NULL);
    if (status != BP_OK)
        return bp_fail(ctx, BP_E_DAMAGED, "its chunks are too large");
    source->edges_raw = options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS;
    status = bp_h5_pipeline_read(ctx, dcpl, &source->pipeline);
    /* zfp codes values: where those are big-endian, HDF5's own way is taken */
    bool values_matter = source->order != BP_LITTLE_ENDIAN && source->pipeline.count &&
                         source->pipeline.filters[0].id == BP_FILTER_ZFP;
    source->direct = status == BP_OK && !values_matter && bp_filters_known(&source->pipeline);
    return status;
}

/* A fill value of another type than the dataset's is HDF5's to convert. */
static bp_status look_at_fill(bp_context *ctx, bp_h5_source *source, hid_t dcpl)
{
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    source->fill = calloc(1, source->itemsize);
    if (!source->fill)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for an element of %zu bytes", source->itemsize);
    if (H5Pfill_value_defined(dcpl, &defined) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its fill value cannot be read");
    if (defined == H5D_FILL_VALUE_USER_DEFINED && H5Pget_fill_value(dcpl, source->type, source->fill) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its fill value cannot be read");
    return BP_OK;
}

bp_status bp_h5_source_init(bp_context *ctx, hid_t dataset, bp_h5_source *source)
{
    memset(source, 0, sizeof *source);
    source->dataset = dataset;
    source->type = source->space = H5I_INVALID_HID;
    source->fd = -1;
    hid_t dcpl = H5Dget_create_plist(dataset);
    bp_status status = dcpl < 0 ? bp_h5_fail(ctx, BP_E_DAMAGED, "its properties cannot be read") : BP_OK;
    if (status == BP_OK)
        status = look_at_type(ctx, source);
    if (status == BP_OK)
        status = look_at_space(ctx, source);
    if (status == BP_OK)
        status = look_at_fill(ctx, source, dcpl);
    source->chunked = status == BP_OK && H5Pget_layout(dcpl) == H5D_CHUNKED;
    if (source->chunked)
        status = look_at_chunks(ctx, source, dcpl);
    bp_h5_release(&dcpl);
    return status;
}

void bp_h5_source_fini(bp_h5_source *source)
{
    bp_h5_release(&source->type);
    bp_h5_release(&source->space);
    free(source->fill);
    source->fill = NULL;
}

void bp_h5_stored_fini(bp_h5_stored *stored)
{
    free(stored->bytes);
    memset(stored, 0, sizeof *stored);
}

static bp_status make_room(bp_context *ctx, bp_h5_stored *stored, uint64_t bytes)
{
    if (bytes <= stored->capacity && stored->bytes)
        return BP_OK;
    /* somewhat more than asked for: chunks of one dataset differ little in size */
    uint64_t more = bytes + bytes / 8 + 64;
    free(stored->bytes);
    stored->capacity = 0;
    stored->bytes = more < PTRDIFF_MAX ? malloc((size_t)more) : NULL;
    if (!stored->bytes)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %llu bytes", (unsigned long long)bytes);
    stored->capacity = (size_t)more;
    return BP_OK;
}

static herr_t read_chunk(hid_t dataset, const hsize_t *offset, bp_h5_stored *stored)
{
#if H5_VERSION_GE(2, 0, 0)
    size_t room = stored->size;
    herr_t result = H5Dread_chunk2(dataset, H5P_DEFAULT, offset, &stored->mask, stored->bytes, &room);
    return result < 0 || room != stored->size ? -1 : 0;
#else
    return H5Dread_chunk(dataset, H5P_DEFAULT, offset, &stored->mask, stored->bytes);
#endif
}

bp_status bp_h5_source_fetch(bp_context *ctx, const bp_h5_source *source, const hsize_t *offset,
                             bp_h5_stored *stored)
{
    hsize_t bytes = 0;
    memcpy(stored->offset, offset, source->rank * sizeof *offset);
    stored->kind = BP_H5_FILL;
    /* fails for a chunk that was never written */
    if (H5Dget_chunk_storage_size(source->dataset, offset, &bytes) < 0 || bytes == 0) {
        H5Eclear2(H5E_DEFAULT);
        return BP_OK;
    }
    bp_status status = make_room(ctx, stored, bytes);
    if (status != BP_OK)
        return status;
    stored->kind = BP_H5_STORED;
    stored->size = (size_t)bytes;
    if (read_chunk(source->dataset, offset, stored) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "the chunk cannot be read");
    return BP_OK;
}

void bp_h5_source_fill(const bp_h5_source *source, uint8_t *bytes, size_t size)
{
    size_t done = source->itemsize < size ? source->itemsize : size;
    memcpy(bytes, source->fill, done);
    while (done < size) {
        size_t more = done < size - done ? done : size - done;
        memcpy(bytes + done, bytes, more);
        done += more;
    }
}

/* Reads the part of the box that lies in the dataset. memory: the space of the cell. */
static herr_t read_box(const bp_h5_source *source, const hsize_t *offset, const size_t *cell, hid_t memory,
                       uint8_t *bytes)
{
    hsize_t count[BP_MAX_RANK], zero[BP_MAX_RANK] = {0};
    if (source->rank == 0)
        return H5Dread(source->dataset, source->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
    for (size_t i = 0; i < source->rank; i++) {
        hsize_t left = source->shape[i] - offset[i];
        count[i] = left < cell[i] ? left : cell[i];
    }
    if (H5Sselect_hyperslab(source->space, H5S_SELECT_SET, offset, NULL, count, NULL) < 0 ||
        H5Sselect_hyperslab(memory, H5S_SELECT_SET, zero, NULL, count, NULL) < 0)
        return -1;
    return H5Dread(source->dataset, source->type, memory, source->space, H5P_DEFAULT, bytes);
}

bp_status bp_h5_source_read_to(bp_context *ctx, const bp_h5_source *source, const hsize_t *offset,
                               const size_t *cell, uint8_t *values, size_t bytes)
{
    hsize_t extent[BP_MAX_RANK];
    bool sticks_out = false;
    bp_status status = BP_OK;
    for (size_t i = 0; i < source->rank; i++)
        sticks_out = sticks_out || source->shape[i] - offset[i] < cell[i];
    if (sticks_out)
        bp_h5_source_fill(source, values, bytes);
    for (size_t i = 0; i < source->rank; i++)
        extent[i] = cell[i];
    hid_t memory = source->rank ? H5Screate_simple((int)source->rank, extent, NULL) : H5S_ALL;
    if (memory < 0 || read_box(source, offset, cell, memory, values) < 0)
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "its values cannot be read");
    if (source->rank)
        bp_h5_release(&memory);
    return status;
}

bp_status bp_h5_source_read(bp_context *ctx, const bp_h5_source *source, const hsize_t *offset,
                            const size_t *cell, bp_h5_stored *stored)
{
    size_t bytes;
    memcpy(stored->offset, offset, source->rank * sizeof *offset);
    if (bp_product_overflows(cell, source->rank, &bytes) || bp_mul_overflows(bytes, source->itemsize, &bytes))
        return bp_fail(ctx, BP_E_DAMAGED, "a part of it is too large");
    bp_status status = make_room(ctx, stored, bytes);
    if (status != BP_OK)
        return status;
    stored->kind = BP_H5_VALUES;
    stored->size = bytes;
    return bp_h5_source_read_to(ctx, source, offset, cell, stored->bytes, bytes);
}

static bool chunk_sticks_out(const bp_h5_source *source, const hsize_t *offset)
{
    for (size_t i = 0; i < source->rank; i++)
        if (source->shape[i] - offset[i] < source->chunk.shape[i])
            return true;
    return false;
}

bp_status bp_h5_source_decode(bp_context *ctx, const bp_h5_source *source, const bp_h5_stored *stored,
                              const bp_array *cell, uint8_t *room, bp_scratch *scratch,
                              const uint8_t **values)
{
    size_t bytes = bp_array_bytes(cell);
    *values = room;
    if (stored->kind == BP_H5_FILL) {
        bp_h5_source_fill(source, room, bytes);
        return BP_OK;
    }
    uint32_t mask = source->edges_raw && chunk_sticks_out(source, stored->offset) ? UINT32_MAX : stored->mask;
    bool plain = stored->kind == BP_H5_VALUES || source->pipeline.count == 0 ||
                 (~mask & (uint32_t)((1ull << source->pipeline.count) - 1)) == 0;
    if (plain) {
        *values = stored->bytes;
        if (stored->size != bytes)
            return bp_fail(ctx, BP_E_DAMAGED, "a chunk of %zu bytes where %zu belong", stored->size, bytes);
        return BP_OK;
    }
    bp_array out = *cell;
    out.data = room;
    return bp_filters_decode(ctx, &source->pipeline, mask, stored->bytes, stored->size, &out, scratch);
}

bool bp_h5_step(size_t rank, const hsize_t *shape, const size_t *step, hsize_t *offset)
{
    for (size_t i = rank; i-- > 0;) {
        if (shape[i] - offset[i] > step[i]) {
            offset[i] += step[i];
            return true;
        }
        offset[i] = 0;
    }
    return false;
}

void bp_h5_swap_to_machine(bp_dtype dtype, bp_byte_order order, uint8_t *bytes, size_t size)
{
    const bp_byte_order machine = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? BP_BIG_ENDIAN : BP_LITTLE_ENDIAN;
    size_t itemsize = bp_dtype_size(dtype);
    if (itemsize > 1 && order != machine)
        bp_kernels_get()->byteswap(bytes, bytes, size / itemsize, itemsize);
}

void bp_h5_print_place(size_t rank, const hsize_t *offset, char *text, size_t size)
{
    size_t used = 0;
    if (size)
        text[0] = 0;
    for (size_t i = 0; i < rank && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s%llu", i ? "," : "", (unsigned long long)offset[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}
