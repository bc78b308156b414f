/* SPDX-License-Identifier: BSD-3-Clause
 * Families of working points: pipelines with one number that is varied from gentle to harsh. */
#ifndef BP_EXPLORE_FAMILIES_H
#define BP_EXPLORE_FAMILIES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bp_family {
    const char *name, *help;
    const char *pattern; /* pipeline; {} stands for the number, {law}, {peaks} and {range} for those below */
    const char *parameter, *unit; /* what is varied; NULL: nothing, there is one point */
    double gentle, harsh;
    bool whole;             /* whole numbers only */
    bool in_sigma;          /* the number is multiplied by the noise of a typical value */
    const char *techniques; /* blank-separated; NULL: all */
} bp_family;

/* Walks the built-in families, the lossless one first; NULL past the end. */
const bp_family *bp_family_at(size_t index);
bool bp_family_suits(const bp_family *family, const char *technique);
/* What pipelines say of the noise of the data. */
typedef struct bp_family_noise {
    double typical;   /* standard deviation of a typical value */
    char law[96];     /* " gain=1 read_noise=0" for quantise, "": it estimates that itself */
    char peaks[96];   /* " threshold=800 min_snr=5": what the analysis takes for a peak */
    double low, high; /* of the values */
    double edge;      /* what divides phases, which levels must not straddle; NAN: nothing */
    bool labelled;    /* the last level is for labels */
} bp_family_noise;

/* The pipeline of a value. Owned by the caller, NULL without memory. */
char *bp_family_pipeline(const bp_family *family, double value, const bp_family_noise *noise);

#endif
