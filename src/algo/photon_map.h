/* SPDX-License-Identifier: BSD-3-Clause
 * Floats and 64-bit integers as small integers, exactly: each value becomes a number for the frame coder and,
 * where that does not say all, some raw bits (docs/photon-chunk.md). */
#ifndef BP_ALGO_PHOTON_MAP_H
#define BP_ALGO_PHOTON_MAP_H

#include "algo/photon_bits.h"
#include "algo/photon_bytes.h"
#include "beampress/array.h"
#include "kernel/photon_numbers.h"

typedef enum bp_photon_kind {
    BP_PHOTON_KIND_SCALE = 1,  /* value = number * scale, in double */
    BP_PHOTON_KIND_DIVIDE = 2, /* value = number / scale, in double */
    BP_PHOTON_KIND_RANKS = 3,  /* place in a table of all values */
    BP_PHOTON_KIND_FIXED = 4,  /* fixed point; raw: what is behind the point */
    BP_PHOTON_KIND_SPLIT = 5,  /* upper bits of the pattern in its order; raw: lower bits */
    BP_PHOTON_KIND_OFFSET = 6  /* 64-bit integers less an offset */
} bp_photon_kind;

#define BP_PHOTON_MOST_RANKS 65536

typedef struct bp_photon_map {
    bp_photon_kind kind;
    bp_dtype dtype;       /* of the values: BP_F32, BP_F64, BP_U64 or BP_I64 */
    double scale;         /* SCALE, DIVIDE */
    int point;            /* FIXED: binary digits behind the point that are in the number */
    unsigned shift;       /* SPLIT: lower bits */
    unsigned zeros;       /* FIXED, SPLIT: lowest bits that are 0 in every value */
    uint64_t offset;      /* OFFSET */
    unsigned small;       /* FIXED: raw bits of what is behind the point where the number is 0 */
    size_t special_count; /* at most 2 */
    uint64_t specials[2]; /* patterns */
    size_t table_count;   /* RANKS */
    uint64_t *table;      /* patterns in the order of values */
    uint32_t *slots;      /* hash table of the encoder: place in table + 1 */
    unsigned slot_bits;   /* log2 of its size */
} bp_photon_map;

bool bp_photon_map_takes(bp_dtype dtype);
void bp_photon_map_fini(bp_photon_map *map);

/* Numbers of count values. Raw bits follow each other in the order of values. */
void bp_photon_map_forward(const bp_photon_map *map, const void *values, size_t count, int32_t *numbers,
                           bp_photon_bit_writer *raw);
/* False when a number stands for no value; raw->bad when bits are missing. */
bool bp_photon_map_back(const bp_photon_map *map, const int32_t *numbers, size_t count, void *values,
                        bp_photon_bit_reader *raw);

/* Fills candidates[] with maps that may suit count values; returns how many there are, at most
 * BP_PHOTON_MAP_CANDIDATES, none when memory was short. Each is to be freed. scales: may be multiples of
 * something when a sample is? */
#define BP_PHOTON_MAP_CANDIDATES 3
size_t bp_photon_map_find(bp_dtype dtype, const void *values, size_t count, bool scales,
                          bp_photon_map *candidates);

void bp_photon_map_write(bp_photon_writer *w, const bp_photon_map *map);
/* Sets r->bad for what no encoder writes. False when memory was short. map is to be freed in every case. */
bool bp_photon_map_read(bp_photon_reader *r, bp_dtype dtype, bp_photon_map *map);

#endif
