/* SPDX-License-Identifier: BSD-3-Clause
 * Do two files say the same? First the links, which tell which object of the one is which of the other, then
 * the objects. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_copy.h"
#include "io/hdf5_file.h"
#include "io/hdf5_verifier.h"

static bp_status fail_at(bp_h5_verifier *v, int which, haddr_t address, const char *text)
{
    size_t index = bp_h5_tree_find(&v->trees[which], address);
    char *path = index == BP_H5_NOWHERE ? NULL : bp_h5_tree_path(&v->trees[which], index);
    bp_status status = bp_fail(v->ctx, BP_E_DIFFERS, "%s %s in the %s file", text, path ? path : "?",
                               which ? "second" : "first");
    free(path);
    return status;
}

bp_status bp_h5_verify_pair(bp_h5_verifier *v, haddr_t a, haddr_t b)
{
    size_t x = bp_h5_tree_find(&v->trees[0], a), y = bp_h5_tree_find(&v->trees[1], b);
    if (x == BP_H5_NOWHERE || y == BP_H5_NOWHERE)
        return bp_fail(v->ctx, BP_E_INPUT, "a file changed while it was read");
    bp_h5_object *one = &v->trees[0].objects[x], *other = &v->trees[1].objects[y];
    if (one->copy == b && other->copy == a)
        return BP_OK;
    if (one->copy != HADDR_UNDEF)
        return fail_at(v, 0, a, "not the same object as");
    if (other->copy != HADDR_UNDEF)
        return fail_at(v, 1, b, "not the same object as");
    if (one->type != other->type) {
        static const char *const kinds[] = {"group", "dataset", "committed type"};
        return bp_fail(v->ctx, BP_E_DIFFERS, "a %s and a %s", one->type <= 2 ? kinds[one->type] : "?",
                       other->type <= 2 ? kinds[other->type] : "?");
    }
    one->copy = b;
    other->copy = a;
    return BP_OK;
}

/* Path texts may be stored with doubled slashes, which HDF5 drops when it writes them again. */
static bool same_path(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (a[0] == '/' && (a[1] == '/' || a[1] == 0))
            a++;
        while (b[0] == '/' && (b[1] == '/' || b[1] == 0))
            b++;
        if (*a != *b)
            return false;
        if (!*a)
            return true;
    }
}

static bp_status verify_text_link(bp_h5_verifier *v, const hid_t *groups, const bp_h5_link *const *links)
{
    char *values[2] = {NULL, NULL};
    bp_status status = BP_OK;
    for (int i = 0; status == BP_OK && i < 2; i++) {
        values[i] = calloc(1, links[i]->value_size + 2);
        if (!values[i])
            status = bp_fail(v->ctx, BP_E_MEMORY, "no memory for the value of a link");
        else if (H5Lget_val(groups[i], links[i]->name, values[i], links[i]->value_size, H5P_DEFAULT) < 0)
            status = bp_h5_fail(v->ctx, BP_E_DAMAGED, "the link cannot be read");
    }
    if (status == BP_OK && links[0]->type == H5L_TYPE_SOFT) {
        if (!same_path(values[0], values[1]))
            status = bp_fail(v->ctx, BP_E_DIFFERS, "soft link to \"%s\" and \"%s\"", values[0], values[1]);
    } else if (status == BP_OK && links[0]->type == H5L_TYPE_EXTERNAL) {
        const char *files[2] = {"", ""}, *objects[2] = {"", ""};
        unsigned flags[2];
        for (int i = 0; i < 2; i++)
            if (H5Lunpack_elink_val(values[i], links[i]->value_size, &flags[i], &files[i], &objects[i]) < 0)
                status = bp_h5_fail(v->ctx, BP_E_DAMAGED, "the external link cannot be read");
        if (status == BP_OK && (strcmp(files[0], files[1]) != 0 || !same_path(objects[0], objects[1])))
            status = bp_fail(v->ctx, BP_E_DIFFERS, "external link to \"%s\":\"%s\" and \"%s\":\"%s\"",
                             files[0], objects[0], files[1], objects[1]);
    } else if (status == BP_OK && (links[0]->value_size != links[1]->value_size ||
                                   memcmp(values[0], values[1], links[0]->value_size) != 0))
        status = bp_fail(v->ctx, BP_E_DIFFERS, "the values of user-defined links");
    free(values[0]);
    free(values[1]);
    return status;
}

