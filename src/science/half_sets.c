/* SPDX-License-Identifier: BSD-3-Clause
 * half_sets: do two half data sets of merged intensities agree? The frame is a table: a row for each
 * reflection; columns are the intensity in either half and, if there is a third, 1/d. Reflections are
 * independent: every figure is computed again without each of 20 groups of them. */
#include "algo/half_sets.h"

#include <math.h>
#include <stdlib.h>

#include "algo/jackknife.h"
#include "algo/outcome_units.h"

enum { P_SHELLS, P_COUNT };

static const bp_param params_of_half_sets[P_COUNT] = {
    [P_SHELLS] = {"shells", "", BP_PARAM_INTEGER, 1, 1000, 10, NULL,
                  "of resolution, with equal numbers of reflections"},
};

#define UNITS BP_JACKKNIFE_BLOCKS

static const struct {
    const char *name, *of_shells;
} figures[BP_HALF_COUNT] = {[BP_HALF_CC] = {"cc_half", "shell_cc_half"},
                            [BP_HALF_CC_STAR] = {"cc_star", "shell_cc_star"},
                            [BP_HALF_RSPLIT] = {"rsplit", "shell_rsplit"},
                            [BP_HALF_R1] = {"r1", "shell_r1"},
                            [BP_HALF_R2] = {"r2", "shell_r2"}};

typedef struct reflection {
    double a, b, q;
    size_t unit;
} reflection;

static int by_q(const void *a, const void *b)
{
    const reflection *x = a, *y = b;
    return x->q < y->q ? -1 : x->q > y->q ? 1 : x->unit < y->unit ? -1 : x->unit > y->unit;
}

/* Figures of some reflections, without those of a unit. work: room for twice as many numbers. */
static void figures_of(const reflection *list, size_t count, size_t without, double *work, double *out)
{
    double *a = work, *b = work + count;
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].unit != without) {
            a[n] = list[i].a;
            b[n++] = list[i].b;
        }
    bp_half_sets(a, b, n, out);
}

/* The figures of `shells` equal parts of the list, each a curve, or a number of the whole list. */
static bp_status add_parts(bp_context *ctx, const reflection *list, size_t count, size_t shells, bool curve,
                           bp_outcomes *outcomes)
{
    size_t size = shells * BP_HALF_COUNT * (UNITS + 1);
    double *values = calloc(size + shells + 2 * count + 1, sizeof *values);
    bp_status status = values ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu reflections", count);
    double *at = values ? values + size : NULL, *work = values ? at + shells : NULL;
    for (size_t shell = 0; status == BP_OK && shell < shells; shell++) {
        size_t first = shell * count / shells, n = (shell + 1) * count / shells - first;
        double found[BP_HALF_COUNT];
        for (size_t i = 0; i < n; i++)
            at[shell] += list[first + i].q / (double)n;
        for (size_t u = 0; u <= UNITS; u++) { /* the last one: nothing is left out */
            figures_of(list + first, n, u < UNITS ? u : SIZE_MAX, work, found);
            for (size_t k = 0; k < BP_HALF_COUNT; k++)
                values[(k * (UNITS + 1) + u) * shells + shell] = found[k];
        }
    }
    for (size_t k = 0; k < BP_HALF_COUNT && status == BP_OK; k++)
        status = bp_outcomes_from_units(ctx, outcomes,
                                        &(bp_outcome){.name = curve ? figures[k].of_shells : figures[k].name,
                                                      .unit = "",
                                                      .axis = curve ? "1/d" : NULL,
                                                      .uncertainty = "jackknife over groups of reflections",
                                                      .count = shells,
                                                      .values = values + (k * (UNITS + 1) + UNITS) * shells,
                                                      .at = curve ? at : NULL,
                                                      .unit_count = UNITS,
                                                      .without = values + k * (UNITS + 1) * shells});
    free(values);
    return status;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *s, bp_outcomes *outcomes)
{
    size_t shells = (size_t)params[P_SHELLS];
    if (s->frames != 1 || s->columns < 2 || s->columns > 3)
        return bp_fail(ctx, BP_E_INPUT, "half_sets reads one table of two or three columns, not %llu of %zu",
                       (unsigned long long)s->frames, s->columns);
    if (s->rows < 2 * UNITS || (s->columns == 3 && s->rows < 2 * UNITS * shells))
        return bp_fail(ctx, BP_E_INPUT, "%zu reflections are too few", s->rows);
    double *table = malloc(s->rows * s->columns * sizeof *table);
    reflection *list = calloc(s->rows, sizeof *list);
    bp_status status = table && list ? s->read(ctx, s->user, 0, 1, table)
                                     : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu reflections", s->rows);
    for (size_t i = 0; status == BP_OK && i < s->rows; i++) {
        const double *row = table + i * s->columns;
        list[i] = (reflection){row[0], row[1], s->columns == 3 ? row[2] : 0, i % UNITS};
        if (!isfinite(list[i].q))
            status = bp_fail(ctx, BP_E_INPUT, "reflection %zu has no 1/d", i);
    }
    if (status == BP_OK)
        status = add_parts(ctx, list, s->rows, 1, false, outcomes);
    if (status == BP_OK && s->columns == 3) {
        qsort(list, s->rows, sizeof *list, by_q);
        status = add_parts(ctx, list, s->rows, shells, true, outcomes);
    }
    free(table);
    free(list);
    return status;
}

const bp_technique bp_technique_half_sets = {
    .name = "half_sets",
    .summary = "CC1/2, CC*, Rsplit of two half data sets of merged intensities, in shells of resolution",
    .source = "P. A. Karplus, K. Diederichs, Science 336 (2012) 1030; T. A. White et al., J. Appl. Cryst. 45 "
              "(2012) 335; checked against CrystFEL's formulas",
    .params = params_of_half_sets,
    .param_count = P_COUNT,
    .run = run,
};
