/* SPDX-License-Identifier: BSD-3-Clause
 * The generalised Anscombe transform: values with variance read_noise^2 + gain (value - offset) become values
 * of variance 1, but for a few counts (F. Murtagh, J.-L. Starck, A. Bijaoui, Astron. Astrophys. Suppl. 112
 * (1995) 179), and its inverses. Arithmetic and square roots only: the same bits on every machine. */
#ifndef BP_ALGO_ANSCOMBE_H
#define BP_ALGO_ANSCOMBE_H

#include <stddef.h>

typedef struct bp_anscombe {
    double gain;       /* units of the values per count, > 0 */
    double read_noise; /* standard deviation at no signal, units of the values */
    double offset;     /* value at no signal */
} bp_anscombe;

/* y = 2/g sqrt(g x + 3/8 g^2 + s^2 - g o), 0 where the root is of a negative number. out may be in. */
void bp_anscombe_forward(const bp_anscombe *law, const double *in, size_t count, double *out);
/* Undoes it: for single values. */
void bp_anscombe_algebraic(const bp_anscombe *law, const double *in, size_t count, double *out);
/* The mean of the values whose transforms have the mean y: for what was averaged. Closed form of the exact
 * unbiased inverse (M. Makitalo, A. Foi, IEEE Trans. Image Process. 20 (2011) 2697 and 22 (2013) 91): off by
 * less than 0.019 counts, and 0.5 % above one count. Not below the offset. */
void bp_anscombe_unbiased(const bp_anscombe *law, const double *in, size_t count, double *out);

#endif
