/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/sample_plan.h"

void bp_sample_fini(bp_sample *sample)
{
    free(sample->array.data);
    memset(sample, 0, sizeof *sample);
}

void bp_sample_plan_make(bp_sample_plan *plan, size_t itemsize, size_t rank, const uint64_t *shape,
                         size_t max_bytes)
{
    size_t cut = rank - 1, inner = itemsize, wider;
    memset(plan, 0, sizeof *plan);
    while (cut > 0 && shape[cut] <= SIZE_MAX && !bp_mul_overflows(inner, (size_t)shape[cut], &wider) &&
           wider <= max_bytes) {
        inner = wider;
        cut--;
    }
    size_t fit = inner && max_bytes / inner ? max_bytes / inner : 1;
    plan->rank = rank;
    plan->cut = cut;
    for (size_t i = 0; i < rank; i++)
        plan->part[i] = i < cut ? (shape[i] > 0) : i > cut || shape[i] < fit ? (size_t)shape[i] : fit;
    /* two frames at least in a run, for the noise between them */
    size_t runs = plan->part[cut] / 2;
    plan->run_count = plan->part[cut] == shape[cut] || runs < 2 ? 1
                      : runs < BP_SAMPLE_MAX_RUNS               ? runs
                                                                : BP_SAMPLE_MAX_RUNS;
    plan->run_length = plan->part[cut] / plan->run_count;
    plan->part[cut] = plan->run_count * plan->run_length;
    for (size_t i = 1; i < plan->run_count; i++)
        plan->starts[i] = (shape[cut] - plan->run_length) / (plan->run_count - 1) * i;
}

bp_status bp_sample_allocate(bp_context *ctx, const bp_sample_plan *plan, bp_dtype dtype,
                             const uint64_t *shape, bp_sample *sample)
{
    memset(sample, 0, sizeof *sample);
    if (bp_array_init(&sample->array, dtype, 0, plan->rank, plan->part, NULL) != BP_OK)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "its sample does not fit memory");
    size_t bytes = bp_array_bytes(&sample->array);
    sample->array.data = malloc(bytes ? bytes : 1);
    if (!sample->array.data)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bytes);
    sample->complete = true;
    for (size_t i = 0; i < plan->rank; i++) {
        sample->whole_shape[i] = shape[i];
        sample->complete = sample->complete && plan->part[i] == shape[i];
    }
    sample->run = plan->cut + 2 < plan->rank ? plan->run_length : 1;
    for (size_t i = plan->cut + 1; i + 2 < plan->rank; i++)
        sample->run *= plan->part[i];
    return BP_OK;
}
