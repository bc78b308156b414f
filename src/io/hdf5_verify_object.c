/* SPDX-License-Identifier: BSD-3-Clause
 * Types, shapes, attributes. */
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_attribute.h"
#include "io/hdf5_copy.h"
#include "io/hdf5_file.h"
#include "io/hdf5_verifier.h"

static bp_status verify_committed(bp_h5_verifier *v, hid_t a, hid_t b)
{
    H5O_info_t info[2];
    hid_t types[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (H5Oget_info2(types[i], &info[i], H5O_INFO_BASIC | H5O_INFO_HDR) < 0)
            return bp_h5_fail(v->ctx, BP_E_DAMAGED, "its committed type cannot be read");
        /* types without a link are met here for the first time */
        if (bp_h5_tree_find(&v->trees[i], info[i].addr) == BP_H5_NOWHERE) {
            bp_status status = bp_h5_tree_add(v->ctx, &v->trees[i], &info[i], BP_H5_NOWHERE, NULL);
            if (status != BP_OK)
                return status;
        }
    }
    bp_status status = bp_h5_verify_pair(v, info[0].addr, info[1].addr);
    return status == BP_E_DIFFERS ? bp_fail_in(v->ctx, status, "its committed type") : status;
}

static bool same_texts(hid_t a, hid_t b, int depth);

static bool same_members(hid_t a, hid_t b, int depth)
{
    int count = H5Tget_nmembers(a);
    bool same = count == H5Tget_nmembers(b);
    for (unsigned i = 0; same && count > 0 && i < (unsigned)count; i++) {
        char *names[2] = {H5Tget_member_name(a, i), H5Tget_member_name(b, i)};
        hid_t members[2] = {H5Tget_member_type(a, i), H5Tget_member_type(b, i)};
        same = names[0] && names[1] && strcmp(names[0], names[1]) == 0 &&
               same_texts(members[0], members[1], depth + 1);
        for (int k = 0; k < 2; k++) {
            H5free_memory(names[k]);
            bp_h5_release(&members[k]);
        }
    }
    return same;
}

/* What H5Tequal does not look at: the character set and padding of strings of variable length, and the order
 * of members. */
static bool same_texts(hid_t a, hid_t b, int depth)
{
    H5T_class_t class = H5Tget_class(a);
    if (class != H5Tget_class(b) || depth > BP_H5_MAX_TYPE_DEPTH)
        return false;
    if (class == H5T_STRING)
        return H5Tget_cset(a) == H5Tget_cset(b) && H5Tget_strpad(a) == H5Tget_strpad(b);
    if (class == H5T_COMPOUND)
        return same_members(a, b, depth);
    if (class != H5T_ARRAY && class != H5T_VLEN)
        return true;
    hid_t bases[2] = {H5Tget_super(a), H5Tget_super(b)};
    bool same = same_texts(bases[0], bases[1], depth + 1);
    bp_h5_release(&bases[0]);
    bp_h5_release(&bases[1]);
    return same;
}

bp_status bp_h5_verify_type(bp_h5_verifier *v, hid_t a, hid_t b)
{
    htri_t equal = H5Tequal(a, b);
    if (equal < 0)
        return bp_h5_fail(v->ctx, BP_E_DAMAGED, "types cannot be compared");
    if (!equal || !same_texts(a, b, 0)) {
        char texts[2][400];
        bp_h5_type_text(a, texts[0], sizeof texts[0]);
        bp_h5_type_text(b, texts[1], sizeof texts[1]);
        return bp_fail(v->ctx, BP_E_DIFFERS, "type: %s and %s", texts[0], texts[1]);
    }
    bool committed[2] = {H5Tcommitted(a) > 0, H5Tcommitted(b) > 0};
    if (committed[0] != committed[1])
        return bp_fail(v->ctx, BP_E_DIFFERS, "type: a committed one in the %s file only",
                       committed[0] ? "first" : "second");
    return committed[0] ? verify_committed(v, a, b) : BP_OK;
}

