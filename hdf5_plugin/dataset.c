/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataset.h"

/* A number whose bits start at bit 0, as the machine's own types do. What is not is opaque to us: every
 * lossless codec keeps it, and none calculates with it. */
static bp_dtype integer_dtype(const hdf5_calls *h5, hid_t type, bool is_signed)
{
    if (h5->get_H5Tget_offset(type) != 0)
        return BP_OPAQUE;
    switch (h5->get_H5Tget_size(type)) {
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

/* IEEE 754 by the places of sign, exponent and mantissa: bfloat16 and others of the same size are not. */
static bp_dtype float_dtype(const hdf5_calls *h5, hid_t type)
{
    static const struct {
        bp_dtype dtype;
        size_t size, sign, exponent, exponent_bits, mantissa_bits;
    } known[] = {
        {BP_F16, 2, 15, 10, 5, 10},
        {BP_F32, 4, 31, 23, 8, 23},
        {BP_F64, 8, 63, 52, 11, 52},
    };
    size_t sign, exponent, exponent_bits, mantissa, mantissa_bits, size = h5->get_H5Tget_size(type);
    if (!h5->get_H5Tget_fields) /* 32 and 64 bits are IEEE everywhere, 16 bits are not */
        return size == 4 ? BP_F32 : size == 8 ? BP_F64 : BP_OPAQUE;
    if (h5->get_H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0)
        return BP_OPAQUE;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (size == known[i].size && sign == known[i].sign && exponent == known[i].exponent &&
            exponent_bits == known[i].exponent_bits && mantissa == 0 &&
            mantissa_bits == known[i].mantissa_bits)
            return known[i].dtype;
    return BP_OPAQUE;
}

/* An enumeration counts as its integers. */
static bp_dtype enum_dtype(const hdf5_calls *h5, hid_t type)
{
    hid_t base = h5->get_H5Tget_super(type);
    if (base < 0)
        return BP_OPAQUE;
    bp_dtype dtype = integer_dtype(h5, base, h5->get_H5Tget_sign(base) == H5T_SGN_2);
    h5->get_H5Tclose(base);
    return dtype;
}

static bp_dtype dtype_of(const hdf5_calls *h5, hid_t type, bp_byte_order *order)
{
    bp_dtype dtype = BP_OPAQUE;
    H5T_class_t class = h5->get_H5Tget_class(type);
    *order = BP_LITTLE_ENDIAN;
    if (class == H5T_INTEGER)
        dtype = integer_dtype(h5, type, h5->get_H5Tget_sign(type) == H5T_SGN_2);
    else if (class == H5T_FLOAT)
        dtype = float_dtype(h5, type);
    else if (class == H5T_ENUM)
        dtype = enum_dtype(h5, type);
    if (dtype == BP_OPAQUE)
        return BP_OPAQUE;
    H5T_order_t stored = h5->get_H5Tget_order(type);
    if (stored == H5T_ORDER_BE)
        *order = BP_BIG_ENDIAN;
    else if (stored != H5T_ORDER_LE)
        dtype = BP_OPAQUE;
    return dtype;
}

bp_status dataset_describe(bp_context *ctx, const hdf5_calls *h5, hid_t dcpl, hid_t type, bp_array *chunk,
                           bp_byte_order *order)
{
    hsize_t extents[BP_MAX_RANK];
    size_t shape[BP_MAX_RANK], itemsize = h5->get_H5Tget_size(type);
    int rank = h5->get_H5Pget_chunk(dcpl, BP_MAX_RANK, extents);
    if (rank < 0 || rank > BP_MAX_RANK || itemsize == 0)
        return bp_fail(ctx, BP_E_USAGE, "the dataset has no chunks");
    for (int i = 0; i < rank; i++)
        shape[i] = (size_t)extents[i];
    bp_dtype dtype = dtype_of(h5, type, order);
    if (bp_array_init(chunk, dtype, itemsize, (size_t)rank, shape, NULL) != BP_OK)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "a chunk of rank %d with elements of %zu bytes", rank,
                       itemsize);
    return BP_OK;
}
