/* SPDX-License-Identifier: BSD-3-Clause
 * A file in three passes: look at everything (hdf5_preflight.c), make all objects and links, then fill in
 * what may point to any of them: attributes, and datasets of references and of variable length. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_copier.h"
#include "io/hdf5_dates.h"
#include "io/hdf5_file.h"

bp_status bp_h5_copier_reserve(bp_h5_copier *copier, size_t bytes)
{
    if (bytes <= copier->buffer_size)
        return BP_OK;
    void *buffer = malloc(bytes); /* what the old one held is of no use */
    if (!buffer)
        return bp_fail(copier->ctx, BP_E_MEMORY, "no memory for a piece of %zu bytes", bytes);
    free(copier->buffer);
    copier->buffer = buffer;
    copier->buffer_size = bytes;
    return BP_OK;
}

/* New objects get the header version that the source's have: readers that could open the one can open the
 * other, and attributes above 64 KiB need the newer. */
static bp_status use_format(bp_h5_copier *copier, bool modern)
{
    if (copier->bounds_modern == modern)
        return BP_OK;
    if (H5Fset_libver_bounds(copier->target, modern ? copier->modern : copier->old, H5F_LIBVER_LATEST) < 0)
        return bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the format version cannot be set");
    copier->bounds_modern = modern;
    return BP_OK;
}

/* A committed type, not yet linked to anything. */
static bp_status commit_type(bp_h5_copier *copier, bp_h5_object *object, hid_t source)
{
    hid_t type = copier->shares_messages ? bp_h5_fresh_type(source) : H5Tcopy(source),
          tcpl = H5Tget_create_plist(source);
    H5O_info_t info;
    bp_status status = use_format(copier, object->modern);
    if (status == BP_OK && (type < 0 || tcpl < 0 || H5Pset_obj_track_times(tcpl, 0) < 0 ||
                            H5Tcommit_anon(copier->target, type, tcpl, H5P_DEFAULT) < 0 ||
                            H5Oget_info2(type, &info, H5O_INFO_BASIC) < 0))
        status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "a committed type cannot be created");
    bp_h5_release(&tcpl);
    if (status != BP_OK) {
        bp_h5_release(&type);
        return status;
    }
    object->copy = info.addr;
    object->held = type;
    return BP_OK;
}

bp_status bp_h5_copy_type(bp_h5_copier *copier, hid_t type, hid_t *copy)
{
    bp_h5_object *object = NULL;
    bp_status status = BP_OK;
    *copy = H5I_INVALID_HID;
    if (H5Tcommitted(type) > 0) {
        H5O_info_t info;
        size_t index = H5Oget_info2(type, &info, H5O_INFO_BASIC) < 0
                           ? BP_H5_NOWHERE
                           : bp_h5_tree_find(&copier->tree, info.addr);
        if (index == BP_H5_NOWHERE)
            return bp_h5_fail(copier->ctx, BP_E_DAMAGED, "its committed type cannot be found");
        object = &copier->tree.objects[index];
        if (object->held < 0)
            status = commit_type(copier, object, type);
    }
    if (status != BP_OK)
        return status;
    if (!object && copier->shares_messages) {
        *copy = bp_h5_fresh_type(type);
        return *copy < 0 ? bp_h5_fail(copier->ctx, BP_E_DAMAGED, "its type cannot be copied") : BP_OK;
    }
    *copy = object ? object->held : type;
    if (H5Iinc_ref(*copy) < 0) {
        *copy = H5I_INVALID_HID;
        return bp_h5_fail(copier->ctx, BP_E_INTERNAL, "a type cannot be used");
    }
    return BP_OK;
}

static bp_status create_group(bp_h5_copier *copier, hid_t source, hid_t target_group, const bp_h5_link *link,
                              hid_t *target)
{
    hid_t from = H5Gget_create_plist(source), to = H5Pcreate(H5P_GROUP_CREATE);
    bp_status status = from < 0 || to < 0
                           ? bp_h5_fail(copier->ctx, BP_E_DAMAGED, "its properties cannot be read")
                           : bp_h5_group_properties(copier->ctx, from, to);
    if (status == BP_OK) {
        hid_t lcpl = copier->lcpl[link->cset == H5T_CSET_UTF8];
        *target = H5Gcreate2(target_group, link->name, lcpl, to, H5P_DEFAULT);
        if (*target < 0)
            status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the group cannot be created");
    }
    bp_h5_release(&from);
    bp_h5_release(&to);
    return status;
}

