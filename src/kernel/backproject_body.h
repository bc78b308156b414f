/* SPDX-License-Identifier: BSD-3-Clause
 * Back-projection for one SIMD level: V and the operations on it, PARTS of which make the lanes, and SPAN
 * pixels whose sums stand in registers together, are set by the includer. The same operations on each lane in
 * the same order at every level. */

/* Offsets (in floats, from the first row) and weights of all pixels at all angles. */
static void find_places(const bp_backproject *b, int *offsets, float *weights)
{
    int last = (int)b->width - 2;
    for (size_t a = 0; a < b->angles; a++) {
        float part = b->part[a], step = b->step[a];
        int column = b->column[a], row = (int)(a * b->width);
        for (int p = 0; p < BP_BACKPROJECT_PIXELS; p++) {
            float t = part + (float)p * step;
            int k = (int)t;
            k -= t < (float)k ? 1 : 0;
            float w = t - (float)k;
            k += column;
            k = k < 0 ? 0 : k;
            k = k > last ? last : k;
            offsets[a * BP_BACKPROJECT_PIXELS + (size_t)p] = (row + k) * BP_BACKPROJECT_LANES;
            weights[a * BP_BACKPROJECT_PIXELS + (size_t)p] = w;
        }
    }
}

static inline void add_span(const bp_backproject *b, const int *offsets, const float *weights, float *sums)
{
    V sum[SPAN][PARTS];
    for (int p = 0; p < SPAN; p++)
        for (int v = 0; v < PARTS; v++)
            sum[p][v] = LOAD(sums + p * BP_BACKPROJECT_LANES + v * WIDE);
    for (size_t a = 0; a < b->angles; a++, offsets += BP_BACKPROJECT_PIXELS, weights += BP_BACKPROJECT_PIXELS)
        for (int p = 0; p < SPAN; p++) {
            const float *at = b->rows + offsets[p];
            V w = SAME(weights[p]);
            for (int v = 0; v < PARTS; v++) {
                V left = LOAD(at + v * WIDE), right = LOAD(at + BP_BACKPROJECT_LANES + v * WIDE);
                sum[p][v] = ADD(sum[p][v], ADD(left, MUL(w, SUB(right, left))));
            }
        }
    for (int p = 0; p < SPAN; p++)
        for (int v = 0; v < PARTS; v++)
            STORE(sums + p * BP_BACKPROJECT_LANES + v * WIDE, sum[p][v]);
}

static void backproject(const bp_backproject *b, float *sums)
{
    int offsets[BP_BACKPROJECT_ANGLES * BP_BACKPROJECT_PIXELS];
    float weights[BP_BACKPROJECT_ANGLES * BP_BACKPROJECT_PIXELS];
    find_places(b, offsets, weights);
    for (size_t p = 0; p < BP_BACKPROJECT_PIXELS; p += SPAN)
        add_span(b, offsets + p, weights + p, sums + p * BP_BACKPROJECT_LANES);
}
