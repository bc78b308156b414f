/* SPDX-License-Identifier: BSD-3-Clause
 * Parts of the scattering analyses by themselves, for tests that compare them with reference cases. Numbers
 * on the standard input, numbers on the standard output: scattering polarisation FACTOR OFFSET < (two theta,
 * azimuth) ...      share of the intensity, for each scattering guinier FROM LIMIT < (q, I, sigma) ... Rg,
 * its sigma, I0, points, first scattering porod FROM < (q, I, sigma) ...                             slope,
 * its sigma scattering caking ROWS COLUMNS PIXEL DIST PONI1 PONI2 ROT1 ROT2 ROT3 WAVELENGTH BINS SECTORS FROM
 * TO SOLID < values                                                   intensity of each sector and bin */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/azimuthal.h"
#include "algo/guinier.h"
#include "algo/speckle_counts.h"

/* All numbers of the standard input; *count 0 when there are none. */
static double *read_all(size_t *count)
{
    size_t room = 1 << 20;
    double *values = malloc(room * sizeof *values), v;
    *count = 0;
    while (values && fread(&v, sizeof v, 1, stdin) == 1) {
        if (*count == room) {
            room *= 2;
            double *more = realloc(values, room * sizeof *values);
            if (!more)
                exit(3);
            values = more;
        }
        values[(*count)++] = v;
    }
    return values;
}

static int polarisation(const double *numbers, const double *values, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        printf("%.17g\n", bp_polarisation(values[i], values[i + 1] + numbers[1], numbers[0]));
    return 0;
}

static int fit(const double *numbers, const double *values, size_t count, bool porod)
{
    size_t n = count / 3;
    double *q = malloc((3 * n + 1) * sizeof *q);
    bp_guinier g;
    bp_line line;
    if (!q)
        return 3;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            q[k * n + i] = values[3 * i + k];
    bool found = porod ? bp_porod_fit(q, q + n, q + 2 * n, n, numbers[0], &line)
                       : bp_guinier_fit(q, q + n, q + 2 * n, n, numbers[0], numbers[1], false, &g);
    if (found && porod)
        printf("%.17g\n%.17g\n", line.slope, line.slope_sigma);
    else if (found)
        printf("%.17g\n%.17g\n%.17g\n%zu\n%zu\n", g.rg, g.rg_sigma, g.i0, g.count, g.first);
    free(q);
    return 0;
}

static int photons(const double *numbers, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%.17g\n", bp_negative_binomial((unsigned)values[i], numbers[0], numbers[1]));
    return 0;
}

static int caking(const double *p, const double *values, size_t count)
{
    bp_geometry geometry = {.distance = p[3],
                            .poni1 = p[4],
                            .poni2 = p[5],
                            .rot1 = p[6],
                            .rot2 = p[7],
                            .rot3 = p[8],
                            .pixel1 = p[2],
                            .pixel2 = p[2],
                            .wavelength = p[9]};
    size_t cells = (size_t)p[10] * (size_t)p[11];
    uint8_t *excluded = calloc(count + 1, 1);
    bp_cell *cell = calloc(cells + 1, sizeof *cell);
    bp_azimuthal_setup setup = {.rows = (size_t)p[0],
                                .columns = (size_t)p[1],
                                .geometry = &geometry,
                                .excluded = excluded,
                                .split = BP_SPLIT_NO,
                                .bins = (size_t)p[10],
                                .sectors = (size_t)p[11],
                                .from = p[12],
                                .to = p[13],
                                .solid_angle = p[14] != 0,
                                .polarisation = p[15]};
    bp_azimuthal matrix;
    for (size_t i = 0; excluded && i < count; i++)
        excluded[i] = (uint8_t)(isnan(values[i]) ? 1 : 0);
    if (!excluded || !cell || count != setup.rows * setup.columns ||
        bp_azimuthal_init(NULL, &setup, &matrix) != BP_OK)
        return 1;
    bp_azimuthal_add(&matrix, values, NULL, NULL, NULL, cell);
    for (size_t i = 0; i < cells; i++)
        printf("%.17g\n", cell[i].even > 0 ? cell[i].signal / cell[i].even : 0);
    bp_azimuthal_fini(&matrix);
    free(cell);
    free(excluded);
    return 0;
}

int main(int argc, char **argv)
{
    double numbers[20] = {0};
    size_t count = 0;
    if (argc < 2 || argc > 20)
        return 2;
    for (int i = 2; i < argc; i++)
        numbers[i - 2] = strtod(argv[i], NULL);
    double *values = read_all(&count);
    int code = !values                                ? 3
               : strcmp(argv[1], "polarisation") == 0 ? polarisation(numbers, values, count)
               : strcmp(argv[1], "photons") == 0      ? photons(numbers, values, count)
               : strcmp(argv[1], "guinier") == 0      ? fit(numbers, values, count, false)
               : strcmp(argv[1], "porod") == 0        ? fit(numbers, values, count, true)
               : strcmp(argv[1], "caking") == 0       ? caking(numbers, values, count)
                                                      : 2;
    free(values);
    return code;
}