static bp_status link_to(bp_h5_copier *copier, hid_t object, hid_t target_group, const bp_h5_link *link)
{
    if (H5Olink(object, target_group, link->name, copier->lcpl[link->cset == H5T_CSET_UTF8], H5P_DEFAULT) < 0)
        return bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the hard link cannot be created");
    return BP_OK;
}

static bp_status create_type(bp_h5_copier *copier, size_t index, hid_t source, hid_t target_group,
                             const bp_h5_link *link)
{
    bp_h5_object *object = &copier->tree.objects[index];
    bp_status status = object->held < 0 ? commit_type(copier, object, source) : BP_OK;
    return status == BP_OK ? link_to(copier, object->held, target_group, link) : status;
}

static bp_status create_dataset(bp_h5_copier *copier, size_t index, hid_t source, hid_t target_group,
                                const bp_h5_link *link, hid_t *target)
{
    char *path = bp_h5_tree_path(&copier->tree, index);
    if (!path)
        return bp_fail(copier->ctx, BP_E_MEMORY, "no memory for its path");
    bp_status status = bp_h5_copy_dataset(copier, path, source, target_group, link, target);
    free(path);
    return status;
}

/* An object that did not exist yet, under its first name. */
static bp_status create_object(bp_h5_copier *copier, size_t index, hid_t target_group, const bp_h5_link *link)
{
    bp_h5_object *object = &copier->tree.objects[index];
    hid_t target = H5I_INVALID_HID, source = H5Oopen_by_addr(copier->source, object->address);
    if (source < 0)
        return bp_h5_fail(copier->ctx, BP_E_DAMAGED, "the object cannot be opened");
    bp_status status = use_format(copier, object->modern);
    if (status == BP_OK) {
        if (object->type == H5O_TYPE_NAMED_DATATYPE)
            status = create_type(copier, index, source, target_group, link);
        else if (object->type == H5O_TYPE_GROUP)
            status = create_group(copier, source, target_group, link, &target);
        else
            status = create_dataset(copier, index, source, target_group, link, &target);
    }
    H5O_info_t info;
    object = &copier->tree.objects[index];
    if (status == BP_OK && target >= 0) {
        if (H5Oget_info2(target, &info, H5O_INFO_BASIC) < 0)
            status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the object cannot be created");
        else
            object->copy = info.addr;
    }
    if (target >= 0 && H5Oclose(target) < 0 && status == BP_OK)
        status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the object cannot be written");
    bp_h5_release(&source);
    return status;
}

static bp_status copy_hard_link(bp_h5_copier *copier, hid_t target_group, const bp_h5_link *link)
{
    size_t index = bp_h5_tree_find(&copier->tree, link->address);
    if (index == BP_H5_NOWHERE)
        return bp_fail(copier->ctx, BP_E_INPUT, "the file changed while it was read");
    const bp_h5_object *object = &copier->tree.objects[index];
    if (object->copy == HADDR_UNDEF || object->held >= 0)
        return object->held >= 0 ? link_to(copier, object->held, target_group, link)
                                 : create_object(copier, index, target_group, link);
    hid_t target = H5Oopen_by_addr(copier->target, object->copy);
    if (target < 0)
        return bp_h5_fail(copier->ctx, BP_E_OUTPUT, "an object that was written cannot be found again");
    bp_status status = link_to(copier, target, target_group, link);
    bp_h5_release(&target);
    return status;
}

