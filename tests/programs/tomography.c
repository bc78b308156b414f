/* SPDX-License-Identifier: BSD-3-Clause
 * The algorithms of tomography by themselves, for comparison with other programs: numbers come from and go to
 * files of plain doubles.
 *
 *   tomography response FILTER LENGTH OUT
 *   tomography fbp fast|double FILTER INTERPOLATION circle|square COLUMNS ANGLES SINOGRAM OUT
 *   tomography centre COLUMNS SINOGRAM: column of the axis, refined, by Vo's method
 *   tomography metric COLUMNS SINOGRAM CENTRES OUT: of a sinogram smoothed by (2, 2)
 *   tomography phase COLUMNS PROJECTION OPPOSITE: column of the axis
 *   tomography wedge HEIGHT WIDTH RADIUS OUT
 *   tomography transmission PROJECTIONS FLAT DARK OUT
 *   tomography attenuation TRANSMISSION OUT
 *   tomography gridrec FILTER CENTRE COLUMNS ANGLES SINOGRAM OUT
 *   tomography sirt ITERATIONS MATRIX RAYS OUT: with an explicit matrix
 *   tomography adjoint MATRIX COLUMNS ANGLES RAYS OUT: FBP with an explicit matrix, ramp filter
 *   tomography sart ITERATIONS COLUMNS ANGLES RAYS OUT
 *   tomography even AIR COLUMNS TRANSMISSIONS OUT: rows divided by the line through their ends
 *   tomography joseph SIDE COLUMNS ANGLES OUT: the matrix of our projector, its axis in the middle of both
 *   tomography iterate ITERATIONS SIDE COLUMNS ANGLES RAYS OUT: SIRT with our projector
 *   tomography speed COLUMNS ANGLES SLICES THREADS PASSES: seconds of each pass of fbp fast */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "algo/attenuation.h"
#include "algo/darkflat.h"
#include "algo/fbp.h"
#include "algo/fbp_adjoint.h"
#include "algo/gridrec.h"
#include "algo/rotation_centre.h"
#include "algo/sart.h"
#include "algo/sirt.h"

static double *read_file(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    *count = (size_t)ftell(file) / sizeof(double);
    double *values = malloc((*count + 1) * sizeof *values);
    rewind(file);
    if (!values || fread(values, sizeof *values, *count, file) != *count) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return values;
}

static int write_file(const char *path, const double *values, size_t count)
{
    FILE *file = fopen(path, "wb");
    bool done = file && fwrite(values, sizeof *values, count, file) == count;
    if (file && fclose(file) != 0)
        done = false;
    if (!done)
        perror(path);
    return done ? 0 : 1;
}

static size_t word(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    fprintf(stderr, "%s: not known\n", text);
    exit(2);
}

static size_t whole(const char *text)
{
    return (size_t)strtoull(text, NULL, 10);
}

static int response(char **words)
{
    const char *const filters[] = BP_FBP_FILTER_WORDS;
    size_t length = whole(words[1]);
    double *values = malloc(length * sizeof *values);
    int code = values && bp_fbp_response((bp_fbp_filter)word(words[0], filters), length, values)
                   ? write_file(words[2], values, length)
                   : 1;
    free(values);
    return code;
}

static bp_status fast(bp_context *ctx, const bp_fbp *fbp, const double *sinogram, double *slice)
{
    size_t in = fbp->columns * fbp->angle_count, out = fbp->side * fbp->side;
    float *values = malloc((in + out) * sizeof *values);
    if (!values)
        return BP_E_MEMORY;
    for (size_t i = 0; i < in; i++)
        values[i] = (float)sinogram[i];
    bp_status status = bp_fbp_fast(ctx, fbp, 2, 1, values, values + in);
    for (size_t i = 0; i < out; i++)
        slice[i] = (double)values[in + i];
    free(values);
    return status;
}

static int fbp(bp_context *ctx, char **words)
{
    const char *const filters[] = BP_FBP_FILTER_WORDS;
    static const char *const between[] = {"linear", "nearest", "cubic", NULL};
    size_t count, angle_count;
    double *angles = read_file(words[5], &angle_count), *sinogram = read_file(words[6], &count);
    bp_fbp f;
    bp_fbp_init(&f, whole(words[4]), angle_count, angles, strcmp(words[3], "circle") == 0);
    f.filter = (bp_fbp_filter)word(words[1], filters);
    f.interpolation = (bp_fbp_interpolation)word(words[2], between);
    double *slice = calloc(f.side * f.side + 1, sizeof *slice);
    bp_status status = BP_E_MEMORY;
    if (slice && count == angle_count * f.columns)
        status = strcmp(words[0], "fast") == 0 ? fast(ctx, &f, sinogram, slice)
                                               : bp_fbp_run(ctx, &f, sinogram, slice);
    int code = status == BP_OK ? write_file(words[7], slice, f.side * f.side) : 1;
    free(angles);
    free(sinogram);
    free(slice);
    return code;
}

