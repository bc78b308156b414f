/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/jxl_header.h"

/* Bits from the lowest of the first byte on. Behind the end there are zeros and `past` says so. */
typedef struct bit_reader {
    const uint8_t *in;
    size_t bits, at;
    bool past;
} bit_reader;

static uint32_t read_bits(bit_reader *r, unsigned count)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++, r->at++) {
        if (r->at >= r->bits)
            r->past = true;
        else
            value |= (uint32_t)(r->in[r->at / 8] >> r->at % 8 & 1) << i;
    }
    return value;
}

/* One of four fields, chosen by two bits: an offset and so many bits. */
typedef struct field_choice {
    uint32_t offset;
    unsigned bits;
} field_choice;

static uint32_t read_choice(bit_reader *r, const field_choice choices[4])
{
    const field_choice *c = &choices[read_bits(r, 2)];
    return c->offset + read_bits(r, c->bits);
}

static void read_size(bit_reader *r, uint64_t *width, uint64_t *height)
{
    static const field_choice side[4] = {{1, 9}, {1, 13}, {1, 18}, {1, 30}};
    static const unsigned ratios[8][2] = {{0, 1}, {1, 1}, {12, 10}, {4, 3}, {3, 2}, {16, 9}, {5, 4}, {2, 1}};
    bool eighths = read_bits(r, 1);
    *height = eighths ? 8 * (read_bits(r, 5) + 1) : read_choice(r, side);
    uint32_t ratio = read_bits(r, 3);
    if (ratio)
        *width = *height * ratios[ratio][0] / ratios[ratio][1];
    else
        *width = eighths ? 8 * (read_bits(r, 5) + 1) : read_choice(r, side);
}

/* From the metadata on: not all default (that is RGB), no extra fields (orientation, preview, animation),
 * integer samples, no extra channels, a colour encoding that is stated, no ICC profile, grey. */
static bool is_plain_grey(bit_reader *r, const bp_frames *frame)
{
    static const field_choice depth[4] = {{8, 0}, {10, 0}, {12, 0}, {1, 6}};
    if (read_bits(r, 1) || read_bits(r, 1) || read_bits(r, 1) || read_choice(r, depth) != 8 * frame->itemsize)
        return false;
    read_bits(r, 1); /* 16-bit buffers suffice */
    if (read_bits(r, 2))
        return false;
    read_bits(r, 1); /* XYB */
    return !read_bits(r, 1) && !read_bits(r, 1) && read_bits(r, 2) == 1;
}

bp_status bp_jxl_check_image(bp_context *ctx, const bp_frames *frame, const uint8_t *in, size_t size)
{
    bit_reader r = {.in = in, .bits = size < 64 ? 8 * size : 512};
    uint64_t width, height;
    if (read_bits(&r, 16) != 0x0aff)
        return bp_fail(ctx, BP_E_DAMAGED, "jpegxl: the data are no codestream");
    read_size(&r, &width, &height);
    if (r.past || width != frame->width || height != frame->height)
        return bp_fail(ctx, BP_E_DAMAGED, "jpegxl: the codestream holds %llu x %llu pixels, not %zu x %zu",
                       (unsigned long long)height, (unsigned long long)width, frame->height, frame->width);
    if (!is_plain_grey(&r, frame) || r.past)
        return bp_fail(ctx, BP_E_DAMAGED, "jpegxl: the codestream is no grey image of %zu bits",
                       8 * frame->itemsize);
    return BP_OK;
}

/* Flags beyond this one bring in patches, splines, noise or other frames. */
static bool has_plain_flags(bit_reader *r)
{
    const uint32_t skip_smoothing = 128;
    switch (read_bits(r, 2)) {
    case 0:
        return true;
    case 2:
        return 17 + read_bits(r, 8) == skip_smoothing;
    default:
        return false;
    }
}

bp_status bp_jxl_check_frame(bp_context *ctx, bool xyb, const uint8_t *in, size_t size)
{
    bit_reader r = {.in = in, .bits = size < 64 ? 8 * size : 512};
    bool plain = true;
    if (!read_bits(&r, 1)) {
        plain = read_bits(&r, 2) == 0; /* a regular frame */
        bool modular = read_bits(&r, 1);
        plain = plain && has_plain_flags(&r);
        plain = plain && (xyb || !read_bits(&r, 1)); /* not YCbCr */
        plain = plain && read_bits(&r, 2) == 0;      /* not upsampled */
        read_bits(&r, modular ? 2 : xyb ? 6 : 0);    /* size of groups; scales of X and B */
        plain = plain && read_bits(&r, 2) == 0;      /* one pass */
        plain = plain && read_bits(&r, 1) == 0;      /* the whole image */
        plain = plain && read_bits(&r, 2) == 0;      /* replaces what was there */
        plain = plain && read_bits(&r, 1) == 1;      /* the last frame */
    }
    return plain && !r.past ? BP_OK
                            : bp_fail(ctx, BP_E_DAMAGED, "jpegxl: the codestream is not of one plain frame");
}
