/* SPDX-License-Identifier: BSD-3-Clause
 * The tables of a frame: chosen by cost, written in few bits, read back and checked. */
#ifndef BP_ALGO_PHOTON_TABLES_H
#define BP_ALGO_PHOTON_TABLES_H

#include "algo/photon_bytes.h"
#include "beampress/context.h"
#include "kernel/photon.h"

/* Frequencies as they are written: 0, or 1 + 4 log2 of a weight. */
typedef struct bp_photon_weights {
    uint8_t weight[BP_PHOTON_CONTEXTS][BP_PHOTON_SYMBOLS];
} bp_photon_weights;

#define BP_PHOTON_MOST_WEIGHT  52
#define BP_PHOTON_CHOSEN_BANDS 4 /* that an encoder makes, at most */

/* The plane of a frame while it is encoded. */
typedef struct bp_photon_plane {
    uint16_t *values; /* column 0 of row 0 */
    uint16_t *seen;   /* the same as the model sees them; may be values */
    uint16_t *window; /* long means, filled by the choice of a model that has them */
    uint8_t shift;    /* of the model */
    size_t stride, height, width;
    size_t bands;
    const uint8_t *labels; /* NULL: none */
} bp_photon_plane;

/* log2(v) * 65536 for v > 0, rounded by table: the same everywhere. */
uint32_t bp_photon_log2(uint64_t v);

/* First row of a band of a frame of height rows; bands counts as its end. */
size_t bp_photon_band_row(size_t height, size_t bands, size_t band);

/* Chooses model, contexts and frequencies. False when memory was short. */
bool bp_photon_tables_choose(bp_context *ctx, const bp_photon_plane *plane, bp_photon_tables *tables,
                             bp_photon_weights *weights);
/* Weights of counted symbols. */
void bp_photon_weigh(const uint32_t *counts, unsigned bits, uint8_t *weights);

/* Frequencies and starts from the weights; slots too when asked for. False when a context has no symbol. */
bool bp_photon_tables_build(bp_photon_tables *tables, const bp_photon_weights *weights, bool slots);
void bp_photon_tables_write(bp_photon_writer *w, const bp_photon_tables *tables,
                            const bp_photon_weights *weights);
/* Sets r->bad for tables that no encoder writes. */
void bp_photon_tables_read(bp_photon_reader *r, bp_photon_tables *tables, bp_photon_weights *weights);

#endif
