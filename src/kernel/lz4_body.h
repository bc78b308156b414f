/* SPDX-License-Identifier: BSD-3-Clause
 * The LZ4 block coder, compiled once per SIMD level. A file that includes this one first defines LEVEL(name)
 * to name its functions, COPY_STEP, and same_bytes(a, b)            how many bytes at a and b agree; may stop
 * counting at any number from 8 on when *more is set, and reads up to COPY_STEP bytes of both copy_wild(to,
 * from, n)      copies n bytes in steps of COPY_STEP copy_match_18(to, distance) at least 18 bytes from
 * `distance` bytes before, which may overlap; writes at most 48 copy_match(to, distance, n) any number; may
 * write COPY_STEP bytes too many What comes out never depends on the level. */
#include <string.h>

#include "base/bits.h"
#include "kernel/lz4.h"

enum {
    MIN_MATCH = 4,
    LAST_LITERALS = 5, /* a block ends with at least so many literals */
    MATCH_MARGIN = 12, /* and no match starts in so many last bytes */
    MIN_INPUT = 13,    /* shorter blocks are literals only */
    MAX_DISTANCE = 65535,
    NARROW_LIMIT = 65536 + 11, /* blocks below this size use the narrow table */
    SKIP_SHIFT = 6,            /* every 64 positions without a match the step grows by one */
    TOKEN_MAX = 15
};

BP_INLINE uint32_t hash_narrow(uint32_t four)
{
    return four * UINT32_C(2654435761) >> 19;
}

BP_INLINE uint32_t hash_wide(uint64_t eight)
{
    return (uint32_t)((eight << 24) * UINT64_C(889523592379) >> 52);
}

BP_INLINE uint32_t hash_at(const uint8_t *p, bool wide)
{
    return wide ? hash_wide(bp_load_le64(p)) : hash_narrow(bp_load_le32(p));
}

/* Position last seen with this hash, 0 when none in this block. */
BP_INLINE uint32_t table_get(const bp_lz4_table *table, uint32_t hash, bool wide)
{
    uint32_t entry = wide ? table->at.wide[hash] : table->at.narrow[hash];
    return entry > table->base ? entry - table->base : 0;
}

BP_INLINE void table_put(bp_lz4_table *table, uint32_t hash, uint32_t position, bool wide)
{
    if (wide)
        table->at.wide[hash] = position + table->base;
    else
        table->at.narrow[hash] = (uint16_t)(position + table->base);
}

/* Puts the rest of a length whose first 15 (or 15 + MIN_MATCH) stand in the token. */
BP_INLINE uint8_t *put_length(uint8_t *out, size_t length)
{
    while (length >= 255) {
        *out++ = 255;
        length -= 255;
    }
    *out++ = (uint8_t)length;
    return out;
}

BP_INLINE uint8_t *put_literals(uint8_t *out, uint8_t *token, const uint8_t *from, size_t count)
{
    if (count >= TOKEN_MAX) {
        *token = TOKEN_MAX << 4;
        out = put_length(out, count - TOKEN_MAX);
    } else {
        *token = (uint8_t)(count << 4);
    }
    copy_wild(out, from, count);
    return out + count;
}

BP_INLINE uint8_t *put_match(uint8_t *out, uint8_t *token, size_t distance, size_t beyond)
{
    bp_store_le16(out, (uint16_t)distance);
    out += 2;
    if (beyond >= TOKEN_MAX) {
        *token = (uint8_t)(*token + TOKEN_MAX);
        return put_length(out, beyond - TOKEN_MAX);
    }
    *token = (uint8_t)(*token + beyond);
    return out;
}

/* Steps on from *at (whose hash is *hash) until four bytes there were seen before; false when the block ends
 * first. */
BP_INLINE bool find_match(bp_lz4_table *table, const uint8_t *in, const uint8_t *stop, const uint8_t **at,
                          const uint8_t **match, uint32_t hash, bool wide)
{
    const uint8_t *next = *at;
    uint32_t step = 1, tries = 1 << SKIP_SHIFT;
    for (;;) {
        const uint8_t *here = next;
        uint32_t position = (uint32_t)(here - in), seen = table_get(table, hash, wide), old = hash;
        next += step;
        step = tries++ >> SKIP_SHIFT;
        if (next > stop)
            return false;
        hash = hash_at(next, wide);
        table_put(table, old, position, wide);
        if (wide && seen + MAX_DISTANCE < position)
            continue;
        if (bp_load_le32(in + seen) == bp_load_le32(here)) {
            *at = here;
            *match = in + seen;
            return true;
        }
    }
}

