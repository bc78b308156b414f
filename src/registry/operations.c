/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/scratch.h"
#include "beampress/operation.h"

#define OPERATION(number, name) extern const bp_operation bp_operation_##name;
#include "registry/operations.def"
#undef OPERATION

static const bp_operation *const operations[] = {
#define OPERATION(number, name) &bp_operation_##name,
#include "registry/operations.def"
#undef OPERATION
};

#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

const bp_operation *bp_operation_at(size_t index)
{
    return index < OPERATION_COUNT ? operations[index] : NULL;
}

const bp_operation *bp_operation_by_name(const char *name)
{
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        if (strcmp(operations[i]->name, name) == 0)
            return operations[i];
    return NULL;
}

const bp_operation *bp_operation_by_number(uint16_t number)
{
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        if (operations[i]->number == number)
            return operations[i];
    return NULL;
}

bp_status bp_operation_check(bp_context *ctx, const bp_operation_spec *spec, const bp_operation_in *in)
{
    const bp_operation *operation = spec->operation;
    bp_status status =
        bp_param_check(ctx, operation->name, operation->params, operation->param_count, spec->params);
    if (status != BP_OK)
        return status;
    if (!(operation->dtypes & 1u << in->as))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "%s does not give %s", operation->name, bp_dtype_name(in->as));
    return operation->check ? operation->check(ctx, spec->params, in) : BP_OK;
}

bp_status bp_operation_apply(bp_context *ctx, const bp_operation_spec *spec, const bp_operation_in *in,
                             bp_operation_out *out)
{
    memset(out, 0, sizeof *out);
    if (!bp_array_contiguous(&in->values))
        return bp_fail(ctx, BP_E_USAGE, "%s takes contiguous arrays only", spec->operation->name);
    bp_operation_in prepared = *in;
    prepared.prepared = spec->prepared;
    bp_status status = bp_operation_check(ctx, spec, &prepared);
    return status == BP_OK ? spec->operation->apply(ctx, spec->params, &prepared, out) : status;
}

void bp_operation_out_fini(bp_context *ctx, bp_operation_out *out)
{
    bp_scratch_give(ctx, out->coded.data);
    bp_scratch_give(ctx, out->marks);
    bp_scratch_give(ctx, out->side);
    memset(out, 0, sizeof *out);
}

bp_status bp_operation_round_trip(bp_context *ctx, const bp_operation_spec *spec, const bp_operation_in *in,
                                  const bp_array *values)
{
    bp_operation_out out;
    bp_status status = bp_operation_apply(ctx, spec, in, &out);
    if (status == BP_OK)
        status = spec->operation->restore(ctx, spec->params, out.side, out.side_size, &out.coded, values);
    bp_operation_out_fini(ctx, &out);
    return status;
}
