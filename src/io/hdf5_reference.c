/* SPDX-License-Identifier: BSD-3-Clause
 * References point to addresses, and in another file everything stands elsewhere. */
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_copier.h"
#include "io/hdf5_file.h"

typedef bp_status (*visit_reference)(bp_h5_copier *copier, H5R_type_t kind, unsigned char *value);

static bool all_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

/* A reference whose object was deleted must not come alive because something else now has its address. */
static void make_dangling(bp_h5_copier *copier, unsigned char *value, size_t size)
{
    memset(value, 0, size);
    haddr_t nowhere = HADDR_UNDEF;
    memcpy(value, &nowhere, sizeof nowhere);
    copier->dangling++;
}

/* Index of the object that a reference means; BP_H5_NOWHERE when it dangles. *hidden: there is one, but no
 * link leads to it. */
static size_t object_of(bp_h5_copier *copier, H5R_type_t kind, const unsigned char *value, bool *hidden)
{
    H5O_type_t type;
    H5O_info_t info;
    size_t index = BP_H5_NOWHERE;
    *hidden = false;
    if (kind == H5R_OBJECT) {
        hobj_ref_t address;
        memcpy(&address, value, sizeof address);
        index = bp_h5_tree_find(&copier->tree, address);
        if (index == BP_H5_NOWHERE)
            *hidden = H5Rget_obj_type2(copier->source, kind, value, &type) >= 0;
        return index;
    }
    hid_t object = H5Rdereference2(copier->source, H5P_DEFAULT, kind, value);
    if (object < 0)
        return index;
    if (H5Oget_info2(object, &info, H5O_INFO_BASIC) >= 0) {
        index = bp_h5_tree_find(&copier->tree, info.addr);
        *hidden = index == BP_H5_NOWHERE;
    }
    bp_h5_release(&object);
    return index;
}

static bp_status scan_one(bp_h5_copier *copier, H5R_type_t kind, unsigned char *value)
{
    bool hidden;
    size_t size = kind == H5R_OBJECT ? sizeof(hobj_ref_t) : sizeof(hdset_reg_ref_t);
    if (all_zero(value, size))
        return BP_OK;
    object_of(copier, kind, value, &hidden);
    H5Eclear2(H5E_DEFAULT);
    if (hidden)
        return bp_fail(copier->ctx, BP_E_LOSS,
                       "holds a reference to an object that no link leads to; it would be lost");
    return BP_OK;
}

static bp_status rewrite_region(bp_h5_copier *copier, size_t index, unsigned char *value)
{
    bp_status status = BP_OK;
    hid_t space = H5Rget_region(copier->source, H5R_DATASET_REGION, value);
    hid_t object = H5Oopen_by_addr(copier->target, copier->tree.objects[index].copy);
    if (space < 0 || object < 0 || H5Rcreate(value, object, ".", H5R_DATASET_REGION, space) < 0)
        status = bp_h5_fail(copier->ctx, BP_E_DAMAGED, "a region reference cannot be copied");
    bp_h5_release(&space);
    bp_h5_release(&object);
    return status;
}

static bp_status rewrite_one(bp_h5_copier *copier, H5R_type_t kind, unsigned char *value)
{
    bool hidden;
    size_t size = kind == H5R_OBJECT ? sizeof(hobj_ref_t) : sizeof(hdset_reg_ref_t);
    if (all_zero(value, size))
        return BP_OK;
    size_t index = object_of(copier, kind, value, &hidden);
    if (index == BP_H5_NOWHERE) {
        H5Eclear2(H5E_DEFAULT);
        make_dangling(copier, value, size);
        return BP_OK;
    }
    if (kind == H5R_DATASET_REGION)
        return rewrite_region(copier, index, value);
    hobj_ref_t address = copier->tree.objects[index].copy;
    memcpy(value, &address, sizeof address);
    return BP_OK;
}

static bp_status walk(bp_h5_copier *copier, hid_t type, unsigned char *values, size_t count,
                      visit_reference visit);

static bp_status walk_compound(bp_h5_copier *copier, hid_t type, unsigned char *values, size_t count,
                               visit_reference visit)
{
    int members = H5Tget_nmembers(type);
    size_t size = H5Tget_size(type);
    bp_status status = BP_OK;
    for (unsigned m = 0; status == BP_OK && members > 0 && m < (unsigned)members; m++) {
        hid_t member = H5Tget_member_type(type, m);
        size_t offset = H5Tget_member_offset(type, m);
        bp_h5_type_facts facts;
        status = bp_h5_type_look(copier->ctx, member, &facts);
        for (size_t i = 0; status == BP_OK && facts.reference && i < count; i++)
            status = walk(copier, member, values + i * size + offset, 1, visit);
        bp_h5_release(&member);
    }
    return status;
}

static bp_status walk_array(bp_h5_copier *copier, hid_t type, unsigned char *values, size_t count,
                            visit_reference visit)
{
    hid_t base = H5Tget_super(type);
    size_t inner = H5Tget_size(base), outer = H5Tget_size(type), all;
    bp_status status;
    if (inner == 0 || bp_mul_overflows(outer / inner, count, &all))
        status = bp_fail(copier->ctx, BP_E_DAMAGED, "an array type has no size");
    else
        status = walk(copier, base, values, all, visit);
    bp_h5_release(&base);
    return status;
}

static bp_status walk_sequences(bp_h5_copier *copier, hid_t type, unsigned char *values, size_t count,
                                visit_reference visit)
{
    hid_t base = H5Tget_super(type);
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < count; i++) {
        hvl_t sequence;
        memcpy(&sequence, values + i * sizeof sequence, sizeof sequence);
        if (sequence.len && sequence.p)
            status = walk(copier, base, sequence.p, sequence.len, visit);
    }
    bp_h5_release(&base);
    return status;
}

static bp_status walk(bp_h5_copier *copier, hid_t type, unsigned char *values, size_t count,
                      visit_reference visit)
{
    bp_h5_type_facts facts;
    bp_status status = bp_h5_type_look(copier->ctx, type, &facts);
    if (status != BP_OK || !facts.reference)
        return status;
    switch (H5Tget_class(type)) {
    case H5T_COMPOUND:
        return walk_compound(copier, type, values, count, visit);
    case H5T_ARRAY:
        return walk_array(copier, type, values, count, visit);
    case H5T_VLEN:
        return walk_sequences(copier, type, values, count, visit);
    default:
        break;
    }
    H5R_type_t kind = H5Tequal(type, H5T_STD_REF_OBJ) > 0 ? H5R_OBJECT : H5R_DATASET_REGION;
    size_t size = H5Tget_size(type);
    for (size_t i = 0; status == BP_OK && i < count; i++)
        status = visit(copier, kind, values + i * size);
    return status;
}

bp_status bp_h5_references_rewrite(bp_h5_copier *copier, hid_t type, void *values, size_t count)
{
    return walk(copier, type, values, count, rewrite_one);
}

bp_status bp_h5_references_scan(bp_h5_copier *copier, hid_t type, void *values, size_t count)
{
    return walk(copier, type, values, count, scan_one);
}