BP_INLINE size_t encode_body(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out, bool wide)
{
    const uint8_t *at = in, *anchor = in, *end = in + bytes;
    const uint8_t *stop = end - MATCH_MARGIN + 1, *limit = end - LAST_LITERALS, *match;
    uint8_t *to = out, *token;

    table_put(table, hash_at(at, wide), 0, wide);
    at++;
    while (find_match(table, in, stop, &at, &match, hash_at(at, wide), wide)) {
        while (at > anchor && match > in && at[-1] == match[-1]) {
            at--;
            match--;
        }
        token = to++;
        to = put_literals(to, token, anchor, (size_t)(at - anchor));
        for (;;) {
            size_t beyond = match_length(at + MIN_MATCH, match + MIN_MATCH, limit);
            to = put_match(to, token, (size_t)(at - match), beyond);
            at += beyond + MIN_MATCH;
            anchor = at;
            if (at >= stop)
                goto last;
            table_put(table, hash_at(at - 2, wide), (uint32_t)(at - 2 - in), wide);
            uint32_t hash = hash_at(at, wide), position = (uint32_t)(at - in);
            uint32_t seen = table_get(table, hash, wide);
            table_put(table, hash, position, wide);
            match = in + seen;
            if ((wide && seen + MAX_DISTANCE < position) || bp_load_le32(match) != bp_load_le32(at))
                break;
            token = to++; /* a match right behind a match: no literals */
            *token = 0;
        }
        at++;
    }
last:
    token = to++;
    to = put_literals(to, token, anchor, (size_t)(end - anchor));
    return (size_t)(to - out);
}

/* Makes everything in the table older than the block to come. */
BP_INLINE void table_renew(bp_lz4_table *table, size_t bytes, bool wide)
{
    uint64_t room = wide ? UINT64_C(1) << 32 : UINT64_C(1) << 16;
    if (table->wide != wide || table->next + bytes > room) {
        memset(table, 0, sizeof *table);
        table->wide = wide;
    }
    table->base = table->next;
    table->next += (uint32_t)bytes;
}

size_t LEVEL(bp_lz4_encode)(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out)
{
    if (bytes > BP_LZ4_MAX_BYTES)
        return 0;
    if (bytes < MIN_INPUT) {
        out[0] = (uint8_t)(bytes << 4);
        memcpy(out + 1, in, bytes);
        return 1 + bytes;
    }
    bool wide = bytes >= NARROW_LIMIT;
    table_renew(table, bytes, wide);
    return wide ? encode_body(table, in, bytes, out, true) : encode_body(table, in, bytes, out, false);
}

/* Adds the bytes that continue a length; false when the input ends or the length could not be true. */
BP_INLINE bool read_length(const uint8_t **in, const uint8_t *end, size_t *length, size_t most)
{
    uint8_t byte;
    do {
        if (*in == end || *length > most)
            return false;
        byte = *(*in)++;
        *length += byte;
    } while (byte == 255);
    return true;
}

/* One sequence after another; stops at the first that is not plain: long, near the end of the input, or
 * damaged. A plain one has at most 14 literals and a match of at most 18 bytes. */
BP_INLINE void decode_plain(const uint8_t **input, const uint8_t *end, const uint8_t *start, uint8_t **output,
                            const uint8_t *stop)
{
    const uint8_t *in = *input;
    uint8_t *to = *output;
    while (end - in >= 32 && stop - to >= 32) {
        unsigned token = *in;
        size_t literals = token >> 4, length = token & TOKEN_MAX;
        if (literals == TOKEN_MAX || length == TOKEN_MAX)
            break;
        memcpy(to, in + 1, 16);
        size_t distance = bp_load_le16(in + 1 + literals);
        uint8_t *next = to + literals;
        if (distance == 0 || distance > (size_t)(next - start))
            break;
        copy_match_18(next, distance);
        in += literals + 3;
        to = next + length + MIN_MATCH;
    }
    *input = in;
    *output = to;
}

bool LEVEL(bp_lz4_decode)(const uint8_t *in, size_t size, uint8_t *out, size_t bytes)
{
    const uint8_t *end = in + size;
    uint8_t *to = out, *stop = out + bytes;
    for (;;) {
        decode_plain(&in, end, out, &to, stop);
        if (in == end)
            return false;
        unsigned token = *in++;
        size_t literals = token >> 4, length = token & TOKEN_MAX;
        if (literals == TOKEN_MAX && !read_length(&in, end, &literals, bytes))
            return false;
        if (literals > (size_t)(end - in) || literals > (size_t)(stop - to))
            return false;
        if ((size_t)(end - in) - literals >= COPY_STEP)
            copy_wild(to, in, literals);
        else
            memcpy(to, in, literals);
        to += literals;
        in += literals;
        if (in == end)
            return to == stop;
        if (end - in < 2)
            return false;
        size_t distance = bp_load_le16(in);
        in += 2;
        if (length == TOKEN_MAX && !read_length(&in, end, &length, bytes))
            return false;
        length += MIN_MATCH;
        if (distance == 0 || distance > (size_t)(to - out) || length > (size_t)(stop - to))
            return false;
        copy_match(to, distance, length);
        to += length;
    }
}
