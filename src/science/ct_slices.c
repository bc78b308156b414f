/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/ct_slices.h"

#include <stdlib.h>
#include <string.h>

/* The chosen angles of all sinograms, one behind the other. */
typedef struct chosen {
    size_t count, values; /* angles; values of one sinogram */
    double *angles, *sinogram;
} chosen;

static bp_status run_double(bp_context *ctx, const bp_fbp *fbp, size_t count, const double *sinograms,
                            double *slices)
{
    bp_status status = BP_OK;
    for (size_t s = 0; s < count && status == BP_OK; s++)
        status = bp_fbp_run(ctx, fbp, sinograms + s * fbp->angle_count * fbp->columns,
                            slices + s * fbp->side * fbp->side);
    return status;
}

static bp_status run_single(bp_context *ctx, const bp_fbp *fbp, unsigned threads, size_t count,
                            const double *sinograms, double *slices)
{
    size_t in = count * fbp->angle_count * fbp->columns, out = count * fbp->side * fbp->side;
    float *values = malloc((in + out + 1) * sizeof *values);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for slices");
    for (size_t i = 0; i < in; i++)
        values[i] = (float)sinograms[i];
    bp_status status = bp_fbp_fast(ctx, fbp, threads, count, values, values + in);
    for (size_t i = 0; i < out && status == BP_OK; i++)
        slices[i] = (double)values[in + i];
    free(values);
    return status;
}

bp_status bp_ct_slices(bp_context *ctx, const bp_ct_method *method, const double *angles, size_t angle_count,
                       size_t first, size_t step, size_t count, const double *sinograms, double *slices)
{
    size_t n = method->columns, used = 0;
    double *work = malloc((angle_count * (count * n + 1)) * sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for sinograms");
    double *some = work + angle_count * count * n;
    for (size_t a = first; a < angle_count; a += step)
        some[used++] = angles[a];
    for (size_t s = 0; s < count; s++)
        for (size_t a = first, to = 0; a < angle_count; a += step, to++)
            memcpy(work + (s * used + to) * n, sinograms + (s * angle_count + a) * n, n * sizeof *work);
    bp_fbp fbp;
    bp_fbp_init(&fbp, n, used, some, true);
    fbp.filter = method->filter;
    fbp.centre = method->centre;
    bp_status status = method->precise ? run_double(ctx, &fbp, count, work, slices)
                                       : run_single(ctx, &fbp, method->threads, count, work, slices);
    free(work);
    return status;
}