/* Soft and external links carry text, which stays as it is. */
static bp_status copy_text_link(bp_h5_copier *copier, hid_t source_group, hid_t target_group,
                                const bp_h5_link *link)
{
    bp_context *ctx = copier->ctx;
    hid_t lcpl = copier->lcpl[link->cset == H5T_CSET_UTF8];
    herr_t result;
    bp_status status = bp_h5_copier_reserve(copier, link->value_size + 1);
    if (status != BP_OK)
        return status;
    char *value = copier->buffer;
    if (H5Lget_val(source_group, link->name, value, link->value_size, H5P_DEFAULT) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "the link's value cannot be read");
    value[link->value_size] = 0;
    if (link->type == H5L_TYPE_SOFT)
        result = H5Lcreate_soft(value, target_group, link->name, lcpl, H5P_DEFAULT);
    else /* the bytes as they are: H5Lcreate_external would tidy them up */
        result =
            H5Lcreate_ud(target_group, link->name, link->type, value, link->value_size, lcpl, H5P_DEFAULT);
    return result < 0 ? bp_h5_fail(ctx, BP_E_OUTPUT, "the link cannot be created") : BP_OK;
}

/* Puts the path of a link before the message. */
static bp_status fail_at_link(const bp_h5_copier *copier, bp_status status, size_t group, const char *name)
{
    char *path = bp_h5_tree_path(&copier->tree, group);
    status = bp_fail_in(copier->ctx, status, "%s/%s", path && path[1] ? path : "", name);
    free(path);
    return status;
}

static bp_status copy_links_of(bp_h5_copier *copier, size_t index)
{
    bp_context *ctx = copier->ctx;
    bp_h5_links links = {0};
    hid_t source = H5Oopen_by_addr(copier->source, copier->tree.objects[index].address);
    hid_t target = H5Oopen_by_addr(copier->target, copier->tree.objects[index].copy);
    bp_status status = source < 0 || target < 0 ? bp_h5_fail(ctx, BP_E_DAMAGED, "the group cannot be opened")
                                                : bp_h5_links_read(ctx, source, false, &links);
    if (status != BP_OK)
        status = bp_h5_tree_fail_in(ctx, status, &copier->tree, index);
    for (size_t i = 0; status == BP_OK && i < links.count; i++) {
        const bp_h5_link *link = &links.links[i];
        status = bp_context_cancelled(ctx)     ? bp_fail(ctx, BP_E_INTERRUPTED, "interrupted")
                 : link->type == H5L_TYPE_HARD ? copy_hard_link(copier, target, link)
                                               : copy_text_link(copier, source, target, link);
        if (status != BP_OK)
            status = fail_at_link(copier, status, index, link->name);
    }
    bp_h5_links_fini(&links);
    bp_h5_release(&source);
    bp_h5_release(&target);
    return status;
}

static bp_status copy_comment(bp_h5_copier *copier, hid_t source, hid_t target)
{
    ssize_t length = H5Oget_comment(source, NULL, 0);
    if (length <= 0)
        return BP_OK;
    bp_status status = bp_h5_copier_reserve(copier, (size_t)length + 1);
    if (status == BP_OK && (H5Oget_comment(source, copier->buffer, (size_t)length + 1) < 0 ||
                            H5Oset_comment(target, copier->buffer) < 0))
        status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "its comment cannot be copied");
    return status;
}

static bp_status fill_object(bp_h5_copier *copier, size_t index)
{
    const bp_h5_object *object = &copier->tree.objects[index];
    if (object->copy == HADDR_UNDEF)
        return bp_fail(copier->ctx, BP_E_INTERNAL, "was left out");
    hid_t source = H5Oopen_by_addr(copier->source, object->address);
    hid_t target = H5Oopen_by_addr(copier->target, object->copy);
    bp_status status = source < 0 || target < 0
                           ? bp_h5_fail(copier->ctx, BP_E_DAMAGED, "the object cannot be opened again")
                           : use_format(copier, object->modern);
    if (status == BP_OK)
        status = bp_h5_copy_attributes(copier, source, target);
    if (status == BP_OK)
        status = copy_comment(copier, source, target);
    if (status == BP_OK && object->type == H5O_TYPE_DATASET)
        status = bp_h5_copy_values(copier, index, source, target);
    bp_h5_release(&source);
    if (target >= 0 && H5Oclose(target) < 0 && status == BP_OK)
        status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the object cannot be written");
    return status;
}

