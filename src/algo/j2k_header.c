/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "algo/j2k_header.h"
#include "base/bits.h"

enum {
    SOC = 0xff4f,
    SIZ = 0xff51,
    COD = 0xff52,
    QCD = 0xff5c,
    COM = 0xff64,
    SOT = 0xff90,
    SOD = 0xff93,
    EOC = 0xffd9
};

#define MAX_RESOLUTIONS 6
#define SIZ_BYTES       41 /* Lsiz for one component */
#define COD_BYTES       12
#define SOT_BYTES       10

int bp_j2k_resolutions(size_t height, size_t width)
{
    int resolutions = 1;
    while (resolutions < MAX_RESOLUTIONS && height >> resolutions && width >> resolutions)
        resolutions++;
    return resolutions;
}

static unsigned load_be16(const uint8_t *p)
{
    return (unsigned)(p[0] << 8 | p[1]);
}

/* Both get the segment behind its marker, from its length word on. */
static bool size_agrees(const bp_frames *frame, const uint8_t *s, size_t length)
{
    if (length != SIZ_BYTES)
        return false;
    const uint8_t *component = s + 38;
    unsigned depth = (component[0] & 127u) + 1;
    return bp_load_be32(s + 4) == frame->width && bp_load_be32(s + 8) == frame->height &&
           bp_load_be32(s + 12) == 0 && bp_load_be32(s + 16) == 0 && bp_load_be32(s + 20) >= frame->width &&
           bp_load_be32(s + 24) >= frame->height && bp_load_be32(s + 28) == 0 && bp_load_be32(s + 32) == 0 &&
           load_be16(s + 36) == 1 && depth <= 8 * frame->itemsize && component[1] == 1 && component[2] == 1;
}

static bool style_agrees(const bp_frames *frame, bool irreversible, const uint8_t *s, size_t length)
{
    const uint8_t expected[COD_BYTES - 2] = {
        0, 0,
        0, 1,
        0, (uint8_t)(bp_j2k_resolutions(frame->height, frame->width) - 1),
        4, 4,
        0, !irreversible};
    return length == COD_BYTES && memcmp(s + 2, expected, sizeof expected) == 0;
}

/* One tile-part that reaches to the end of the codestream, its data right behind its header. */
static bool tile_agrees(const uint8_t *s, size_t left)
{
    static const uint8_t last_words[2] = {EOC >> 8, EOC & 255};
    if (left < SOT_BYTES + 4 || load_be16(s) != SOT_BYTES || load_be16(s + 2) != 0 || s[8] != 0 || s[9] > 1)
        return false;
    /* Psot counts from the marker in front of s */
    return bp_load_be32(s + 4) == left && load_be16(s + SOT_BYTES) == SOD &&
           memcmp(s + left - 2, last_words, 2) == 0;
}

bp_status bp_j2k_check(bp_context *ctx, const bp_frames *frame, bool irreversible, const uint8_t *in,
                       size_t size)
{
    size_t at = 2;
    bool has_size = false, has_style = false, has_steps = false;
    if (size < 4 || load_be16(in) != SOC)
        return bp_fail(ctx, BP_E_DAMAGED, "jpeg2000: the data are no codestream");
    while (size - at >= 4) {
        unsigned marker = load_be16(in + at);
        const uint8_t *segment = in + at + 2;
        size_t left = size - at - 2, length = load_be16(segment);
        if (marker == SOT && has_size && has_style && has_steps && tile_agrees(segment, left))
            return BP_OK;
        bool fits = length >= 2 && length <= left;
        if (fits && marker == SIZ && !has_size)
            has_size = fits = size_agrees(frame, segment, length);
        else if (fits && marker == COD && has_size && !has_style)
            has_style = fits = style_agrees(frame, irreversible, segment, length);
        else if (fits && marker == QCD && has_size && !has_steps)
            has_steps = true;
        else
            fits = fits && marker == COM && has_size;
        if (!fits)
            return bp_fail(ctx, BP_E_DAMAGED,
                           "jpeg2000: marker %04x at byte %zu is not of a frame of %zu x %zu", marker, at,
                           frame->height, frame->width);
        at += 2 + length;
    }
    return bp_fail(ctx, BP_E_DAMAGED, "jpeg2000: the codestream ends in its header");
}
