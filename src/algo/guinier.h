/* SPDX-License-Identifier: BSD-3-Clause
 * What a small-angle curve says of the size and the surface of particles. A. Guinier, G. Fournet, Small-Angle
 * Scattering of X-Rays (Wiley 1955); G. Porod, Kolloid-Z. 124 (1951) 83. */
#ifndef BP_ALGO_GUINIER_H
#define BP_ALGO_GUINIER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bp_line {
    double intercept, slope, slope_sigma, intercept_sigma;
    size_t count;
} bp_line;

typedef struct bp_guinier {
    double rg, rg_sigma; /* in 1 / unit of q */
    double i0, i0_sigma;
    size_t first, last; /* points that were looked at: first ... last - 1 */
    size_t count;       /* of them those that were fitted */
    bool curved;        /* with a term in q^4 */
} bp_guinier;

/* ln I = ln I0 - Rg^2 q^2 / 3, each point with the weight (I / sigma)^2, over points from q_from on up to q
 * Rg = limit, found by iteration. Points that are not above 0 take no part. False when there is no such fit:
 * fewer than 3 points, or an intensity that does not fall. curved: with one more term, in q^4, and 4 points.
 */
bool bp_guinier_fit(const double *q, const double *intensity, const double *sigma, size_t count,
                    double q_from, double limit, bool curved, bp_guinier *guinier);

/* The same over points first ... last - 1 of *guinier. */
bool bp_guinier_refit(const double *q, const double *intensity, const double *sigma, bp_guinier *guinier);

/* The slope of ln I over ln q from q_from on, weights as above: near -4 for a smooth surface. */
bool bp_porod_fit(const double *q, const double *intensity, const double *sigma, size_t count, double q_from,
                  bp_line *line);

/* Integral of q^2 I dq over the defined points, by trapezes; NAN when there are fewer than two. */
double bp_invariant(const double *q, const double *intensity, size_t count);

#endif
