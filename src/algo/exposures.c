/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/exposures.h"

#include <math.h>

#define TILE 4 /* pixels: a side */

bool bp_units_are_exposures(uint64_t exposures)
{
    return exposures >= BP_FEW_EXPOSURES;
}

size_t bp_exposure_units(uint64_t exposures)
{
    return bp_units_are_exposures(exposures) && exposures < BP_JACKKNIFE_BLOCKS ? (size_t)exposures
                                                                                : BP_JACKKNIFE_BLOCKS;
}

size_t bp_exposure_unit(uint64_t exposure, uint64_t exposures)
{
    return bp_units_are_exposures(exposures) ? (size_t)(exposure * bp_exposure_units(exposures) / exposures)
                                             : 0;
}

void bp_tiles_deal(size_t rows, size_t columns, uint8_t *units)
{
    for (size_t i = 0; i < rows * columns; i++) {
        uint64_t tile = (uint64_t)(i / columns / TILE) * 0x10001 + i % columns / TILE;
        units[i] = (uint8_t)((tile * UINT64_C(0x9e3779b97f4a7c15) >> 32) % BP_JACKKNIFE_BLOCKS);
    }
}

static double largest_of(bp_dtype dtype)
{
    switch (dtype) {
    case BP_U8:
        return UINT8_MAX;
    case BP_U16:
        return UINT16_MAX;
    case BP_U32:
        return UINT32_MAX;
    case BP_U64:
        return (double)UINT64_MAX;
    default:
        return (double)INFINITY;
    }
}

bool bp_skip_marks(bp_dtype dtype, bool marks, const double *values, size_t count, const uint8_t *outside,
                   uint8_t *skip)
{
    double largest = largest_of(dtype);
    bool is_signed = dtype == BP_I8 || dtype == BP_I16 || dtype == BP_I32 || dtype == BP_I64, whole = true;
    for (size_t i = 0; i < count; i++) {
        double v = values[i];
        skip[i] = !isfinite(v) || (marks && (v == largest || (is_signed && (v == -1 || v == -2))));
        if (!skip[i] && !(outside && outside[i]))
            whole = whole && v >= 0 && v == floor(v);
    }
    return whole;
}