static const char *link_kind(H5L_type_t type)
{
    return type == H5L_TYPE_HARD       ? "a hard link"
           : type == H5L_TYPE_SOFT     ? "a soft link"
           : type == H5L_TYPE_EXTERNAL ? "an external link"
                                       : "a user-defined link";
}

static bp_status verify_link(bp_h5_verifier *v, const hid_t *groups, const bp_h5_link *const *links)
{
    bp_status status;
    if (links[0]->type != links[1]->type)
        status =
            bp_fail(v->ctx, BP_E_DIFFERS, "%s and %s", link_kind(links[0]->type), link_kind(links[1]->type));
    else if (links[0]->cset != links[1]->cset)
        status = bp_fail(v->ctx, BP_E_DIFFERS, "the character set of the link's name");
    else if (links[0]->type == H5L_TYPE_HARD)
        status = bp_h5_verify_pair(v, links[0]->address, links[1]->address);
    else
        status = verify_text_link(v, groups, links);
    return status == BP_OK ? BP_OK : bp_fail_in(v->ctx, status, "\"%s\"", links[0]->name);
}

static int compare_links(const void *a, const void *b)
{
    return strcmp(((const bp_h5_link *)a)->name, ((const bp_h5_link *)b)->name);
}

/* Leaves out our own provenance group. */
static void drop_ours(bp_h5_links *links)
{
    size_t kept = 0;
    for (size_t i = 0; i < links->count; i++) {
        if (links->links[i].type == H5L_TYPE_HARD &&
            strcmp(links->links[i].name, BP_H5_PROVENANCE_GROUP) == 0)
            free(links->links[i].name);
        else
            links->links[kept++] = links->links[i];
    }
    links->count = kept;
}

static bp_status verify_sorted(bp_h5_verifier *v, const hid_t *groups, const bp_h5_links *a,
                               const bp_h5_links *b)
{
    bp_status status = BP_OK;
    size_t i = 0, k = 0;
    while (status == BP_OK && (i < a->count || k < b->count)) {
        int order = i == a->count ? 1 : k == b->count ? -1 : strcmp(a->links[i].name, b->links[k].name);
        if (order != 0)
            return bp_fail(v->ctx, BP_E_DIFFERS, "\"%s\": in the %s file only",
                           order < 0 ? a->links[i].name : b->links[k].name, order < 0 ? "first" : "second");
        const bp_h5_link *links[2] = {&a->links[i++], &b->links[k++]};
        status = verify_link(v, groups, links);
    }
    return status;
}

static bp_status verify_group(bp_h5_verifier *v, bool root, const hid_t *groups)
{
    bp_h5_links links[2] = {{0}, {0}};
    bp_status status = BP_OK;
    for (int i = 0; status == BP_OK && i < 2; i++) {
        status = bp_h5_links_read(v->ctx, groups[i], false, &links[i]);
        if (root)
            drop_ours(&links[i]);
    }
    bool ordered = links[0].ordered;
    if (status == BP_OK && links[0].ordered != links[1].ordered)
        status = bp_fail(v->ctx, BP_E_DIFFERS, "the order of links is kept in the %s file only",
                         ordered ? "first" : "second");
    size_t at = 0;
    if (status == BP_OK && ordered && links[0].count == links[1].count)
        while (at < links[0].count && strcmp(links[0].links[at].name, links[1].links[at].name) == 0)
            at++;
    char *names[2] = {NULL, NULL}; /* of the first that stands elsewhere */
    for (int i = 0; i < 2; i++) {
        if (ordered && at < links[i].count)
            names[i] = strdup(links[i].links[at].name);
        if (links[i].count)
            qsort(links[i].links, links[i].count, sizeof *links[i].links, compare_links);
    }
    if (status == BP_OK)
        status = verify_sorted(v, groups, &links[0], &links[1]);
    if (status == BP_OK && names[0] && names[1])
        status = bp_fail(v->ctx, BP_E_DIFFERS, "links in another order: \"%s\" and \"%s\" at %zu", names[0],
                         names[1], at);
    for (int i = 0; i < 2; i++) {
        free(names[i]);
        bp_h5_links_fini(&links[i]);
    }
    return status;
}

