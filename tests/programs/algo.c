/* SPDX-License-Identifier: BSD-3-Clause
 * Algorithms by themselves, for tests that compare them with reference cases:
 *   algo NAME ROWS COLUMNS [NUMBER ...] < doubles > doubles
 * reads ROWS x COLUMNS values from the standard input and writes the result as doubles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/anscombe.h"
#include "algo/denoise.h"
#include "algo/dispersion.h"
#include "algo/half_sets.h"
#include "algo/spot_sum.h"
#include "algo/stripes.h"

static bool stripes(double *image, size_t rows, size_t columns, const double *p)
{
    bp_stripes s = bp_stripes_defaults((bp_stripe_method)p[0]);
    return bp_stripes_remove(&s, image, rows, columns);
}

/* method, noise, strength (0: the default), size */
static bool denoise(double *values, size_t rows, size_t columns, const double *p)
{
    bp_denoise_method method = (bp_denoise_method)p[0];
    bp_denoise how = bp_denoise_defaults(method, p[1]);
    how.strength = p[2] > 0 ? p[2] : how.strength;
    how.size = p[3] > 0 ? (size_t)p[3] : how.size;
    bp_image in = {rows, columns, values, NULL};
    double *out = malloc(rows * columns * sizeof *out);
    double *scratch = malloc((bp_denoise_scratch(method, &how, rows, columns) + 1) * sizeof *scratch);
    bool room = out && scratch;
    if (room) {
        bp_denoise_run(method, &how, &in, out, scratch);
        memcpy(values, out, rows * columns * sizeof *out);
    }
    free(out);
    free(scratch);
    return room;
}

/* VisuShrink with this noise */
static bool visushrink(double *values, size_t rows, size_t columns, const double *p)
{
    bp_image in = {rows, columns, values, NULL};
    double *scratch = malloc(bp_wavelet_scratch(rows, columns) * sizeof *scratch);
    if (scratch)
        bp_wavelet_image(&in, 1, 1, 1, p[0], values, scratch);
    free(scratch);
    return scratch != NULL;
}

/* the noise, in the first value */
static bool wavelet_noise(double *values, size_t rows, size_t columns, const double *p)
{
    (void)p;
    bp_image in = {rows, columns, values, NULL};
    double *scratch = malloc(bp_wavelet_scratch(rows, columns) * sizeof *scratch);
    if (scratch)
        values[0] = bp_wavelet_noise(&in, scratch);
    free(scratch);
    return scratch != NULL;
}

/* 0 forward, 1 algebraic, 2 unbiased; gain, read noise, offset */
static bool anscombe(double *values, size_t rows, size_t columns, const double *p)
{
    bp_anscombe law = {p[1], p[2], p[3]};
    void (*const ways[])(const bp_anscombe *, const double *, size_t,
                         double *) = {bp_anscombe_forward, bp_anscombe_algebraic, bp_anscombe_unbiased};
    ways[(int)p[0]](&law, values, rows * columns, values);
    return true;
}

/* Strong pixels, 1 and 0; NaN is no pixel. */
static bool dispersion(double *image, size_t rows, size_t columns, const double *p)
{
    bp_dispersion_params d = {.kernel = 3,
                              .background_sigma = p[0],
                              .strong_sigma = p[1],
                              .gain = p[2],
                              .min_count = 2,
                              .extended = p[3] != 0};
    uint8_t *strong = malloc(rows * columns + 1);
    bool done = strong && bp_dispersion_mask(&d, image, rows, columns, NULL, strong);
    for (size_t i = 0; done && i < rows * columns; i++)
        image[i] = strong[i];
    free(strong);
    return done;
}

/* Two rows of intensities: the figures of the half sets come first. */
static bool half_sets(double *image, size_t rows, size_t columns, const double *p)
{
    double figures[BP_HALF_COUNT];
    (void)p;
    if (rows != 2 || columns < BP_HALF_COUNT)
        return false;
    bp_half_sets(image, image + columns, columns, figures);
    memcpy(image, figures, sizeof figures);
    return true;
}

/* Intensity, sigma, x, y of the spot at p[0], p[1] come first; the radii are p[2] to p[4]. */
static bool spot(double *image, size_t rows, size_t columns, const double *p)
{
    bp_spot s;
    bp_spot_rings rings = {(unsigned)p[2], (unsigned)p[3], (unsigned)p[4], 1};
    bool good = bp_spot_sum(image, BP_F64, rows, columns, NULL, &rings, p[0], p[1], &s);
    const double figures[5] = {good, s.intensity, s.sigma, s.x, s.y};
    memcpy(image, figures, sizeof figures);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(double *image, size_t rows, size_t columns, const double *numbers);
} ALGORITHMS[] = {
    {"dispersion", dispersion}, /* sigmas of background and pixel, gain, extended */
    {"half_sets", half_sets},
    {"spot", spot},       /* x, y, radii */
    {"stripes", stripes}, /* method */
    {"denoise", denoise},
    {"visushrink", visushrink},
    {"wavelet_noise", wavelet_noise},
    {"anscombe", anscombe},
};

int main(int argc, char **argv)
{
    double numbers[16] = {0};
    if (argc < 4 || argc > 20)
        return 2;
    size_t rows = strtoul(argv[2], NULL, 10), columns = strtoul(argv[3], NULL, 10), count = rows * columns;
    for (int i = 4; i < argc; i++)
        numbers[i - 4] = strtod(argv[i], NULL);
    double *image = malloc((count + 1) * sizeof *image);
    bool done = false;
    if (!image || fread(image, sizeof *image, count, stdin) != count)
        fprintf(stderr, "too few values\n");
    else
        for (size_t i = 0; i < sizeof ALGORITHMS / sizeof *ALGORITHMS; i++)
            if (strcmp(ALGORITHMS[i].name, argv[1]) == 0)
                done = ALGORITHMS[i].run(image, rows, columns, numbers);
    done = done && fwrite(image, sizeof *image, count, stdout) == count;
    free(image);
    return done ? 0 : 1;
}
