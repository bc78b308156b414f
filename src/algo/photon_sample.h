/* SPDX-License-Identifier: BSD-3-Clause
 * Pixels from patches all over a frame, with their neighbours, each in an array of its own. */
#ifndef BP_ALGO_PHOTON_SAMPLE_H
#define BP_ALGO_PHOTON_SAMPLE_H

#include "algo/photon_tables.h"

#define BP_PHOTON_SAMPLE_ROOM 32768

typedef struct bp_photon_sample {
    size_t count;
    uint16_t value[BP_PHOTON_SAMPLE_ROOM]; /* all as the model sees them */
    uint16_t near[BP_PHOTON_WEIGHTS][BP_PHOTON_SAMPLE_ROOM];
    uint16_t mean[BP_PHOTON_SAMPLE_ROOM], rough[BP_PHOTON_SAMPLE_ROOM];
} bp_photon_sample;

/* About pixels pixels, labelled ones left out. */
void bp_photon_sample_take(const bp_photon_plane *plane, size_t pixels, bp_photon_sample *sample);
/* Their long means by that model, from a few rows above each. */
void bp_photon_sample_windows(const bp_photon_plane *plane, size_t pixels, const bp_photon_model *model,
                              bp_photon_sample *sample);

#endif
