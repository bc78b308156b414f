/* SPDX-License-Identifier: BSD-3-Clause
 * Encoding of one LZ4 block, compiled once per SIMD level. The file that includes this one first defines
 * LEVEL(name), COPY_STEP, 16 to BP_LZ4_SLACK, and match_length(a, b, limit): how many bytes at a and b agree,
 * up to limit (of a); it may read BP_LZ4_SLACK bytes too many. What comes out never depends on the level. */

enum {
    LAST_LITERALS = 5, /* a block ends with at least so many literals */
    MATCH_MARGIN = 12, /* and no match starts in so many last bytes */
    MIN_INPUT = 13,    /* shorter blocks are literals only */
    MAX_DISTANCE = 65535,
    NARROW_LIMIT = 65536 + 11, /* blocks below this size use the narrow table */
    SKIP_SHIFT = 6             /* every 64 positions without a match the step grows by one */
};

/* The hash of what stands in the low bytes: four of them for the narrow table, five for the wide one. */
BP_INLINE uint32_t hash_of(uint64_t bytes, bool wide)
{
    if (wide)
        return (uint32_t)((bytes << 24) * UINT64_C(889523592379) >> 52);
    return (uint32_t)bytes * UINT32_C(2654435761) >> 19;
}

/* Notes position under a hash and returns the one that was noted before, 0 when none was. */
BP_INLINE uint32_t exchange(bp_lz4_table *table, uint32_t hash, uint32_t position, bool wide)
{
    uint32_t seen = wide ? table->wide[hash] : table->narrow[hash];
    if (wide)
        table->wide[hash] = position;
    else
        table->narrow[hash] = (uint16_t)position;
    return seen;
}

/* Puts the rest of a length whose first 15 (or 15 + MIN_MATCH) stand in the token. */
BP_INLINE uint8_t *put_length(uint8_t *out, size_t length)
{
    if (length >= 255) {
        uint8_t *end = out + length / 255;
        for (uint8_t *p = out; p < end; p += COPY_STEP)
            memset(p, 255, COPY_STEP);
        length %= 255;
        out = end;
    }
    *out++ = (uint8_t)length;
    return out;
}

/* *head becomes the half of the token that counts literals. */
BP_INLINE uint8_t *put_literals(uint8_t *out, unsigned *head, const uint8_t *from, size_t count)
{
    if (count >= TOKEN_MAX) {
        *head = TOKEN_MAX << 4;
        out = put_length(out, count - TOKEN_MAX);
    } else {
        *head = (unsigned)count << 4;
    }
    copy_wild(out, from, count, COPY_STEP);
    return out + count;
}

BP_INLINE uint8_t *put_match(uint8_t *out, uint8_t *token, unsigned head, size_t distance, size_t beyond)
{
    store_16(out, (uint16_t)distance);
    out += 2;
    if (beyond >= TOKEN_MAX) {
        *token = (uint8_t)(head | TOKEN_MAX);
        return put_length(out, beyond - TOKEN_MAX);
    }
    *token = (uint8_t)(head | beyond);
    return out;
}

/* Where the search for the next match stands. */
typedef struct cursor {
    const uint8_t *at, *match;
} cursor;

/* Tries one position, whose bytes are given: were the four there seen before? */
BP_INLINE bool try_match(bp_lz4_table *table, const uint8_t *in, const uint8_t *at, uint64_t bytes, cursor *c,
                         bool wide)
{
    uint32_t position = (uint32_t)(at - in), seen = exchange(table, hash_of(bytes, wide), position, wide);
    if (load_32(in + seen) != (uint32_t)bytes || (wide && seen + MAX_DISTANCE < position))
        return false;
    c->at = at;
    c->match = in + seen;
    return true;
}

/* Steps on from c->at to the next match; false when the block ends first. */
BP_INLINE bool find_match(bp_lz4_table *table, const uint8_t *in, const uint8_t *stop, cursor *c, bool wide)
{
    const uint8_t *at = c->at;
    uint32_t step = 1, tries = 1 << SKIP_SHIFT;
    /* The first 64 steps are of one byte: four of them share a load. */
    for (; tries < 2 << SKIP_SHIFT && stop - at >= 4; tries += 4, at += 4) {
        uint64_t bytes = load_64(at);
        if (try_match(table, in, at, bytes, c, wide) ||
            try_match(table, in, at + 1, wide ? load_64(at + 1) : bytes >> 8, c, wide) ||
            try_match(table, in, at + 2, wide ? load_64(at + 2) : bytes >> 16, c, wide) ||
            try_match(table, in, at + 3, wide ? load_64(at + 3) : bytes >> 24, c, wide))
            return true;
    }
    for (;;) {
        const uint8_t *next = at + step;
        if (next > stop)
            return false;
        step = tries++ >> SKIP_SHIFT;
        if (try_match(table, in, at, load_bytes(at, wide), c, wide))
            return true;
        at = next;
    }
}

/* A match may start earlier than where it was found. */
BP_INLINE void extend_back(cursor *c, const uint8_t *anchor, const uint8_t *in)
{
    while (c->at > anchor && c->match > in && c->at[-1] == c->match[-1]) {
        c->at--;
        c->match--;
    }
}

BP_INLINE size_t encode_body(bp_lz4_table *table, const uint8_t *in, size_t bytes, uint8_t *out, bool wide)
{
    const uint8_t *anchor = in, *end = in + bytes;
    const uint8_t *stop = end - MATCH_MARGIN + 1, *limit = end - LAST_LITERALS;
    cursor c = {.at = in + 1};
    uint8_t *to = out, *token;
    unsigned head;

    memset(table, 0, sizeof *table); /* position 0 is thereby noted for every hash */
    while (find_match(table, in, stop, &c, wide)) {
        extend_back(&c, anchor, in);
        token = to++;
        to = put_literals(to, &head, anchor, (size_t)(c.at - anchor));
        for (;;) {
            size_t beyond = match_length(c.at + MIN_MATCH, c.match + MIN_MATCH, limit);
            to = put_match(to, token, head, (size_t)(c.at - c.match), beyond);
            c.at += beyond + MIN_MATCH;
            anchor = c.at;
            if (c.at >= stop)
                goto last;
            uint32_t position = (uint32_t)(c.at - in);
            uint64_t around = load_64(c.at - 2);
            (void)exchange(table, hash_of(wide ? around : (uint32_t)around, wide), position - 2, wide);
            uint64_t here = wide ? load_64(c.at) : around >> 16;
            uint32_t seen = exchange(table, hash_of(here, wide), position, wide);
            c.match = in + seen;
            if (load_32(c.match) != (uint32_t)here || (wide && seen + MAX_DISTANCE < position))
                break;
            token = to++; /* a match right behind a match: no literals */
            head = 0;
        }
        c.at++;
    }
last:
    token = to++;
    to = put_literals(to, &head, anchor, (size_t)(end - anchor));
    *token = (uint8_t)head;
    return (size_t)(to - out);
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
    if (bytes < NARROW_LIMIT)
        return encode_body(table, in, bytes, out, false);
    return encode_body(table, in, bytes, out, true);
}
