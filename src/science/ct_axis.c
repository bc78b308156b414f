/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/ct_axis.h"

#include <math.h>
#include <stdlib.h>

#include "algo/rotation_centre.h"
#include "base/pool.h"

#define ANGLES_ENOUGH 512  /* more are averaged */
#define NEAR_HALF     0.05 /* degrees that a pair may miss half a turn by */
#define PAIRS_ENOUGH  8

/* How many projections from the first one on are half a turn, in steps that go one way; 0: there is none. */
static size_t half_turn(const bp_ct_scan *scan)
{
    const double *angles = scan->angles;
    double step = angles[1] - angles[0];
    size_t count = 1;
    while (count < scan->angle_count && (angles[count] - angles[count - 1]) * step > 0 &&
           fabs(angles[count] - angles[0]) < 180 + 0.5 * fabs(step))
        count++;
    return fabs(angles[count - 1] - angles[0]) + 1.5 * fabs(step) >= 180 ? count : 0;
}

/* Means over `down` projections that follow each other. */
static size_t thin_out(const double *sinogram, size_t angles, size_t columns, double *out)
{
    size_t down = angles > ANGLES_ENOUGH ? angles / ANGLES_ENOUGH : 1, count = angles / down;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < columns; k++) {
            double sum = 0;
            for (size_t j = 0; j < down; j++)
                sum += sinogram[(i * down + j) * columns + k];
            out[i * columns + k] = sum / (double)down;
        }
    return count;
}

typedef struct search {
    const bp_ct_scan *scan;
    const double *sinograms;
    size_t half; /* projections in half a turn */
    bp_centre_search around;
    double *centres;
} search;

static bp_status search_row(bp_context *ctx, const search *s, size_t row, double *refined)
{
    const bp_ct_scan *scan = s->scan;
    double *work = malloc(s->half * scan->columns * sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the axis");
    double step;
    size_t count =
        thin_out(s->sinograms + row * scan->angle_count * scan->columns, s->half, scan->columns, work);
    bool made = bp_centre_vo(work, count, scan->columns, &s->around, &step, refined);
    free(work);
    return made ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for the axis");
}

static bp_status search_part(bp_context *ctx, void *user, size_t index)
{
    const search *s = user;
    if (bp_context_cancelled(ctx))
        return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    return search_row(ctx, s, index, &s->centres[index]);
}

/* The middle row says where to look in the others. */
bp_status bp_ct_axis_vo(bp_context *ctx, const bp_ct_scan *scan, const double *sinograms, size_t count,
                        double *centres)
{
    search s = {scan, sinograms, half_turn(scan), {1, 0, 4, 0.25}, centres};
    double coarse = 0;
    if (s.half == 0)
        return bp_fail(ctx, BP_E_INPUT,
                       "the angles are not half a turn in steps one way, so the axis cannot be found; say "
                       "centre=COLUMN");
    bp_status status = search_row(ctx, &s, count / 2, &coarse);
    coarse = rint(4 * coarse) / 4;
    s.around = (bp_centre_search){coarse, coarse, 2, 0.25};
    return status == BP_OK ? bp_pool_split(ctx, count, search_part, &s) : status;
}

/* The projection that is half a turn from this one; SIZE_MAX: there is none. */
static size_t opposite(const bp_ct_scan *scan, size_t projection)
{
    for (size_t i = projection + 1; i < scan->angle_count; i++)
        if (fabs(fabs(scan->angles[i] - scan->angles[projection]) - 180) <= NEAR_HALF)
            return i;
    return SIZE_MAX;
}

static bp_status add_pair(bp_context *ctx, const bp_ct_scan *scan, const size_t pair[2], size_t count,
                          double share, double *centres)
{
    size_t rows = scan->stack->rows, n = scan->columns;
    double *work = malloc(2 * rows * n * sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for two projections");
    bp_status status = bp_ct_scan_projection(ctx, scan, pair[0], work);
    if (status == BP_OK)
        status = bp_ct_scan_projection(ctx, scan, pair[1], work + rows * n);
    for (size_t i = 0; i < count && status == BP_OK; i++) {
        size_t first = i * rows / count, here = (i + 1) * rows / count - first;
        double centre;
        if (!bp_centre_phase(work + first * n, work + (rows + first) * n, here, n, &centre))
            status =
                bp_fail(ctx, BP_E_INPUT, "projections %zu and %zu have nothing in common that tells the axis",
                        pair[0], pair[1]);
        centres[i] += share * centre;
    }
    free(work);
    return status;
}

bp_status bp_ct_axis_phase(bp_context *ctx, const bp_ct_scan *scan, size_t count, double *centres)
{
    size_t pairs = 0, firsts[PAIRS_ENOUGH], all = 0;
    for (size_t i = 0; i < scan->angle_count; i++)
        all += opposite(scan, i) != SIZE_MAX;
    for (size_t i = 0, seen = 0; i < scan->angle_count && pairs < PAIRS_ENOUGH; i++)
        if (opposite(scan, i) != SIZE_MAX && seen++ * PAIRS_ENOUGH >= pairs * all)
            firsts[pairs++] = i;
    if (pairs == 0)
        return bp_fail(
            ctx, BP_E_INPUT,
            "no two projections are half a turn apart (to %g degrees), so phase correlation cannot "
            "find the axis; axis=vo needs none",
            NEAR_HALF);
    bp_status status = BP_OK;
    for (size_t i = 0; i < count; i++)
        centres[i] = 0;
    for (size_t k = 0; k < pairs && status == BP_OK; k++)
        status = add_pair(ctx, scan, (size_t[2]){firsts[k], opposite(scan, firsts[k])}, count,
                          1 / (double)pairs, centres);
    return status;
}
