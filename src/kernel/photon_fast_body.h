/* SPDX-License-Identifier: BSD-3-Clause
 * The way through a frame, for each kernel of photon's level fast. The file that includes this defines
 *     staged, a type that holds what is known of a block before it is written;
 *     bool plan_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *values, const uint8_t *north,
 *                     staged *to);
 *         false when count mode has all residuals 0
 *     uint8_t *put_block(const staged *from, size_t itemsize, uint8_t *out);
 *         writes the block at out and returns its end
 *     const uint8_t *decode_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *in,
 *                                 const uint8_t *north, uint8_t *values, bool *bad);
 *     void decode_zeros(const bp_photon_fast *f, size_t itemsize, const uint8_t *north, uint8_t *values);
 *         such a block
 * north is what stands above values, with BP_FAST_REACH pixels before and behind. */
#define NORTH_PIXELS (BP_FAST_BLOCK + 2 * BP_FAST_REACH)

/* Above the first row: base. */
static const uint8_t *first_north(const bp_photon_fast *f, size_t itemsize, const uint8_t *frame, size_t at,
                                  uint8_t *room)
{
    for (size_t i = 0; i < NORTH_PIXELS; i++) {
        size_t of = at + i; /* pixel of - lag - BP_FAST_REACH */
        uint32_t value = f->base;
        if (of >= f->lag + BP_FAST_REACH)
            value = bp_fast_load(frame + (of - f->lag - BP_FAST_REACH) * itemsize, itemsize);
        bp_fast_store(room + i * itemsize, itemsize, value);
    }
    return room + BP_FAST_REACH * itemsize;
}

static inline const uint8_t *north_of(const bp_photon_fast *f, size_t itemsize, const uint8_t *frame,
                                      size_t at, uint8_t *room)
{
    if (at >= f->lag + BP_FAST_REACH)
        return frame + (at - f->lag) * itemsize;
    return first_north(f, itemsize, frame, at, room);
}

/* The last pixels of a frame, filled up with what costs nothing. */
static const uint8_t *last_block(const bp_photon_fast *f, size_t itemsize, const uint8_t *values, size_t left,
                                 const uint8_t *north, uint8_t *room)
{
    memcpy(room, values, left * itemsize);
    for (size_t i = left; i < BP_FAST_BLOCK; i++) {
        uint32_t above = bp_fast_load(north + i * itemsize, itemsize);
        bp_fast_store(room + i * itemsize, itemsize, above > f->top ? above : f->base);
    }
    return room;
}

static inline size_t encode_range(const bp_photon_fast *f, size_t itemsize, const uint8_t *frame, size_t at,
                                  size_t end, uint8_t *out, size_t capacity)
{
    uint8_t room[NORTH_PIXELS * sizeof(uint32_t)], last[BP_FAST_BLOCK * sizeof(uint32_t)];
    uint8_t spare[BP_FAST_LIMIT + BP_FAST_SLACK];
    spare[0] = last[0] = room[0] = 0; /* so much for analysers */
    staged blocks[BP_FAST_BLOCKS]; /* all planned, then all written: the processor works on several at once */
    const bp_photon_fast own = *f; /* which stores of pixels cannot change */
    size_t size = 0;
    while (at < end) {
        bool roomy = capacity - size >= BP_FAST_LIMIT + BP_FAST_SLACK;
        uint8_t *group = roomy ? out + size : spare, *to = group + 1;
        unsigned mask = 0;
        for (unsigned b = 0; b < BP_FAST_BLOCKS && at < end; b++, at += BP_FAST_BLOCK) {
            const uint8_t *values = frame + at * itemsize, *north = north_of(f, itemsize, frame, at, room);
            if (f->count - at < BP_FAST_BLOCK)
                values = last_block(f, itemsize, values, f->count - at, north, last);
            mask |= (unsigned)plan_block(&own, itemsize, values, north, &blocks[b]) << b;
        }
        *group = (uint8_t)mask;
        for (; mask; mask &= mask - 1)
            to = put_block(&blocks[__builtin_ctz(mask)], itemsize, to);
        size_t bytes = (size_t)(to - group);
        if (!roomy) {
            if (bytes > capacity - size)
                return 0;
            memcpy(out + size, spare, bytes);
        }
        size += bytes;
    }
    return size;
}

static inline const uint8_t *decode_group(const bp_photon_fast *f, size_t itemsize, const uint8_t *in,
                                          uint8_t *frame, size_t at, bool *bad)
{
    uint8_t room[NORTH_PIXELS * sizeof(uint32_t)], last[BP_FAST_BLOCK * sizeof(uint32_t)];
    const bp_photon_fast own = *f;
    unsigned mask = *in++;
    last[0] = 0; /* so much for analysers */
    for (unsigned b = 0; b < BP_FAST_BLOCKS && at < f->count; b++, at += BP_FAST_BLOCK, mask >>= 1) {
        uint8_t *values = frame + at * itemsize;
        const uint8_t *north = north_of(f, itemsize, frame, at, room);
        size_t left = f->count - at;
        uint8_t *to = left < BP_FAST_BLOCK ? last : values;
        if (mask & 1)
            in = decode_block(&own, itemsize, in, north, to, bad);
        else
            decode_zeros(&own, itemsize, north, to);
        if (left < BP_FAST_BLOCK)
            memcpy(values, last, left * itemsize);
    }
    *bad |= mask != 0;
    return in;
}

/* Reads the last bytes from a copy, behind which there is room for a group that lies about its length. */
static inline bool decode_frame(const bp_photon_fast *f, size_t itemsize, const uint8_t *in, size_t size,
                                uint8_t *frame)
{
    uint8_t spare[2 * (BP_FAST_LIMIT + BP_FAST_SLACK)];
    const uint8_t *end = in + size;
    bool copied = false, bad = false;
    for (size_t at = 0; at < f->count && !bad; at += BP_FAST_GROUP) {
        size_t left = (size_t)(end - in);
        if (!copied && left < BP_FAST_LIMIT + BP_FAST_SLACK) {
            memcpy(spare, in, left);
            memset(spare + left, 0, sizeof spare - left);
            in = spare;
            end = in + left;
            copied = true;
        }
        if (!left)
            return false;
        in = decode_group(f, itemsize, in, frame, at, &bad);
        bad |= in > end;
    }
    return !bad && in == end;
}

static size_t encode_any(const bp_photon_fast *f, const void *frame, size_t first, size_t end, uint8_t *out,
                         size_t capacity)
{
    switch (f->itemsize) {
    case 1:
        return encode_range(f, 1, frame, first, end, out, capacity);
    case 2:
        return encode_range(f, 2, frame, first, end, out, capacity);
    default:
        return encode_range(f, 4, frame, first, end, out, capacity);
    }
}

static bool decode_any(const bp_photon_fast *f, const uint8_t *in, size_t size, void *frame)
{
    switch (f->itemsize) {
    case 1:
        return decode_frame(f, 1, in, size, frame);
    case 2:
        return decode_frame(f, 2, in, size, frame);
    default:
        return decode_frame(f, 4, in, size, frame);
    }
}
