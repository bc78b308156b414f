/* SPDX-License-Identifier: BSD-3-Clause
 * Datasets: created with all their properties, their values moved in one of four ways. */
#include <stdlib.h>

#include "base/checked.h"
#include "io/hdf5_arena.h"
#include "io/hdf5_chunks.h"
#include "io/hdf5_copier.h"
#include "io/hdf5_file.h"

bp_status bp_h5_dataset_look(bp_context *ctx, hid_t dataset, bp_h5_dataset_facts *facts)
{
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), dcpl = H5Dget_create_plist(dataset);
    bp_status status;
    if (type < 0 || space < 0 || dcpl < 0) {
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "its type, shape or properties cannot be read");
    } else {
        H5S_class_t kind = H5Sget_simple_extent_type(space);
        facts->layout = H5Pget_layout(dcpl);
        facts->external = H5Pget_external_count(dcpl) > 0;
        facts->empty = kind == H5S_NULL || H5Sget_simple_extent_npoints(space) == 0;
        facts->filtered = H5Pget_nfilters(dcpl) > 0;
        status = bp_h5_type_look(ctx, type, &facts->type);
    }
    bp_h5_release(&type);
    bp_h5_release(&space);
    bp_h5_release(&dcpl);
    return status;
}

static bool is_plain(const bp_h5_dataset_facts *facts)
{
    return !facts->type.vlen && !facts->type.reference && !facts->empty && !facts->external &&
           facts->layout != H5D_VIRTUAL;
}

/* Contiguous values that were never written take no room, and shall not in the copy. */
static bool never_written(hid_t dataset, const bp_h5_dataset_facts *facts)
{
    return facts->layout == H5D_CONTIGUOUS && H5Dget_storage_size(dataset) == 0;
}

typedef struct move {
    bp_h5_copier *copier;
    hid_t source, target;
    hid_t type, space; /* of the source; space carries the selection */
    hid_t transfer;
    bp_h5_arena arena;
    size_t element;
    bool reference;
} move;

static bp_status move_chunk(bp_context *ctx, void *user, const hsize_t *offset, hsize_t bytes)
{
    const move *m = user;
    size_t size;
    uint32_t mask = 0;
    if (bp_size_from_u64(bytes, &size))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "a chunk is larger than memory");
    bp_status status = bp_h5_copier_reserve(m->copier, size);
    if (status == BP_OK)
        status = bp_h5_chunk_read(ctx, m->source, offset, &mask, m->copier->buffer, size);
    if (status == BP_OK && H5Dwrite_chunk(m->target, H5P_DEFAULT, mask, offset, size, m->copier->buffer) < 0)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "a chunk cannot be written");
    return status;
}

static bp_status move_piece(bp_context *ctx, void *user, const bp_h5_box *box, size_t elements)
{
    move *m = user;
    hsize_t count = elements;
    size_t bytes;
    if (bp_mul_overflows(elements, m->element, &bytes))
        return bp_fail(ctx, BP_E_DAMAGED, "its elements are larger than memory");
    bp_status status = bp_h5_copier_reserve(m->copier, bytes);
    if (status != BP_OK)
        return status;
    void *buffer = m->copier->buffer;
    hid_t memory = H5Screate_simple(1, &count, NULL);
    herr_t ready = box->rank == 0
                       ? 0
                       : H5Sselect_hyperslab(m->space, H5S_SELECT_SET, box->offset, NULL, box->shape, NULL);
    m->arena.limit = elements > 1 ? BP_H5_LENGTH_BYTES : SIZE_MAX;
    bool halve = false;
    if (memory < 0 || ready < 0)
        status = bp_h5_fail(ctx, BP_E_MEMORY, "no selection can be made");
    else if (H5Dread(m->source, m->type, memory, m->space, m->transfer, buffer) < 0) {
        halve = m->arena.full && elements > 1;
        status = bp_h5_fail(ctx, BP_E_DAMAGED, "its values cannot be read");
    }
    if (status == BP_OK && m->reference)
        status = bp_h5_references_rewrite(m->copier, m->type, buffer, elements);
    if (status == BP_OK && H5Dwrite(m->target, m->type, memory, m->space, H5P_DEFAULT, buffer) < 0)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "its values cannot be written");
    bp_h5_release(&memory);
    bp_h5_arena_reset(&m->arena);
    /* sequences longer than usual: fewer at once */
    return halve ? bp_h5_box_split(ctx, box, elements / 2, move_piece, m) : status;
}

static bp_status move_in_pieces(bp_h5_copier *copier, const bp_h5_dataset_facts *facts, hid_t source,
                                hid_t target)
{
    move m = {.copier = copier, .source = source, .target = target, .reference = facts->type.reference};
    m.type = H5Dget_type(source);
    m.space = H5Dget_space(source);
    m.transfer = bp_h5_arena_transfer(&m.arena);
    m.element = m.type < 0 ? 0 : H5Tget_size(m.type);
    bp_status status;
    if (m.type < 0 || m.space < 0 || m.transfer < 0 || m.element == 0)
        status = bp_h5_fail(copier->ctx, BP_E_DAMAGED, "its values cannot be read");
    else {
        size_t elements = BP_H5_PIECE_BYTES / m.element;
        status = bp_h5_boxes_walk(copier->ctx, source, elements ? elements : 1, move_piece, &m);
    }
    bp_h5_release(&m.type);
    bp_h5_release(&m.space);
    bp_h5_release(&m.transfer);
    return status;
}

