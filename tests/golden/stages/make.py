# SPDX-License-Identifier: BSD-3-Clause
"""How cases.npz was made: a scene and a sinogram of our own, denoised by scipy 1.17 and scikit-image 0.26 and freed
of stripes by algotom 1.7. Kept for the record; the tests read the file only."""
import pathlib

import numpy
import scipy.ndimage
from algotom.prep import removal
from skimage import restoration

rng = numpy.random.default_rng(20)
y, x = numpy.indices((24, 32))
noisy = (0.2 + 0.5 * (numpy.hypot(y - 11, x - 15) < 7) + 0.005 * x + 0.05 * rng.normal(size=y.shape)).astype("f4")
a, u = numpy.indices((48, 40))
sinogram = 0.5 + 0.3 * numpy.exp(-(((u - 20 - 8 * numpy.sin(a / 15)) / 6) ** 2)) + 0.01 * rng.normal(size=a.shape)
sinogram[:, 12] += 0.1
sinogram[:, 25:27] *= 1.3
sinogram[:, 33] = 0.4 + 0.3 * rng.normal(size=48)
sinogram = sinogram.astype("f4")
image = noisy.astype("f8")
cases = {
    "noisy": noisy, "sinogram": sinogram,
    "median3": scipy.ndimage.median_filter(image, 3), "median5": scipy.ndimage.median_filter(image, 5),
    "gaussian": scipy.ndimage.gaussian_filter(image, 1.2),
    "tv": restoration.denoise_tv_chambolle(image, weight=0.08),
    "nlm": restoration.denoise_nl_means(image, 5, 6, h=0.04, sigma=0.05, fast_mode=False),
    "db1": restoration.denoise_wavelet(image, sigma=0.05, wavelet="db1", method="BayesShrink"),
    "db2": restoration.denoise_wavelet(image, sigma=0.05, wavelet="db2", method="BayesShrink"),
    "visu": restoration.denoise_wavelet(image, sigma=0.05, wavelet="db1", method="VisuShrink"),
    "noise": restoration.estimate_sigma(image),
    "sorting": removal.remove_stripe_based_sorting(sinogram, 21),
    "filtering": removal.remove_stripe_based_filtering(sinogram, 3, 21),
    "fitting": removal.remove_stripe_based_fitting(sinogram, 2, 10),
    "large": removal.remove_large_stripe(sinogram, 3, 51), "dead": removal.remove_dead_stripe(sinogram, 3, 51),
    "all": removal.remove_all_stripe(sinogram, 3, 51, 21), "fourier": removal.remove_stripe_based_fft(sinogram),
}
numpy.savez_compressed(pathlib.Path(__file__).with_name("cases.npz"),
                       **{name: numpy.asarray(values, "f4") for name, values in cases.items()})