static int centre(char **words)
{
    size_t count, columns = whole(words[0]);
    double *sinogram = read_file(words[1], &count), found = 0, refined = 0;
    const bp_centre_search search = {.start = 1, .stop = 0, .radius = 4, .step = 0.25};
    bool made = bp_centre_vo(sinogram, count / columns, columns, &search, &found, &refined);
    printf("%.17g %.17g\n", found, refined);
    free(sinogram);
    return made ? 0 : 1;
}

static int metric(char **words)
{
    size_t count, tried, columns = whole(words[0]);
    double *sinogram = read_file(words[1], &count), *centres = read_file(words[2], &tried);
    bool made = bp_gauss_smooth(sinogram, count / columns, columns, 2, 2) &&
                bp_centre_metrics(sinogram, count / columns, columns, centres, tried, centres);
    int code = made ? write_file(words[3], centres, tried) : 1;
    free(sinogram);
    free(centres);
    return code;
}

static int phase(char **words)
{
    size_t count, columns = whole(words[0]);
    double *a = read_file(words[1], &count), *b = read_file(words[2], &count), found = 0;
    bool made = bp_centre_phase(a, b, count / columns, columns, &found);
    printf("%.17g\n", found);
    free(a);
    free(b);
    return made ? 0 : 1;
}

static int wedge(char **words)
{
    size_t height = whole(words[0]), width = whole(words[1]);
    uint8_t *mask = malloc(height * width);
    double *values = malloc(height * width * sizeof *values);
    int code = 1;
    if (mask && values) {
        bp_wedge_mask(height, width, strtod(words[2], NULL), mask);
        for (size_t i = 0; i < height * width; i++)
            values[i] = mask[i];
        code = write_file(words[3], values, height * width);
    }
    free(mask);
    free(values);
    return code;
}

static int transmission(char **words)
{
    size_t count, pixels;
    double *values = read_file(words[0], &count), *flat = read_file(words[1], &pixels);
    double *dark = read_file(words[2], &pixels);
    for (size_t i = 0; i + pixels <= count; i += pixels)
        bp_transmission(values + i, flat, dark, pixels);
    int code = write_file(words[3], values, count);
    free(values);
    free(flat);
    free(dark);
    return code;
}

static int attenuation(char **words)
{
    size_t count;
    uint64_t clipped = 0;
    double *values = read_file(words[0], &count);
    bp_attenuation(values, count, &clipped);
    int code = write_file(words[1], values, count);
    free(values);
    return code;
}

static int gridrec(char **words)
{
    const char *const filters[] = BP_GRIDREC_FILTER_WORDS;
    size_t count, angle_count, columns = whole(words[2]);
    double *angles = read_file(words[3], &angle_count), *sinogram = read_file(words[4], &count);
    bp_gridrec g = {.columns = columns,
                    .angle_count = angle_count,
                    .angles = angles,
                    .centre = strtod(words[1], NULL),
                    .filter = (bp_gridrec_filter)word(words[0], filters),
                    .cut = 0.5,
                    .order = 8};
    double *slice = calloc(columns * columns + 1, sizeof *slice);
    int code = 1;
    if (slice && count == angle_count * columns && bp_gridrec_run(&g, sinogram, slice))
        code = write_file(words[5], slice, columns * columns);
    free(angles);
    free(sinogram);
    free(slice);
    return code;
}

typedef struct matrix {
    size_t rays, pixels;
    const double *values;
} matrix;

static void matrix_forward(const void *user, const double *image, double *rays)
{
    const matrix *m = user;
    memset(rays, 0, m->rays * sizeof *rays);
    for (size_t r = 0; r < m->rays; r++)
        for (size_t i = 0; i < m->pixels; i++)
            rays[r] += m->values[r * m->pixels + i] * image[i];
}

static void matrix_back(const void *user, const double *rays, double *image)
{
    const matrix *m = user;
    memset(image, 0, m->pixels * sizeof *image);
    for (size_t r = 0; r < m->rays; r++)
        for (size_t i = 0; i < m->pixels; i++)
            image[i] += m->values[r * m->pixels + i] * rays[r];
}

static int sirt(char **words)
{
    size_t values, rays;
    double *a = read_file(words[1], &values), *b = read_file(words[2], &rays);
    matrix m = {rays, values / rays, a};
    bp_projector p = {m.pixels, m.rays, matrix_forward, matrix_back, &m};
    double *image = calloc(m.pixels, sizeof *image);
    int code = 1;
    if (image && bp_sirt_run(NULL, &p, whole(words[0]), b, image) == BP_OK)
        code = write_file(words[3], image, m.pixels);
    free(a);
    free(b);
    free(image);
    return code;
}

static int adjoint(char **words)
{
    size_t values, rays, angle_count;
    double *a = read_file(words[0], &values), *angles = read_file(words[2], &angle_count);
    double *b = read_file(words[3], &rays);
    matrix m = {rays, values / rays, a};
    bp_projector p = {m.pixels, m.rays, matrix_forward, matrix_back, &m};
    bp_fbp f;
    bp_fbp_init(&f, whole(words[1]), angle_count, angles, true);
    double *image = calloc(m.pixels, sizeof *image);
    int code = 1;
    if (image && rays == angle_count * f.columns && bp_fbp_adjoint(NULL, &f, &p, b, image) == BP_OK)
        code = write_file(words[4], image, m.pixels);
    free(a);
    free(angles);
    free(b);
    free(image);
    return code;
}

