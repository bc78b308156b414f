/* SPDX-License-Identifier: BSD-3-Clause
 * The transforms of fft.h for one precision: REAL, COMPLEX, PLAN and NAME(function) are set by the includer.
 * Stockham's self-sorting form: each stage reads one array and writes the other, so nothing is reversed. */

struct PLAN {
    size_t n;
    size_t factor_count;
    unsigned factors[64];
    COMPLEX *twiddles; /* per stage, exp(-2 pi i q k / length) for q < length / radix, 0 < k < radix */
    /* Bluestein, when factor_count is 0 and n > 1 */
    struct PLAN *inner;
    COMPLEX *chirp;    /* exp(-i pi j^2 / n) */
    COMPLEX *response; /* transform of the conjugate chirp, over the inner length, scaled by 1 / that */
};

static inline COMPLEX NAME(times)(COMPLEX a, COMPLEX b)
{
    return (COMPLEX){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static inline COMPLEX NAME(plus)(COMPLEX a, COMPLEX b)
{
    return (COMPLEX){a.re + b.re, a.im + b.im};
}

static inline COMPLEX NAME(minus)(COMPLEX a, COMPLEX b)
{
    return (COMPLEX){a.re - b.re, a.im - b.im};
}

static COMPLEX NAME(root)(size_t numerator, size_t denominator)
{
    /* never 0; the analyser does not see it. NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
    double turns = (double)(numerator % denominator) / (double)denominator, cosine, sine;
    bp_plain_trig(turns, &cosine, &sine);
    return (COMPLEX){(REAL)cosine, (REAL)-sine};
}

/* One stage: sub-transforms of `radix` values that lie m * s apart, s of them side by side. */
static void NAME(stage2)(size_t m, size_t s, const COMPLEX *w, const COMPLEX *in, COMPLEX *out)
{
    for (size_t q = 0; q < m; q++, w++) {
        const COMPLEX *a = in + s * q, *b = a + s * m;
        COMPLEX *c = out + 2 * s * q, *d = c + s;
        for (size_t t = 0; t < s; t++) {
            c[t] = NAME(plus)(a[t], b[t]);
            d[t] = NAME(times)(NAME(minus)(a[t], b[t]), *w);
        }
    }
}

static void NAME(stage4)(size_t m, size_t s, const COMPLEX *w, const COMPLEX *in, COMPLEX *out)
{
    for (size_t q = 0; q < m; q++, w += 3) {
        const COMPLEX *a = in + s * q, *b = a + s * m, *c = b + s * m, *d = c + s * m;
        COMPLEX *o = out + 4 * s * q;
        for (size_t t = 0; t < s; t++) {
            COMPLEX ac = NAME(plus)(a[t], c[t]), bd = NAME(plus)(b[t], d[t]);
            COMPLEX am = NAME(minus)(a[t], c[t]), bm = NAME(minus)(b[t], d[t]);
            COMPLEX turned = {bm.im, -bm.re}; /* -i (b - d) */
            o[t] = NAME(plus)(ac, bd);
            o[t + s] = NAME(times)(NAME(plus)(am, turned), w[0]);
            o[t + 2 * s] = NAME(times)(NAME(minus)(ac, bd), w[1]);
            o[t + 3 * s] = NAME(times)(NAME(minus)(am, turned), w[2]);
        }
    }
}

/* 3, 5 and 7: values i and radix - i share their products. */
static void NAME(stage_odd)(unsigned radix, size_t m, size_t s, const COMPLEX *w, const COMPLEX *in,
                            COMPLEX *out)
{
    unsigned half = radix / 2;
    COMPLEX roots[7] = {{0, 0}};
    for (unsigned i = 0; i < radix; i++)
        roots[i] = NAME(root)(i, radix);
    for (size_t q = 0; q < m; q++, w += radix - 1) {
        for (size_t t = 0; t < s; t++) {
            const COMPLEX *x = in + s * q + t;
            COMPLEX sum[3], difference[3], first = x[0], total = first;
            for (unsigned i = 1; i <= half; i++) {
                sum[i - 1] = NAME(plus)(x[s * m * i], x[s * m * (radix - i)]);
                difference[i - 1] = NAME(minus)(x[s * m * i], x[s * m * (radix - i)]);
                total = NAME(plus)(total, sum[i - 1]);
            }
            COMPLEX *o = out + radix * s * q + t;
            o[0] = total;
            for (unsigned k = 1; k <= half; k++) {
                COMPLEX even = first, odd = {0, 0};
                for (unsigned i = 1; i <= half; i++) {
                    COMPLEX r = roots[(i * k) % radix];
                    even.re += r.re * sum[i - 1].re;
                    even.im += r.re * sum[i - 1].im;
                    odd.re -= r.im * difference[i - 1].im;
                    odd.im += r.im * difference[i - 1].re;
                }
                o[s * k] = NAME(times)(NAME(plus)(even, odd), w[k - 1]);
                o[s * (radix - k)] = NAME(times)(NAME(minus)(even, odd), w[radix - k - 1]);
            }
        }
    }
}

/* Of data[n][lanes]: sequences side by side are like a transform whose first stages are done. */
static void NAME(stages)(const struct PLAN *plan, size_t lanes, COMPLEX *data, COMPLEX *scratch)
{
    COMPLEX *from = data, *to = scratch;
    const COMPLEX *w = plan->twiddles;
    size_t length = plan->n, s = lanes;
    for (size_t i = 0; i < plan->factor_count; i++) {
        unsigned radix = plan->factors[i];
        size_t m = length / radix;
        if (radix == 4)
            NAME(stage4)(m, s, w, from, to);
        else if (radix == 2)
            NAME(stage2)(m, s, w, from, to);
        else
            NAME(stage_odd)(radix, m, s, w, from, to);
        w += m * (radix - 1);
        length = m;
        s *= radix;
        COMPLEX *other = from;
        from = to;
        to = other;
    }
    if (from != data)
        memcpy(data, from, plan->n * lanes * sizeof *data);
}

/* A transform of any length as a convolution with a chirp (L. Bluestein, 1970). */
static void NAME(bluestein)(const struct PLAN *plan, COMPLEX *data, COMPLEX *scratch)
{
    size_t n = plan->n, length = plan->inner->n;
    for (size_t j = 0; j < length; j++)
        scratch[j] = j < n ? NAME(times)(data[j], plan->chirp[j]) : (COMPLEX){0, 0};
    NAME(stages)(plan->inner, 1, scratch, scratch + length);
    for (size_t j = 0; j < length; j++) {
        COMPLEX v = NAME(times)(scratch[j], plan->response[j]);
        scratch[j] = (COMPLEX){v.re, -v.im}; /* backward as the conjugate of forward */
    }
    NAME(stages)(plan->inner, 1, scratch, scratch + length);
    for (size_t j = 0; j < n; j++)
        data[j] = NAME(times)((COMPLEX){scratch[j].re, -scratch[j].im}, plan->chirp[j]);
}

static void NAME(conjugate)(COMPLEX *data, size_t n)
{
    for (size_t j = 0; j < n; j++)
        data[j].im = -data[j].im;
}

void NAME(run)(const struct PLAN *plan, COMPLEX *data, bool backward, COMPLEX *scratch)
{
    if (backward)
        NAME(conjugate)(data, plan->n);
    if (plan->inner)
        NAME(bluestein)(plan, data, scratch);
    else
        NAME(stages)(plan, 1, data, scratch);
    if (backward)
        NAME(conjugate)(data, plan->n);
}

size_t NAME(scratch)(const struct PLAN *plan)
{
    return plan->inner ? 2 * plan->inner->n : plan->n;
}

static bool NAME(make_twiddles)(struct PLAN *plan)
{
    size_t count = 0, length = plan->n;
    for (size_t i = 0; i < plan->factor_count; i++) {
        length /= plan->factors[i];
        count += length * (plan->factors[i] - 1);
    }
    COMPLEX *w = plan->twiddles = malloc((count + 1) * sizeof *w);
    if (!w)
        return false;
    length = plan->n;
    for (size_t i = 0; i < plan->factor_count; i++) {
        size_t m = length / plan->factors[i];
        for (size_t q = 0; q < m; q++)
            for (unsigned k = 1; k < plan->factors[i]; k++)
                *w++ = NAME(root)(q * k, length);
        length = m;
    }
    return true;
}

static bool NAME(make_bluestein)(struct PLAN *plan)
{
    size_t n = plan->n, turn = 2 * n, length = bp_fft_good_length(2 * n - 1);
    if (n == 0 || turn == 0 || length == 0)
        return false;
    plan->inner = NAME(new)(length);
    plan->chirp = malloc(n * sizeof *plan->chirp);
    plan->response = calloc(length + 1, sizeof *plan->response);
    COMPLEX *scratch = calloc(length, sizeof *scratch);
    bool made = plan->inner && plan->chirp && plan->response && scratch;
    for (size_t j = 0; made && j < n; j++) {
        /* j^2 modulo 2 n, without overflow for any n below 2^32 */
        plan->chirp[j] = NAME(root)((size_t)(((unsigned long long)j * j) % turn), turn);
        COMPLEX v = {plan->chirp[j].re / (REAL)length, -plan->chirp[j].im / (REAL)length};
        plan->response[j] = v;
        if (j)
            plan->response[length - j] = v;
    }
    if (made)
        NAME(stages)(plan->inner, 1, plan->response, scratch);
    free(scratch);
    return made;
}

struct PLAN *NAME(new)(size_t n)
{
    if (n == 0 || n > LONGEST)
        return NULL;
    struct PLAN *plan = calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    plan->n = n;
    plan->factor_count = factorise(n, plan->factors);
    bool smooth = plan->factor_count > 0 || n == 1;
    if (!(smooth ? NAME(make_twiddles)(plan) : NAME(make_bluestein)(plan))) {
        NAME(free)(plan);
        return NULL;
    }
    return plan;
}

void NAME(free)(struct PLAN *plan)
{
    if (!plan)
        return;
    NAME(free)(plan->inner);
    free(plan->twiddles);
    free(plan->chirp);
    free(plan->response);
    free(plan);
}