/* Stored chunk by stored chunk: never decoded, so filters that nobody has are no obstacle. */
static bp_status move_chunks(bp_h5_copier *copier, bool filtered, hid_t source, hid_t target)
{
    move m = {.copier = copier, .source = source, .target = target};
    bp_h5_grid before = {0}, after = {0};
    bp_status status = bp_h5_chunks_walk(copier->ctx, source, move_chunk, &m);
    if (status == BP_OK)
        status = bp_h5_grid_read(copier->ctx, source, &before);
    if (status == BP_OK)
        status = bp_h5_grid_read(copier->ctx, target, &after);
    /* HDF5 laid chunks down by itself, which went through no filter */
    if (status == BP_OK && filtered && before.stored < before.possible && after.stored != before.stored)
        status =
            bp_fail(copier->ctx, BP_E_UNSUPPORTED,
                    "its chunks are allocated early, but some are missing; it cannot be copied as it is");
    return status;
}

static bp_status report_written(bp_h5_copier *copier, const char *path, hid_t source, hid_t target,
                                bool recoded)
{
    const bp_h5_payload *payload = copier->payload;
    if (!payload || !payload->written)
        return BP_OK;
    return payload->written(copier->ctx, payload->user, path, source, target, recoded);
}

bp_status bp_h5_copy_values(bp_h5_copier *copier, size_t index, hid_t source, hid_t target)
{
    bp_h5_dataset_facts facts;
    bp_h5_replacement with;
    const bp_h5_payload *payload = copier->payload;
    bool replaced = false;
    bp_status status = BP_OK;
    if (payload && payload->replace)
        status = payload->replace(copier->ctx, payload->user, source, &replaced, &with);
    if (status != BP_OK || replaced)
        return status;
    status = bp_h5_dataset_look(copier->ctx, source, &facts);
    if (status != BP_OK || (!facts.type.vlen && !facts.type.reference))
        return status;
    if (!facts.empty && !facts.external && facts.layout != H5D_VIRTUAL && !never_written(source, &facts))
        status = move_in_pieces(copier, &facts, source, target);
    if (status != BP_OK)
        return status;
    char *path = bp_h5_tree_path(&copier->tree, index);
    if (!path)
        return bp_fail(copier->ctx, BP_E_MEMORY, "no memory for its path");
    status = report_written(copier, path, source, target, false);
    free(path);
    return status;
}

static bp_status create_once(bp_context *ctx, hid_t group, const char *name, hid_t type, hid_t space,
                             hid_t lcpl, hid_t dcpl, hid_t *target, hid_t *made)
{
    *target = H5Dcreate2(group, name, type, space, lcpl, dcpl, H5P_DEFAULT);
    *made = *target < 0 ? H5I_INVALID_HID : H5Dget_create_plist(*target);
    return *made < 0 ? bp_h5_fail(ctx, BP_E_OUTPUT, "the dataset cannot be created") : BP_OK;
}

static bp_status create(bp_h5_copier *copier, hid_t source, hid_t dcpl, bool plain, hid_t target_group,
                        const bp_h5_link *link, hid_t *target)
{
    bp_context *ctx = copier->ctx;
    hid_t type = H5I_INVALID_HID, source_type = H5Dget_type(source), source_space = H5Dget_space(source);
    hid_t space = bp_h5_fresh_space(source_space), made = H5I_INVALID_HID;
    hid_t lcpl = copier->lcpl[link->cset == H5T_CSET_UTF8];
    bp_status status = source_type < 0 || space < 0
                           ? bp_h5_fail(ctx, BP_E_DAMAGED, "its type or shape cannot be read")
                           : bp_h5_copy_type(copier, source_type, &type);
    /* a plug-in may refuse, or change the words of its filter: then once more, without it */
    for (int turn = 0; status == BP_OK && turn < 2; turn++) {
        if (plain)
            status = bp_h5_standins_add(ctx, &copier->standins, dcpl, turn > 0);
        if (status == BP_OK && *target >= 0) {
            bp_h5_release(&made);
            bp_h5_release(target);
            if (H5Ldelete(target_group, link->name, H5P_DEFAULT) < 0)
                status = bp_h5_fail(ctx, BP_E_OUTPUT, "the dataset cannot be created anew");
        }
        if (status == BP_OK)
            status = create_once(ctx, target_group, link->name, type, space, lcpl, dcpl, target, &made);
        if (status == BP_OK && (!plain || bp_h5_filters_equal(dcpl, made)))
            break;
        if (plain && turn == 0)
            status = BP_OK;
        else if (status == BP_OK)
            status = bp_fail(ctx, BP_E_UNSUPPORTED, "HDF5 changes the parameters of its filters");
    }
    bp_h5_release(&made);
    bp_h5_release(&type);
    bp_h5_release(&source_type);
    bp_h5_release(&source_space);
    bp_h5_release(&space);
    return status;
}

