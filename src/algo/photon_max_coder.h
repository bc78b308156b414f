/* SPDX-License-Identifier: BSD-3-Clause
 * Binary arithmetic coder without carries (an interval of 64 bits that leaves by words of 32), and a stream
 * of plain bits beside it for what no model could shorten. One structure serves both directions, so that
 * encoder and decoder share the model's code. */
#ifndef BP_ALGO_PHOTON_MAX_CODER_H
#define BP_ALGO_PHOTON_MAX_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

typedef struct bp_max_coder {
    uint64_t low, high, code; /* code: decoder only */
    uint8_t *out, *out_end;   /* encoder */
    const uint8_t *in, *in_end, *in_start;
    uint64_t words; /* of 32 bits that have left the interval */
    uint8_t *plain_out, *plain_end;
    const uint8_t *plain_in, *plain_in_end;
    uint64_t plain; /* bits in hand, from bit 0 on */
    unsigned plain_count;
    bool failed; /* encoder: no room; decoder: a stream ended too early */
} bp_max_coder;

static inline uint32_t bp_max_next_word(bp_max_coder *c)
{
    uint32_t word = 0;
    if (c->in_end - c->in >= 4) {
        word = bp_load_be32(c->in);
        c->in += 4;
        return word;
    }
    for (unsigned i = 0; i < 4; i++)
        word = word << 8 | (c->in < c->in_end ? *c->in++ : 0u);
    return word;
}

static inline void bp_max_put_word(bp_max_coder *c, uint32_t word)
{
    if (c->out_end - c->out < 4) {
        c->failed = true;
        return;
    }
    bp_store_be32(c->out, word);
    c->out += 4;
}

/* one: probability of a 1 in 1/65536, 1 to 65535. Returns the bit. */
static inline __attribute__((always_inline)) unsigned bp_max_code(bp_max_coder *c, bool decoding,
                                                                  uint32_t one, unsigned bit)
{
    uint64_t middle = c->low + ((c->high - c->low) >> 16) * one;
    if (decoding)
        bit = c->code <= middle;
    uint64_t mask = 0u - (uint64_t)bit;
    c->high = (middle & mask) | (c->high & ~mask);
    c->low = (c->low & mask) | ((middle + 1) & ~mask);
    while (__builtin_expect(((c->low ^ c->high) >> 32) == 0, 0)) {
        if (decoding)
            c->code = c->code << 32 | bp_max_next_word(c);
        else
            bp_max_put_word(c, (uint32_t)(c->high >> 32));
        c->low <<= 32;
        c->high = c->high << 32 | UINT32_MAX;
        c->words++;
    }
    return bit;
}

/* count <= 32 bits of value. */
static inline __attribute__((always_inline)) uint32_t bp_max_plain(bp_max_coder *c, bool decoding,
                                                                   unsigned count, uint32_t value)
{
    if (decoding) {
        while (c->plain_count < count) {
            if (c->plain_in == c->plain_in_end) {
                c->failed = true;
                c->plain_count += 8;
                continue;
            }
            c->plain |= (uint64_t)*c->plain_in++ << c->plain_count;
            c->plain_count += 8;
        }
        value = (uint32_t)(c->plain & (((uint64_t)1 << count) - 1));
        c->plain >>= count;
        c->plain_count -= count;
        return value;
    }
    c->plain |= (uint64_t)value << c->plain_count;
    c->plain_count += count;
    while (c->plain_count >= 8) {
        if (c->plain_out == c->plain_end) {
            c->failed = true;
            c->plain_count = 0;
            break;
        }
        *c->plain_out++ = (uint8_t)c->plain;
        c->plain >>= 8;
        c->plain_count -= 8;
    }
    return value;
}

void bp_max_coder_start(bp_max_coder *c, bool decoding);
/* Encoder: writes what is left; failed tells whether it fitted. Decoder: sets failed unless both streams end
 * here as an encoder ends them. */
void bp_max_coder_finish(bp_max_coder *c, bool decoding);

#endif
