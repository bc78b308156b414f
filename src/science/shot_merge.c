/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/shot_merge.h"

#include <math.h>
#include <stdlib.h>

#include "algo/half_outcomes.h"

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
    m->shots = (size_t)stack->frames;
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
        bp_half_spot one = {spot.intensity, shot % 2, unit, (size_t)shot};
        m->seen[m->count++] = (bp_seen){key, m->lists[BP_MERGE_Q][i], one};
    }
    return true;
}

/* Spots of one reflection side by side, in the order of the shots. */
static int by_key(const void *a, const void *b)
{
    const bp_seen *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->spot.shot != y->spot.shot)
        return x->spot.shot < y->spot.shot ? -1 : 1;
    return x->spot.intensity < y->spot.intensity ? -1 : x->spot.intensity > y->spot.intensity;
}

static int by_q(const void *a, const void *b)
{
    const bp_half_reflection *x = a, *y = b;
    return x->q < y->q ? -1 : x->q > y->q ? 1 : x->first < y->first ? -1 : x->first > y->first;
}

/* Sorts what was seen; reflections that both halves have, by 1/d. */
static void gather(bp_shot_merge *m, bp_half_spot *spots, bp_half_reflection *list, bp_half_data *data)
{
    size_t count = 0, single = 0;
    if (m->count)
        qsort(m->seen, m->count, sizeof *m->seen, by_key);
    for (size_t first = 0, last; first < m->count; first = last) {
        bool seen[2] = {false, false};
        for (last = first; last < m->count && m->seen[last].key == m->seen[first].key; last++) {
            spots[last] = m->seen[last].spot;
            seen[spots[last].half] = true;
        }
        if (seen[0] && seen[1])
            list[count++] = (bp_half_reflection){m->seen[first].q, first, last - first};
        else
            single++;
    }
    qsort(list, count, sizeof *list, by_q);
    double lost = single ? (double)single / (double)(2 * count + single) : 0;
    *data = (bp_half_data){spots, list, count, m->count, m->shots, lost};
}

bp_status bp_shot_merge_report(bp_context *ctx, bp_shot_merge *m, size_t units, size_t shells,
                               bp_outcomes *outcomes)
{
    static const char *const repeats = "255 repeats, in each the noise of every shot with another sign";
    enum { FIGURES = BP_HALF_RSPLIT + 1 };
    bp_half_data data;
    bp_half_spot *spots = malloc((m->count + 1) * sizeof *spots);
    bp_half_reflection *list = malloc((m->count + 1) * sizeof *list);
    bp_status status = BP_OK;
    if (spots && list) {
        gather(m, spots, list, &data);
        status = bp_outcomes_number(ctx, outcomes, "merged_reflections", "", (double)data.count, NAN, NULL);
        if (status == BP_OK)
            status = bp_half_outcomes(ctx, &data, FIGURES, units, 0, repeats, outcomes);
        if (status == BP_OK)
            status = bp_half_outcomes(ctx, &data, FIGURES, units, shells, repeats, outcomes);
    } else {
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu spots", m->count);
    }
    free(spots);
    free(list);
    return status;
}
