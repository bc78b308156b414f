/* SPDX-License-Identifier: BSD-3-Clause
 * Some pixels of frames, exactly: those of a set, row by row. Integers (also as floats) by what their
 * neighbours in the set say, as in LOCO-I; other floats by sign and exponent; adaptive binary arithmetic
 * coding of both, and plain bits where no model could shorten anything. Bytes: docs/format.md, operation
 * 16385. */
#ifndef BP_ALGO_EXACT_PIXELS_H
#define BP_ALGO_EXACT_PIXELS_H

#include "algo/photon_max_coder.h"
#include "beampress/array.h"

#define BP_EXACT_ACTIVITIES 16 /* classes of what happens around a pixel */
#define BP_EXACT_CLASSES    64 /* bit lengths of a residual */
#define BP_EXACT_EXPONENTS  4096

typedef struct bp_exact_bit {
    uint16_t one;  /* probability in 1/65536 */
    uint16_t seen; /* how often it was asked, up to a limit */
} bp_exact_bit;

typedef struct bp_exact_coder {
    bp_max_coder coder;
    bool decoding;
    bool whole; /* floats are whole numbers */
    bool damaged;
    bp_exact_bit classes[BP_EXACT_ACTIVITIES][BP_EXACT_CLASSES], tops[BP_EXACT_CLASSES][4],
        exponents[BP_EXACT_EXPONENTS], mantissas[8];
} bp_exact_coder;

/* Bytes that `count` values can need at most, of either stream. */
size_t bp_exact_room(size_t count);
/* Encoder: coder->coder has its two outputs; decoder: its two inputs. */
void bp_exact_start(bp_exact_coder *coder, bool decoding, bool whole);
/* Codes or fills those pixels of a frame whose byte in set is not 0. Integers of 8, 16, 32 bits, floats of 32
 * and 64. */
void bp_exact_frame(bp_exact_coder *coder, bp_dtype dtype, const uint8_t *set, size_t rows, size_t columns,
                    void *frame);
/* False when it did not fit, or what was decoded is damaged. */
bool bp_exact_finish(bp_exact_coder *coder);
/* Is every value of the set a whole number that survives the way over an integer of 32 bits? */
bool bp_exact_whole(bp_dtype dtype, const uint8_t *set, size_t count, const void *frame);

#endif
