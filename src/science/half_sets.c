/* SPDX-License-Identifier: BSD-3-Clause
 * half_sets: do two half data sets of merged intensities agree? The frame is a table: a row for each
 * reflection; columns are the intensity in either half and, if there is a third, 1/d. The noise of every
 * intensity is its own, known from the difference of the halves. For verdicts every figure is computed again
 * without each of 20 groups of reflections. */
#include <math.h>
#include <stdlib.h>

#include "algo/half_outcomes.h"
#include "algo/jackknife.h"

enum { P_SHELLS, P_COUNT };

static const bp_param params_of_half_sets[P_COUNT] = {
    [P_SHELLS] = {"shells", "", BP_PARAM_INTEGER, 1, 1000, 10, NULL,
                  "of resolution, with equal numbers of reflections"},
};

#define UNITS BP_JACKKNIFE_BLOCKS

typedef struct table {
    bp_half_data data;
    bp_half_spot *spots;
    bp_half_reflection *list;
} table;

static int by_q(const void *a, const void *b)
{
    const bp_half_reflection *x = a, *y = b;
    return x->q < y->q ? -1 : x->q > y->q ? 1 : x->first < y->first ? -1 : x->first > y->first;
}

/* Rows with an intensity in both halves; those with one tell how many are missed. */
static bp_status fill_table(bp_context *ctx, table *t, const double *values, size_t rows, size_t columns)
{
    size_t single = 0, count = 0;
    for (size_t i = 0; i < rows; i++) {
        const double *row = values + i * columns;
        size_t seen = (size_t)(isfinite(row[0]) != 0) + (size_t)(isfinite(row[1]) != 0);
        if (columns == 3 && !isfinite(row[2]))
            return bp_fail(ctx, BP_E_INPUT, "reflection %zu has no 1/d", i);
        single += seen == 1;
        if (seen < 2)
            continue;
        t->list[count] = (bp_half_reflection){columns == 3 ? row[2] : 0, 2 * count, 2};
        for (size_t half = 0; half < 2; half++)
            t->spots[2 * count + half] = (bp_half_spot){row[half], half, i % UNITS, 0};
        count++;
    }
    double lost = single ? (double)single / (double)(2 * count + single) : 0;
    t->data = (bp_half_data){t->spots, t->list, count, 2 * count, 0, lost};
    return BP_OK;
}

static bp_status run(bp_context *ctx, const double *params, const bp_science_stack *s, bp_outcomes *outcomes)
{
    static const char *const repeats = "255 repeats, each with other noise of the size that the halves show";
    size_t shells = (size_t)params[P_SHELLS];
    if (s->frames != 1 || s->columns < 2 || s->columns > 3)
        return bp_fail(ctx, BP_E_INPUT, "half_sets reads one table of two or three columns, not %llu of %zu",
                       (unsigned long long)s->frames, s->columns);
    double *values = malloc(s->rows * s->columns * sizeof *values);
    table t = {.spots = calloc(2 * s->rows, sizeof *t.spots), .list = calloc(s->rows, sizeof *t.list)};
    bp_status status = values && t.spots && t.list
                           ? s->read(ctx, s->user, 0, 1, values)
                           : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu reflections", s->rows);
    if (status == BP_OK)
        status = fill_table(ctx, &t, values, s->rows, s->columns);
    size_t parts = s->columns == 3 ? shells : 1;
    if (status == BP_OK && t.data.count < 2 * UNITS * parts)
        status =
            bp_fail(ctx, BP_E_INPUT, "%zu reflections in both halves are too few for %zu shell%s: %zu each",
                    t.data.count, parts, parts == 1 ? "" : "s", (size_t)2 * UNITS);
    if (status == BP_OK)
        status = bp_half_outcomes(ctx, &t.data, BP_HALF_COUNT, UNITS, 0, repeats, outcomes);
    if (status == BP_OK && s->columns == 3) {
        qsort(t.list, t.data.count, sizeof *t.list, by_q);
        status = bp_half_outcomes(ctx, &t.data, BP_HALF_COUNT, UNITS, shells, repeats, outcomes);
    }
    free(values);
    free(t.spots);
    free(t.list);
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
