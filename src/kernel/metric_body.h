/* SPDX-License-Identifier: BSD-3-Clause
 * The loops of kernel/metric.h, plain C that compilers turn into vectors; each SIMD level compiles them with
 * its flags. Nothing is contracted or reordered, so all levels give the same numbers. */
#include <math.h>
#include <string.h>

#include "kernel/metric.h"

/* As many values as the instruction set takes at once. */
#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX2__)
#define LANES 4
#else
#define LANES 2
#endif
typedef double packet __attribute__((vector_size(LANES * 8)));
typedef double anywhere __attribute__((vector_size(LANES * 8), aligned(8), may_alias));

#define ALWAYS static inline __attribute__((always_inline))
/* Loops that must be unrolled for their arrays to be registers. Sanitizers would take minutes to compile
 * that. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define UNROLL
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNROLL
#endif
#ifndef UNROLL
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef long long integers __attribute__((vector_size(LANES * 8)));

/* Moments of a window: more is not needed, for only the sum of the variances counts. */
enum {
    MOMENT_X,
    MOMENT_Y,
    MOMENT_SQUARES, /* x^2 + y^2 */
    MOMENT_PRODUCT, /* x y */
    MOMENTS
};

#define SIDE   BP_SSIM_ROWS /* windows above each other, and beside each other, that are worked on at once */
#define PARTS  (SIDE / LANES)
#define BEHIND (SIDE + BP_SSIM_TAPS - 1) /* values that as many windows need at most */
#define SLOTS  ((BEHIND + SIDE - 1) / SIDE)

/* SIDE columns of the moments, summed along them: [column][row]. */
typedef double columns_of_moments[MOMENTS][SIDE][SIDE] __attribute__((aligned(64)));

static inline packet load(const double *at)
{
    return *(const anywhere *)at;
}

static inline void store(double *at, packet v)
{
    *(anywhere *)at = v;
}

/* SIDE sums from SIDE + taps - 1 values in a row: value k of window i is in[i + k]. The order in which a
 * window is summed does not depend on i, so windows may begin anywhere. */
ALWAYS void filter(size_t taps, const double *weights, const packet *in, packet *out)
{
    packet twos[BEHIND];
    if (taps == 7) {
        UNROLL for (size_t i = 0; i < SIDE + 4; i++) twos[i] = in[i] + in[i + 1];
        UNROLL for (size_t i = 0; i < SIDE; i++) out[i] = (twos[i] + twos[i + 2]) + (twos[i + 4] + in[i + 6]);
        return;
    }
    UNROLL for (size_t i = 0; i < SIDE; i++)
    {
        packet sum = weights[5] * in[i + 5];
        UNROLL for (size_t k = 0; k < 5; k++) sum += weights[k] * (in[i + k] + in[i + 10 - k]);
        out[i] = sum;
    }
}

/* One step of a transposition: blocks of `half` values beside the diagonal change places. */
#define SWAP(half, low, high)                                                                                \
    UNROLL for (size_t i = 0; i < LANES; i++) if (!(i & (half)))                                             \
    {                                                                                                        \
        packet a = v[i], b = v[i + (half)];                                                                  \
        v[i] = __builtin_shufflevector(a, b, low);                                                           \
        v[i + (half)] = __builtin_shufflevector(a, b, high);                                                 \
    }
#define LIST(...) __VA_ARGS__