static bp_status verify_comment(bp_h5_verifier *v, const hid_t *objects)
{
    char texts[2][1024] = {"", ""};
    for (int i = 0; i < 2; i++)
        if (H5Oget_comment(objects[i], texts[i], sizeof texts[i]) < 0)
            return bp_h5_fail(v->ctx, BP_E_DAMAGED, "its comment cannot be read");
    if (strcmp(texts[0], texts[1]) != 0)
        return bp_fail(v->ctx, BP_E_DIFFERS, "comment: \"%.200s\" and \"%.200s\"", texts[0], texts[1]);
    return BP_OK;
}

typedef bp_status (*verify_step)(bp_h5_verifier *v, size_t index, const hid_t *objects);

static bp_status links_step(bp_h5_verifier *v, size_t index, const hid_t *objects)
{
    return v->trees[0].objects[index].type == H5O_TYPE_GROUP ? verify_group(v, index == 0, objects) : BP_OK;
}

static bp_status object_step(bp_h5_verifier *v, size_t index, const hid_t *objects)
{
    bp_status status = BP_OK;
    H5O_type_t type = v->trees[0].objects[index].type;
    if (type == H5O_TYPE_NAMED_DATATYPE)
        status = bp_h5_verify_type(v, objects[0], objects[1]);
    else if (type == H5O_TYPE_DATASET) {
        char *path = bp_h5_tree_path(&v->trees[0], index);
        status = path ? bp_h5_verify_dataset(v, path, objects[0], objects[1])
                      : bp_fail(v->ctx, BP_E_MEMORY, "no memory for a path");
        free(path);
    }
    if (status == BP_OK)
        status = bp_h5_verify_attributes(v, objects[0], objects[1]);
    return status == BP_OK ? verify_comment(v, objects) : status;
}

/* Every object of the first file that has a counterpart; those without belong to our own group. */
static bp_status verify_objects(bp_h5_verifier *v, verify_step step)
{
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < v->trees[0].count; i++) {
        haddr_t addresses[2] = {v->trees[0].objects[i].address, v->trees[0].objects[i].copy};
        hid_t objects[2] = {H5I_INVALID_HID, H5I_INVALID_HID};
        if (addresses[1] == HADDR_UNDEF)
            continue;
        if (bp_context_cancelled(v->ctx))
            return bp_fail(v->ctx, BP_E_INTERRUPTED, "interrupted");
        for (int k = 0; status == BP_OK && k < 2; k++) {
            objects[k] = H5Oopen_by_addr(v->files[k], addresses[k]);
            if (objects[k] < 0)
                status = bp_h5_fail(v->ctx, BP_E_DAMAGED, "cannot be opened in %s", v->paths[k]);
        }
        if (status == BP_OK)
            status = step(v, i, objects);
        bp_h5_release(&objects[0]);
        bp_h5_release(&objects[1]);
        if (status != BP_OK)
            status = bp_h5_tree_fail_in(v->ctx, status, &v->trees[0], i);
    }
    return status;
}

