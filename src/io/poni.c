/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/poni.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONGEST_LINE 4096

/* The number after `key` in the text of a JSON object; NAN when there is none. */
static double number_of(const char *text, const char *key)
{
    char quoted[64], *end;
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *at = strstr(text, quoted);
    at = at ? strchr(at, ':') : NULL;
    if (!at)
        return (double)NAN;
    double value = strtod(at + 1, &end);
    return end == at + 1 ? (double)NAN : value;
}

/* Pixels of detectors that a file may call by their name alone. */
static void know_detector(const char *name, bp_geometry *g)
{
    static const struct {
        const char *begins;
        double pixel;
    } known[] = {
        {"pilatus", 172e-6}, {"eiger", 75e-6}, {"maxipix", 55e-6}, {"jungfrau", 75e-6}, {"lambda", 55e-6}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncasecmp(name, known[i].begins, strlen(known[i].begins)) == 0 && isnan(g->pixel1))
            g->pixel1 = g->pixel2 = known[i].pixel;
}

static bp_status take_config(bp_context *ctx, const char *text, bp_geometry *g)
{
    double pixel1 = number_of(text, "pixel1"), pixel2 = number_of(text, "pixel2");
    double orientation = number_of(text, "orientation");
    g->pixel1 = isnan(pixel1) ? g->pixel1 : pixel1;
    g->pixel2 = isnan(pixel2) ? g->pixel2 : pixel2;
    if (!isnan(orientation) && (orientation < 0 || orientation > 3 || (orientation > 0 && orientation < 3)))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "detector orientation %g; only 3, pyFAI's own, is known",
                       orientation);
    return BP_OK;
}

static bp_status take(bp_context *ctx, const char *key, const char *text, bp_geometry *g)
{
    const struct {
        const char *key;
        double *value;
    } numbers[] = {{"distance", &g->distance},
                   {"poni1", &g->poni1},
                   {"poni2", &g->poni2},
                   {"rot1", &g->rot1},
                   {"rot2", &g->rot2},
                   {"rot3", &g->rot3},
                   {"wavelength", &g->wavelength},
                   {"pixelsize1", &g->pixel1},
                   {"pixelsize2", &g->pixel2}};
    if (strcasecmp(key, "detector") == 0)
        know_detector(text, g);
    if (strcasecmp(key, "detector_config") == 0)
        return take_config(ctx, text, g);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char *end;
        if (strcasecmp(key, numbers[i].key) != 0 || strncasecmp(text, "none", 4) == 0)
            continue;
        double value = strtod(text, &end);
        while (isspace((unsigned char)*end))
            end++;
        if (end == text || *end || !isfinite(value))
            return bp_fail(ctx, BP_E_INPUT, "%s is '%s', which is no number", key, text);
        *numbers[i].value = value;
    }
    return BP_OK;
}

static bp_status read_lines(bp_context *ctx, FILE *file, bp_geometry *g)
{
    char line[LONGEST_LINE];
    bp_status status = BP_OK;
    while (status == BP_OK && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':'), *key = line;
        if (*line == '#' || !colon)
            continue;
        *colon = 0;
        while (isspace((unsigned char)*key))
            key++;
        for (char *end = colon; end > key && isspace((unsigned char)end[-1]);)
            *--end = 0;
        char *text = colon + 1 + strspn(colon + 1, " \t");
        text[strcspn(text, "\r\n")] = 0;
        status = take(ctx, key, text, g);
    }
    return status;
}

bp_status bp_poni_read(bp_context *ctx, const char *path, bp_geometry *g)
{
    *g = (bp_geometry){
        .distance = NAN, .poni1 = NAN, .poni2 = NAN, .pixel1 = NAN, .pixel2 = NAN, .wavelength = NAN};
    FILE *file = fopen(path, "r");
    if (!file)
        return bp_fail(ctx, BP_E_INPUT, "%s: there is no such file, or it cannot be read", path);
    bp_status status = read_lines(ctx, file, g);
    fclose(file);
    if (status == BP_OK && (isnan(g->distance) || isnan(g->poni1) || isnan(g->poni2)))
        status = bp_fail(ctx, BP_E_INPUT, "this is no .poni file: Distance, Poni1 or Poni2 is missing");
    if (status == BP_OK && (isnan(g->pixel1) || isnan(g->pixel2)))
        status = bp_fail(ctx, BP_E_INPUT,
                         "the size of a pixel is missing (Detector_config with pixel1 and pixel2)");
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s", path);
}
