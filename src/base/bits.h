/* SPDX-License-Identifier: BSD-3-Clause
 * Numbers in byte buffers. No byte pointer is ever cast to a wider type. */
#ifndef BP_BASE_BITS_H
#define BP_BASE_BITS_H

#include <stdint.h>
#include <string.h>

static inline uint16_t bp_load_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t bp_load_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t bp_load_le64(const uint8_t *p)
{
    return bp_load_le32(p) | (uint64_t)bp_load_le32(p + 4) << 32;
}

static inline uint32_t bp_load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t bp_load_be64(const uint8_t *p)
{
    return (uint64_t)bp_load_be32(p) << 32 | bp_load_be32(p + 4);
}

static inline void bp_store_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void bp_store_le32(uint8_t *p, uint32_t v)
{
    bp_store_le16(p, (uint16_t)v);
    bp_store_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void bp_store_le64(uint8_t *p, uint64_t v)
{
    bp_store_le32(p, (uint32_t)v);
    bp_store_le32(p + 4, (uint32_t)(v >> 32));
}

static inline void bp_store_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void bp_store_be64(uint8_t *p, uint64_t v)
{
    bp_store_be32(p, (uint32_t)(v >> 32));
    bp_store_be32(p + 4, (uint32_t)v);
}

static inline void bp_store_le_double(uint8_t *p, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    bp_store_le64(p, bits);
}

static inline double bp_load_le_double(const uint8_t *p)
{
    uint64_t bits = bp_load_le64(p);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

#endif