bp_status bp_h5_verify_space(bp_context *ctx, hid_t a, hid_t b)
{
    static const char *const classes[] = {"scalar", "simple", "null"};
    hid_t spaces[2] = {a, b};
    H5S_class_t class[2];
    int rank[2];
    hsize_t shape[2][BP_MAX_RANK] = {{0}}, most[2][BP_MAX_RANK] = {{0}};
    for (int i = 0; i < 2; i++) {
        class[i] = H5Sget_simple_extent_type(spaces[i]);
        rank[i] = class[i] == H5S_SIMPLE ? H5Sget_simple_extent_ndims(spaces[i]) : 0;
        if (class[i] < H5S_SCALAR || class[i] > H5S_NULL || rank[i] < 0 || rank[i] > BP_MAX_RANK ||
            (rank[i] && H5Sget_simple_extent_dims(spaces[i], shape[i], most[i]) != rank[i]))
            return bp_h5_fail(ctx, BP_E_DAMAGED, "its shape cannot be read");
    }
    if (class[0] != class[1])
        return bp_fail(ctx, BP_E_DIFFERS, "shape: %s and %s", classes[class[0]], classes[class[1]]);
    char texts[2][300];
    if (rank[0] != rank[1] || memcmp(shape[0], shape[1], sizeof shape[0]) != 0) {
        bp_h5_shape_text(rank[0], shape[0], texts[0], sizeof texts[0]);
        bp_h5_shape_text(rank[1], shape[1], texts[1], sizeof texts[1]);
        return bp_fail(ctx, BP_E_DIFFERS, "shape: %s and %s", texts[0], texts[1]);
    }
    if (memcmp(most[0], most[1], sizeof most[0]) != 0) {
        bp_h5_shape_text(rank[0], most[0], texts[0], sizeof texts[0]);
        bp_h5_shape_text(rank[1], most[1], texts[1], sizeof texts[1]);
        return bp_fail(ctx, BP_E_DIFFERS, "largest shape: %s and %s", texts[0], texts[1]);
    }
    return BP_OK;
}

static bp_status verify_values(bp_h5_verifier *v, const bp_h5_attribute *a, const bp_h5_attribute *b)
{
    bp_status status = BP_OK;
    size_t first = 0;
    bool read[2] = {false, false};
    const bp_h5_attribute *attributes[2] = {a, b};
    void *values[2] = {malloc(a->bytes ? a->bytes : 1), malloc(b->bytes ? b->bytes : 1)};
    for (int i = 0; status == BP_OK && i < 2; i++) {
        if (!values[i]) {
            status = bp_fail(v->ctx, BP_E_MEMORY, "no memory for %zu bytes", attributes[i]->bytes);
        } else {
            status = bp_h5_attribute_read(v->ctx, attributes[i], values[i]);
            read[i] = status == BP_OK;
        }
    }
    if (status == BP_OK)
        status = bp_h5_verify_values(v, a->type, values[0], values[1], a->count, -1, &first);
    if (status == BP_E_DIFFERS)
        status = bp_fail_in(v->ctx, status, "value %zu", first);
    for (int i = 0; i < 2; i++) {
        if (read[i])
            bp_h5_attribute_reclaim(attributes[i], values[i]);
        free(values[i]);
    }
    return status;
}

static bp_status verify_charset(bp_context *ctx, hid_t a, hid_t b)
{
    H5A_info_t info[2];
    if (H5Aget_info(a, &info[0]) < 0 || H5Aget_info(b, &info[1]) < 0)
        return bp_h5_fail(ctx, BP_E_DAMAGED, "its name cannot be read");
    if (info[0].cset != info[1].cset)
        return bp_fail(ctx, BP_E_DIFFERS, "the character set of its name");
    return BP_OK;
}

typedef struct attribute_walk {
    bp_h5_verifier *v;
    hid_t other;
    bool skip_lossy;
} attribute_walk;

static bool is_ours(const attribute_walk *walk, const char *name)
{
    return walk->skip_lossy && strcmp(name, BP_H5_LOSSY_ATTRIBUTE) == 0;
}

