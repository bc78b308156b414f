/* SPDX-License-Identifier: BSD-3-Clause
 * Undoing the operations that stand before the codec. Their side bytes may be anything. */
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/scratch.h"
#include "chunk/layout.h"

static bp_status find_one(bp_context *ctx, const bp_chunk_operation *named, bp_operation_spec *spec)
{
    const bp_operation *operation = bp_operation_by_number(named->number);
    if (!operation)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "needs operation %u, which this version does not know",
                       named->number);
    if (named->version == 0 || named->version > operation->version)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "needs version %u of operation %s, this build has version %u",
                       named->version, operation->name, operation->version);
    if (named->param_count > operation->param_count ||
        (named->version == operation->version && named->param_count != operation->param_count))
        return bp_fail(ctx, BP_E_DAMAGED, "%zu parameters for operation %s, which has %zu",
                       named->param_count, operation->name, operation->param_count);
    spec->operation = operation;
    bp_param_defaults(operation->params, operation->param_count, spec->params);
    memcpy(spec->params, named->params, named->param_count * sizeof named->params[0]);
    bp_status status =
        bp_param_check(ctx, operation->name, operation->params, operation->param_count, spec->params);
    return status == BP_OK ? BP_OK : BP_E_DAMAGED;
}

bp_status bp_chunk_chain_find(bp_context *ctx, const bp_chunk_info *info, bp_chunk_chain *chain)
{
    memset(chain, 0, sizeof *chain);
    chain->count = info->operation_count;
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < chain->count; i++)
        status = find_one(ctx, &info->operations[i], &chain->specs[i]);
    return status;
}

bp_status bp_chunk_chain_read(bp_context *ctx, bp_chunk_chain *chain, const bp_array *values,
                              const uint8_t **in, size_t *size)
{
    for (size_t i = 0; i < chain->count; i++) {
        const bp_operation *operation = chain->specs[i].operation;
        if (!(operation->dtypes & 1u << values->dtype))
            return bp_fail(ctx, BP_E_DAMAGED, "%s gives no %s", operation->name,
                           bp_dtype_name(values->dtype));
        if (*size < 8 || bp_size_from_u64(bp_load_le64(*in), &chain->side_sizes[i]) ||
            chain->side_sizes[i] > *size - 8)
            return bp_fail(ctx, BP_E_DAMAGED, "%zu bytes do not hold what %s needs", *size, operation->name);
        chain->sides[i] = *in + 8;
        *in += 8 + chain->side_sizes[i];
        *size -= 8 + chain->side_sizes[i];
        bp_status status = operation->coded(ctx, chain->specs[i].params, chain->sides[i],
                                            chain->side_sizes[i], values, &chain->coded[i]);
        if (status != BP_OK)
            return status == BP_E_USAGE ? BP_E_DAMAGED : status;
        if (bp_array_elements(&chain->coded[i]) > bp_array_elements(values))
            return bp_fail(ctx, BP_E_DAMAGED, "%s made more values of fewer", operation->name);
        values = &chain->coded[i];
    }
    return BP_OK;
}

bp_status bp_chunk_chain_restore(bp_context *ctx, const bp_chunk_chain *chain, const bp_array *coded,
                                 const bp_array *values)
{
    bp_array from = *coded, to;
    bp_status status = BP_OK;
    for (size_t i = chain->count; status == BP_OK && i-- > 0; from = to) {
        to = i ? chain->coded[i - 1] : *values;
        if (i)
            to.data = bp_scratch_take(ctx, bp_array_bytes(&to));
        status = to.data ? chain->specs[i].operation->restore(ctx, chain->specs[i].params, chain->sides[i],
                                                              chain->side_sizes[i], &from, &to)
                         : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes", bp_array_bytes(&to));
        if (from.data != coded->data)
            bp_scratch_give(ctx, from.data);
    }
    if (from.data != coded->data && from.data != values->data)
        bp_scratch_give(ctx, from.data);
    return status;
}
