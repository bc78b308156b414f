/* SPDX-License-Identifier: BSD-3-Clause
 * Bands: what becomes of the answers without any compression, when the measurement is made once more, with
 * half the dose, or of other units. */
#ifndef BP_EXPLORE_BAND_H
#define BP_EXPLORE_BAND_H

#include "explore/judge.h"
#include "explore/point.h"

#define BP_BAND_KINDS 3

typedef struct bp_band {
    const char *kind;   /* "noise", "half dose" or "resampled" */
    const char *how;    /* a sentence */
    bool measured;      /* there are frames, and metrics of them */
    bp_metrics metrics; /* of these frames against the original ones */
    bp_judged *judged;  /* as if it were a test: one for each answer */
    size_t count;
} bp_band;

/* Those that the data allow: noise where it is known; half the dose where the values are photons, resampled
 * units elsewhere. Fills bands and *count, freed with bp_band_fini each, in every case. */
BP_MUST_CHECK bp_status bp_bands_make(bp_context *ctx, const bp_trial *trial, const bp_noise_model *noise,
                                      bp_band bands[BP_BAND_KINDS], size_t *count);
void bp_band_fini(bp_band *band);

#endif
