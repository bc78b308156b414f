/* SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/hdf5_file.h"
#include "io/hdf5_links.h"
#include "io/hdf5_tree.h"
#include "io/paths.h"

static void free_target(bp_h5_target *target)
{
    free(target->object);
    free(target->name);
    free(target->resolved);
}

void bp_h5_target_list_fini(bp_h5_target_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_target(&list->targets[i]);
    free(list->targets);
    memset(list, 0, sizeof *list);
}

typedef struct lister {
    bp_context *ctx;
    bp_h5_target_list *list;
    const bp_h5_tree *tree;
    char *folder; /* of the file */
    char *real;   /* folder of what the file's name is a symbolic link to; NULL when it is the same */
} lister;

static bp_status no_memory(bp_context *ctx)
{
    return bp_fail(ctx, BP_E_MEMORY, "no memory for the names of other files");
}

/* Takes over path when it is a file. */
static bool found_at(bp_h5_target *target, char *path)
{
    if (path && bp_path_is_file(path)) {
        free(target->resolved);
        target->resolved = path;
        target->exists = true;
        return true;
    }
    if (!target->resolved)
        target->resolved = path;
    else
        free(path);
    return false;
}

/* One entry of a list of prefixes; "${ORIGIN}" in front stands for the folder of the file. */
static bool found_by_prefix(const lister *l, bp_h5_target *target, const char *name, const char *prefix,
                            size_t length)
{
    static const char origin[] = "${ORIGIN}";
    char *folder = NULL;
    if (length >= sizeof origin - 1 && strncmp(prefix, origin, sizeof origin - 1) == 0) {
        if (asprintf(&folder, "%s%.*s", l->folder, (int)(length - (sizeof origin - 1)),
                     prefix + sizeof origin - 1) < 0)
            folder = NULL;
    } else
        folder = strndup(prefix, length);
    bool found = folder && found_at(target, bp_path_join(folder, name));
    free(folder);
    return found;
}

static bool found_by_environment(const lister *l, bp_h5_target *target, const char *name)
{
    static const char *const variables[] = {"HDF5_EXT_PREFIX", "HDF5_VDS_PREFIX", "HDF5_EXTFILE_PREFIX"};
    const char *prefix = getenv(variables[target->kind]);
    while (prefix && *prefix) {
        /* only external links take a list */
        size_t length = target->kind == BP_H5_TARGET_LINK ? strcspn(prefix, ":") : strlen(prefix);
        if (length && found_by_prefix(l, target, name, prefix, length))
            return true;
        prefix += length;
        prefix += *prefix == ':';
    }
    return false;
}

static void resolve(const lister *l, bp_h5_target *target)
{
    const char *name = target->name;
    if (name[0] == '/') {
        if (found_at(target, strdup(name)))
            return;
        name = strrchr(name, '/') + 1;
    }
    if (!*name || found_by_environment(l, target, name))
        return;
    target->beside = found_at(target, bp_path_join(l->folder, name));
    if (target->beside || found_at(target, strdup(name)))
        return;
    target->beside = l->real && found_at(target, bp_path_join(l->real, name));
}

static bp_status add(lister *l, bp_h5_target_kind kind, size_t object, const char *link, const char *name)
{
    bp_h5_target_list *list = l->list;
    if (list->count && list->targets[list->count - 1].kind == kind &&
        strcmp(list->targets[list->count - 1].name, name) == 0)
        return BP_OK; /* the parts of one dataset often come from one file */
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        bp_h5_target *targets = realloc(list->targets, room * sizeof *targets);
        if (!targets)
            return no_memory(l->ctx);
        list->targets = targets;
        list->room = room;
    }
    char *path = bp_h5_tree_path(l->tree, object);
    bp_h5_target target = {.kind = kind, .name = strdup(name)};
    target.object = link && path ? bp_path_join(path, link) : path;
    if (link)
        free(path);
    if (!target.object || !target.name) {
        free_target(&target);
        return no_memory(l->ctx);
    }
    resolve(l, &target);
    if (!target.resolved)
        target.resolved = strdup(name);
    list->targets[list->count++] = target;
    return BP_OK;
}

