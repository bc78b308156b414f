/* SPDX-License-Identifier: BSD-3-Clause
 * Names follow T.87, annex A: Ra left, Rb above, Rc above left, Rd above right; A, B, C, N per context. */
#include <stdlib.h>
#include <string.h>

#include "algo/jpegls_decode.h"

enum { SOI = 0xffd8, EOI = 0xffd9, SOS = 0xffda, SOF55 = 0xfff7, LSE = 0xfff8 };

#define CONTEXTS  365
#define MAX_SHIFT 24 /* a Golomb parameter beyond comes from damage only */

typedef struct context {
    int32_t a, b, c, n;
} context;

typedef struct decoder {
    /* the entropy-coded bits: `bits` of them, left-aligned */
    const uint8_t *in;
    size_t size, at;
    uint64_t window;
    unsigned bits;
    bool after_ff, damaged;
    /* parameters */
    int32_t maxval, near, step, range, reset, limit, qbpp, t1, t2, t3;
    context regular[CONTEXTS];
    context run[2]; /* b counts negative errors (Nn) */
    unsigned run_index;
} decoder;

/* Length of runs, as a power of 2, per run index (T.87, A.2.1) */
static const uint8_t run_order[32] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,  2,  3,  3,  3,  3,
                                      4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static unsigned load_be16(const uint8_t *p)
{
    return (unsigned)(p[0] << 8 | p[1]);
}

/* Takes bytes in, until a marker; behind FF stands a byte of 7 bits. */
static void refill(decoder *d)
{
    while (d->bits <= 56 && d->at < d->size) {
        uint8_t byte = d->in[d->at];
        if (d->after_ff && byte & 0x80)
            return;
        unsigned count = d->after_ff ? 7 : 8;
        d->window |= (uint64_t)byte << (64 - d->bits - count);
        d->bits += count;
        d->after_ff = byte == 0xff;
        d->at++;
    }
}

static uint32_t read_bits(decoder *d, unsigned count)
{
    if (count == 0)
        return 0;
    if (d->bits < count)
        refill(d);
    if (d->bits < count) {
        d->damaged = true;
        return 0;
    }
    uint32_t value = (uint32_t)(d->window >> (64 - count));
    d->window <<= count;
    d->bits -= count;
    return value;
}

/* A limited-length Golomb code (A.5.3); -1 when there is none. */
static int32_t read_golomb(decoder *d, unsigned k, int32_t limit)
{
    int32_t zeros = 0, longest = limit - d->qbpp - 1;
    for (;;) {
        if (d->bits < 32)
            refill(d);
        if (d->bits == 0) {
            d->damaged = true;
            return -1;
        }
        if (d->window) {
            unsigned lead = (unsigned)__builtin_clzll(d->window);
            zeros += (int32_t)lead;
            d->window = lead < 63 ? d->window << (lead + 1) : 0;
            d->bits -= lead + 1;
            break;
        }
        zeros += (int32_t)d->bits;
        d->bits = 0;
        if (zeros > longest)
            break;
    }
    if (zeros > longest) {
        d->damaged = true;
        return -1;
    }
    if (zeros == longest)
        return (int32_t)read_bits(d, (unsigned)d->qbpp) + 1;
    return (int32_t)((uint32_t)zeros << k | read_bits(d, k));
}

static unsigned golomb_parameter(decoder *d, int32_t n, int32_t a)
{
    unsigned k = 0;
    while (k < MAX_SHIFT && (int64_t)n << k < a)
        k++;
    d->damaged |= k == MAX_SHIFT;
    return k;
}

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* The prediction and an error in steps of 2 NEAR + 1, modulo the range (A.4.4, A.5). */
static int32_t reconstruct(const decoder *d, int32_t px, int32_t error)
{
    int32_t rx = px + error * d->step;
    if (rx < -d->near)
        rx += d->range * d->step;
    else if (rx > d->maxval + d->near)
        rx -= d->range * d->step;
    return clamp(rx, 0, d->maxval);
}

