/* SPDX-License-Identifier: BSD-3-Clause
 * How long azimuthal integration, multi-tau correlation and the search for peaks take, on frames that
 * bench/scattering.py writes:
 *   scattering azimuthal FILE ROWS COLUMNS BINS SPLIT REPEATS OUT    one frame of doubles in FILE
 *   scattering multitau FILE FRAMES PIXELS BUFFERS LEVELS OUT        a series of doubles in FILE
 *   scattering peaks FILE ROWS COLUMNS THRESHOLD REPEATS OUT         one frame of doubles, searched as
 * float32 Prints seconds: of the preparation, and the least of one frame (of the whole series). Writes the
 * curve (of peaks: column, row and total of each) as doubles to OUT. The beam is in the middle; the detector
 * of azimuthal stands 1 m away and has pixels of 100 um. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "algo/azimuthal.h"
#include "algo/multitau.h"
#include "algo/peakfinder8.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double *read_file(const char *path, size_t count)
{
    double *values = malloc((count + 1) * sizeof *values);
    FILE *file = fopen(path, "rb");
    if (!values || !file || fread(values, sizeof *values, count, file) != count)
        exit(3);
    fclose(file);
    return values;
}

static void write_file(const char *path, const double *values, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(values, sizeof *values, count, file) != count || fclose(file))
        exit(3);
}

static int azimuthal(char **argv)
{
    size_t rows = strtoul(argv[3], NULL, 10), columns = strtoul(argv[4], NULL, 10);
    size_t bins = strtoul(argv[5], NULL, 10), repeats = strtoul(argv[7], NULL, 10);
    double *frame = read_file(argv[2], rows * columns), best = INFINITY;
    bp_geometry geometry = {.distance = 1,
                            .poni1 = (double)rows * 50e-6,
                            .poni2 = (double)columns * 50e-6,
                            .pixel1 = 1e-4,
                            .pixel2 = 1e-4,
                            .wavelength = 1e-10};
    bp_azimuthal_setup setup = {.rows = rows,
                                .columns = columns,
                                .geometry = &geometry,
                                .bins = bins,
                                .sectors = 1,
                                .split = (bp_split)strtoul(argv[6], NULL, 10),
                                .from = -4,
                                .to = 4,
                                .solid_angle = true,
                                .polarisation = 0.99};
    bp_azimuthal matrix;
    bp_cell *cells = malloc(bins * sizeof *cells);
    double *curve = malloc(bins * sizeof *curve), began = now();
    if (!cells || !curve || bp_azimuthal_init(NULL, &setup, &matrix) != BP_OK)
        return 3;
    double ready = now() - began;
    for (size_t r = 0; r < repeats; r++) {
        began = now();
        memset(cells, 0, bins * sizeof *cells);
        bp_azimuthal_add(&matrix, frame, NULL, NULL, NULL, cells);
        for (size_t i = 0; i < bins; i++)
            curve[i] = cells[i].signal / cells[i].even;
        best = fmin(best, now() - began);
    }
    printf("%.9f %.9f\n", ready, best);
    write_file(argv[8], curve, bins);
    bp_azimuthal_fini(&matrix);
    free(cells);
    free(curve);
    free(frame);
    return 0;
}

static int multitau(char **argv)
{
    size_t frames = strtoul(argv[3], NULL, 10), pixels = strtoul(argv[4], NULL, 10);
    unsigned buffers = (unsigned)strtoul(argv[5], NULL, 10), levels = (unsigned)strtoul(argv[6], NULL, 10);
    double *series = read_file(argv[2], frames * pixels), began = now();
    bp_pixel_groups groups;
    if (!bp_pixel_groups_init(&groups, pixels, NULL, NULL, 20))
        return 3;
    bp_multitau *m = bp_multitau_new(&groups, 0, buffers - 1, levels);
    double *delays = m ? malloc(bp_multitau_room(m) * sizeof *delays) : NULL;
    if (!m || !delays)
        return 3;
    double ready = now() - began;
    began = now();
    for (size_t f = 0; f < frames; f++)
        bp_multitau_add(m, series + f * pixels);
    size_t count = bp_multitau_delays(m, delays);
    for (size_t i = 0; i < count; i++)
        delays[i] = bp_multitau_g2(m, 0, i, SIZE_MAX);
    printf("%.9f %.9f\n", ready, now() - began);
    write_file(argv[7], delays, count);
    bp_multitau_free(m);
    bp_pixel_groups_fini(&groups);
    free(delays);
    free(series);
    return 0;
}

static int peaks(char **argv)
{
    size_t rows = strtoul(argv[3], NULL, 10), columns = strtoul(argv[4], NULL, 10);
    size_t repeats = strtoul(argv[6], NULL, 10);
    double *values = read_file(argv[2], rows * columns), best = INFINITY, began = now();
    bp_peakfinder8_params params = {.threshold = strtof(argv[5], NULL),
                                    .min_snr = 5,
                                    .min_pixels = 2,
                                    .max_pixels = 200,
                                    .background_radius = 3,
                                    .centre_x = (double)columns / 2,
                                    .centre_y = (double)rows / 2};
    bp_peakfinder8 *finder = bp_peakfinder8_new(rows, columns, &params, NULL);
    float *frame = malloc(rows * columns * sizeof *frame);
    bp_peaks found = {0};
    if (!finder || !frame)
        return 3;
    double ready = now() - began;
    for (size_t i = 0; i < rows * columns; i++)
        frame[i] = (float)values[i];
    for (size_t r = 0; r < repeats; r++) {
        began = now();
        if (!bp_peakfinder8_find(finder, frame, BP_F32, &found))
            return 3;
        best = fmin(best, now() - began);
    }
    printf("%.9f %.9f\n", ready, best);
    double *table = malloc((3 * found.count + 1) * sizeof *table);
    if (!table)
        return 3;
    for (size_t i = 0; i < found.count; i++) {
        table[3 * i] = found.items[i].x;
        table[3 * i + 1] = found.items[i].y;
        table[3 * i + 2] = found.items[i].total;
    }
    write_file(argv[7], table, 3 * found.count);
    free(table);
    bp_peaks_fini(&found);
    bp_peakfinder8_free(finder);
    free(frame);
    free(values);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 9 && strcmp(argv[1], "azimuthal") == 0)
        return azimuthal(argv);
    if (argc == 8 && strcmp(argv[1], "multitau") == 0)
        return multitau(argv);
    if (argc == 8 && strcmp(argv[1], "peaks") == 0)
        return peaks(argv);
    fprintf(stderr, "see the head of the source\n");
    return 2;
}