/* HDF5 itself copies the chunks of a dataset in linear time where we could not find them. */
static bp_status copy_as_object(bp_h5_copier *copier, hid_t source, hid_t target_group,
                                const bp_h5_link *link, hid_t *target)
{
    hid_t ocpl = H5Pcreate(H5P_OBJECT_COPY);
    bp_status status = BP_OK;
    if (ocpl < 0 || H5Pset_copy_object(ocpl, H5O_COPY_WITHOUT_ATTR_FLAG) < 0 ||
        H5Ocopy(source, ".", target_group, link->name, ocpl, copier->lcpl[link->cset == H5T_CSET_UTF8]) < 0)
        status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the dataset cannot be copied");
    else if ((*target = H5Dopen2(target_group, link->name, H5P_DEFAULT)) < 0)
        status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the copied dataset cannot be opened");
    bp_h5_release(&ocpl);
    return status;
}

static bool better_as_object(bp_context *ctx, hid_t source, const bp_h5_dataset_facts *facts)
{
    bp_h5_grid grid;
    if (facts->layout != H5D_CHUNKED || !is_plain(facts) || bp_h5_grid_read(ctx, source, &grid) != BP_OK ||
        !bp_h5_grid_is_slow(&grid))
        return false;
    hid_t type = H5Dget_type(source); /* an object copy would copy a shared type as well */
    bool own = type >= 0 && H5Tcommitted(type) == 0;
    bp_h5_release(&type);
    return own;
}

/* Properties that say how attributes are kept, and no others. */
static hid_t replacement_properties(hid_t source)
{
    hid_t from = H5Dget_create_plist(source), dcpl = H5Pcreate(H5P_DATASET_CREATE);
    unsigned order = 0, most = 0, least = 0;
    if (from < 0 || dcpl < 0 || H5Pset_obj_track_times(dcpl, 0) < 0 ||
        H5Pget_attr_creation_order(from, &order) < 0 || H5Pset_attr_creation_order(dcpl, order) < 0 ||
        H5Pget_attr_phase_change(from, &most, &least) < 0 || H5Pset_attr_phase_change(dcpl, most, least) < 0)
        bp_h5_release(&dcpl);
    bp_h5_release(&from);
    return dcpl;
}

static bp_status replace(bp_h5_copier *copier, const char *path, hid_t source, hid_t target_group,
                         const bp_h5_link *link, const bp_h5_replacement *with, hid_t *target)
{
    hid_t dcpl = replacement_properties(source), lcpl = copier->lcpl[link->cset == H5T_CSET_UTF8];
    bp_status status = BP_OK;
    *target = H5Dcreate2(target_group, link->name, with->type, with->space, lcpl, dcpl, H5P_DEFAULT);
    if (*target < 0 ||
        (with->values && H5Dwrite(*target, with->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, with->values) < 0))
        status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the dataset cannot be created");
    bp_h5_release(&dcpl);
    return status == BP_OK ? report_written(copier, path, source, *target, false) : status;
}

bp_status bp_h5_copy_dataset(bp_h5_copier *copier, const char *path, hid_t source, hid_t target_group,
                             const bp_h5_link *link, hid_t *target)
{
    bp_context *ctx = copier->ctx;
    const bp_h5_payload *payload = copier->payload;
    bp_h5_dataset_facts facts;
    bp_h5_replacement with;
    bool recode = false, replaced = false;
    *target = H5I_INVALID_HID;
    bp_status status = BP_OK;
    if (payload && payload->replace)
        status = payload->replace(ctx, payload->user, source, &replaced, &with);
    if (status == BP_OK && replaced)
        return replace(copier, path, source, target_group, link, &with, target);
    if (status == BP_OK)
        status = bp_h5_dataset_look(ctx, source, &facts);
    if (status != BP_OK)
        return status;
    hid_t dcpl;
    status = bp_h5_creation_properties(copier, source, &dcpl);
    if (status == BP_OK && is_plain(&facts) && payload && payload->plan)
        status = payload->plan(ctx, payload->user, path, source, dcpl, &recode);
    if (status == BP_OK && !recode && better_as_object(ctx, source, &facts)) {
        status = copy_as_object(copier, source, target_group, link, target);
        bp_h5_release(&dcpl);
        return status == BP_OK ? report_written(copier, path, source, *target, false) : status;
    }
    if (status == BP_OK)
        status = create(copier, source, dcpl, is_plain(&facts), target_group, link, target);
    bp_h5_release(&dcpl);
    if (status != BP_OK || facts.type.vlen || facts.type.reference)
        return status; /* those values follow when everything that they may point to exists */
    if (recode)
        status = payload->write ? payload->write(ctx, payload->user, path, source, *target) : BP_OK;
    else if (is_plain(&facts) && facts.layout == H5D_CHUNKED)
        status = move_chunks(copier, facts.filtered, source, *target);
    else if (is_plain(&facts) && !never_written(source, &facts))
        status = move_in_pieces(copier, &facts, source, *target);
    return status == BP_OK ? report_written(copier, path, source, *target, recode) : status;
}
