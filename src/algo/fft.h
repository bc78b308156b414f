/* SPDX-License-Identifier: BSD-3-Clause
 * Discrete Fourier transforms of any length, in double and in single precision: mixed radix 4, 2, 3, 5 and 7,
 * and Bluestein's chirp where a larger prime divides the length. A plan is made once, never changes, and
 * serves any number of threads.
 *
 * forward:  out[k] = sum_j in[j] exp(-2 pi i j k / n)     backward: the same with +; neither is scaled. */
#ifndef BP_ALGO_FFT_H
#define BP_ALGO_FFT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bp_complex {
    double re, im;
} bp_complex;

typedef struct bp_complexf {
    float re, im;
} bp_complexf;

typedef struct bp_fft bp_fft;
typedef struct bp_fftf bp_fftf;

/* NULL when n is 0 or memory is short. */
bp_fft *bp_fft_new(size_t n);
bp_fftf *bp_fftf_new(size_t n);
void bp_fft_free(bp_fft *plan);
void bp_fftf_free(bp_fftf *plan);

/* Values of scratch that a run needs. */
size_t bp_fft_scratch(const bp_fft *plan);
size_t bp_fftf_scratch(const bp_fftf *plan);

/* Transforms data[n] in place. */
void bp_fft_run(const bp_fft *plan, bp_complex *data, bool backward, bp_complex *scratch);
void bp_fftf_run(const bp_fftf *plan, bp_complexf *data, bool backward, bp_complexf *scratch);

/* Transforms `lanes` sequences forward in place, data[n][lanes], without turning them round; n must be a good
 * length. scratch: n * lanes values. */
void bp_fftf_run_lanes(const bp_fftf *plan, size_t lanes, bp_complexf *data, bp_complexf *scratch);

/* Transforms the rows and the columns of data[rows][columns] in place. False when memory is short. */
bool bp_fft_image(size_t rows, size_t columns, bp_complex *data, bool backward);

/* The columns alone. */
bool bp_fft_columns(size_t rows, size_t columns, bp_complex *data, bool backward);

/* The least length >= n that has no prime factor above 7. */
size_t bp_fft_good_length(size_t n);

#endif
