/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_file.h"
#include "io/hdf5_tree.h"

static size_t slot_of(const bp_h5_tree *tree, haddr_t address)
{
    uint64_t mixed = (uint64_t)address * UINT64_C(0x9E3779B97F4A7C15); /* Fibonacci hashing */
    size_t slot = (size_t)(mixed >> 20) & (tree->slot_count - 1);
    while (tree->slots[slot] && tree->objects[tree->slots[slot] - 1].address != address)
        slot = (slot + 1) & (tree->slot_count - 1);
    return slot;
}

size_t bp_h5_tree_find(const bp_h5_tree *tree, haddr_t address)
{
    if (!tree->slot_count)
        return BP_H5_NOWHERE;
    size_t entry = tree->slots[slot_of(tree, address)];
    return entry ? entry - 1 : BP_H5_NOWHERE;
}

static bp_status grow(bp_context *ctx, bp_h5_tree *tree)
{
    size_t room = tree->room ? tree->room * 2 : 64;
    bp_h5_object *objects = realloc(tree->objects, room * sizeof *objects);
    if (objects)
        tree->objects = objects;
    size_t *slots = calloc(room * 2, sizeof *slots); /* at most half full */
    if (!objects || !slots) {
        free(slots);
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a list of %zu objects", room);
    }
    free(tree->slots);
    tree->slots = slots;
    tree->slot_count = room * 2;
    tree->room = room;
    for (size_t i = 0; i < tree->count; i++)
        tree->slots[slot_of(tree, tree->objects[i].address)] = i + 1;
    return BP_OK;
}

bp_status bp_h5_tree_add(bp_context *ctx, bp_h5_tree *tree, const H5O_info_t *info, size_t parent,
                         const char *name)
{
    if (tree->count == tree->room) {
        bp_status status = grow(ctx, tree);
        if (status != BP_OK)
            return status;
    }
    char *copy = name ? strdup(name) : NULL;
    if (name && !copy)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the name of an object");
    tree->objects[tree->count] = (bp_h5_object){
        .address = info->addr,
        .copy = HADDR_UNDEF,
        .held = H5I_INVALID_HID,
        .parent = parent,
        .name = copy,
        .type = info->type,
        .modern = info->hdr.version >= 2,
    };
    tree->slots[slot_of(tree, info->addr)] = tree->count + 1;
    tree->count++;
    return BP_OK;
}

void bp_h5_tree_fini(bp_h5_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        bp_h5_release(&tree->objects[i].held);
        free(tree->objects[i].name);
    }
    free(tree->objects);
    free(tree->slots);
    memset(tree, 0, sizeof *tree);
}

char *bp_h5_tree_path(const bp_h5_tree *tree, size_t index)
{
    const bp_h5_object *objects = tree->objects;
    if (!objects[index].name)
        return strdup(index == 0 ? "/" : "(a type without a name)");
    size_t length = 0;
    for (size_t i = index; objects[i].name; i = objects[i].parent)
        length += strlen(objects[i].name) + 1;
    char *path = malloc(length + 1);
    if (!path)
        return NULL;
    path[length] = 0;
    for (size_t i = index; objects[i].name; i = objects[i].parent) {
        size_t size = strlen(objects[i].name);
        length -= size;
        memcpy(path + length, objects[i].name, size);
        path[--length] = '/';
    }
    return path;
}

bp_status bp_h5_tree_fail_in(bp_context *ctx, bp_status status, const bp_h5_tree *tree, size_t index)
{
    char *path = bp_h5_tree_path(tree, index);
    status = bp_fail_in(ctx, status, "%s", path ? path : "?");
    free(path);
    return status;
}

void bp_h5_links_fini(bp_h5_links *links)
{
    for (size_t i = 0; i < links->count; i++)
        free(links->links[i].name);
    free(links->links);
    memset(links, 0, sizeof *links);
}

typedef struct link_reader {
    bp_context *ctx;
    bp_h5_links *links;
    bp_status status;
} link_reader;

/* HDF5 never makes links with such names, and none could be asked for by path. */
static bool name_is_possible(const char *name)
{
    return *name && strcmp(name, ".") != 0 && !strchr(name, '/');
}