static bp_status verify_one(bp_context *ctx, void *user, hid_t object, const char *name)
{
    const attribute_walk *walk = user;
    bp_h5_attribute a, b;
    if (is_ours(walk, name))
        return BP_OK;
    if (H5Aexists(walk->other, name) <= 0)
        return bp_fail(ctx, BP_E_DIFFERS, "attribute \"%s\": in the first file only", name);
    bp_status status = bp_h5_attribute_open(ctx, object, name, &a);
    if (status != BP_OK)
        return status;
    status = bp_h5_attribute_open(ctx, walk->other, name, &b);
    if (status == BP_OK) {
        status = bp_h5_verify_type(walk->v, a.type, b.type);
        if (status == BP_OK)
            status = bp_h5_verify_space(ctx, a.space, b.space);
        if (status == BP_OK)
            status = verify_charset(ctx, a.id, b.id);
        if (status == BP_OK)
            status = verify_values(walk->v, &a, &b);
        if (status != BP_OK)
            status = bp_fail_in(ctx, status, "attribute \"%s\"", name);
        bp_h5_attribute_close(&b);
    }
    bp_h5_attribute_close(&a);
    return status;
}

static bp_status find_extra(bp_context *ctx, void *user, hid_t object, const char *name)
{
    const attribute_walk *walk = user;
    (void)object;
    if (is_ours(walk, name) || H5Aexists(walk->other, name) > 0)
        return BP_OK;
    return bp_fail(ctx, BP_E_DIFFERS, "attribute \"%s\": in the second file only", name);
}

typedef struct name_list {
    char **names;
    size_t count, room;
    const attribute_walk *walk;
} name_list;

static bp_status note_name(bp_context *ctx, void *user, hid_t object, const char *name)
{
    name_list *list = user;
    (void)object;
    if (is_ours(list->walk, name))
        return BP_OK;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        char **names = realloc(list->names, room * sizeof *names);
        if (!names)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for the names of attributes");
        list->names = names;
        list->room = room;
    }
    list->names[list->count] = strdup(name);
    return list->names[list->count++] ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a name");
}

/* Both keep the order of their attributes' creation: is it the same? */
static bp_status verify_order(const attribute_walk *walk, hid_t a, hid_t b)
{
    bp_context *ctx = walk->v->ctx;
    name_list lists[2] = {{.walk = walk}, {.walk = walk}};
    bp_status status = bp_h5_attributes_walk(ctx, a, note_name, &lists[0]);
    if (status == BP_OK)
        status = bp_h5_attributes_walk(ctx, b, note_name, &lists[1]);
    for (size_t i = 0; status == BP_OK && i < lists[0].count && i < lists[1].count; i++)
        if (strcmp(lists[0].names[i], lists[1].names[i]) != 0)
            status = bp_fail(ctx, BP_E_DIFFERS, "attributes in another order: \"%s\" and \"%s\" at %zu",
                             lists[0].names[i], lists[1].names[i], i);
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < lists[i].count; k++)
            free(lists[i].names[k]);
        free(lists[i].names);
    }
    return status;
}

bp_status bp_h5_verify_attributes(bp_h5_verifier *v, hid_t a, hid_t b)
{
    bool dataset = H5Iget_type(a) == H5I_DATASET;
    attribute_walk walk = {v, b, dataset}, back = {v, a, dataset};
    bool ordered[2] = {bp_h5_attributes_ordered(a), bp_h5_attributes_ordered(b)};
    bp_status status = bp_h5_attributes_walk(v->ctx, a, verify_one, &walk);
    if (status == BP_OK)
        status = bp_h5_attributes_walk(v->ctx, b, find_extra, &back);
    if (status == BP_OK && ordered[0] != ordered[1])
        status = bp_fail(v->ctx, BP_E_DIFFERS, "the order of attributes is kept in the %s file only",
                         ordered[0] ? "first" : "second");
    return status == BP_OK && ordered[0] ? verify_order(&walk, a, b) : status;
}