/* File properties, and those of the root group, which a file that is opened does not tell with its own. */
static bp_status file_properties(bp_h5_copier *copier, hid_t *fcpl)
{
    hid_t root = H5Gopen2(copier->source, "/", H5P_DEFAULT), gcpl = H5I_INVALID_HID;
    *fcpl = H5Fget_create_plist(copier->source);
    if (*fcpl >= 0 && root >= 0)
        gcpl = H5Gget_create_plist(root);
    bp_status status =
        gcpl < 0 ? bp_h5_fail(copier->ctx, BP_E_DAMAGED, "the properties of the file cannot be read")
                 : bp_h5_group_properties(copier->ctx, gcpl, *fcpl);
    bp_h5_release(&gcpl);
    bp_h5_release(&root);
    if (status != BP_OK)
        bp_h5_release(fcpl);
    return status;
}

static bp_status create_file(bp_h5_copier *copier, const char *path)
{
    hid_t fcpl, fapl = H5Pcreate(H5P_FILE_ACCESS);
    H5F_info2_t info;
    unsigned shared = 0;
    bp_status status = file_properties(copier, &fcpl);
    if (status == BP_OK && (fapl < 0 || H5Fget_info2(copier->source, &info) < 0 ||
                            H5Pget_shared_mesg_nindexes(fcpl, &shared) < 0))
        status = bp_h5_fail(copier->ctx, BP_E_DAMAGED, "the version of the file cannot be read");
    if (status == BP_OK) {
        bool old = info.super.version < 2;
        copier->shares_messages = shared > 0;
        copier->old = old ? H5F_LIBVER_EARLIEST : info.super.version == 2 ? H5F_LIBVER_V18 : H5F_LIBVER_V110;
        copier->modern = info.super.version >= 3 ? H5F_LIBVER_V110 : H5F_LIBVER_V18;
        H5Pset_libver_bounds(fapl, copier->old, H5F_LIBVER_LATEST);
        H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG);
        copier->target = H5Fcreate(path, H5F_ACC_TRUNC, fcpl, fapl);
        if (copier->target < 0)
            status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the output cannot be created");
    }
    bp_h5_release(&fcpl);
    bp_h5_release(&fapl);
    if (status != BP_OK)
        return status;
    H5O_info_t root;
    if (H5Oget_info_by_name2(copier->target, "/", &root, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the output's root group cannot be found");
    copier->tree.objects[0].copy = root.addr;
    return BP_OK;
}

static bp_status copy_objects(bp_h5_copier *copier)
{
    bp_h5_tree *tree = &copier->tree;
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < tree->count; i++)
        if (tree->objects[i].type == H5O_TYPE_GROUP)
            status = copy_links_of(copier, i);
    /* what follows is really put through filters */
    bp_h5_standins_remove(&copier->standins);
    for (size_t i = 0; status == BP_OK && i < tree->count; i++) {
        status = fill_object(copier, i);
        if (status != BP_OK)
            status = bp_h5_tree_fail_in(copier->ctx, status, tree, i);
    }
    return status;
}

static bp_status close_target(bp_h5_copier *copier, bp_status status)
{
    for (size_t i = 0; i < copier->tree.count; i++)
        bp_h5_release(&copier->tree.objects[i].held);
    if (copier->target >= 0) {
        if (status == BP_OK && H5Fflush(copier->target, H5F_SCOPE_GLOBAL) < 0)
            status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the output cannot be written");
        if (H5Fclose(copier->target) < 0) {
            if (status == BP_OK)
                status = bp_h5_fail(copier->ctx, BP_E_OUTPUT, "the output cannot be written");
            /* H5Zunregister looks at every open file, and falls over one that would not close */
            copier->standins.count = 0;
        }
    }
    copier->target = H5I_INVALID_HID;
    bp_h5_standins_remove(&copier->standins);
    return status;
}

