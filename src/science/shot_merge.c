/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/shot_merge.h"

#include <math.h>
#include <stdlib.h>

#include "algo/half_sets.h"
#include "algo/outcome_units.h"

#define FIGURES 3

static const struct {
    const char *name, *of_shells;
    int figure;
} figures[FIGURES] = {{"cc_half", "shell_cc_half", BP_HALF_CC},
                      {"cc_star", "shell_cc_star", BP_HALF_CC_STAR},
                      {"rsplit", "shell_rsplit", BP_HALF_RSPLIT}};

bp_status bp_shot_merge_init(bp_context *ctx, bp_shot_merge *m, const bp_science_stack *stack)
{
    static const char *const names[BP_MERGE_LISTS] = {"peak_x", "peak_y", "peak_q",
                                                      "peak_h", "peak_k", "peak_l"};
    *m = (bp_shot_merge){0};
    for (size_t i = 0; i < BP_MERGE_LISTS; i++) {
        size_t count = 0;
        bp_status status =
            stack->side ? stack->side(ctx, stack->user, names[i], &m->lists[i], &count) : BP_OK;
        if (status != BP_OK)
            return status;
        if (!m->lists[i])
            return bp_fail(
                ctx, BP_E_INPUT,
                "merge=1 needs the indices and places of the reflections (%s beside the frames, as "
                "simulated shots have them): beampress does not index",
                names[i]);
        if (count % stack->frames || (i && count != m->room * stack->frames))
            return bp_fail(ctx, BP_E_INPUT, "%s has %zu values for %llu shots", names[i], count,
                           (unsigned long long)stack->frames);
        m->room = count / (size_t)stack->frames;
    }
    return BP_OK;
}

void bp_shot_merge_fini(bp_shot_merge *m)
{
    for (size_t i = 0; i < BP_MERGE_LISTS; i++)
        free(m->lists[i]);
    free(m->seen);
    *m = (bp_shot_merge){0};
}

static uint64_t part_of_key(double index)
{
    return (uint64_t)fmin(fabs(index), (1 << 20) - 1);
}

bool bp_shot_merge_add(bp_shot_merge *m, const bp_shots *shots, uint64_t shot, size_t unit)
{
    for (size_t i = (size_t)shot * m->room; i < (size_t)(shot + 1) * m->room; i++) {
        bp_peak peak = {.x = (float)m->lists[BP_MERGE_X][i], .y = (float)m->lists[BP_MERGE_Y][i]};
        bp_spot spot;
        bool known = true;
        for (size_t k = 0; known && k < BP_MERGE_LISTS; k++)
            known = isfinite(m->lists[k][i]);
        if (!known || !bp_shots_sum(shots, &peak, &spot))
            continue;
        if (m->count == m->seen_room) {
            size_t room = 2 * m->seen_room + 256;
            bp_seen *seen = realloc(m->seen, room * sizeof *seen);
            if (!seen)
                return false;
            m->seen = seen;
            m->seen_room = room;
        }
        uint64_t key = part_of_key(m->lists[BP_MERGE_H][i]) << 40 |
                       part_of_key(m->lists[BP_MERGE_K][i]) << 20 | part_of_key(m->lists[BP_MERGE_L][i]);
        m->seen[m->count++] = (bp_seen){key, m->lists[BP_MERGE_Q][i], spot.intensity, unit, shot % 2};
    }
    return true;
}

/* Spots of one reflection side by side, those of a unit together. */
static int by_key(const void *a, const void *b)
{
    const bp_seen *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key ? 1 : x->unit < y->unit ? -1 : x->unit > y->unit;
}

typedef struct merged {
    double q;
    size_t first, count; /* of the spots */
} merged;

static int by_q(const void *a, const void *b)
{
    const merged *x = a, *y = b;
    return x->q < y->q ? -1 : x->q > y->q ? 1 : x->first < y->first ? -1 : x->first > y->first;
}

/* Means of every reflection in both half sets, without a unit; NAN where a half has none. */
static void halves_of(const bp_shot_merge *m, const merged *list, size_t count, size_t without, double *a,
                      double *b)
{
    for (size_t i = 0; i < count; i++) {
        double sums[2] = {0, 0}, spots[2] = {0, 0};
        for (size_t k = list[i].first; k < list[i].first + list[i].count; k++)
            if (m->seen[k].unit != without) {
                sums[m->seen[k].half] += m->seen[k].intensity;
                spots[m->seen[k].half]++;
            }
        a[i] = spots[0] > 0 && spots[1] > 0 ? sums[0] / spots[0] : NAN;
        b[i] = spots[0] > 0 && spots[1] > 0 ? sums[1] / spots[1] : NAN;
    }
}

/* The figures of `shells` equal parts of the list. without: FIGURES x (units + 1) x shells; the last: all. */
static bp_status add_parts(bp_context *ctx, const bp_shot_merge *m, const merged *list, size_t count,
                           size_t units, size_t shells, bool curve, bp_outcomes *outcomes)
{
    size_t size = FIGURES * (units + 1) * shells;
    double *values = calloc(size + shells + 2 * count + 1, sizeof *values);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu reflections", count);
    double *at = values + size, *a = at + shells, *b = a + count, found[BP_HALF_COUNT];
    for (size_t u = 0; u <= units; u++) {
        halves_of(m, list, count, u < units ? u : SIZE_MAX, a, b);
        for (size_t s = 0; s < shells; s++) {
            size_t first = s * count / shells, n = (s + 1) * count / shells - first;
            bp_half_sets(a + first, b + first, n, found);
            for (size_t k = 0; k < FIGURES; k++)
                values[(k * (units + 1) + u) * shells + s] = found[figures[k].figure];
            for (size_t i = first; u == 0 && i < first + n; i++)
                at[s] += list[i].q / (double)n;
        }
    }
    bp_status status = BP_OK;
    for (size_t k = 0; k < FIGURES && status == BP_OK; k++)
        status = bp_outcomes_from_units(ctx, outcomes,
                                        &(bp_outcome){.name = curve ? figures[k].of_shells : figures[k].name,
                                                      .unit = "",
                                                      .axis = curve ? "1/d" : NULL,
                                                      .uncertainty = "jackknife over shots",
                                                      .count = shells,
                                                      .values = values + (k * (units + 1) + units) * shells,
                                                      .at = curve ? at : NULL,
                                                      .unit_count = units,
                                                      .without = values + k * (units + 1) * shells});
    free(values);
    return status;
}

bp_status bp_shot_merge_report(bp_context *ctx, bp_shot_merge *m, size_t units, size_t shells,
                               bp_outcomes *outcomes)
{
    merged *list = calloc(m->count + 1, sizeof *list);
    size_t count = 0;
    if (!list)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu spots", m->count);
    if (m->count)
        qsort(m->seen, m->count, sizeof *m->seen, by_key);
    for (size_t first = 0, last; first < m->count; first = last) {
        bool seen[2] = {false, false};
        for (last = first; last < m->count && m->seen[last].key == m->seen[first].key; last++)
            seen[m->seen[last].half] = true;
        if (seen[0] && seen[1])
            list[count++] = (merged){m->seen[first].q, first, last - first};
    }
    qsort(list, count, sizeof *list, by_q);
    bp_status status = bp_outcomes_number(ctx, outcomes, "merged_reflections", "", (double)count, NAN, NULL);
    if (status == BP_OK)
        status = add_parts(ctx, m, list, count, units, 1, false, outcomes);
    if (status == BP_OK)
        status = add_parts(ctx, m, list, count, units, shells, true, outcomes);
    free(list);
    return status;
}
