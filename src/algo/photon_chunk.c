/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/photon_chunk.h"

#define MARKS 3 /* BP_PHOTON_RAW and two specials: the largest pixels in the order of the numbers */

static uint32_t top_of(const bp_photon_pixels *pixels)
{
    return UINT32_MAX >> (32 - 8 * pixels->itemsize);
}

bp_photon_pixels bp_photon_pixels_for(const int32_t *numbers, size_t count)
{
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (size_t i = 0; i < count; i++) {
        int32_t n = numbers[i], h = n < BP_PHOTON_SPECIAL ? n : INT32_MIN;
        low = n < low ? n : low;
        high = h > high ? h : high;
    }
    if (high < low) /* no numbers at all */
        return (bp_photon_pixels){BP_U8, 1, 0};
    uint32_t range = (uint32_t)high - (uint32_t)low;
    bp_dtype dtype = range < UINT8_MAX - 2 * MARKS ? BP_U8 : range < UINT16_MAX - 2 * MARKS ? BP_U16 : BP_U32;
    return (bp_photon_pixels){dtype, bp_dtype_size(dtype), low};
}

static inline uint32_t pixel_of(int32_t number, uint32_t least, uint32_t top)
{
    return number < BP_PHOTON_SPECIAL ? (uint32_t)number - least : top - (uint32_t)(INT32_MAX - number);
}

void bp_photon_pixels_put(const bp_photon_pixels *pixels, const int32_t *numbers, size_t count, void *out)
{
    uint32_t top = top_of(pixels), least = (uint32_t)pixels->least;
    uint8_t *o = out;
    if (pixels->dtype == BP_U8)
        for (size_t i = 0; i < count; i++)
            o[i] = (uint8_t)pixel_of(numbers[i], least, top);
    else if (pixels->dtype == BP_U16)
        for (size_t i = 0; i < count; i++) {
            uint16_t v = (uint16_t)pixel_of(numbers[i], least, top);
            memcpy(o + 2 * i, &v, 2);
        }
    else
        for (size_t i = 0; i < count; i++) {
            uint32_t v = pixel_of(numbers[i], least, top);
            memcpy(o + 4 * i, &v, 4);
        }
}

static inline int32_t number_of(uint32_t pixel, uint32_t least, uint32_t top)
{
    return (int32_t)(pixel > top - MARKS ? INT32_MAX - (top - pixel) : pixel + least);
}

void bp_photon_pixels_get(const bp_photon_pixels *pixels, const void *in, size_t count, int32_t *numbers)
{
    uint32_t top = top_of(pixels), least = (uint32_t)pixels->least;
    const uint8_t *from = in;
    if (pixels->dtype == BP_U8)
        for (size_t i = 0; i < count; i++)
            numbers[i] = number_of(from[i], least, top);
    else if (pixels->dtype == BP_U16)
        for (size_t i = 0; i < count; i++) {
            uint16_t v;
            memcpy(&v, from + 2 * i, 2);
            numbers[i] = number_of(v, least, top);
        }
    else
        for (size_t i = 0; i < count; i++) {
            uint32_t v;
            memcpy(&v, from + 4 * i, 4);
            numbers[i] = number_of(v, least, top);
        }
}
