/* SPDX-License-Identifier: BSD-3-Clause
 * A map in the header of a chunk. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/photon_map.h"
#include "algo/photon_pattern.h"

#define KIND_WHOLE 7 /* SCALE by 1 */
#define KIND_MASK  7
#define SPECIALS   3 /* first bit of their count */

static void put_wide(bp_photon_writer *w, uint64_t value)
{
    for (; value > 127; value >>= 7)
        bp_photon_put_byte(w, (unsigned)(value & 127) | 128);
    bp_photon_put_byte(w, (unsigned)value);
}

static uint64_t get_wide(bp_photon_reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned byte = bp_photon_get_byte(r);
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    r->bad = true;
    return 0;
}

static void put_fixed(bp_photon_writer *w, uint64_t value, unsigned bits)
{
    for (unsigned b = 0; b < bits; b += 8)
        bp_photon_put_byte(w, (unsigned)(value >> b & 255));
}

static uint64_t get_fixed(bp_photon_reader *r, unsigned bits)
{
    uint64_t value = 0;
    for (unsigned b = 0; b < bits; b += 8)
        value |= (uint64_t)bp_photon_get_byte(r) << b;
    return value;
}

static uint64_t bits_of_double(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, 8);
    return bits;
}

static void write_table(bp_photon_writer *w, const bp_photon_map *map)
{
    uint64_t before = 0;
    put_wide(w, map->table_count - 1);
    for (size_t i = 0; i < map->table_count && !w->full; i++) {
        uint64_t key = bp_photon_key(map->dtype, map->table[i]);
        put_wide(w, key - before - (i > 0));
        before = key;
    }
}

void bp_photon_map_write(bp_photon_writer *w, const bp_photon_map *map)
{
    unsigned bits = bp_photon_bits_of(map->dtype), kind = (unsigned)map->kind;
    if (map->kind == BP_PHOTON_KIND_SCALE && map->scale == 1)
        kind = KIND_WHOLE;
    bp_photon_put_byte(w, kind | (unsigned)map->special_count << SPECIALS);
    for (size_t i = 0; i < map->special_count; i++)
        put_fixed(w, map->specials[i], bits);
    if (kind == BP_PHOTON_KIND_SCALE || kind == BP_PHOTON_KIND_DIVIDE) {
        put_fixed(w, bits_of_double(map->scale), 64);
    } else if (kind == BP_PHOTON_KIND_RANKS) {
        write_table(w, map);
    } else if (kind == BP_PHOTON_KIND_FIXED) {
        put_fixed(w, (uint32_t)map->point + 1024u, 16);
        bp_photon_put_byte(w, map->zeros);
    } else if (kind == BP_PHOTON_KIND_SPLIT) {
        bp_photon_put_byte(w, map->shift);
        bp_photon_put_byte(w, map->zeros);
    } else if (kind == BP_PHOTON_KIND_OFFSET) {
        put_fixed(w, map->offset, 64);
    }
}

static bool read_table(bp_photon_reader *r, bp_photon_map *map)
{
    uint64_t count = get_wide(r), key = 0, left = (uint64_t)(r->end - r->at);
    if (r->bad || count >= BP_PHOTON_MOST_RANKS || count >= left) { /* a byte each at least */
        r->bad = true;
        return true;
    }
    map->table = malloc((size_t)(count + 1) * sizeof *map->table);
    if (!map->table)
        return false;
    for (; map->table_count <= count; map->table_count++) {
        uint64_t more = get_wide(r), before = key;
        key += more + (map->table_count > 0);
        if (map->table_count > 0 && key <= before)
            r->bad = true;
        map->table[map->table_count] = bp_photon_key_back(map->dtype, key);
    }
    return true;
}

static void read_real(bp_photon_reader *r, bp_photon_map *map)
{
    const bp_photon_real real = bp_photon_real_of(map->dtype);
    if (map->kind == BP_PHOTON_KIND_FIXED) {
        map->point = (int)get_fixed(r, 16) - 1024;
        r->bad |= map->point < 2 - real.bias || map->point > real.bias - 2;
    } else {
        map->shift = bp_photon_get_byte(r);
        r->bad |= map->shift < real.width - 25 || map->shift >= real.width;
    }
    map->zeros = bp_photon_get_byte(r);
    r->bad |= map->zeros > real.mantissa;
    if (map->kind == BP_PHOTON_KIND_FIXED && !r->bad)
        map->small = bp_photon_small_bits(map);
}

static bool read_kind(bp_photon_reader *r, bp_photon_map *map)
{
    bool real = map->dtype == BP_F32 || map->dtype == BP_F64;
    uint64_t bits;
    switch ((unsigned)map->kind) {
    case KIND_WHOLE:
        map->kind = BP_PHOTON_KIND_SCALE;
        map->scale = 1;
        r->bad |= !real;
        return true;
    case BP_PHOTON_KIND_SCALE:
    case BP_PHOTON_KIND_DIVIDE:
        bits = get_fixed(r, 64);
        memcpy(&map->scale, &bits, 8);
        r->bad |= !real || !(map->scale > 0 && map->scale < INFINITY);
        return true;
    case BP_PHOTON_KIND_RANKS:
        return read_table(r, map);
    case BP_PHOTON_KIND_FIXED:
    case BP_PHOTON_KIND_SPLIT:
        r->bad |= !real;
        if (real)
            read_real(r, map);
        return true;
    case BP_PHOTON_KIND_OFFSET:
        map->offset = get_fixed(r, 64);
        return true;
    default:
        r->bad = true;
        return true;
    }
}

bool bp_photon_map_read(bp_photon_reader *r, bp_dtype dtype, bp_photon_map *map)
{
    *map = (bp_photon_map){.dtype = dtype};
    unsigned head = bp_photon_get_byte(r);
    map->kind = (bp_photon_kind)(head & KIND_MASK);
    map->special_count = head >> SPECIALS;
    if (map->special_count > 2) {
        map->special_count = 0;
        r->bad = true;
    }
    for (size_t i = 0; i < map->special_count; i++)
        map->specials[i] = get_fixed(r, bp_photon_bits_of(dtype));
    return r->bad || read_kind(r, map);
}
