/* SPDX-License-Identifier: BSD-3-Clause
 * From counts to line integrals: transmission = (counts - dark) / (flat - dark), attenuation = -ln of it. */
#ifndef BP_ALGO_ATTENUATION_H
#define BP_ALGO_ATTENUATION_H

#include <stddef.h>
#include <stdint.h>

#include "beampress/context.h"

#define BP_LEAST_TRANSMISSION 1e-6 /* less, also below zero, is taken as this */
#define BP_LEAST_BEAM         1e-6 /* of flat - dark */

/* Turns count values in place. flat and dark: their means for the same pixels; where they differ by less than
 * BP_LEAST_BEAM, that is taken. */
void bp_transmission(double *values, const double *flat, const double *dark, size_t count);
/* The same for -ln; *clipped grows by the values that were below BP_LEAST_TRANSMISSION. */
void bp_attenuation(double *transmission, size_t count, uint64_t *clipped);

/* Values that are not finite become what lies on the line between their neighbours in the row; *filled grows
 * by them. BP_E_INPUT: all of them are. */
BP_MUST_CHECK bp_status bp_fill_gaps(bp_context *ctx, double *row, size_t count, uint64_t *filled);

#endif