/* Rows become columns: value c of v[r] becomes value r of v[c]. */
ALWAYS void turn(packet *v)
{
#if LANES == 8
    SWAP(4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
    SWAP(2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
    SWAP(1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
#elif LANES == 4
    SWAP(2, LIST(0, 1, 4, 5), LIST(2, 3, 6, 7))
    SWAP(1, LIST(0, 4, 2, 6), LIST(1, 5, 3, 7))
#else
    SWAP(1, LIST(0, 2), LIST(1, 3))
#endif
}

/* The moments of SIDE columns from `at` on, summed along them. */
ALWAYS void sum_down(const bp_window_weights *w, size_t taps, const double *const *x, const double *const *y,
                     size_t at, columns_of_moments out)
{
    for (size_t c = 0; c < SIDE; c += LANES)
        UNROLL for (size_t m = 0; m < MOMENTS; m++)
        {
            packet in[BEHIND], sums[SIDE];
            UNROLL for (size_t k = 0; k < SIDE + taps - 1; k++)
            {
                packet a = load((m == MOMENT_Y ? y : x)[k] + at + c);
                packet b = m < MOMENT_SQUARES ? a : load(y[k] + at + c);
                in[k] = m == MOMENT_SQUARES ? a * a + b * b : m == MOMENT_PRODUCT ? a * b : a;
            }
            filter(taps, w->weights, in, sums);
            UNROLL for (size_t p = 0; p < PARTS; p++)
            {
                packet *v = sums + p * LANES;
                turn(v);
                UNROLL for (size_t i = 0; i < LANES; i++) store(out[m][c + i] + p * LANES, v[i]);
            }
        }
}

/* SSIM of a packet of windows, or its contrast part, as a fraction. */
ALWAYS void fraction(const bp_window_weights *w, size_t taps, bool contrast, packet (*sums)[SIDE], size_t i,
                     packet *above, packet *below)
{
    packet x = sums[MOMENT_X][i], y = sums[MOMENT_Y][i];
    packet square = sums[MOMENT_SQUARES][i], product = sums[MOMENT_PRODUCT][i];
    if (taps == 7) {
        x *= w->first[0];
        y *= w->first[0];
        square *= w->second[0];
        product *= w->second[0];
    }
    packet xy = x * y, squares = x * x + y * y, variances = square - squares, covariance = product - xy;
    if (taps == 7) {
        variances *= w->covariance;
        covariance *= w->covariance;
    }
    *above = covariance + covariance + w->c2;
    *below = variances + w->c2;
    if (!contrast) {
        *above *= xy + xy + w->c1;
        *below *= squares + w->c1;
    }
}

/* keep: 0 where a window does not count, else -1; it becomes 0 / 1. */
ALWAYS void leave_out(const int8_t *keep, packet *above, packet *below)
{
    integers mask = {0};
    UNROLL for (size_t i = 0; i < LANES; i++) mask[i] = keep[i];
    const packet one = (packet){0} + 1;
    *above = (packet)((integers)*above & mask);
    *below = (packet)(((integers)*below & mask) | ((integers)one & ~mask));
}

/* Adds SIDE columns of windows to the totals of their rows. keep, or NULL: [column][row]. Two fractions are
 * added before they are divided: divisions are slow. */
ALWAYS void sum_across(const bp_window_weights *w, size_t taps, bool contrast,
                       columns_of_moments *const *slots, const int8_t *keep, packet (*totals)[SIDE / 2])
{
    UNROLL for (size_t p = 0; p < PARTS; p++)
    {
        packet sums[MOMENTS][SIDE];
        UNROLL for (size_t m = 0; m < MOMENTS; m++)
        {
            packet in[BEHIND];
            UNROLL for (size_t k = 0; k < SIDE + taps - 1; k++) in[k] =
                load((*slots[k / SIDE])[m][k % SIDE] + p * LANES);
            filter(taps, m < MOMENT_SQUARES ? w->first : w->second, in, sums[m]);
        }
        UNROLL for (size_t i = 0; i < SIDE; i += 2)
        {
            packet a, b, c, d;
            fraction(w, taps, contrast, sums, i, &a, &b);
            fraction(w, taps, contrast, sums, i + 1, &c, &d);
            if (keep) {
                leave_out(keep + i * SIDE + p * LANES, &a, &b);
                leave_out(keep + (i + 1) * SIDE + p * LANES, &c, &d);
            }
            totals[p][i / 2] += (a * d + c * b) / (b * d);
        }
    }
}

/* Behind the last whole SIDE columns stand zeros. */
static void sum_down_rest(const bp_window_weights *w, const double *const *x, const double *const *y,
                          size_t at, size_t count, columns_of_moments out)
{
    double rest[2][BEHIND][SIDE] = {{{0}}};
    const double *a[BEHIND], *b[BEHIND];
    for (size_t k = 0; k < SIDE + w->taps - 1; k++) {
        memcpy(rest[0][k], x[k] + at, count * sizeof(double));
        memcpy(rest[1][k], y[k] + at, count * sizeof(double));
        a[k] = rest[0][k];
        b[k] = rest[1][k];
    }
    if (w->taps == 7)
        sum_down(w, 7, a, b, 0, out);
    else
        sum_down(w, 11, a, b, 0, out);
}

ALWAYS void all_windows(const bp_window_weights *w, size_t taps, bool contrast, const double *const *x,
                        const double *const *y, size_t columns, const int8_t *keep, double *sums)
{
    columns_of_moments ring[SLOTS];
    packet totals[PARTS][SIDE / 2] = {{{0}}};
    const size_t need = (SIDE + taps - 1 + SIDE - 1) / SIDE, width = columns - (taps - 1);
    int8_t rest[SIDE][SIDE];
    memset(ring, 0, sizeof ring);
    for (size_t at = 0, done = 0; at < width; at += SIDE) {
        columns_of_moments *slots[SLOTS] = {NULL};
        for (; done < at + need * SIDE && done < columns; done += SIDE)
            if (columns - done >= SIDE)
                sum_down(w, taps, x, y, done, ring[done / SIDE % SLOTS]);
            else
                sum_down_rest(w, x, y, done, columns - done, ring[done / SIDE % SLOTS]);
        for (size_t i = 0; i < SLOTS; i++)
            slots[i] = &ring[(at / SIDE + i) % SLOTS];
        const int8_t *here = keep ? keep + at * SIDE : NULL;
        if (width - at < SIDE) {
            for (size_t i = 0; i < SIDE * SIDE; i++)
                rest[i / SIDE][i % SIDE] = i / SIDE < width - at ? here ? here[i] : -1 : 0;
            here = rest[0];
        }
        if (here)
            sum_across(w, taps, contrast, slots, here, totals);
        else
            sum_across(w, taps, contrast, slots, NULL, totals);
    }
    for (size_t p = 0; p < PARTS; p++)
        store(sums + p * LANES, (totals[p][0] + totals[p][1]) + (totals[p][2] + totals[p][3]));
}

static void metric_windows(const bp_window_weights *w, bool contrast, const double *const *x,
                           const double *const *y, size_t columns, const int8_t *keep, double *sums)
{
    if (w->taps == 7)
        all_windows(w, 7, false, x, y, columns, keep, sums);
    else if (contrast)
        all_windows(w, 11, true, x, y, columns, keep, sums);
    else
        all_windows(w, 11, false, x, y, columns, keep, sums);
}

static inline void add_pixels(bp_point_lanes *l, const double *reference, const double *test,
                              const double *take, double middle)
{
    for (size_t i = 0; i < BP_METRIC_LANES; i++) {
        double w = take[i], x = (reference[i] - middle) * w, y = (test[i] - middle) * w;
        double d = (test[i] - reference[i]) * w, a = fabs(d), d2 = d * d;
        double size = fabs(reference[i]), there = size > 0 ? w : 0;
        double relative = there > 0 ? a / size : 0;
        l->sums[BP_POINT_X][i] += x;
        l->sums[BP_POINT_Y][i] += y;
        l->sums[BP_POINT_XX][i] += x * x;
        l->sums[BP_POINT_YY][i] += y * y;
        l->sums[BP_POINT_XY][i] += x * y;
        l->sums[BP_POINT_D][i] += d;
        l->sums[BP_POINT_ABS_D][i] += a;
        l->sums[BP_POINT_D2][i] += d2;
        l->sums[BP_POINT_D3][i] += d2 * d;
        l->sums[BP_POINT_D4][i] += d2 * d2;
        l->sums[BP_POINT_DX][i] += d * x;
        l->sums[BP_POINT_REL][i] += relative;
        l->sums[BP_POINT_REL_COUNT][i] += there;
        l->sums[BP_POINT_CHANGED][i] += a > 0 ? 1.0 : 0.0;
        l->max_abs[i] = a > l->max_abs[i] ? a : l->max_abs[i];
        l->max_rel[i] = relative > l->max_rel[i] ? relative : l->max_rel[i];
    }
}

static void metric_point(const double *reference, const double *test, const double *take, size_t n,
                         double middle, bp_point_lanes *lanes)
{
    static const double all[BP_METRIC_LANES] = {1, 1, 1, 1, 1, 1, 1, 1};
    bp_point_lanes l = *lanes;
    for (size_t at = 0; at < n; at += BP_METRIC_LANES)
        add_pixels(&l, reference + at, test + at, take ? take + at : all, middle);
    *lanes = l;
}

static inline bool is_finite(double v)
{
    return v - v == 0;
}

static void metric_survey(const double *reference, const double *test, const uint8_t *excluded, bool labelled,
                          double label, size_t n, uint8_t *restrict out, bp_row_survey *row)
{
    double low[2][BP_METRIC_LANES], high[2][BP_METRIC_LANES];
    for (size_t i = 0; i < BP_METRIC_LANES; i++) {
        low[0][i] = low[1][i] = INFINITY;
        high[0][i] = high[1][i] = -INFINITY;
    }
    uint64_t excluded_count = 0, labels = 0, bad = 0;
    for (size_t at = 0; at < n; at += BP_METRIC_LANES) {
        size_t count = n - at < BP_METRIC_LANES ? n - at : BP_METRIC_LANES;
        for (size_t i = 0; i < count; i++) {
            double r = reference[at + i], t = test[at + i];
            bool masked = excluded && excluded[at + i], mark = labelled && r == label && !masked;
            bool nonsense = !masked && !mark && !(is_finite(r) && is_finite(t)),
                 leave = masked || mark || nonsense;
            excluded_count += masked;
            labels += mark;
            bad += nonsense;
            out[at + i] = leave;
            low[0][i] = !leave && r < low[0][i] ? r : low[0][i];
            high[0][i] = !leave && r > high[0][i] ? r : high[0][i];
            low[1][i] = !leave && t < low[1][i] ? t : low[1][i];
            high[1][i] = !leave && t > high[1][i] ? t : high[1][i];
        }
    }
    *row = (bp_row_survey){excluded_count, labels, bad, low[0][0], high[0][0], low[1][0], high[1][0]};
    for (size_t i = 1; i < BP_METRIC_LANES; i++) {
        row->reference_min = low[0][i] < row->reference_min ? low[0][i] : row->reference_min;
        row->reference_max = high[0][i] > row->reference_max ? high[0][i] : row->reference_max;
        row->test_min = low[1][i] < row->test_min ? low[1][i] : row->test_min;
        row->test_max = high[1][i] > row->test_max ? high[1][i] : row->test_max;
    }
}

static double metric_dot(const double *a, const double *b, size_t n)
{
    packet lanes[BP_METRIC_LANES / LANES] = {{0}};
    double parts[BP_METRIC_LANES], sum = 0;
    size_t i = 0;
    for (; i + BP_METRIC_LANES <= n; i += BP_METRIC_LANES)
        UNROLL for (size_t k = 0; k < BP_METRIC_LANES / LANES; k++) lanes[k] +=
            load(a + i + k * LANES) * load(b + i + k * LANES);
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (size_t k = 0; k < BP_METRIC_LANES / LANES; k++)
        store(parts + k * LANES, lanes[k]);
    for (size_t k = 0; k < BP_METRIC_LANES; k++)
        sum += parts[k];
    return sum;
}

#define LAGS_AT_ONCE 5

static void metric_lags(const double *a, const double *b, size_t n, double *sums)
{
    enum { PER_LAG = BP_METRIC_LANES / LANES };
    for (size_t lag = 0; lag < BP_METRIC_LAGS; lag += LAGS_AT_ONCE) {
        packet lanes[LAGS_AT_ONCE][PER_LAG] = {{{0}}};
        for (size_t i = 0; i < n; i += BP_METRIC_LANES)
            UNROLL for (size_t part = 0; part < PER_LAG; part++)
            {
                packet v = load(a + i + part * LANES);
                UNROLL for (size_t k = 0; k < LAGS_AT_ONCE; k++) lanes[k][part] +=
                    v * load(b + i + part * LANES + lag + k + 1);
            }
        for (size_t k = 0; k < LAGS_AT_ONCE; k++) {
            double parts[BP_METRIC_LANES], sum = 0;
            for (size_t part = 0; part < PER_LAG; part++)
                store(parts + part * LANES, lanes[k][part]);
            for (size_t i = 0; i < BP_METRIC_LANES; i++)
                sum += parts[i];
            sums[lag + k] += sum;
        }
    }
}

static void metric_from_u16(const uint16_t *in, size_t n, double *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[i];
}

static void metric_from_f32(const float *in, size_t n, double *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[i];
}
