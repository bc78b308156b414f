/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/photon_max_coder.h"

void bp_max_coder_start(bp_max_coder *c, bool decoding)
{
    c->low = 0;
    c->high = UINT64_MAX;
    c->words = 0;
    c->in_start = c->in;
    c->plain = 0;
    c->plain_count = 0;
    c->failed = false;
    if (decoding) {
        c->code = bp_max_next_word(c);
        c->code = c->code << 32 | bp_max_next_word(c);
    }
}

/* The number of the interval with the fewest bytes before its zeros; returns how many. */
static unsigned shortest(const bp_max_coder *c, uint64_t *number)
{
    for (unsigned bytes = 0; bytes < 8; bytes++) {
        uint64_t mask = bytes ? UINT64_MAX << (64 - 8 * bytes) : 0;
        *number = c->high & mask;
        if (*number >= c->low)
            return bytes;
    }
    *number = c->high;
    return 8;
}

static void finish_decoder(bp_max_coder *c, uint64_t number, unsigned bytes, size_t size)
{
    c->failed |=
        c->code != number || c->words > size || size - 4 * (size_t)c->words != bytes || c->in != c->in_end;
    c->failed |= c->plain_in != c->plain_in_end || c->plain_count > 7 || c->plain != 0;
}

void bp_max_coder_finish(bp_max_coder *c, bool decoding)
{
    uint64_t number;
    unsigned bytes = shortest(c, &number);
    if (decoding) {
        finish_decoder(c, number, bytes, (size_t)(c->in_end - c->in_start));
        return;
    }
    for (unsigned i = 0; i < bytes; i++) {
        if (c->out == c->out_end)
            c->failed = true;
        else
            *c->out++ = (uint8_t)(number >> (56 - 8 * i));
    }
    if (c->plain_count)
        bp_max_plain(c, false, 8 - c->plain_count, 0);
}
