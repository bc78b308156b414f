/* SPDX-License-Identifier: BSD-3-Clause
 * The band coder of the codec photon: what its kernels share. The model and the order of everything are
 * written down in docs/photon.md; kernel/photon_c.c is the reference.
 *
 * A frame of work values (32 bits) is cut into bands of whole groups of 16 rows. In a group lane l holds row
 * l, and at step t column t - 2l, so that a pixel's neighbours W, WW, N, NE, NW, NN, NNE, NNW are all known
 * when its turn comes. Each lane is one rANS coder of 32 bits that is renormalised by words of 16 bits (J.
 * Duda, arXiv:1311.2540; interleaving after F. Giesen, arXiv:1402.3392); the lanes of a band share a stream
 * of words. */
#ifndef BP_KERNEL_PHOTON_H
#define BP_KERNEL_PHOTON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_PHOTON_LANES      16
#define BP_PHOTON_SKEW       2 /* columns between neighbouring lanes */
#define BP_PHOTON_CODES      128
#define BP_PHOTON_CONTEXTS   32
#define BP_PHOTON_SYMBOLS    32
#define BP_PHOTON_ESCAPE     31 /* the symbol that sends a pixel to the stream of escapes */
#define BP_PHOTON_MODELS     5
#define BP_PHOTON_LEAST_BITS 9 /* precision of probabilities */
#define BP_PHOTON_MOST_BITS  12
#define BP_PHOTON_MOST_LOW   16         /* low bits of a residual that are sent as they are */
#define BP_PHOTON_START      65536u     /* the state of a lane before its last pixel */
#define BP_PHOTON_SLOTS      32768      /* contexts << precision, at most */
#define BP_PHOTON_SKIP       UINT32_MAX /* a token: nothing is coded here */
#define BP_PHOTON_SMALL      96u /* of the weighted sum of 16: below it models 0 and 1 code the value itself */

/* Room that kernels may read past the words and escapes of a band: 16 steps before they look. */
#define BP_PHOTON_WORD_SLACK   1088 /* bytes */
#define BP_PHOTON_ESCAPE_SLACK 272  /* values */

/* Columns that a row of work values has to its left and right. */
#define BP_PHOTON_PAD 64

typedef struct bp_photon_tables {
    uint8_t model;
    uint8_t bits;  /* precision: frequencies of a context sum to 1 << bits */
    uint8_t count; /* of contexts */
    bool wide;     /* some context has bits + low > 16: low bits are renormalised by themselves */
    uint8_t map[BP_PHOTON_CODES]; /* code of the neighbourhood -> context */
    uint8_t low[BP_PHOTON_CONTEXTS];
    uint8_t zero[BP_PHOTON_CONTEXTS]; /* the symbol of residual 0 */
    uint16_t freq[BP_PHOTON_CONTEXTS][BP_PHOTON_SYMBOLS];
    uint16_t start[BP_PHOTON_CONTEXTS][BP_PHOTON_SYMBOLS];
    uint32_t slots[BP_PHOTON_SLOTS]; /* decoder: symbol | frequency << 5 | (slot - start) << 18 */
} bp_photon_tables;

/* Rows of work values as the neighbours of one row: value c of each is that of column c. */
typedef struct bp_photon_rows {
    const uint32_t *w, *ww, *n, *ne, *nw, *nn, *nne, *nnw;
} bp_photon_rows;

/* One band while it is encoded: the plane starts at column 0 of its first row. */
typedef struct bp_photon_source {
    const bp_photon_tables *tables;
    const uint32_t *plane;
    size_t stride;         /* of the plane, in values */
    const uint8_t *labels; /* not 0: no value; width columns a row; NULL: none */
    size_t height, width;  /* of the band */
    uint32_t *tokens;      /* scratch, 16 rows of bp_photon_token_stride */
} bp_photon_source;

/* Streams grow downwards, for an rANS coder writes backwards. */
typedef struct bp_photon_sink {
    uint32_t state[BP_PHOTON_LANES];
    uint16_t *word;   /* one past the word that is written next */
    uint32_t *escape; /* the same for escapes */
} bp_photon_sink;

/* One band while it is decoded. */
typedef struct bp_photon_band {
    uint32_t state[BP_PHOTON_LANES];
    const uint8_t *words, *words_end; /* BP_PHOTON_WORD_SLACK more are readable */
    const uint32_t *escapes, *escapes_end;
    size_t height;          /* rows */
    const uint16_t *active; /* lanes that hold a value, one mask per step, group by group; NULL: no labels */
    uint8_t *out;           /* first row */
} bp_photon_band;

typedef struct bp_photon_target {
    const bp_photon_tables *tables;
    size_t width;
    size_t itemsize;       /* of out: 1, 2 or 4 */
    uint32_t step, offset; /* out = value * step + offset, modulo its size */
    uint32_t *rows;        /* scratch: bp_photon_rows_size values */
} bp_photon_target;

static inline size_t bp_photon_stride(size_t width)
{
    return (width + 2 * BP_PHOTON_PAD + 15) / 16 * 16;
}

/* Steps of a group. */
static inline size_t bp_photon_steps(size_t width)
{
    return width + (BP_PHOTON_LANES - 1) * BP_PHOTON_SKEW;
}

#define BP_PHOTON_TOGETHER 2 /* bands that a kernel decodes side by side */

/* Two rows above and the 16 of the group, for each band side by side. */
static inline size_t bp_photon_rows_size(size_t width)
{
    return BP_PHOTON_TOGETHER * (BP_PHOTON_LANES + 2) * bp_photon_stride(width);
}

/* The neighbours of a row of a band: on its first row all are W, on its second the row above stands for the
 * one above it. */
static inline bp_photon_rows bp_photon_rows_of(const uint32_t *row, size_t stride, size_t index)
{
    bp_photon_rows r = {row - 1, row - 2, row - 1, row - 1, row - 1, row - 1, row - 1, row - 1};
    if (index > 0) {
        const uint32_t *above = row - stride, *second = index > 1 ? above - stride : above;
        r.n = above, r.ne = above + 1, r.nw = above - 1;
        r.nn = second, r.nne = second + 1, r.nnw = second - 1;
    }
    return r;
}

/* What stands left of a row: the first values of the rows above it. */
static inline void bp_photon_pad_left(uint32_t *row, size_t stride, size_t index)
{
    row[-1] = index > 0 ? row[-(ptrdiff_t)stride] : 0;
    row[-2] = index > 0 ? row[-(ptrdiff_t)stride - 1] : 0;
}

#endif
