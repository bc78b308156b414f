/* SPDX-License-Identifier: BSD-3-Clause
 * Algorithms by themselves, for tests that compare them with reference cases:
 *   algo NAME ROWS COLUMNS [NUMBER ...] < doubles > doubles
 * reads ROWS x COLUMNS values from the standard input and writes the result as doubles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/stripes.h"

static bool stripes(double *image, size_t rows, size_t columns, const double *p)
{
    bp_stripes s = bp_stripes_defaults((bp_stripe_method)p[0]);
    return bp_stripes_remove(&s, image, rows, columns);
}

static const struct {
    const char *name;
    bool (*run)(double *image, size_t rows, size_t columns, const double *numbers);
} ALGORITHMS[] = {
    {"stripes", stripes}, /* method */
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