static int sart(char **words)
{
    size_t rays, angle_count, columns = whole(words[1]);
    double *angles = read_file(words[2], &angle_count), *b = read_file(words[3], &rays);
    const bp_sart s = {columns, angle_count, angles, (double)(columns / 2), BP_SART_RELAXATION};
    double *image = calloc(columns * columns + 1, sizeof *image);
    int code = 1;
    if (image && rays == angle_count * columns && bp_sart_run(NULL, &s, whole(words[0]), b, image) == BP_OK)
        code = write_file(words[4], image, columns * columns);
    free(angles);
    free(b);
    free(image);
    return code;
}

static int even(char **words)
{
    size_t count, columns = whole(words[1]);
    double *values = read_file(words[2], &count);
    for (size_t i = 0; i + columns <= count; i += columns)
        bp_divide_by_air(values + i, columns, whole(words[0]));
    int code = write_file(words[3], values, count);
    free(values);
    return code;
}

static bp_joseph rays_of(char **words, double **angles)
{
    bp_joseph j = {.side = whole(words[0]), .columns = whole(words[1])};
    j.angles = *angles = read_file(words[2], &j.angle_count);
    j.centre = ((double)j.columns - 1) / 2;
    j.middle = ((double)j.side - 1) / 2;
    return j;
}

static int joseph(char **words)
{
    double *angles;
    bp_joseph j = rays_of(words, &angles);
    bp_projector p = bp_joseph_projector(&j);
    double *image = calloc(p.pixels, sizeof *image), *out = calloc(p.rays * p.pixels, sizeof *out);
    double *rays = malloc(p.rays * sizeof *rays);
    int code = 1;
    for (size_t i = 0; image && out && rays && i < p.pixels; i++) {
        image[i] = 1;
        p.forward(p.user, image, rays);
        image[i] = 0;
        for (size_t r = 0; r < p.rays; r++)
            out[r * p.pixels + i] = rays[r];
    }
    if (image && out && rays)
        code = write_file(words[3], out, p.rays * p.pixels);
    free(angles);
    free(image);
    free(out);
    free(rays);
    return code;
}

static int iterate(char **words)
{
    double *angles;
    size_t count;
    bp_joseph j = rays_of(words + 1, &angles);
    bp_projector p = bp_joseph_projector(&j);
    double *rays = read_file(words[4], &count), *image = calloc(p.pixels, sizeof *image);
    int code = 1;
    if (image && count == p.rays && bp_sirt_run(NULL, &p, whole(words[0]), rays, image) == BP_OK)
        code = write_file(words[5], image, p.pixels);
    free(angles);
    free(rays);
    free(image);
    return code;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int speed(bp_context *ctx, char **words)
{
    size_t columns = whole(words[0]), angle_count = whole(words[1]), slices = whole(words[2]);
    size_t values = columns * angle_count * slices;
    double *angles = malloc(angle_count * sizeof *angles);
    float *in = malloc(values * sizeof *in), *out = malloc(columns * columns * slices * sizeof *out);
    bp_fbp f;
    int code = angles && in && out ? 0 : 1;
    for (size_t a = 0; !code && a < angle_count; a++)
        angles[a] = 180 * (double)a / (double)angle_count;
    for (size_t i = 0; !code && i < values; i++)
        in[i] = (float)(i * 2654435761u % 1000);
    bp_fbp_init(&f, columns, angle_count, angles, true);
    for (size_t pass = 0; !code && pass < whole(words[4]); pass++) {
        double start = now();
        code = bp_fbp_fast(ctx, &f, (unsigned)whole(words[3]), slices, in, out) == BP_OK ? 0 : 1;
        printf("%.4f\n", now() - start);
    }
    free(angles);
    free(in);
    free(out);
    return code;
}

/* words: how many follow the name */
static const struct {
    const char *name;
    int words;
    int (*run)(char **words);
} commands[] = {
    {"response", 3, response},
    {"centre", 2, centre},
    {"metric", 4, metric},
    {"phase", 3, phase},
    {"wedge", 4, wedge},
    {"transmission", 4, transmission},
    {"attenuation", 2, attenuation},
    {"gridrec", 6, gridrec},
    {"sirt", 4, sirt},
    {"adjoint", 5, adjoint},
    {"sart", 5, sart},
    {"even", 4, even},
    {"joseph", 4, joseph},
    {"iterate", 6, iterate},
};

int main(int argc, char **argv)
{
    bp_context *ctx = bp_context_new();
    int code = 2;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0 && argc == commands[i].words + 2)
            code = commands[i].run(argv + 2);
    if (argc == 10 && strcmp(argv[1], "fbp") == 0)
        code = fbp(ctx, argv + 2);
    else if (argc == 7 && strcmp(argv[1], "speed") == 0)
        code = speed(ctx, argv + 2);
    if (code)
        fprintf(stderr, "tomography: %s\n", code == 2 ? "wrong words" : bp_context_message(ctx));
    bp_context_free(ctx);
    return code;
}
