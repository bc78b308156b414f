/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/photon_bytes.h"
#include "base/bits.h"

void bp_photon_put_byte(bp_photon_writer *w, unsigned value)
{
    if (w->at == w->end)
        w->full = true;
    else
        *w->at++ = (uint8_t)value;
}

void bp_photon_put_number(bp_photon_writer *w, uint32_t value)
{
    for (; value > 127; value >>= 7)
        bp_photon_put_byte(w, (value & 127) | 128);
    bp_photon_put_byte(w, value);
}

void bp_photon_put_bits(bp_photon_writer *w, uint32_t value, unsigned count)
{
    w->bits |= (uint64_t)value << w->count;
    w->count += count;
    for (; w->count >= 8; w->count -= 8, w->bits >>= 8)
        bp_photon_put_byte(w, (unsigned)(w->bits & 255));
}

void bp_photon_put_gamma(bp_photon_writer *w, uint32_t value)
{
    unsigned length = 31 - (unsigned)__builtin_clz(value + 1);
    bp_photon_put_bits(w, 0, length);
    bp_photon_put_bits(w, 1, 1);
    bp_photon_put_bits(w, (value + 1) & ((1u << length) - 1), length);
}

void bp_photon_put_signed(bp_photon_writer *w, int32_t value)
{
    bp_photon_put_gamma(w, value < 0 ? 2u * (uint32_t)-value - 1 : 2u * (uint32_t)value);
}

void bp_photon_put_flush(bp_photon_writer *w)
{
    if (w->count)
        bp_photon_put_bits(w, 0, 8 - w->count);
}

unsigned bp_photon_get_byte(bp_photon_reader *r)
{
    if (r->at != r->end)
        return *r->at++;
    r->bad = true;
    return 0;
}

uint32_t bp_photon_get_number(bp_photon_reader *r)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        unsigned byte = bp_photon_get_byte(r);
        if (shift == 28 && byte > 15)
            break;
        value |= (uint32_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    r->bad = true;
    return 0;
}

static void skip(bp_photon_reader *r, unsigned count)
{
    r->used += count;
    r->at += r->used / 8;
    r->used %= 8;
}

uint32_t bp_photon_get_bits(bp_photon_reader *r, unsigned count)
{
    uint32_t value = 0;
    if (r->end - r->at >= 8) { /* 57 bits are there */
        value = (uint32_t)(bp_load_le64(r->at) >> r->used & ((UINT64_C(1) << count) - 1));
        skip(r, count);
        return value;
    }
    for (unsigned i = 0; i < count; i++) {
        if (r->at == r->end) {
            r->bad = true;
            return 0;
        }
        value |= (uint32_t)(*r->at >> r->used & 1) << i;
        if (++r->used == 8) {
            r->used = 0;
            r->at++;
        }
    }
    return value;
}

uint32_t bp_photon_get_gamma(bp_photon_reader *r)
{
    unsigned length = 0;
    if (r->end - r->at >= 8) {
        uint64_t bits = bp_load_le64(r->at) >> r->used | UINT64_C(1) << 56;
        length = (unsigned)__builtin_ctzll(bits);
        if (length <= 24) {
            skip(r, 2 * length + 1);
            return ((uint32_t)(bits >> (length + 1) & ((1u << length) - 1)) | 1u << length) - 1;
        }
        length = 0;
    }
    while (!bp_photon_get_bits(r, 1)) {
        if (r->bad || ++length > 24) {
            r->bad = true;
            return 0;
        }
    }
    return (bp_photon_get_bits(r, length) | 1u << length) - 1;
}

int32_t bp_photon_get_signed(bp_photon_reader *r)
{
    uint32_t value = bp_photon_get_gamma(r);
    return value & 1 ? -(int32_t)((value + 1) / 2) : (int32_t)(value / 2);
}

void bp_photon_get_flush(bp_photon_reader *r)
{
    if (r->used && *r->at >> r->used)
        r->bad = true;
    if (r->used)
        r->at++;
    r->used = 0;
}
