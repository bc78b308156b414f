/* SPDX-License-Identifier: BSD-3-Clause
 * Values in memory, one by one: bits, except where bits mean a place. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/hdf5_file.h"
#include "io/hdf5_verifier.h"

static bp_status compare(bp_h5_verifier *v, hid_t type, const unsigned char *a, const unsigned char *b,
                         size_t count, double bound, size_t *first);

static bp_status differ(bp_h5_verifier *v, hid_t type, const void *a, const void *b)
{
    char texts[2][200];
    bp_h5_value_text(type, a, texts[0], sizeof texts[0]);
    bp_h5_value_text(type, b, texts[1], sizeof texts[1]);
    return bp_fail(v->ctx, BP_E_DIFFERS, "%s and %s", texts[0], texts[1]);
}

static bool within(bp_h5_verifier *v, hid_t type, const void *a, const void *b, double bound)
{
    _Alignas(16) unsigned char room[2][64];
    double number[2];
    size_t size = H5Tget_size(type);
    const void *values[2] = {a, b};
    if (size > sizeof room[0])
        return false;
    for (int i = 0; i < 2; i++) {
        memcpy(room[i], values[i], size);
        if (H5Tconvert(type, H5T_NATIVE_DOUBLE, 1, room[i], NULL, H5P_DEFAULT) < 0)
            return false;
        memcpy(&number[i], room[i], sizeof number[i]);
    }
    if (isnan(number[0]) || isnan(number[1]))
        return isnan(number[0]) && isnan(number[1]);
    double error = fabs(number[0] - number[1]);
    if (!(error <= bound))
        return false;
    if (error > v->report->max_error)
        v->report->max_error = error;
    return true;
}

static bp_status compare_plain(bp_h5_verifier *v, hid_t type, const unsigned char *a, const unsigned char *b,
                               size_t count, double bound, size_t *first)
{
    size_t size = H5Tget_size(type);
    H5T_class_t class = H5Tget_class(type);
    bool number = class == H5T_INTEGER || class == H5T_FLOAT;
    if (memcmp(a, b, size * count) == 0)
        return BP_OK;
    for (size_t i = 0; i < count; i++) {
        const unsigned char *x = a + i * size, *y = b + i * size;
        if (memcmp(x, y, size) == 0 || (number && bound >= 0 && within(v, type, x, y, bound)))
            continue;
        *first = i;
        return differ(v, type, x, y);
    }
    return BP_OK;
}

static bp_status compare_strings(bp_h5_verifier *v, hid_t type, const unsigned char *a,
                                 const unsigned char *b, size_t count, size_t *first)
{
    for (size_t i = 0; i < count; i++) {
        const char *x, *y;
        memcpy(&x, a + i * sizeof x, sizeof x);
        memcpy(&y, b + i * sizeof y, sizeof y);
        if ((!x && !y) || (x && y && strcmp(x, y) == 0))
            continue;
        *first = i;
        return differ(v, type, &x, &y);
    }
    return BP_OK;
}

static bp_status compare_sequences(bp_h5_verifier *v, hid_t type, const unsigned char *a,
                                   const unsigned char *b, size_t count, double bound, size_t *first)
{
    hid_t base = H5Tget_super(type);
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < count; i++) {
        hvl_t x, y;
        size_t inner = 0;
        memcpy(&x, a + i * sizeof x, sizeof x);
        memcpy(&y, b + i * sizeof y, sizeof y);
        if (x.len != y.len)
            status = bp_fail(v->ctx, BP_E_DIFFERS, "sequences of %zu and %zu elements", x.len, y.len);
        else if (x.len && x.p && y.p) {
            status = compare(v, base, x.p, y.p, x.len, bound, &inner);
            if (status == BP_E_DIFFERS)
                status = bp_fail_in(v->ctx, status, "element %zu of the sequence", inner);
        }
        *first = i;
    }
    bp_h5_release(&base);
    return status;
}

static bp_status compare_members(bp_h5_verifier *v, hid_t type, const unsigned char *a,
                                 const unsigned char *b, size_t count, double bound, size_t *first)
{
    int members = H5Tget_nmembers(type);
    size_t size = H5Tget_size(type), where = count, inner;
    bp_status status = BP_OK;
    for (unsigned m = 0; m < (unsigned)(members > 0 ? members : 0); m++) {
        hid_t member = H5Tget_member_type(type, m);
        size_t offset = H5Tget_member_offset(type, m);
        bp_status one = BP_OK;
        /* a later member counts only when it differs in an earlier value */
        for (size_t i = 0; one == BP_OK && i < where; i++) {
            one = compare(v, member, a + i * size + offset, b + i * size + offset, 1, bound, &inner);
            if (one != BP_OK) {
                where = i;
                status = one;
            }
        }
        if (one == BP_E_DIFFERS) {
            char *name = H5Tget_member_name(type, m);
            status = bp_fail_in(v->ctx, one, "member \"%s\"", name ? name : "?");
            H5free_memory(name);
        }
        bp_h5_release(&member);
        if (status != BP_OK && status != BP_E_DIFFERS)
            break;
    }
    *first = where;
    return status;
}

