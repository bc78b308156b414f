/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "io/hdf5_type.h"

#include "io/hdf5_file.h"

static bp_status look(bp_context *ctx, hid_t type, bp_h5_type_facts *facts, unsigned depth);

static bp_status look_at_members(bp_context *ctx, hid_t type, bp_h5_type_facts *facts, unsigned depth)
{
    int count = H5Tget_nmembers(type);
    if (count < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "a compound type cannot be read");
    bp_status status = BP_OK;
    for (unsigned i = 0; status == BP_OK && i < (unsigned)count; i++) {
        hid_t member = H5Tget_member_type(type, i);
        status = look(ctx, member, facts, depth);
        bp_h5_release(&member);
    }
    return status;
}

/* HDF5 1.10 crashes when it reads sequences whose kind (a damaged byte) it does not know, and tells the kind
 * only by encoding the type: two bytes, then the datatype message, whose second byte has it in its lower half
 * (File Format Specification IV.A.2.d); 0 is a sequence. */
static bool is_sequence(hid_t type)
{
    size_t size = 0;
    if (H5Tencode(type, NULL, &size) < 0 || size < 4)
        return false;
    unsigned char *encoded = malloc(size);
    bool is = encoded && H5Tencode(type, encoded, &size) >= 0 && (encoded[3] & 0x0f) == 0;
    free(encoded);
    return is;
}

static bp_status look_at_sequence(bp_context *ctx, hid_t type, bp_h5_type_facts *facts, unsigned depth)
{
    hid_t base = H5Tget_super(type);
    bp_status status = look(ctx, base, facts, depth + 1);
    bp_h5_release(&base);
    if (status == BP_OK && !is_sequence(type))
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "a type of variable length is of no kind that there is");
    return status;
}

static bp_status look(bp_context *ctx, hid_t type, bp_h5_type_facts *facts, unsigned depth)
{
    if (type < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "a datatype cannot be read");
    if (depth > BP_H5_MAX_TYPE_DEPTH)
        return bp_fail(ctx, BP_E_LOSS, "types are nested more than %d deep", BP_H5_MAX_TYPE_DEPTH);
    bp_status status = BP_OK;
    hid_t base = H5I_INVALID_HID;
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT:
    case H5T_TIME:
    case H5T_BITFIELD:
    case H5T_OPAQUE:
    case H5T_ENUM:
        return BP_OK;
    case H5T_STRING:
        facts->vlen = facts->vlen || H5Tis_variable_str(type) > 0;
        return BP_OK;
    case H5T_COMPOUND:
        return look_at_members(ctx, type, facts, depth + 1);
    case H5T_VLEN:
        facts->vlen = true;
        return look_at_sequence(ctx, type, facts, depth);
    case H5T_ARRAY:
        base = H5Tget_super(type);
        status = look(ctx, base, facts, depth + 1);
        bp_h5_release(&base);
        return status;
    case H5T_REFERENCE:
        facts->reference = true;
        if (H5Tequal(type, H5T_STD_REF_OBJ) > 0 || H5Tequal(type, H5T_STD_REF_DSETREG) > 0)
            return BP_OK;
        return bp_fail(ctx, BP_E_LOSS, "references of a kind that came after HDF5 1.10 cannot be copied");
    default:
        return bp_fail(ctx, BP_E_LOSS, "a datatype of an unknown class cannot be copied");
    }
}

bp_status bp_h5_type_look(bp_context *ctx, hid_t type, bp_h5_type_facts *facts)
{
    *facts = (bp_h5_type_facts){false, false};
    return look(ctx, type, facts, 0);
}