static int32_t quantise(const decoder *d, int32_t gradient)
{
    int32_t size = abs(gradient), q;
    if (size <= d->near)
        return 0;
    q = size < d->t1 ? 1 : size < d->t2 ? 2 : size < d->t3 ? 3 : 4;
    return gradient < 0 ? -q : q;
}

static void update(const decoder *d, context *q, int32_t error)
{
    q->a += abs(error);
    q->b += error * d->step;
    if (q->n == d->reset) {
        q->a >>= 1;
        q->b = q->b >= 0 ? q->b >> 1 : -((1 - q->b) >> 1);
        q->n >>= 1;
    }
    q->n++;
    if (q->b <= -q->n) {
        q->b += q->n;
        q->c -= q->c > -128;
        q->b = q->b <= -q->n ? 1 - q->n : q->b;
    } else if (q->b > 0) {
        q->b -= q->n;
        q->c += q->c < 127;
        q->b = q->b > 0 ? 0 : q->b;
    }
}

static int32_t predict(int32_t ra, int32_t rb, int32_t rc)
{
    int32_t low = ra < rb ? ra : rb, high = ra < rb ? rb : ra;
    return rc >= high ? low : rc <= low ? high : ra + rb - rc;
}

/* One pixel in regular mode (A.4, A.5); number is 81 Q1 + 9 Q2 + Q3, not 0. */
static int32_t decode_regular(decoder *d, int32_t number, int32_t px)
{
    int32_t sign = number < 0 ? -1 : 1;
    context *q = &d->regular[number * sign];
    px = clamp(px + sign * q->c, 0, d->maxval);
    unsigned k = golomb_parameter(d, q->n, q->a);
    int32_t mapped = read_golomb(d, k, d->limit);
    if (d->damaged)
        return 0;
    int32_t error = mapped & 1 ? -((mapped >> 1) + 1) : mapped >> 1;
    if (k == 0 && d->near == 0 && 2 * q->b <= -q->n)
        error = -(error + 1);
    if (abs(error) > d->range) {
        d->damaged = true;
        return 0;
    }
    update(d, q, error);
    return reconstruct(d, px, sign * error);
}

/* The pixel that ends a run (A.7.2). */
static int32_t decode_interruption(decoder *d, int32_t ra, int32_t rb)
{
    bool same = abs(ra - rb) <= d->near;
    context *q = &d->run[same];
    unsigned k = golomb_parameter(d, q->n, same ? q->a + (q->n >> 1) : q->a);
    int32_t mapped = read_golomb(d, k, d->limit - run_order[d->run_index] - 1);
    if (d->damaged)
        return 0;
    int32_t odd = (mapped + same) & 1, error = (mapped + same + odd) / 2;
    if ((k != 0 || 2 * q->b >= q->n) == odd)
        error = -error;
    if (abs(error) > d->range) {
        d->damaged = true;
        return 0;
    }
    q->b += error < 0;
    q->a += (mapped + 1 - same) >> 1;
    if (q->n == d->reset) {
        q->a >>= 1;
        q->b >>= 1;
        q->n >>= 1;
    }
    q->n++;
    return same ? reconstruct(d, ra, error) : reconstruct(d, rb, rb > ra ? error : -error);
}

/* A run from x on (A.7.1); returns where it ends. */
static size_t decode_run(decoder *d, int32_t *line, size_t x, size_t width)
{
    size_t end = x;
    while (end < width && read_bits(d, 1)) {
        size_t block = (size_t)1 << run_order[d->run_index], part = width - end < block ? width - end : block;
        end += part;
        d->run_index += part == block && d->run_index < 31;
    }
    if (end < width)
        end += read_bits(d, run_order[d->run_index]);
    if (end > width) {
        d->damaged = true;
        return width;
    }
    for (size_t i = x; i < end; i++)
        line[i] = line[(ptrdiff_t)x - 1];
    return end;
}

