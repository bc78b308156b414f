/* SPDX-License-Identifier: BSD-3-Clause
 * Denoising of one image whose noise is the same everywhere. What they have in common: images of doubles, C
 * order; labels (a byte per pixel, not 0 where the value is none; NULL: nowhere): such pixels take part in no
 * mean, and come out as they went in. Images are mirrored at their ends. The caller brings the scratch. The
 * same bits on every machine. */
#ifndef BP_ALGO_DENOISE_H
#define BP_ALGO_DENOISE_H

#include <stddef.h>
#include <stdint.h>

typedef struct bp_image {
    size_t rows, columns;
    const double *values;
    const uint8_t *labels;
} bp_image;

/* How much: one number for each method, and the noise of the image. */
typedef struct bp_denoise {
    double strength; /* median: side of the window, odd; gaussian: sigma in pixels; tv: weight, nlm: h, both
                        in units of the noise; wavelet: factor of the threshold */
    double noise;    /* standard deviation */
    size_t size;     /* nlm: side of a patch, odd; wavelet: 1 db1 (Haar), 2 db2 */
    size_t search;   /* nlm: how far patches are looked for, in pixels */
    size_t rounds;   /* tv: most iterations */
} bp_denoise;

typedef enum bp_denoise_method {
    BP_DENOISE_MEDIAN,
    BP_DENOISE_GAUSSIAN,
    BP_DENOISE_TV,
    BP_DENOISE_NLM,
    BP_DENOISE_WAVELET,
    BP_DENOISE_METHODS
} bp_denoise_method;

/* Defaults for images with this noise. */
bp_denoise bp_denoise_defaults(bp_denoise_method method, double noise);
/* Doubles of scratch that a run needs. */
size_t bp_denoise_scratch(bp_denoise_method method, const bp_denoise *how, size_t rows, size_t columns);
void bp_denoise_run(bp_denoise_method method, const bp_denoise *how, const bp_image *in, double *out,
                    double *scratch);

/* The strength that fits the image best, found without a clean one: pixels of a grid are replaced by the mean
 * of their neighbours, the image is denoised, and what comes out there is compared with what was measured
 * there, which the denoiser has not seen (J. Batson, L. Royer, Noise2Self, ICML 2019). loss: the mean square
 * of the difference in units of the noise, of the best; it cannot be below 1 but by chance. */
double bp_denoise_calibrate(bp_denoise_method method, const bp_denoise *how, const bp_image *in, double *loss,
                            double *scratch);
size_t bp_denoise_calibrate_scratch(bp_denoise_method method, const bp_denoise *how, size_t rows,
                                    size_t columns);

/* ---- the methods, one file each ---- */

/* Median of size x size pixels (size odd), as scipy.ndimage.median_filter; of an even number of pixels that
 * are no labels, the mean of the two in the middle. scratch: size * size. */
void bp_median_image(const bp_image *in, size_t size, double *out, double *scratch);

/* Gaussian window of radius round(4 sigma), as scipy.ndimage.gaussian_filter; labels get no weight. */
void bp_gaussian_image(const bp_image *in, double sigma, double *out, double *scratch);
size_t bp_gaussian_scratch(double sigma, size_t rows, size_t columns);

/* Least total variation (A. Chambolle, J. Math. Imaging Vis. 20 (2004) 89), as skimage.restoration's
 * denoise_tv_chambolle: ends when the energy falls by less than epsilon of the first. There is no gradient
 * between a label and its neighbours. scratch: 2 * (rows + 1) * columns. */
void bp_tv_image(const bp_image *in, double weight, double epsilon, size_t rounds, double *out,
                 double *scratch);

/* Non-local means (A. Buades, B. Coll, J.-M. Morel, CVPR 2005) with Gaussian weights in the patch, as
 * skimage.restoration.denoise_nl_means(fast_mode=False), N. N. Schraudolph's exponential (Neural Comput. 11
 * (1999) 853) included. Pairs with a label count nothing in the distance of two patches. */
void bp_nlm_image(const bp_image *in, size_t patch, size_t search, double h, double noise, double *out,
                  double *scratch);
size_t bp_nlm_scratch(size_t patch, size_t search, size_t rows, size_t columns);

/* Soft thresholds on wavelet coefficients of db1 or db2 (vanishing = 1, 2), as skimage.restoration's
 * denoise_wavelet. factor 1: BayesShrink (S. G. Chang, B. Yu, M. Vetterli, IEEE Trans. Image Process. 9
 * (2000) 1532). universal: VisuShrink (D. L. Donoho, I. M. Johnstone, Biometrika 81 (1994) 425). Labels are
 * filled from around them first. */
void bp_wavelet_image(const bp_image *in, size_t vanishing, int universal, double factor, double noise,
                      double *out, double *scratch);
size_t bp_wavelet_scratch(size_t rows, size_t columns);
/* Standard deviation of white noise, from the median size of the finest diagonal db2 coefficients. */
double bp_wavelet_noise(const bp_image *in, double *scratch);

/* Mean, or median, of count images for each pixel, without labels; 0 where all are labels. middle: the image
 * whose values stand where it has a label. */
void bp_temporal_image(const bp_image *in, size_t count, int median, size_t middle, double *out);

#endif
