/* SPDX-License-Identifier: BSD-3-Clause
 * The band coder of the codec photon: what its kernels share. The model and the order of everything are
 * written down in docs/photon.md; kernel/photon_c.c is the reference.
 *
 * A frame of work values (16 bits) is cut into bands of whole groups of 32 rows. Lane l of a band codes rows
 * l, l + 32, l + 64 ... one behind the other, as if all were one long line: each row takes a period of
 * columns, those behind the width stand for the borders. At step t lane l is at place t - 2l of its line, so
 * that a pixel's neighbours W, WW, N, NE, NW, NN, NNE, NNW are all known when its turn comes. Each lane is
 * one rANS coder of 32 bits that is renormalised by words of 16 bits (J. Duda, arXiv:1311.2540; interleaving
 * after F. Giesen, arXiv:1402.3392); the lanes of a band share a stream of words. */
#ifndef BP_KERNEL_PHOTON_H
#define BP_KERNEL_PHOTON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_PHOTON_LANES         32
#define BP_PHOTON_SKEW          2 /* columns between neighbouring lanes */
#define BP_PHOTON_LEAD          ((BP_PHOTON_LANES - 1) * BP_PHOTON_SKEW)
#define BP_PHOTON_CODES         128
#define BP_PHOTON_CONTEXTS      32
#define BP_PHOTON_SYMBOLS       32
#define BP_PHOTON_ESCAPE        31 /* the symbol that sends a pixel to the stream of escapes */
#define BP_PHOTON_LEAST_BITS    5  /* precision of probabilities */
#define BP_PHOTON_MOST_BITS     12
#define BP_PHOTON_MOST_LOW      11 /* low bits of a residual that are sent as they are; with the precision 16 */
#define BP_PHOTON_START         65536u /* the state of a lane before its last pixel */
#define BP_PHOTON_SLOTS         32768  /* contexts << precision, at most */
#define BP_PHOTON_MOST_SHIFT    11     /* of values as the model sees them */
#define BP_PHOTON_MOST_PACE     2      /* of the long window */
#define BP_PHOTON_MOST_WEIGHING 15
#define BP_PHOTON_SMALL         6      /* a mean below which counts are coded as they are */
#define BP_PHOTON_SKIP          0x8000 /* a token: nothing is coded here */
#define BP_PHOTON_LARGE         65535  /* a work value that stands for this and all above: always an escape */

/* Room that kernels may read past the words and escapes of a band. */
#define BP_PHOTON_WORD_SLACK   (64 * 33) /* bytes */
#define BP_PHOTON_ESCAPE_SLACK (32 * 33) /* values */

/* Columns that a row of work values has to its left and right. */
#define BP_PHOTON_PAD 64

/* What a context is made from: the mean of the neighbours, how rough they are, both, or where counts are
 * small a mean over a long window. */
enum { BP_PHOTON_BY_MEAN, BP_PHOTON_BY_ROUGHNESS, BP_PHOTON_BY_BOTH, BP_PHOTON_BY_WINDOW, BP_PHOTON_KINDS };

/* Whose weight is where. */
enum {
    BP_PHOTON_W,
    BP_PHOTON_N,
    BP_PHOTON_NE,
    BP_PHOTON_NW,
    BP_PHOTON_WW,
    BP_PHOTON_NN,
    BP_PHOTON_NNE,
    BP_PHOTON_NNW,
    BP_PHOTON_WINDOW,
    BP_PHOTON_WEIGHTS
};

typedef struct bp_photon_model {
    uint8_t kind;
    uint8_t shift;                    /* the model sees min(value, 65535 >> shift) << shift */
    uint8_t pace;                     /* of the long window, 0 the shortest */
    bool weighted;                    /* prediction by weight; or it is the mean of the neighbours */
    int8_t weight[BP_PHOTON_WEIGHTS]; /* in sixteenths, -15 to 15; that of the window is 0 for BY_WINDOW */
} bp_photon_model;

typedef struct bp_photon_tables {
    bp_photon_model model;
    uint8_t bits;  /* precision: frequencies of a context sum to 1 << bits, none of them is all of it */
    uint8_t count; /* of contexts */
    uint8_t map[BP_PHOTON_CODES]; /* code of the neighbourhood -> context */
    uint8_t low[BP_PHOTON_CONTEXTS];
    uint8_t zero[BP_PHOTON_CONTEXTS]; /* the symbol of residual 0 */
    uint16_t freq[BP_PHOTON_CONTEXTS][BP_PHOTON_SYMBOLS];
    uint16_t start[BP_PHOTON_CONTEXTS][BP_PHOTON_SYMBOLS];
    /* decoder: frequency 0-11 | symbol & 15: 12-15 | slot - start: 16-27 | symbol >> 4: 28 */
    uint32_t slots[BP_PHOTON_SLOTS];
} bp_photon_tables;

/* Pieces of a plane, height rows each, that begin so many values from its begin. */
typedef struct bp_photon_pieces {
    const size_t *at;
    size_t count, height, width, stride;
    size_t out_stride; /* of what is found of them: row behind row, piece behind piece */
} bp_photon_pieces;

/* Rows of values as the neighbours of one row: value c of each is that of column c. */
typedef struct bp_photon_rows {
    const uint16_t *w, *ww, *n, *ne, *nw, *nn, *nne, *nnw;
    const uint16_t *window; /* long means; NULL: the model has none */
} bp_photon_rows;

/* How values become work values: (value - base) / step >> low, the division exact as a shift and a product
 * modulo 2^32; values of 65535 and more are cut off. */