/* A source name with its "%b" replaced by the number of a block, and "%%" by "%". *blocks: were there any?
 * false when it does not fit. */
static bool print_block(const char *name, unsigned long block, char *text, size_t size, bool *blocks)
{
    size_t used = 0;
    *blocks = false;
    for (; *name; name++) {
        int length = 1;
        if (name[0] == '%' && name[1] == 'b') {
            length = snprintf(text + used, size - used, "%lu", block);
            *blocks = true;
            name++;
        } else {
            if (name[0] == '%' && name[1] == '%')
                name++;
            if (used + 1 < size)
                text[used] = *name;
        }
        used += (size_t)length;
        if (used + 1 > size)
            return false;
    }
    text[used] = 0;
    return true;
}

static bp_status add_source(lister *l, size_t object, const char *name)
{
    char text[PATH_MAX];
    bool blocks = false;
    bp_status status = BP_OK;
    if (strcmp(name, ".") == 0)
        return BP_OK; /* the file itself */
    for (unsigned long block = 0; status == BP_OK; block++) {
        if (!print_block(name, block, text, sizeof text, &blocks))
            return bp_fail(l->ctx, BP_E_UNSUPPORTED, "the name of a source file is longer than %d bytes",
                           PATH_MAX);
        if (!blocks)
            return add(l, BP_H5_TARGET_VIRTUAL, object, NULL, text);
        status = add(l, BP_H5_TARGET_VIRTUAL, object, NULL, text);
        bp_h5_target *last = &l->list->targets[l->list->count - 1];
        if (status == BP_OK && !last->exists) {
            /* block 0 that is not there is told of; a later one is simply the end */
            if (block > 0) {
                free_target(last);
                l->list->count--;
            }
            break;
        }
    }
    return status;
}

static bp_status list_sources(lister *l, size_t object, hid_t dcpl)
{
    size_t count = 0;
    char name[PATH_MAX];
    bp_status status = BP_OK;
    if (H5Pget_virtual_count(dcpl, &count) < 0)
        return bp_h5_fail(l->ctx, BP_E_DAMAGED, "the sources of the virtual dataset cannot be read");
    for (size_t i = 0; status == BP_OK && i < count; i++) {
        ssize_t length = H5Pget_virtual_filename(dcpl, i, name, sizeof name);
        if (length < 0 || (size_t)length >= sizeof name)
            status = bp_h5_fail(l->ctx, BP_E_DAMAGED, "the name of a source file cannot be read");
        else
            status = add_source(l, object, name);
    }
    return status;
}

static bp_status list_raw(lister *l, size_t object, hid_t dcpl)
{
    int count = H5Pget_external_count(dcpl);
    bp_status status = BP_OK;
    for (unsigned i = 0; status == BP_OK && count > 0 && i < (unsigned)count; i++) {
        char name[PATH_MAX] = "";
        off_t offset;
        hsize_t size;
        if (H5Pget_external(dcpl, i, sizeof name, name, &offset, &size) < 0 || name[sizeof name - 1])
            status = bp_h5_fail(l->ctx, BP_E_DAMAGED, "the name of a raw file cannot be read");
        else
            status = add(l, BP_H5_TARGET_RAW, object, NULL, name);
    }
    return status;
}

static bp_status list_dataset(lister *l, hid_t file, size_t index)
{
    hid_t dataset = H5Oopen_by_addr(file, l->tree->objects[index].address), dcpl = H5I_INVALID_HID;
    bp_status status = BP_OK;
    if (dataset >= 0)
        dcpl = H5Dget_create_plist(dataset);
    if (dcpl < 0)
        status = bp_h5_fail(l->ctx, BP_E_DAMAGED, "its properties cannot be read");
    else if (H5Pget_layout(dcpl) == H5D_VIRTUAL)
        status = list_sources(l, index, dcpl);
    else
        status = list_raw(l, index, dcpl);
    bp_h5_release(&dcpl);
    bp_h5_release(&dataset);
    return status;
}

