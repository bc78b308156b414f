/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/fbp_adjoint.h"

#include <stdlib.h>

#define PI 3.14159265358979323846

bp_status bp_fbp_adjoint(bp_context *ctx, const bp_fbp *fbp, const bp_projector *p, const double *sinogram,
                         double *slice)
{
    double *rows = malloc((p->rays + 1) * sizeof *rows), scale = PI / (2 * (double)fbp->angle_count);
    bp_status status = rows && bp_fbp_filter_rows(fbp, sinogram, rows)
                           ? BP_OK
                           : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu rays", p->rays);
    if (status == BP_OK)
        p->back(p->user, rows, slice);
    for (size_t i = 0; status == BP_OK && i < p->pixels; i++)
        slice[i] *= scale;
    free(rows);
    return status;
}