typedef struct bp_photon_form {
    size_t itemsize; /* 1, 2 or 4 */
    uint32_t base, step;
    unsigned shift; /* step = odd << shift */
    uint32_t inverse;
    unsigned low; /* bits that are noise */
} bp_photon_form;

/* What was seen of values: those that are no mark, with their sign bit flipped when they are signed. */
typedef struct bp_photon_scan {
    uint32_t low, high; /* low > high: none */
    size_t counts[4];   /* of marks */
} bp_photon_scan;

/* One band while it is encoded: planes start at column 0 of its first row. */
typedef struct bp_photon_source {
    const bp_photon_tables *tables;
    const uint16_t *plane; /* work values */
    size_t stride;         /* of the plane, in values */
    const uint8_t *raw;    /* the values themselves, width a row, for work values of 65535 and more */
    bp_photon_form form;
    const uint8_t *labels; /* not 0: no value; width columns a row; NULL: none */
    size_t height, width;  /* of the band */
    uint16_t *lines;       /* scratch: bp_photon_lines_size values */
    uint16_t *tokens;      /* scratch: bp_photon_tokens_size values */
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
    const uint32_t *hidden; /* lanes that hold a label, one mask for each step; NULL: no labels */
    uint16_t *out;          /* first row */
} bp_photon_band;

typedef struct bp_photon_target {
    const bp_photon_tables *tables;
    size_t width, stride; /* of out */
    uint16_t *lines;      /* scratch: bp_photon_lines_size values for each of two bands */
    /* Takes each row when it is known; NULL: rows go to the out of their bands. What is hidden may be
     * anything. */
    void (*take)(void *user, const bp_photon_band *band, size_t row, const uint16_t *values);
    void *user;
} bp_photon_target;

/* Columns that a row takes in the line of its lane: lane 0 needs what lane 31 had a row before, in blocks of
 * 32 steps. */
static inline size_t bp_photon_period(size_t width)
{
    return width + 3 < 96 ? 96 : width + 3;
}

static inline size_t bp_photon_groups(size_t height)
{
    return (height + BP_PHOTON_LANES - 1) / BP_PHOTON_LANES;
}

/* Steps of a band. */
static inline size_t bp_photon_steps(size_t height, size_t width)
{
    return bp_photon_groups(height) * bp_photon_period(width) + BP_PHOTON_LEAD;
}

/* Of a plane of work values: column 0 of row 0 is BP_PHOTON_PAD behind its begin. */
static inline size_t bp_photon_stride(size_t width)
{
    return (width + 2 * BP_PHOTON_PAD + 31) / 32 * 32;
}

/* A line in the decoder: two periods and what hangs over. */
static inline size_t bp_photon_line(size_t width)
{
    return (2 * bp_photon_period(width) + 64 + BP_PHOTON_LEAD + 64 + 31) / 32 * 32;
}

/* One line a lane, and one for the long means of lane 31. */
static inline size_t bp_photon_lines_size(size_t width)
{
    return (BP_PHOTON_LANES + 1) * bp_photon_line(width);
}

/* What an encoder notes at each step of a band: symbol | context << 5 of 32 lanes, then their low bits. */
static inline size_t bp_photon_tokens_size(size_t height, size_t width)
{
    return (bp_photon_steps(height, width) + 64) * 2 * BP_PHOTON_LANES;
}

/* The neighbours of a row of a band: on its first row all are W, on its second the row above stands for the
 * one above it. */
static inline bp_photon_rows bp_photon_rows_at(const uint16_t *row, const uint16_t *above,
                                               const uint16_t *second, size_t index)
{
    bp_photon_rows r = {row - 1, row - 2, row - 1, row - 1, row - 1, row - 1, row - 1, row - 1, NULL};
    if (index > 0) {
        second = index > 1 ? second : above;
        r.n = above, r.ne = above + 1, r.nw = above - 1;
        r.nn = second, r.nne = second + 1, r.nnw = second - 1;
    }
    return r;
}

static inline bp_photon_rows bp_photon_rows_of(const uint16_t *row, size_t stride, size_t index)
{
    return bp_photon_rows_at(row, index > 0 ? row - stride : row, index > 1 ? row - 2 * stride : row, index);
}

/* A step of a band at which a pixel is coded. */
static inline size_t bp_photon_step_of(size_t row, size_t column, size_t width)
{
    return row / BP_PHOTON_LANES * bp_photon_period(width) + column +
           BP_PHOTON_SKEW * (row % BP_PHOTON_LANES);
}

/* What the model sees of a value: as far to the left as 16 bits allow, cut off above. */
static inline uint16_t bp_photon_seen(uint32_t value, unsigned shift)
{
    uint32_t most = 65535u >> shift;
    return (uint16_t)((value < most ? value : most) << shift);
}

/* All bits of a work value. */
static inline uint32_t bp_photon_work_of(const bp_photon_form *f, uint32_t value)
{
    uint32_t distance = (value - f->base) & (0xffffffffu >> (32 - 8 * f->itemsize));
    return ((distance >> f->shift) * f->inverse) >> f->low;
}

static inline bool bp_photon_has_window(const bp_photon_model *m)
{
    return m->kind == BP_PHOTON_BY_WINDOW || (m->weighted && m->weight[BP_PHOTON_WINDOW] != 0);
}

/* What stands left of a row: the first values of the rows above it. */
static inline void bp_photon_pad_left(uint16_t *row, size_t stride, size_t index)
{
    row[-1] = index > 0 ? row[-(ptrdiff_t)stride] : 0;
    row[-2] = index > 0 ? row[-(ptrdiff_t)stride - 1] : 0;
}

#endif