/* above[-1 ... width] and line[-1] are set. */
static void decode_line(decoder *d, const int32_t *above, int32_t *line, size_t width)
{
    for (size_t x = 0; x < width && !d->damaged;) {
        ptrdiff_t left = (ptrdiff_t)x - 1;
        int32_t ra = line[left], rb = above[x], rc = above[left], rd = above[x + 1];
        int32_t number = 81 * quantise(d, rd - rb) + 9 * quantise(d, rb - rc) + quantise(d, rc - ra);
        if (number != 0) {
            line[x++] = decode_regular(d, number, predict(ra, rb, rc));
            continue;
        }
        x = decode_run(d, line, x, width);
        if (x < width && !d->damaged) {
            line[x] = decode_interruption(d, ra, above[x]);
            d->run_index -= d->run_index > 0;
            x++;
        }
    }
}

static void store_line(const bp_frames *frame, const int32_t *line, size_t y, void *values)
{
    if (frame->itemsize == 1) {
        uint8_t *out = (uint8_t *)values + y * frame->width;
        for (size_t x = 0; x < frame->width; x++)
            out[x] = (uint8_t)line[x];
    } else {
        uint16_t *out = (uint16_t *)values + y * frame->width;
        for (size_t x = 0; x < frame->width; x++)
            out[x] = (uint16_t)line[x];
    }
}

/* Two lines with a pixel more on either side take turns. */
static bp_status decode_pixels(bp_context *ctx, decoder *d, const bp_frames *frame, void *values)
{
    size_t stride = frame->width + 2;
    int32_t *lines = calloc(2 * stride, sizeof *lines);
    if (!lines)
        return bp_fail(ctx, BP_E_MEMORY, "jpegls: no memory for lines of %zu pixels", frame->width);
    for (size_t y = 0; y < frame->height && !d->damaged; y++) {
        int32_t *above = lines + (y & 1) * stride + 1, *line = lines + (~y & 1) * stride + 1;
        above[frame->width] = above[frame->width - 1];
        line[-1] = above[0];
        decode_line(d, above, line, frame->width);
        store_line(frame, line, y, values);
    }
    free(lines);
    return BP_OK;
}

static int32_t clamp_threshold(int32_t value, int32_t low, int32_t maxval)
{
    return value > maxval || value < low ? low : value;
}

/* C.2.4.1.1 */
static void default_thresholds(decoder *d)
{
    int32_t most = d->maxval < 4095 ? d->maxval : 4095, near = d->near, t[3];
    if (d->maxval >= 128) {
        int32_t factor = (most + 128) / 256;
        t[0] = factor + 2 + 3 * near;
        t[1] = factor * 4 + 3 + 5 * near;
        t[2] = factor * 17 + 4 + 7 * near;
    } else {
        int32_t factor = 256 / (d->maxval + 1);
        t[0] = 3 / factor + 3 * near > 2 ? 3 / factor + 3 * near : 2;
        t[1] = 7 / factor + 5 * near > 3 ? 7 / factor + 5 * near : 3;
        t[2] = 21 / factor + 7 * near > 4 ? 21 / factor + 7 * near : 4;
    }
    d->t1 = clamp_threshold(t[0], near + 1, d->maxval);
    d->t2 = clamp_threshold(t[1], d->t1, d->maxval);
    d->t3 = clamp_threshold(t[2], d->t2, d->maxval);
    d->reset = 64;
}

static int32_t bits_of(int32_t values)
{
    int32_t bits = 0;
    while (values > (int32_t)1 << bits)
        bits++;
    return bits;
}

/* A.2.1 */
static void initialise(decoder *d)
{
    int32_t bpp = bits_of(d->maxval + 1);
    bpp = bpp > 2 ? bpp : 2;
    d->step = 2 * d->near + 1;
    d->range = (d->maxval + 2 * d->near) / d->step + 1;
    d->qbpp = bits_of(d->range);
    d->limit = 2 * (bpp + (bpp > 8 ? bpp : 8));
    int32_t a = (d->range + 32) / 64;
    const context first = {.a = a > 2 ? a : 2, .n = 1};
    for (size_t i = 0; i < CONTEXTS; i++)
        d->regular[i] = first;
    d->run[0] = d->run[1] = first;
}

