/* SPDX-License-Identifier: BSD-3-Clause
 * What no copy could keep is found before there is one. */
#include <stdlib.h>

#include "io/hdf5_arena.h"
#include "io/hdf5_attribute.h"
#include "io/hdf5_chunks.h"
#include "io/hdf5_copier.h"
#include "io/hdf5_file.h"

/* Committed types stay when their last link goes, as long as somebody is of that type. */
static bp_status note_committed(bp_h5_copier *copier, hid_t type)
{
    H5O_info_t info;
    if (H5Tcommitted(type) <= 0)
        return BP_OK;
    if (H5Oget_info2(type, &info, H5O_INFO_BASIC | H5O_INFO_HDR) < 0)
        return bp_h5_fail(copier->ctx, BP_E_DAMAGED, "its committed type cannot be read");
    if (bp_h5_tree_find(&copier->tree, info.addr) != BP_H5_NOWHERE)
        return BP_OK;
    return bp_h5_tree_add(copier->ctx, &copier->tree, &info, BP_H5_NOWHERE, NULL);
}

static bp_status check_attribute(bp_context *ctx, void *user, hid_t object, const char *name)
{
    bp_h5_copier *copier = user;
    bp_h5_attribute attribute;
    bp_status status = bp_h5_attribute_open(ctx, object, name, &attribute);
    if (status != BP_OK)
        return status;
    status = note_committed(copier, attribute.type);
    if (status == BP_OK && attribute.facts.reference && attribute.count) {
        status = bp_h5_copier_reserve(copier, attribute.bytes);
        if (status == BP_OK)
            status = bp_h5_attribute_read(ctx, &attribute, copier->buffer);
        if (status == BP_OK) {
            status = bp_h5_references_scan(copier, attribute.type, copier->buffer, attribute.count);
            bp_h5_attribute_reclaim(&attribute, copier->buffer);
        }
    }
    bp_h5_attribute_close(&attribute);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "attribute \"%s\"", name);
}

/* Values of variable length and references cannot be moved without decoding and encoding them. */
static bp_status check_filters(bp_context *ctx, hid_t dcpl)
{
    int count = H5Pget_nfilters(dcpl);
    for (unsigned i = 0; count > 0 && i < (unsigned)count; i++) {
        unsigned flags, config, known = 0;
        size_t words = 0;
        char name[64] = "";
        H5Z_filter_t id = H5Pget_filter2(dcpl, i, &flags, &words, NULL, sizeof name, name, &config);
        const unsigned both = H5Z_FILTER_CONFIG_ENCODE_ENABLED | H5Z_FILTER_CONFIG_DECODE_ENABLED;
        if (H5Zfilter_avail(id) <= 0 || H5Zget_filter_info(id, &known) < 0 || (known & both) != both)
            return bp_fail(
                ctx, BP_E_UNSUPPORTED,
                "holds references or values of variable length behind filter %d (%s), which is not "
                "installed; they cannot be copied without it",
                (int)id, name[0] ? name : "without a name");
    }
    return BP_OK;
}

/* A fill value is copied bit by bit; one that points somewhere would point elsewhere. */
static bp_status check_fill(bp_context *ctx, hid_t dcpl, hid_t type)
{
    H5D_fill_value_t defined;
    if (H5Pfill_value_defined(dcpl, &defined) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its fill value cannot be read");
    if (defined != H5D_FILL_VALUE_USER_DEFINED)
        return BP_OK;
    unsigned char *value = calloc(1, H5Tget_size(type));
    if (!value)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a fill value");
    bool zero = H5Pget_fill_value(dcpl, type, value) >= 0;
    for (size_t i = 0; zero && i < H5Tget_size(type); i++)
        zero = value[i] == 0;
    free(value);
    return zero ? BP_OK : bp_fail(ctx, BP_E_LOSS, "has a fill value that holds references; it would be lost");
}

typedef struct scan {
    bp_h5_copier *copier;
    hid_t dataset, type, space, transfer;
    bp_h5_arena arena;
    size_t element;
} scan;

static bp_status scan_piece(bp_context *ctx, void *user, const bp_h5_box *box, size_t elements)
{
    scan *s = user;
    hsize_t count = elements;
    bp_status status = bp_h5_copier_reserve(s->copier, elements * s->element);
    if (status != BP_OK)
        return status;
    hid_t memory = H5Screate_simple(1, &count, NULL);
    if (box->rank)
        H5Sselect_hyperslab(s->space, H5S_SELECT_SET, box->offset, NULL, box->shape, NULL);
    s->arena.limit = elements > 1 ? BP_H5_LENGTH_BYTES : SIZE_MAX;
    bool halve = false;
    if (H5Dread(s->dataset, s->type, memory, s->space, s->transfer, s->copier->buffer) < 0) {
        halve = s->arena.full && elements > 1;
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "its values cannot be read");
    } else
        status = bp_h5_references_scan(s->copier, s->type, s->copier->buffer, elements);
    bp_h5_release(&memory);
    bp_h5_arena_reset(&s->arena);
    return halve ? bp_h5_box_split(ctx, box, elements / 2, scan_piece, s) : status;
}