static herr_t note_link(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    link_reader *reader = user;
    bp_h5_links *list = reader->links;
    (void)group;
    if (!name_is_possible(name)) {
        reader->status =
            bp_fail(reader->ctx, BP_E_DAMAGED, "a link is called \"%s\", which no name can be", name);
        return -1;
    }
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        bp_h5_link *links = realloc(list->links, room * sizeof *links);
        if (!links)
            goto no_memory;
        list->links = links;
        list->room = room;
    }
    bp_h5_link *link = &list->links[list->count];
    *link =
        (bp_h5_link){.name = strdup(name), .type = info->type, .cset = info->cset, .address = HADDR_UNDEF};
    if (!link->name)
        goto no_memory;
    list->count++;
    if (info->type == H5L_TYPE_HARD)
        link->address = info->u.address;
    else
        link->value_size = info->u.val_size;
    return 0;
no_memory:
    reader->status = bp_fail(reader->ctx, BP_E_MEMORY, "no memory for a list of links");
    return -1;
}

bp_status bp_h5_links_read(bp_context *ctx, hid_t group, bool by_name, bp_h5_links *links)
{
    memset(links, 0, sizeof *links);
    unsigned order = 0;
    hid_t gcpl = H5Gget_create_plist(group);
    if (gcpl < 0 || H5Pget_link_creation_order(gcpl, &order) < 0) {
        bp_h5_release(&gcpl);
        return bp_h5_fail(ctx, BP_E_DAMAGED, "the properties of the group cannot be read");
    }
    bp_h5_release(&gcpl);
    links->ordered = !by_name && (order & H5P_CRT_ORDER_TRACKED);
    link_reader reader = {.ctx = ctx, .links = links, .status = BP_OK};
    herr_t result = H5Literate(group, links->ordered ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME, H5_ITER_INC, NULL,
                               note_link, &reader);
    if (reader.status != BP_OK) {
        H5Eclear2(H5E_DEFAULT);
        return reader.status;
    }
    return result < 0 ? bp_h5_fail(ctx, BP_E_DAMAGED, "the links of the group cannot be read") : BP_OK;
}

static bp_status note_members(bp_context *ctx, hid_t file, bp_h5_tree *tree, size_t index)
{
    bp_h5_links links = {0};
    hid_t group = H5Oopen_by_addr(file, tree->objects[index].address);
    bp_status status = group < 0 ? bp_h5_fail(ctx, BP_E_DAMAGED, "the group cannot be opened")
                                 : bp_h5_links_read(ctx, group, false, &links);
    for (size_t i = 0; status == BP_OK && i < links.count; i++) {
        const bp_h5_link *link = &links.links[i];
        H5O_info_t info;
        if (link->type != H5L_TYPE_HARD || bp_h5_tree_find(tree, link->address) != BP_H5_NOWHERE)
            continue;
        if (H5Oget_info_by_name2(group, link->name, &info, H5O_INFO_BASIC | H5O_INFO_HDR, H5P_DEFAULT) < 0)
            status = bp_h5_fail(ctx, BP_E_DAMAGED, "the object \"%s\" cannot be read", link->name);
        else if (info.addr != link->address)
            status = bp_fail(ctx, BP_E_DAMAGED, "the link \"%s\" leads elsewhere than it says", link->name);
        else
            status = bp_h5_tree_add(ctx, tree, &info, index, link->name);
    }
    bp_h5_links_fini(&links);
    bp_h5_release(&group);
    return status;
}

bp_status bp_h5_tree_read(bp_context *ctx, hid_t file, bp_h5_tree *tree)
{
    memset(tree, 0, sizeof *tree);
    H5O_info_t info;
    if (H5Oget_info_by_name2(file, "/", &info, H5O_INFO_BASIC | H5O_INFO_HDR, H5P_DEFAULT) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "the root group cannot be read");
    bp_status status = bp_h5_tree_add(ctx, tree, &info, BP_H5_NOWHERE, NULL);
    for (size_t i = 0; status == BP_OK && i < tree->count; i++) {
        if (bp_context_cancelled(ctx))
            status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
        else if (tree->objects[i].type == H5O_TYPE_GROUP) {
            status = note_members(ctx, file, tree, i);
            if (status != BP_OK)
                status = bp_h5_tree_fail_in(ctx, status, tree, i);
        }
    }
    return status;
}