static bp_status list_link(lister *l, hid_t group, size_t index, const bp_h5_link *link)
{
    const char *name, *object;
    unsigned flags;
    char *value = malloc(link->value_size + 1);
    if (!value)
        return no_memory(l->ctx);
    bp_status status;
    if (H5Lget_val(group, link->name, value, link->value_size, H5P_DEFAULT) < 0 ||
        H5Lunpack_elink_val(value, link->value_size, &flags, &name, &object) < 0)
        status = bp_h5_fail(l->ctx, BP_E_DAMAGED, "the external link \"%s\" cannot be read", link->name);
    else
        status = add(l, BP_H5_TARGET_LINK, index, link->name, name);
    free(value);
    return status;
}

static bp_status list_group(lister *l, hid_t file, size_t index)
{
    bp_h5_links links = {0};
    hid_t group = H5Oopen_by_addr(file, l->tree->objects[index].address);
    bp_status status = group < 0 ? bp_h5_fail(l->ctx, BP_E_DAMAGED, "the group cannot be opened")
                                 : bp_h5_links_read(l->ctx, group, false, &links);
    for (size_t i = 0; status == BP_OK && i < links.count; i++)
        if (links.links[i].type == H5L_TYPE_EXTERNAL)
            status = list_link(l, group, index, &links.links[i]);
    bp_h5_links_fini(&links);
    bp_h5_release(&group);
    return status;
}

static int compare_targets(const void *a, const void *b)
{
    const bp_h5_target *one = a, *other = b;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    int names = strcmp(one->name, other->name);
    return names ? names : strcmp(one->object, other->object);
}

static void sort_and_merge(bp_h5_target_list *list)
{
    size_t kept = 0;
    if (list->count)
        qsort(list->targets, list->count, sizeof *list->targets, compare_targets);
    for (size_t i = 0; i < list->count; i++) {
        if (kept && list->targets[kept - 1].kind == list->targets[i].kind &&
            strcmp(list->targets[kept - 1].name, list->targets[i].name) == 0)
            free_target(&list->targets[i]);
        else
            list->targets[kept++] = list->targets[i];
    }
    list->count = kept;
}

static bp_status list_file(lister *l, const char *path)
{
    hid_t file;
    bp_h5_tree tree = {0};
    bp_status status = bp_h5_open(l->ctx, path, &file);
    if (status != BP_OK)
        return status;
    l->tree = &tree;
    status = bp_h5_tree_read(l->ctx, file, &tree);
    for (size_t i = 0; status == BP_OK && i < tree.count; i++) {
        if (tree.objects[i].type == H5O_TYPE_GROUP)
            status = list_group(l, file, i);
        else if (tree.objects[i].type == H5O_TYPE_DATASET)
            status = list_dataset(l, file, i);
        if (status != BP_OK)
            status = bp_h5_tree_fail_in(l->ctx, status, &tree, i);
    }
    l->tree = NULL;
    bp_h5_tree_fini(&tree);
    bp_h5_release(&file);
    return status == BP_OK ? BP_OK : bp_fail_in(l->ctx, status, "%s", path);
}

bp_status bp_h5_list_targets(bp_context *ctx, const char *path, bp_h5_target_list *list)
{
    memset(list, 0, sizeof *list);
    lister l = {.ctx = ctx, .list = list, .folder = bp_path_folder(path)};
    char *real = realpath(path, NULL);
    if (!l.folder) {
        free(real);
        return no_memory(ctx);
    }
    l.real = real ? bp_path_folder(real) : NULL;
    free(real);
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = list_file(&l, path);
    bp_h5_quiet_end(&quiet);
    sort_and_merge(list);
    free(l.folder);
    free(l.real);
    return status;
}