static bp_status check_references(bp_h5_copier *copier, hid_t dataset, hid_t type)
{
    scan s = {.copier = copier, .dataset = dataset, .type = type, .element = H5Tget_size(type)};
    s.space = H5Dget_space(dataset);
    s.transfer = bp_h5_arena_transfer(&s.arena);
    bp_status status;
    if (s.space < 0 || s.transfer < 0 || s.element == 0)
        status = bp_h5_fail(copier->ctx, BP_E_DAMAGED, "its values cannot be read");
    else {
        size_t elements = BP_H5_PIECE_BYTES / s.element;
        status = bp_h5_boxes_walk(copier->ctx, dataset, elements ? elements : 1, scan_piece, &s);
    }
    bp_h5_release(&s.space);
    bp_h5_release(&s.transfer);
    return status;
}

/* HDF5 makes no such dataset, so the file says it by damage. */
static bp_status check_growth(bp_context *ctx, hid_t dataset, const bp_h5_dataset_facts *facts)
{
    hsize_t shape[BP_MAX_RANK], most[BP_MAX_RANK];
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    bool known = rank >= 0 && rank <= BP_MAX_RANK && H5Sget_simple_extent_dims(space, shape, most) == rank;
    bp_h5_release(&space);
    if (!known)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its shape cannot be read");
    bool fixed = facts->layout == H5D_COMPACT || (facts->layout == H5D_CONTIGUOUS && !facts->external);
    for (int i = 0; fixed && i < rank; i++)
        if (most[i] != shape[i])
            return bp_fail(ctx, BP_E_DAMAGED, "may grow, but has no chunks");
    return BP_OK;
}

static bp_status check_dataset(bp_h5_copier *copier, hid_t dataset)
{
    bp_context *ctx = copier->ctx;
    bp_h5_dataset_facts facts;
    bp_status status = bp_h5_dataset_look(ctx, dataset, &facts);
    if (status != BP_OK)
        return status;
    status = check_growth(ctx, dataset, &facts);
    if (status != BP_OK)
        return status;
    hid_t type = H5Dget_type(dataset), dcpl = H5Dget_create_plist(dataset);
    bool stored = !facts.empty && !facts.external && facts.layout != H5D_VIRTUAL;
    status = note_committed(copier, type);
    if (status == BP_OK && facts.type.reference)
        status = check_fill(ctx, dcpl, type);
    if (status == BP_OK && facts.external && (facts.type.vlen || facts.type.reference))
        status = bp_fail(ctx, BP_E_LOSS,
                         "holds references or values of variable length in an external raw file, which would "
                         "have to be changed; they would be lost");
    if (status == BP_OK && stored && facts.filtered && (facts.type.vlen || facts.type.reference))
        status = check_filters(ctx, dcpl);
    if (status == BP_OK && stored && facts.type.reference)
        status = check_references(copier, dataset, type);
    bp_h5_release(&type);
    bp_h5_release(&dcpl);
    return status;
}

static bp_status check_links(bp_context *ctx, hid_t group)
{
    bp_h5_links links;
    bp_status status = bp_h5_links_read(ctx, group, false, &links);
    for (size_t i = 0; status == BP_OK && i < links.count; i++) {
        const bp_h5_link *link = &links.links[i];
        if (link->type != H5L_TYPE_HARD && link->type != H5L_TYPE_SOFT && link->type != H5L_TYPE_EXTERNAL)
            status = bp_fail(ctx, BP_E_LOSS,
                             "\"%s\" is a user-defined link (class %d), which only the program that made it "
                             "can copy; it would be lost",
                             link->name, (int)link->type);
    }
    bp_h5_links_fini(&links);
    return status;
}

static bp_status check_object(bp_h5_copier *copier, size_t index)
{
    bp_context *ctx = copier->ctx;
    H5O_type_t type = copier->tree.objects[index].type;
    if (type != H5O_TYPE_GROUP && type != H5O_TYPE_DATASET && type != H5O_TYPE_NAMED_DATATYPE)
        return bp_fail(ctx, BP_E_LOSS, "is an object of an unknown kind, which cannot be copied");
    hid_t object = H5Oopen_by_addr(copier->source, copier->tree.objects[index].address);
    if (object < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "the object cannot be opened");
    bp_status status = BP_OK;
    if (type == H5O_TYPE_GROUP)
        status = check_links(ctx, object);
    else if (type == H5O_TYPE_DATASET)
        status = check_dataset(copier, object);
    else {
        bp_h5_type_facts facts;
        status = bp_h5_type_look(ctx, object, &facts);
    }
    if (status == BP_OK)
        status = bp_h5_attributes_walk(ctx, object, check_attribute, copier);
    bp_h5_release(&object);
    return status;
}

bp_status bp_h5_preflight(bp_h5_copier *copier)
{
    bp_status status = BP_OK;
    /* the list grows while it is walked: types without a link may have attributes of their own */
    for (size_t i = 0; status == BP_OK && i < copier->tree.count; i++) {
        status = bp_context_cancelled(copier->ctx) ? bp_fail(copier->ctx, BP_E_INTERRUPTED, "interrupted")
                                                   : check_object(copier, i);
        if (status != BP_OK)
            status = bp_h5_tree_fail_in(copier->ctx, status, &copier->tree, i);
    }
    return status;
}
