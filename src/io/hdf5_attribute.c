/* SPDX-License-Identifier: BSD-3-Clause
 * Attributes, in the order of their creation where the object keeps it. */
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_attribute.h"
#include "io/hdf5_copier.h"
#include "io/hdf5_file.h"

void bp_h5_attribute_close(bp_h5_attribute *attribute)
{
    bp_h5_release(&attribute->type);
    bp_h5_release(&attribute->space);
    bp_h5_release(&attribute->id);
}

bp_status bp_h5_attribute_open(bp_context *ctx, hid_t object, const char *name, bp_h5_attribute *attribute)
{
    attribute->type = attribute->space = H5I_INVALID_HID;
    attribute->id = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute->id < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "attribute \"%s\" cannot be opened", name);
    attribute->type = H5Aget_type(attribute->id);
    attribute->space = H5Aget_space(attribute->id);
    hssize_t count = attribute->space < 0 ? -1 : 0;
    /* a null space has no elements; HDF5 1.10 says 1 for some calls, so it is asked for by its class */
    if (attribute->space >= 0 && H5Sget_simple_extent_type(attribute->space) != H5S_NULL)
        count = H5Sget_simple_extent_npoints(attribute->space);
    attribute->element = attribute->type < 0 ? 0 : H5Tget_size(attribute->type);
    attribute->count = count < 0 ? 0 : (size_t)count;
    if (count < 0 || attribute->element == 0 ||
        bp_mul_overflows(attribute->count, attribute->element, &attribute->bytes)) {
        bp_status status = bp_h5_fail(ctx, BP_E_DAMAGED, "attribute \"%s\" cannot be read", name);
        bp_h5_attribute_close(attribute);
        return status;
    }
    bp_status status = bp_h5_type_look(ctx, attribute->type, &attribute->facts);
    if (status != BP_OK) {
        bp_h5_attribute_close(attribute);
        return bp_fail_in(ctx, status, "attribute \"%s\"", name);
    }
    return BP_OK;
}

bp_status bp_h5_attribute_read(bp_context *ctx, const bp_h5_attribute *attribute, void *values)
{
    memset(values, 0, attribute->bytes);
    if (H5Aread(attribute->id, attribute->type, values) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its value cannot be read");
    return BP_OK;
}

void bp_h5_attribute_reclaim(const bp_h5_attribute *attribute, void *values)
{
    if (attribute->facts.vlen && attribute->count)
        H5Dvlen_reclaim(attribute->type, attribute->space, H5P_DEFAULT, values);
}

typedef struct walk_state {
    bp_context *ctx;
    bp_h5_attribute_visit visit;
    void *user;
    bp_status status;
} walk_state;

static herr_t visit_one(hid_t object, const char *name, const H5A_info_t *info, void *user)
{
    walk_state *state = user;
    (void)info;
    state->status = state->visit(state->ctx, state->user, object, name);
    return state->status == BP_OK ? 0 : -1;
}

bp_status bp_h5_attributes_walk(bp_context *ctx, hid_t object, bp_h5_attribute_visit visit, void *user)
{
    walk_state state = {.ctx = ctx, .visit = visit, .user = user, .status = BP_OK};
    hsize_t at = 0;
    bool tracked = bp_h5_attributes_ordered(object);
    herr_t result = H5Aiterate2(object, tracked ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME, H5_ITER_INC, &at,
                                visit_one, &state);
    if (state.status != BP_OK) {
        H5Eclear2(H5E_DEFAULT);
        return state.status;
    }
    return result < 0 ? bp_h5_fail(ctx, BP_E_DAMAGED, "its attributes cannot be read") : BP_OK;
}

/* Creation properties of any object that can carry attributes. */
static hid_t creation_properties(hid_t object)
{
    switch (H5Iget_type(object)) {
    case H5I_GROUP:
        return H5Gget_create_plist(object);
    case H5I_DATASET:
        return H5Dget_create_plist(object);
    case H5I_DATATYPE:
        return H5Tget_create_plist(object);
    default:
        return H5I_INVALID_HID;
    }
}

bool bp_h5_attributes_ordered(hid_t object)
{
    unsigned order = 0;
    hid_t plist = creation_properties(object);
    if (plist >= 0 && H5Pget_attr_creation_order(plist, &order) < 0)
        order = 0;
    bp_h5_release(&plist);
    return order & H5P_CRT_ORDER_TRACKED;
}

static bp_status copy_value(bp_h5_copier *copier, const bp_h5_attribute *from, hid_t to)
{
    if (from->count == 0)
        return BP_OK;
    bp_status status = bp_h5_copier_reserve(copier, from->bytes);
    if (status == BP_OK)
        status = bp_h5_attribute_read(copier->ctx, from, copier->buffer);
    if (status != BP_OK)
        return status;
    if (from->facts.reference)
        status = bp_h5_references_rewrite(copier, from->type, copier->buffer, from->count);
    if (status == BP_OK && H5Awrite(to, from->type, copier->buffer) < 0)
        status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "its value cannot be written");
    bp_h5_attribute_reclaim(from, copier->buffer);
    return status;
}

typedef struct copy_state {
    bp_h5_copier *copier;
    hid_t target;
} copy_state;

static bp_status copy_one(bp_context *ctx, void *user, hid_t object, const char *name)
{
    const copy_state *state = user;
    bp_h5_attribute from;
    /* the payload's writer has already said how lossy the values are now */
    if (strcmp(name, BP_H5_LOSSY_ATTRIBUTE) == 0 && H5Aexists(state->target, name) > 0)
        return BP_OK;
    bp_status status = bp_h5_attribute_open(ctx, object, name, &from);
    if (status != BP_OK)
        return status;
    hid_t type = H5I_INVALID_HID, to = H5I_INVALID_HID, acpl = H5Aget_create_plist(from.id);
    hid_t space = bp_h5_fresh_space(from.space);
    status = bp_h5_copy_type(state->copier, from.type, &type);
    if (status == BP_OK) {
        to = H5Acreate2(state->target, name, type, space, acpl, H5P_DEFAULT);
        if (to < 0)
            status = bp_h5_fail(ctx, BP_E_OUTPUT, "cannot be created");
    }
    if (status == BP_OK)
        status = copy_value(state->copier, &from, to);
    if (to >= 0 && H5Aclose(to) < 0 && status == BP_OK)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "cannot be written");
    bp_h5_release(&type);
    bp_h5_release(&space);
    bp_h5_release(&acpl);
    bp_h5_attribute_close(&from);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "attribute \"%s\"", name);
}

bp_status bp_h5_copy_attributes(bp_h5_copier *copier, hid_t source, hid_t target)
{
    copy_state state = {copier, target};
    return bp_h5_attributes_walk(copier->ctx, source, copy_one, &state);
}
