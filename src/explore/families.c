/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/families.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bp_family families[] = {
    {.name = "lossless", .help = "every value comes back", .pattern = "photon level=balanced"},
    {.name = "quantise",
     .help = "steps of the counting noise, then photon",
     .pattern = "quantise step={}sigma{law} | photon",
     .parameter = "step",
     .unit = "sigma",
     .gentle = 0.1,
     .harsh = 6},
    {.name = "quantise+dither",
     .help = "the same with subtractive dither: no bias, floats",
     .pattern = "quantise step={}sigma dither=subtractive{law} | photon",
     .parameter = "step",
     .unit = "sigma",
     .gentle = 0.1,
     .harsh = 6},
    {.name = "wavelet",
     .help = "steps of the counting noise, of wavelet coefficients instead of pixels",
     .pattern = "quantise step={}sigma transform=wavelet{law} | photon",
     .parameter = "step",
     .unit = "sigma",
     .gentle = 0.5,
     .harsh = 8},
    {.name = "quantise_abs",
     .help = "steps of the same size for all values, then photon",
     .pattern = "quantise abs={} | photon",
     .parameter = "abs",
     .unit = "sigma",
     .gentle = 0.05,
     .harsh = 8,
     .in_sigma = true},
    {.name = "denoise+quantise",
     .help = "denoised, then steps of the noise",
     .pattern = "denoise | quantise step={}sigma{law} | photon",
     .parameter = "step",
     .unit = "sigma",
     .gentle = 0.25,
     .harsh = 4,
     .techniques = "ct segment"},
    {.name = "levels",
     .help = "few levels, the threshold of the phases between two of them",
     .pattern = "quantise levels={}{range} dtype=code | photon",
     .parameter = "levels",
     .unit = "",
     .gentle = 192,
     .harsh = 8,
     .whole = true,
     .techniques = "segment"},
    {.name = "bin",
     .help = "neighbouring pixels added",
     .pattern = "bin x={} y={} | photon",
     .parameter = "x",
     .unit = "pixels",
     .gentle = 2,
     .harsh = 4,
     .whole = true,
     .techniques = "saxs"},
    {.name = "roi",
     .help = "boxes about the peaks as they are, the rest binned 2 x 2 and quantised",
     .pattern = "roi step={} bin=2{peaks} | photon",
     .parameter = "step",
     .unit = "sigma",
     .gentle = 0.25,
     .harsh = 16,
     .techniques = "sx"},
    {.name = "zfp",
     .help = "zfp with a bound on every value",
     .pattern = "zfp accuracy={}",
     .parameter = "accuracy",
     .unit = "sigma",
     .gentle = 0.1,
     .harsh = 16,
     .in_sigma = true},
    {.name = "jpeg2000",
     .help = "JPEG 2000 to a ratio",
     .pattern = "jpeg2000 ratio={}",
     .parameter = "ratio",
     .unit = "",
     .gentle = 1.5,
     .harsh = 100},
    {.name = "jpegxl",
     .help = "JPEG XL by visual distance",
     .pattern = "jpegxl distance={}",
     .parameter = "distance",
     .unit = "JND",
     .gentle = 0.05,
     .harsh = 15},
    {.name = "jpegls",
     .help = "JPEG-LS with a bound on every value",
     .pattern = "jpegls near={}",
     .parameter = "near",
     .unit = "values",
     .gentle = 1,
     .harsh = 255,
     .whole = true},
};

const bp_family *bp_family_at(size_t index)
{
    return index < sizeof families / sizeof *families ? &families[index] : NULL;
}

bool bp_family_suits(const bp_family *family, const char *technique)
{
    size_t length = strlen(technique);
    const char *at = family->techniques;
    while (at && (at = strstr(at, technique)) != NULL) {
        if ((at == family->techniques || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
        at += length;
    }
    return !family->techniques;
}

/* Ends of these levels over the values, with the edge half way between two of them. */
static void put_range(FILE *out, double levels, const bp_family_noise *noise)
{
    double steps = levels - 1 - noise->labelled, step = (noise->high - noise->low) / steps, low = noise->low;
    if (isfinite(noise->edge) && step > 0)
        low = noise->edge - (floor((noise->edge - low) / step) + 0.5) * step;
    if (step > 0)
        fprintf(out, " low=%.9g high=%.9g", low, low + steps * step);
}

char *bp_family_pipeline(const bp_family *family, double value, const bp_family_noise *noise)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (const char *at = family->pattern; out && *at;) {
        if (strncmp(at, "{}", 2) == 0) {
            fprintf(out, "%.4g", family->in_sigma ? value * noise->typical : value);
            at += 2;
        } else if (strncmp(at, "{law}", 5) == 0) {
            fputs(noise->law, out);
            at += 5;
        } else if (strncmp(at, "{range}", 7) == 0) {
            put_range(out, value, noise);
            at += 7;
        } else if (strncmp(at, "{peaks}", 7) == 0) {
            fputs(noise->peaks, out);
            at += 7;
        } else {
            fputc(*at++, out);
        }
    }
    if (out && fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}
