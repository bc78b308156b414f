/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/frame_header.h"

/* Reads "number unit" at p; the place behind it, or NULL when the unit is another one. */
static const char *read_quantity(const char *p, const char *unit, double *value)
{
    char *end;
    double number = strtod(p, &end);
    if (end == p || !isfinite(number))
        return NULL;
    end += strspn(end, " \t");
    size_t length = strlen(unit);
    if (strncmp(end, unit, length) != 0 || !strchr(" \t\r\n;,", end[length]))
        return NULL;
    *value = number;
    return end + length;
}

static void read_pixel_size(const char *p, bp_frame_header *header)
{
    double x, y;
    if (!(p = read_quantity(p, "m", &x)))
        return;
    p += strspn(p, " \t");
    if (*p == 'x' && read_quantity(p + 1, "m", &y)) {
        header->numbers[BP_HEADER_X_PIXEL_SIZE] = x;
        header->numbers[BP_HEADER_Y_PIXEL_SIZE] = y;
    }
}

static void read_beam(const char *p, bp_frame_header *header)
{
    double x, y;
    int used = 0;
    if (sscanf(p, "(%lf, %lf) pixels%n", &x, &y, &used) == 2 && used > 0 && isfinite(x) && isfinite(y)) {
        header->numbers[BP_HEADER_BEAM_X] = x;
        header->numbers[BP_HEADER_BEAM_Y] = y;
    }
}

static void read_line(const char *p, bp_frame_header *header)
{
    static const struct {
        const char *key;
        int number;
        const char *unit;
    } keys[] = {
        {"Exposure_time ", BP_HEADER_COUNT_TIME, "s"},
        {"Exposure_period ", BP_HEADER_FRAME_TIME, "s"},
        {"Count_cutoff ", BP_HEADER_SATURATION, "counts"},
        {"Detector_distance ", BP_HEADER_DISTANCE, "m"},
        {"Silicon sensor, thickness ", BP_HEADER_THICKNESS, "m"},
        {"CdTe sensor, thickness ", BP_HEADER_THICKNESS, "m"},
        {"Wavelength ", BP_HEADER_WAVELENGTH, "A"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strncmp(p, keys[i].key, strlen(keys[i].key)) == 0)
            read_quantity(p + strlen(keys[i].key), keys[i].unit, &header->numbers[keys[i].number]);
    if (strncmp(p, "Pixel_size ", 11) == 0)
        read_pixel_size(p + 11, header);
    else if (strncmp(p, "Beam_xy ", 8) == 0)
        read_beam(p + 8, header);
    else if (strncmp(p, "Detector: ", 10) == 0)
        snprintf(header->detector, sizeof header->detector, "%.*s", (int)strcspn(p + 10, "\r\n"), p + 10);
}

void bp_frame_header_read(const char *text, bp_frame_header *header)
{
    memset(header, 0, sizeof *header);
    for (int i = 0; i < BP_HEADER_COUNT; i++)
        header->numbers[i] = (double)NAN;
    for (const char *p = text; p && (p = strchr(p, '#')); p++)
        if (p == text || strchr("\r\n ", p[-1]))
            read_line(p + 1 + strspn(p + 1, " \t"), header);
}

void bp_frame_header_merge(bp_frame_header *all, const bp_frame_header *one)
{
    for (int i = 0; i < BP_HEADER_COUNT; i++)
        if (all->numbers[i] != one->numbers[i])
            all->numbers[i] = (double)NAN;
    if (strcmp(all->detector, one->detector) != 0)
        all->detector[0] = '\0';
}
