/* SPDX-License-Identifier: BSD-3-Clause
 * Numbers and bits in the headers of photon. A writer that is full, or a reader past the end, remembers it
 * and goes on harmlessly. */
#ifndef BP_ALGO_PHOTON_BYTES_H
#define BP_ALGO_PHOTON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bp_photon_writer {
    uint8_t *at, *end;
    bool full;
    uint64_t bits; /* not written yet, from bit 0 on */
    unsigned count;
} bp_photon_writer;

typedef struct bp_photon_reader {
    const uint8_t *at, *end;
    bool bad;
    unsigned used; /* bits of *at */
} bp_photon_reader;

void bp_photon_put_byte(bp_photon_writer *w, unsigned value);
/* Seven bits a byte, the lowest first; bit 7 says that more follow. */
void bp_photon_put_number(bp_photon_writer *w, uint32_t value);
void bp_photon_put_bits(bp_photon_writer *w, uint32_t value, unsigned count);
/* Elias gamma code of value + 1. */
void bp_photon_put_gamma(bp_photon_writer *w, uint32_t value);
void bp_photon_put_signed(bp_photon_writer *w, int32_t value);
/* To the next whole byte. */
void bp_photon_put_flush(bp_photon_writer *w);

unsigned bp_photon_get_byte(bp_photon_reader *r);
uint32_t bp_photon_get_number(bp_photon_reader *r);
uint32_t bp_photon_get_bits(bp_photon_reader *r, unsigned count);
uint32_t bp_photon_get_gamma(bp_photon_reader *r);
int32_t bp_photon_get_signed(bp_photon_reader *r);
/* Skips to the next whole byte; the skipped bits must be 0. */
void bp_photon_get_flush(bp_photon_reader *r);

#endif