static bp_status verify_user_blocks(bp_h5_verifier *v)
{
    hsize_t sizes[2] = {0, 0};
    FILE *streams[2] = {NULL, NULL};
    bp_status status = BP_OK;
    for (int i = 0; status == BP_OK && i < 2; i++) {
        hid_t fcpl = H5Fget_create_plist(v->files[i]);
        if (fcpl < 0 || H5Pget_userblock(fcpl, &sizes[i]) < 0)
            status = bp_h5_fail(v->ctx, BP_E_DAMAGED, "%s: its user block cannot be read", v->paths[i]);
        bp_h5_release(&fcpl);
    }
    if (status == BP_OK && sizes[0] != sizes[1])
        status = bp_fail(v->ctx, BP_E_DIFFERS, "user block: %llu and %llu bytes",
                         (unsigned long long)sizes[0], (unsigned long long)sizes[1]);
    for (int i = 0; status == BP_OK && sizes[0] > 0 && i < 2; i++) {
        streams[i] = fopen(v->paths[i], "rb");
        if (!streams[i])
            status = bp_fail(v->ctx, BP_E_INPUT, "%s: %s", v->paths[i], strerror(errno));
    }
    for (hsize_t at = 0; status == BP_OK && at < sizes[0]; at++) {
        int a = getc(streams[0]), b = getc(streams[1]);
        if (a != b)
            status = bp_fail(v->ctx, BP_E_DIFFERS, "user block: byte %llu: %d and %d", (unsigned long long)at,
                             a, b);
    }
    for (int i = 0; i < 2; i++)
        if (streams[i])
            fclose(streams[i]);
    return status;
}

/* Raw bytes of all datasets of the first file, for those who are told of progress. */
static void add_up(bp_h5_verifier *v)
{
    for (size_t i = 0; v->options->progress && i < v->trees[0].count; i++) {
        if (v->trees[0].objects[i].type != H5O_TYPE_DATASET)
            continue;
        hid_t dataset = H5Oopen_by_addr(v->files[0], v->trees[0].objects[i].address);
        hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
        hid_t type = dataset < 0 ? H5I_INVALID_HID : H5Dget_type(dataset);
        hssize_t values = space < 0 || H5Sget_simple_extent_type(space) == H5S_NULL
                              ? 0
                              : H5Sget_simple_extent_npoints(space);
        if (values > 0 && type >= 0)
            v->total_bytes += (uint64_t)values * H5Tget_size(type);
        bp_h5_release(&type);
        bp_h5_release(&space);
        bp_h5_release(&dataset);
    }
    H5Eclear2(H5E_DEFAULT);
}

static bp_status verify(bp_h5_verifier *v)
{
    for (int i = 0; i < 2; i++) {
        bp_status status = bp_h5_open(v->ctx, v->paths[i], &v->files[i]);
        if (status == BP_OK) {
            status = bp_h5_tree_read(v->ctx, v->files[i], &v->trees[i]);
            if (status != BP_OK)
                status = bp_fail_in(v->ctx, status, "%s", v->paths[i]);
        }
        if (status != BP_OK)
            return status;
    }
    add_up(v);
    bp_status status = verify_user_blocks(v);
    if (status == BP_OK)
        status = bp_h5_verify_pair(v, v->trees[0].objects[0].address, v->trees[1].objects[0].address);
    if (status == BP_OK)
        status = verify_objects(v, links_step);
    return status == BP_OK ? verify_objects(v, object_step) : status;
}

bp_status bp_verify_files(bp_context *ctx, const char *a, const char *b, const bp_verify_options *options,
                          bp_verify_report *report)
{
    bp_context *own = ctx ? NULL : bp_context_new(); /* the first difference is a message */
    bp_h5_verifier v = {.ctx = ctx ? ctx : own, .options = options, .report = report, .paths = {a, b}};
    v.files[0] = v.files[1] = H5I_INVALID_HID;
    memset(report, 0, sizeof *report);
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bp_status status = verify(&v);
    for (int i = 0; i < 2; i++) {
        bp_h5_tree_fini(&v.trees[i]);
        bp_h5_release(&v.files[i]);
    }
    bp_h5_quiet_end(&quiet);
    report->identical = status == BP_OK;
    if (status == BP_E_DIFFERS) {
        report->first_difference = strdup(bp_context_message(v.ctx));
        if (!report->first_difference)
            status = bp_fail(v.ctx, BP_E_MEMORY, "no memory for the first difference");
    }
    bp_context_free(own);
    return status;
}