/* Segments up to the scan (annex C), each given from its length word on. */
static bool read_frame_header(const bp_frames *frame, const uint8_t *s, size_t length, decoder *d)
{
    if (length != 11 || s[2] < 2 || s[2] > 8 * frame->itemsize || load_be16(s + 3) != frame->height ||
        load_be16(s + 5) != frame->width || s[7] != 1)
        return false;
    d->maxval = (1 << s[2]) - 1;
    return true;
}

/* Preset parameters; 0 stands for the default. */
static bool read_presets(const uint8_t *s, size_t length, decoder *d)
{
    if (length != 13 || s[2] != 1)
        return false;
    int32_t maxval = (int32_t)load_be16(s + 3), t1 = (int32_t)load_be16(s + 5),
            t2 = (int32_t)load_be16(s + 7);
    int32_t t3 = (int32_t)load_be16(s + 9), reset = (int32_t)load_be16(s + 11), full = d->maxval;
    d->maxval = maxval ? maxval : full;
    if (d->maxval > full || d->near > d->maxval / 2)
        return false;
    default_thresholds(d);
    d->t1 = t1 ? t1 : d->t1;
    d->t2 = t2 ? t2 : d->t2;
    d->t3 = t3 ? t3 : d->t3;
    d->reset = reset ? reset : d->reset;
    return d->t1 > d->near && d->t2 >= d->t1 && d->t3 >= d->t2 && d->t3 <= d->maxval && d->reset >= 3 &&
           d->reset <= 255;
}

/* Reads the headers; false when they are not those of the frame. */
static bool read_headers(const bp_frames *frame, const uint8_t *in, size_t size, decoder *d)
{
    bool has_frame = false, has_presets = false;
    size_t at = 2;
    if (size < 4 || load_be16(in) != SOI)
        return false;
    while (size - at >= 4) {
        unsigned marker = load_be16(in + at);
        const uint8_t *segment = in + at + 2;
        size_t length = load_be16(segment);
        if (length < 2 || length > size - at - 2)
            return false;
        if (marker == SOF55 && !has_frame)
            has_frame = read_frame_header(frame, segment, length, d);
        else if (marker == LSE && has_frame && !has_presets)
            has_presets = read_presets(segment, length, d);
        else if (marker != SOS || !has_frame)
            return false;
        at += 2 + length;
        if (marker == SOF55 ? !has_frame : marker == LSE && !has_presets)
            return false;
        if (marker == SOS) {
            d->at = at;
            /* one component, no mapping table, NEAR, not interleaved, no point transform */
            if (length != 8 || segment[2] != 1 || segment[4] != 0 || segment[5] != d->near || segment[6] ||
                segment[7] || d->near > d->maxval / 2)
                return false;
            if (!has_presets)
                default_thresholds(d);
            return true;
        }
    }
    return false;
}

/* Behind the pixels: padding (a started byte, and one of 7 bits if that was FF), then the end of the image,
 * whose FF was taken for data by refill. */
static bool ends_well(decoder *d)
{
    refill(d);
    return !d->damaged && d->bits >= 8 && d->bits < 24 && d->at + 1 == d->size && d->after_ff &&
           d->in[d->at] == (EOI & 255);
}

bp_status bp_jpegls_decode(bp_context *ctx, const bp_frames *frame, int near, const uint8_t *in, size_t size,
                           void *values)
{
    decoder *d = calloc(1, sizeof *d);
    if (!d)
        return bp_fail(ctx, BP_E_MEMORY, "jpegls: no memory for the decoder");
    bp_status status = BP_OK;
    d->in = in;
    d->size = size;
    d->near = near;
    if (!read_headers(frame, in, size, d))
        status = bp_fail(ctx, BP_E_DAMAGED, "jpegls: the header is not that of a frame of %zu x %zu",
                         frame->height, frame->width);
    if (status == BP_OK) {
        initialise(d);
        status = decode_pixels(ctx, d, frame, values);
    }
    if (status == BP_OK && !ends_well(d))
        status = bp_fail(ctx, BP_E_DAMAGED, "jpegls: the codestream of %zu bytes is damaged", size);
    free(d);
    return status;
}
