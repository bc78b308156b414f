/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/photon_chunk.h"
#include "kernel/kernel.h"

bp_photon_pixels bp_photon_pixels_for(const int32_t *numbers, size_t count)
{
    enum { MARKS = BP_PHOTON_PIXEL_MARKS }; /* BP_PHOTON_RAW and two specials, in the order of the numbers */
    int32_t low, high;
    if (bp_kernels_get()->photon_numbers->extent(numbers, count, &low, &high) == 0)
        return (bp_photon_pixels){BP_U8, 1, 0};
    uint32_t range = (uint32_t)high - (uint32_t)low;
    bp_dtype dtype = range < UINT8_MAX - 2 * MARKS ? BP_U8 : range < UINT16_MAX - 2 * MARKS ? BP_U16 : BP_U32;
    return (bp_photon_pixels){dtype, bp_dtype_size(dtype), low};
}

void bp_photon_pixels_put(const bp_photon_pixels *pixels, const int32_t *numbers, size_t count, void *out)
{
    bp_kernels_get()->photon_numbers->put(numbers, count, (uint32_t)pixels->least, pixels->itemsize, out);
}

void bp_photon_pixels_get(const bp_photon_pixels *pixels, const void *in, size_t count, int32_t *numbers)
{
    bp_kernels_get()->photon_numbers->get(in, count, (uint32_t)pixels->least, pixels->itemsize, numbers);
}
