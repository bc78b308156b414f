/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/decay_fit.h"

#include <math.h>

/* Contrast and baseline are linear: for a given rate they are a regression of y on exp(-2 rate delay). */
static double residual(const double *delays, const double *y, size_t count, double rate, bp_decay *decay)
{
    double n = (double)count, e = 0, ee = 0, f = 0, ef = 0, sum = 0;
    for (size_t i = 0; i < count; i++) {
        double v = exp(-2 * rate * delays[i]);
        e += v;
        ee += v * v;
        f += y[i];
        ef += v * y[i];
    }
    double spread = n * ee - e * e;
    decay->rate = rate;
    decay->contrast = spread > 0 ? (n * ef - e * f) / spread : 0;
    decay->baseline = (f - decay->contrast * e) / n;
    for (size_t i = 0; i < count; i++) {
        double r = y[i] - decay->baseline - decay->contrast * exp(-2 * rate * delays[i]);
        sum += r * r;
    }
    return sum;
}

/* The least residual over the logarithm of the rate: a scan, then golden section. */
bool bp_decay_fit(const double *delays, const double *y, size_t count, bp_decay *decay)
{
    enum { STEPS = 240 };
    const double golden = 0.6180339887498949;
    double shortest = INFINITY, longest = 0, best = INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(y[i]))
            return false;
        shortest = delays[i] > 0 && delays[i] < shortest ? delays[i] : shortest;
        longest = delays[i] > longest ? delays[i] : longest;
    }
    if (count < 4 || !(longest > shortest))
        return false;
    double low = log(0.02 / longest), high = log(5 / shortest), width = (high - low) / STEPS, at = low;
    for (int i = 0; i <= STEPS; i++) {
        double sum = residual(delays, y, count, exp(low + i * width), decay);
        if (sum < best) {
            best = sum;
            at = low + i * width;
        }
    }
    if (at <= low || at >= high - width / 2)
        return false; /* slower or quicker than what the delays can tell */
    double a = at - width, b = at + width;
    double p = b - golden * (b - a), q = a + golden * (b - a);
    double fp = residual(delays, y, count, exp(p), decay), fq = residual(delays, y, count, exp(q), decay);
    while (b - a > 1e-9) {
        if (fp < fq) {
            b = q;
            q = p;
            fq = fp;
            p = b - golden * (b - a);
            fp = residual(delays, y, count, exp(p), decay);
        } else {
            a = p;
            p = q;
            fp = fq;
            q = a + golden * (b - a);
            fq = residual(delays, y, count, exp(q), decay);
        }
    }
    residual(delays, y, count, exp((a + b) / 2), decay);
    return decay->contrast > 0;
}
