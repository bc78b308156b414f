/* SPDX-License-Identifier: BSD-3-Clause
 * What an analysis found. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/science.h"

static double *copy_of(const double *values, size_t count, bool *done)
{
    if (!values)
        return NULL;
    double *copy = malloc((count + 1) * sizeof *copy);
    if (copy)
        memcpy(copy, values, count * sizeof *copy);
    *done = *done && copy;
    return copy;
}

static void free_outcome(bp_outcome *outcome)
{
    free(outcome->values);
    free(outcome->sigmas);
    free(outcome->at);
    free(outcome->without);
}

/* Room for one more. */
static bool grow(bp_outcomes *outcomes)
{
    if (outcomes->count < outcomes->room)
        return true;
    size_t room = outcomes->room * 2 + 8;
    bp_outcome *items = realloc(outcomes->items, room * sizeof *items);
    if (!items)
        return false;
    outcomes->items = items;
    outcomes->room = room;
    return true;
}

bp_status bp_outcomes_add(bp_context *ctx, bp_outcomes *outcomes, const bp_outcome *outcome)
{
    bp_outcome copy = *outcome;
    bool done = grow(outcomes);
    copy.values = copy_of(outcome->values, outcome->count, &done);
    copy.sigmas = copy_of(outcome->sigmas, outcome->count, &done);
    copy.at = copy_of(outcome->at, outcome->count, &done);
    copy.without = copy_of(outcome->without, outcome->unit_count * outcome->count, &done);
    if (!done) {
        free_outcome(&copy);
        return bp_fail(ctx, BP_E_MEMORY, "no memory for results");
    }
    outcomes->items[outcomes->count++] = copy;
    return BP_OK;
}

bp_status bp_outcomes_number(bp_context *ctx, bp_outcomes *outcomes, const char *name, const char *unit,
                             double value, double sigma, const char *uncertainty)
{
    bool known = !isnan(sigma);
    return bp_outcomes_add(ctx, outcomes,
                           &(bp_outcome){.name = name,
                                         .unit = unit,
                                         .uncertainty = known ? uncertainty : NULL,
                                         .count = 1,
                                         .values = &value,
                                         .sigmas = known ? &sigma : NULL});
}

void bp_outcomes_fini(bp_outcomes *outcomes)
{
    for (size_t i = 0; i < outcomes->count; i++)
        free_outcome(&outcomes->items[i]);
    free(outcomes->items);
    *outcomes = (bp_outcomes){0};
}

const bp_outcome *bp_outcomes_find(const bp_outcomes *outcomes, const char *name)
{
    for (size_t i = 0; i < outcomes->count; i++)
        if (strcmp(outcomes->items[i].name, name) == 0)
            return &outcomes->items[i];
    return NULL;
}
