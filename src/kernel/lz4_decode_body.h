/* SPDX-License-Identifier: BSD-3-Clause
 * Decoding of one LZ4 block, compiled once per SIMD level. The file that includes this one first defines
 * LEVEL(name) and COPY_STEP, 16 to BP_LZ4_SLACK. What comes out never depends on the level. */

/* Repeats what stands before `to` until 8 bytes are there; returns how far back 8 bytes of the pattern then
 * start: the least multiple of distance from 8 on. */
BP_INLINE size_t spread_8(uint8_t *to, size_t distance)
{
    static const uint8_t multiple[8] = {0, 8, 8, 9, 8, 10, 12, 14};
    const uint8_t *from = to - distance;
    for (size_t i = 0; i < 8; i++)
        to[i] = from[i];
    return multiple[distance];
}

BP_INLINE void copy_match_18(uint8_t *to, size_t distance)
{
    if (distance >= 8) {
        memcpy(to, to - distance, 8);
    } else {
        distance = spread_8(to, distance);
    }
    memcpy(to + 8, to + 8 - distance, 8);
    memcpy(to + 16, to + 16 - distance, 8);
}

/* Up to COPY_STEP - 1 bytes too many. Small distances are common in bit planes; they are copied in steps of
 * 8, for a wider load would wait for the stores before it. */
BP_INLINE void copy_match(uint8_t *to, size_t distance, size_t bytes)
{
    const uint8_t *end = to + bytes;
    if (distance == 1) {
        uint8_t value = to[-1];
        for (; to < end; to += COPY_STEP)
            memset(to, value, COPY_STEP);
    } else if (distance >= COPY_STEP) {
        copy_wild(to, to - distance, bytes, COPY_STEP);
    } else {
        if (distance < 8) {
            distance = spread_8(to, distance);
            to += 8;
        }
        for (; to < end; to += 8)
            memcpy(to, to - distance, 8);
    }
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
            copy_wild(to, in, literals, COPY_STEP);
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