static bp_status copy_bytes(bp_context *ctx, FILE *from, FILE *to, hsize_t bytes)
{
    char buffer[16384];
    while (bytes > 0) {
        size_t piece = bytes < sizeof buffer ? (size_t)bytes : sizeof buffer;
        if (fread(buffer, 1, piece, from) != piece)
            return bp_fail(ctx, BP_E_INPUT, "the user block cannot be read");
        if (fwrite(buffer, 1, piece, to) != piece)
            return bp_fail(ctx, BP_E_OUTPUT, "the user block cannot be written: %s", strerror(errno));
        bytes -= piece;
    }
    return BP_OK;
}

static bp_status user_block_bytes(bp_context *ctx, hid_t file, hsize_t *bytes)
{
    hid_t fcpl = H5Fget_create_plist(file);
    herr_t known = fcpl < 0 ? -1 : H5Pget_userblock(fcpl, bytes);
    bp_h5_release(&fcpl);
    return known < 0 ? bp_h5_fail(ctx, BP_E_DAMAGED, "the size of the user block cannot be read") : BP_OK;
}

/* The bytes before HDF5's own, which HDF5 reserves but never touches. */
static bp_status copy_user_block(bp_context *ctx, hsize_t bytes, const char *source_path,
                                 const char *target_path)
{
    FILE *from = fopen(source_path, "rb"), *to = fopen(target_path, "r+b");
    bp_status status =
        !from ? bp_fail(ctx, BP_E_INPUT, "the user block cannot be read: %s", strerror(errno))
        : !to ? bp_fail(ctx, BP_E_OUTPUT, "the user block cannot be written: %s", strerror(errno))
              : copy_bytes(ctx, from, to, bytes);
    if (from)
        fclose(from);
    if (to && fclose(to) != 0 && status == BP_OK)
        status = bp_fail(ctx, BP_E_OUTPUT, "the user block cannot be written: %s", strerror(errno));
    return status;
}

static bp_status run(bp_h5_copier *copier, const char *source_path, const char *target_path)
{
    bp_status status = bp_h5_tree_read(copier->ctx, copier->source, &copier->tree);
    if (status == BP_OK)
        status = bp_h5_preflight(copier);
    if (status == BP_OK)
        status = create_file(copier, target_path);
    if (status == BP_OK)
        status = copy_objects(copier);
    status = close_target(copier, status);
    hsize_t user_block = 0;
    if (status == BP_OK)
        status = user_block_bytes(copier->ctx, copier->source, &user_block);
    if (status == BP_OK)
        status = bp_h5_clear_dates(copier->ctx, target_path, user_block);
    if (status == BP_OK && user_block > 0)
        status = copy_user_block(copier->ctx, user_block, source_path, target_path);
    if (status == BP_OK && copier->dangling)
        bp_log(copier->ctx, BP_LOG_WARNING,
               "%s: %" PRIu64 " references lead to no object; so they do in the copy", source_path,
               copier->dangling);
    return status;
}

bp_status bp_h5_copy_file(bp_context *ctx, hid_t source_file, const char *target_path,
                          const bp_h5_payload *payload)
{
    bp_h5_copier copier = {.ctx = ctx, .source = source_file, .target = H5I_INVALID_HID, .payload = payload};
    char source_path[4096] = "";
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = BP_OK;
    if (H5Fget_name(source_file, source_path, sizeof source_path) < 0)
        status = bp_h5_fail(ctx, BP_E_INPUT, "the input has no name");
    for (int i = 0; status == BP_OK && i < 2; i++) {
        copier.lcpl[i] = H5Pcreate(H5P_LINK_CREATE);
        if (copier.lcpl[i] < 0 ||
            H5Pset_char_encoding(copier.lcpl[i], i ? H5T_CSET_UTF8 : H5T_CSET_ASCII) < 0)
            status = bp_h5_fail(ctx, BP_E_MEMORY, "no properties for links");
    }
    if (status == BP_OK)
        status = run(&copier, source_path, target_path);
    bp_h5_release(&copier.lcpl[0]);
    bp_h5_release(&copier.lcpl[1]);
    bp_h5_tree_fini(&copier.tree);
    free(copier.buffer);
    bp_h5_quiet_end(&quiet);
    return status == BP_OK ? BP_OK : bp_fail_in(ctx, status, "%s", source_path);
}
