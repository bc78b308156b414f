/* SPDX-License-Identifier: BSD-3-Clause
 * What the model of photon says of whole rows, for the choice of tables. */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VBMI__) && defined(__AVX512VBMI2__)
#include "kernel/photon_simd_avx512.h"

#include "kernel/photon_body.h"

#define BLOCK 32 /* rows, and columns, that are transposed together */

BP_ALWAYS void predict_row(const bp_photon_model *model, const bp_photon_rows *r, size_t width,
                           uint16_t *prediction, uint8_t *code, const int kind, const bool weighted,
                           const bool window)
{
    const model_lanes m = model_lanes_of(model);
    for (size_t c = 0; c < width; c += BLOCK) {
        v16 codes;
        around a = {v_load(r->w + c),   v_load(r->ww + c),  v_load(r->n + c),
                    v_load(r->ne + c),  v_load(r->nw + c),  v_load(r->nn + c),
                    v_load(r->nne + c), v_load(r->nnw + c), v_set(0)};
        if (window)
            a.window = v_load(r->window + c);
        v_store(prediction + c, predict(&a, &m, kind, weighted, window, &codes));
        _mm256_storeu_si256((__m256i *)(void *)(code + c), _mm512_cvtepi16_epi8(codes));
    }
}

typedef void (*row_function)(const bp_photon_model *, const bp_photon_rows *, size_t, uint16_t *, uint8_t *);

#define ROW(name, kind, weighted, window)                                                                    \
    static void row_##name(const bp_photon_model *m, const bp_photon_rows *r, size_t width, uint16_t *p,     \
                           uint8_t *code)                                                                    \
    {                                                                                                        \
        predict_row(m, r, width, p, code, kind, weighted, window);                                           \
    }
BP_PHOTON_VARIANTS(ROW)

#define NAME(name, kind, weighted, window) row_##name,
static const row_function rows_of[] = {BP_PHOTON_VARIANTS(NAME)};

void bp_photon_predict_avx512(const bp_photon_model *model, const bp_photon_rows *rows, size_t width,
                              uint16_t *prediction, uint8_t *code)
{
    rows_of[variant_of(model)](model, rows, width, prediction, code);
}

/* Running means of up to 32 rows, which know nothing of each other. */
static void run_lines(const model_lanes *m, const uint16_t *seen, const size_t *row, size_t rows,
                      size_t width, uint16_t *lines, size_t stride)
{
    uint16_t block[BLOCK][BLOCK] __attribute__((aligned(64))) = {{0}};
    uint16_t turned[BLOCK][BLOCK] __attribute__((aligned(64)));
    for (size_t l = 0; l < rows; l++)
        block[0][l] = seen[(ptrdiff_t)row[l] - 1];
    v16 line = v_shift_left_by(v_least(v_load(block[0]), m->most), m->up);
    for (size_t c = 0; c < width; c += BLOCK) {
        for (size_t l = 0; l < rows; l++)
            v_store(block[l], v_load(seen + row[l] + c));
        v_transpose(block[0], BLOCK, turned[0], BLOCK);
        for (size_t i = 0; i < BLOCK; i++) {
            v16 sees = v_shift_left_by(v_least(v_load(turned[i]), m->most), m->up);
            v_store(turned[i], line);
            line = v_add(v_sub(line, v_shift_right_by(line, m->line)), v_shift_right_by(sees, m->line));
        }
        v_transpose(turned[0], BLOCK, block[0], BLOCK);
        for (size_t l = 0; l < rows; l++)
            v_store(lines + l * stride + c, v_load(block[l]));
    }
}

void bp_photon_windows_avx512(const bp_photon_model *model, const uint16_t *seen, const bp_photon_pieces *p,
                              uint16_t *windows)
{
    const model_lanes m = model_lanes_of(model);
    size_t row[BLOCK], rows = 0, all = p->count * p->height;
    for (size_t r = 0; r < all; r++) {
        row[rows++] = p->at[r / p->height] + r % p->height * p->stride;
        if (rows == BLOCK || r + 1 == all) {
            run_lines(&m, seen, row, rows, p->width, windows + (r + 1 - rows) * p->out_stride, p->out_stride);
            rows = 0;
        }
    }
    for (size_t r = 0; r < all; r++) {
        if (r % p->height == 0)
            continue;
        uint16_t *to = windows + r * p->out_stride, *above = to - p->out_stride;
        above[p->width] = above[p->width - 1];
        for (size_t c = 0; c < p->width; c += BLOCK) {
            v16 up = v_load(above + c + 1), line = v_load(to + c);
            up = v_sub(up, v_shift_right_by(up, m.rows));
            v_store(to + c, v_add(up, v_shift_right_by(line, m.rows)));
        }
    }
}
#endif