static bp_status compare_arrays(bp_h5_verifier *v, hid_t type, const unsigned char *a, const unsigned char *b,
                                size_t count, double bound, size_t *first)
{
    hid_t base = H5Tget_super(type);
    size_t inner = H5Tget_size(base), each = inner ? H5Tget_size(type) / inner : 0, all, at = 0;
    bp_status status;
    if (each == 0 || bp_mul_overflows(each, count, &all))
        status = bp_fail(v->ctx, BP_E_DAMAGED, "an array type has no size");
    else
        status = compare(v, base, a, b, all, bound, &at);
    if (status == BP_E_DIFFERS) {
        *first = at / each;
        status = bp_fail_in(v->ctx, status, "element %zu of the array", at % each);
    }
    bp_h5_release(&base);
    return status;
}

static bool is_null(const unsigned char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (value[i])
            return false;
    return true;
}

/* Index of what a reference leads to in the list of its file; BP_H5_NOWHERE when it dangles. */
static size_t object_of(const bp_h5_verifier *v, int which, H5R_type_t kind, const unsigned char *value)
{
    H5O_info_t info;
    if (kind == H5R_OBJECT) {
        hobj_ref_t address;
        memcpy(&address, value, sizeof address);
        return bp_h5_tree_find(&v->trees[which], address);
    }
    size_t index = BP_H5_NOWHERE;
    hid_t object = H5Rdereference2(v->files[which], H5P_DEFAULT, kind, value);
    if (object >= 0 && H5Oget_info2(object, &info, H5O_INFO_BASIC) >= 0)
        index = bp_h5_tree_find(&v->trees[which], info.addr);
    bp_h5_release(&object);
    H5Eclear2(H5E_DEFAULT);
    return index;
}

static bp_status compare_regions(bp_h5_verifier *v, const unsigned char *a, const unsigned char *b)
{
    const unsigned char *values[2] = {a, b};
    void *encoded[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    bp_status status = BP_OK;
    for (int i = 0; status == BP_OK && i < 2; i++) {
        hid_t space = H5Rget_region(v->files[i], H5R_DATASET_REGION, values[i]);
        if (space < 0 || H5Sencode(space, NULL, &sizes[i]) < 0 || !(encoded[i] = malloc(sizes[i])) ||
            H5Sencode(space, encoded[i], &sizes[i]) < 0)
            status = bp_h5_fail(v->ctx, BP_E_DAMAGED, "a region reference cannot be read");
        bp_h5_release(&space);
    }
    if (status == BP_OK && (sizes[0] != sizes[1] || memcmp(encoded[0], encoded[1], sizes[0]) != 0))
        status = bp_fail(v->ctx, BP_E_DIFFERS, "region references to other parts of a dataset");
    free(encoded[0]);
    free(encoded[1]);
    return status;
}

static bp_status compare_reference(bp_h5_verifier *v, H5R_type_t kind, size_t size, const unsigned char *a,
                                   const unsigned char *b)
{
    bool nulls[2] = {is_null(a, size), is_null(b, size)};
    if (nulls[0] && nulls[1])
        return BP_OK;
    if (nulls[0] != nulls[1])
        return bp_fail(v->ctx, BP_E_DIFFERS, "a null reference in the %s file only",
                       nulls[0] ? "first" : "second");
    size_t x = object_of(v, 0, kind, a), y = object_of(v, 1, kind, b);
    if (x == BP_H5_NOWHERE && y == BP_H5_NOWHERE)
        return BP_OK;
    if (x == BP_H5_NOWHERE || y == BP_H5_NOWHERE)
        return bp_fail(v->ctx, BP_E_DIFFERS, "a reference that leads nowhere in the %s file only",
                       x == BP_H5_NOWHERE ? "first" : "second");
    if (v->trees[0].objects[x].copy != v->trees[1].objects[y].address) {
        char *paths[2] = {bp_h5_tree_path(&v->trees[0], x), bp_h5_tree_path(&v->trees[1], y)};
        bp_status status = bp_fail(v->ctx, BP_E_DIFFERS, "references to %s and %s", paths[0] ? paths[0] : "?",
                                   paths[1] ? paths[1] : "?");
        free(paths[0]);
        free(paths[1]);
        return status;
    }
    return kind == H5R_DATASET_REGION ? compare_regions(v, a, b) : BP_OK;
}

static bp_status compare_references(bp_h5_verifier *v, hid_t type, const unsigned char *a,
                                    const unsigned char *b, size_t count, size_t *first)
{
    H5R_type_t kind = H5Tequal(type, H5T_STD_REF_OBJ) > 0 ? H5R_OBJECT : H5R_DATASET_REGION;
    size_t size = H5Tget_size(type);
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < count; i++) {
        status = compare_reference(v, kind, size, a + i * size, b + i * size);
        *first = i;
    }
    return status;
}

static bp_status compare(bp_h5_verifier *v, hid_t type, const unsigned char *a, const unsigned char *b,
                         size_t count, double bound, size_t *first)
{
    *first = 0;
    switch (H5Tget_class(type)) {
    case H5T_COMPOUND:
        return compare_members(v, type, a, b, count, bound, first);
    case H5T_ARRAY:
        return compare_arrays(v, type, a, b, count, bound, first);
    case H5T_VLEN:
        return compare_sequences(v, type, a, b, count, bound, first);
    case H5T_REFERENCE:
        return compare_references(v, type, a, b, count, first);
    case H5T_STRING:
        if (H5Tis_variable_str(type) > 0)
            return compare_strings(v, type, a, b, count, first);
        return compare_plain(v, type, a, b, count, bound, first);
    default:
        return compare_plain(v, type, a, b, count, bound, first);
    }
}

bp_status bp_h5_verify_values(bp_h5_verifier *v, hid_t type, const void *a, const void *b, size_t count,
                              double bound, size_t *first)
{
    return compare(v, type, a, b, count, bound, first);
}
