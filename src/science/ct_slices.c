/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/ct_slices.h"

#include <stdlib.h>
#include <string.h>

#include "algo/fbp_adjoint.h"
#include "algo/gridrec.h"
#include "algo/sart.h"
#include "algo/sirt.h"
#include "base/checked.h"
#include "base/pool.h"

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
    float *values = calloc(in + out + 1, sizeof *values);
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

static bp_status run_gridrec(bp_context *ctx, const bp_fbp *fbp, size_t count, const double *sinograms,
                             double *slices)
{
    static const bp_gridrec_filter filters[] = {
        [BP_FBP_RAMP] = BP_GRIDREC_RAMLAK,   [BP_FBP_SHEPP_LOGAN] = BP_GRIDREC_SHEPP,
        [BP_FBP_COSINE] = BP_GRIDREC_COSINE, [BP_FBP_HAMMING] = BP_GRIDREC_HAMMING,
        [BP_FBP_HANN] = BP_GRIDREC_HANN,     [BP_FBP_NONE] = BP_GRIDREC_NONE};
    const bp_gridrec g = {.columns = fbp->columns,
                          .angle_count = fbp->angle_count,
                          .angles = fbp->angles,
                          .centre = fbp->centre,
                          .filter = filters[fbp->filter],
                          .cut = 0.5,
                          .order = 8};
    size_t side = fbp->side;
    for (size_t s = 0; s < count; s++) {
        double *slice = slices + s * side * side;
        if (bp_context_cancelled(ctx))
            return bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        if (!bp_gridrec_run(&g, sinograms + s * fbp->angle_count * fbp->columns, slice))
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a slice");
        memmove(slice + side, slice, (side - 1) * side * sizeof *slice); /* to where fbp has it */
        memset(slice, 0, side * sizeof *slice);
    }
    return BP_OK;
}

/* What is made slice by slice. */
typedef struct slice_job {
    const bp_ct_method *method;
    const bp_fbp *fbp;
    const bp_projector *projector;
    const double *sinograms;
    double *slices;
} slice_job;

static bp_status make_slice(bp_context *ctx, void *user, size_t index)
{
    const slice_job *j = user;
    const bp_fbp *fbp = j->fbp;
    const double *sinogram = j->sinograms + index * j->projector->rays;
    double *slice = j->slices + index * j->projector->pixels;
    const bp_sart sart = {fbp->columns, fbp->angle_count, fbp->angles, fbp->centre, BP_SART_RELAXATION};
    switch (j->method->algorithm) {
    case BP_CT_SIRT:
        return bp_sirt_run(ctx, j->projector, j->method->iterations, sinogram, slice);
    case BP_CT_SART:
        return bp_sart_run(ctx, &sart, j->method->iterations, sinogram, slice);
    default:
        return bp_fbp_adjoint(ctx, fbp, j->projector, sinogram, slice);
    }
}

static bp_status run_each(bp_context *ctx, const bp_ct_method *method, const bp_fbp *fbp, size_t count,
                          const double *sinograms, double *slices)
{
    const bp_joseph joseph = {.side = fbp->side,
                              .columns = fbp->columns,
                              .angle_count = fbp->angle_count,
                              .angles = fbp->angles,
                              .centre = fbp->centre,
                              .middle = bp_floor_divide(fbp->side, 2)};
    bp_projector projector = bp_joseph_projector(&joseph);
    slice_job job = {method, fbp, &projector, sinograms, slices};
    memset(slices, 0, count * projector.pixels * sizeof *slices);
    return bp_pool_split(ctx, count, make_slice, &job);
}

bp_status bp_ct_slices(bp_context *ctx, const bp_ct_method *method, const double *angles, size_t angle_count,
                       size_t first, size_t step, size_t count, const double *const *sinograms,
                       double *slices)
{
    size_t n = method->columns, used = 0;
    double *work = calloc(angle_count * (count * n + 1), sizeof *work);
    if (!work)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for sinograms");
    double *some = work + angle_count * count * n;
    for (size_t a = first; a < angle_count; a += step)
        some[used++] = angles[a];
    for (size_t s = 0; s < count; s++)
        for (size_t a = first, to = 0; a < angle_count; a += step, to++)
            memcpy(work + (s * used + to) * n, sinograms[s] + a * n, n * sizeof *work);
    bp_fbp fbp;
    bp_fbp_init(&fbp, n, used, some, true);
    fbp.filter = method->filter;
    fbp.centre = method->centre;
    bp_status status;
    if (method->algorithm == BP_CT_GRIDREC)
        status = run_gridrec(ctx, &fbp, count, work, slices);
    else if (method->algorithm != BP_CT_FBP)
        status = run_each(ctx, method, &fbp, count, work, slices);
    else
        status = method->precise ? run_double(ctx, &fbp, count, work, slices)
                                 : run_single(ctx, &fbp, method->threads, count, work, slices);
    free(work);
    return status;
}
