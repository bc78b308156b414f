/* SPDX-License-Identifier: BSD-3-Clause
 * Types, shapes and values as people write them. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "io/hdf5_file.h"
#include "io/hdf5_verifier.h"

typedef struct text {
    char *start;
    size_t size, used;
} text;

static void add(text *t, const char *format, ...) BP_PRINTF(2, 3);

static void add(text *t, const char *format, ...)
{
    if (t->used >= t->size)
        return;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->start + t->used, t->size - t->used, format, args);
    va_end(args);
    t->used += n > 0 ? (size_t)n : 0;
    if (t->used >= t->size && t->size >= 4)
        memcpy(t->start + t->size - 4, "...", 4);
}

static void add_type(text *t, hid_t type, int depth);

static void add_members(text *t, hid_t type, int depth)
{
    int count = H5Tget_nmembers(type);
    add(t, "compound of %zu bytes {", H5Tget_size(type));
    for (unsigned i = 0; count > 0 && i < (unsigned)count && t->used < t->size; i++) {
        char *name = H5Tget_member_name(type, i);
        hid_t member = H5Tget_member_type(type, i);
        add(t, "%s%s at %zu: ", i ? ", " : "", name ? name : "?", H5Tget_member_offset(type, i));
        add_type(t, member, depth + 1);
        bp_h5_release(&member);
        H5free_memory(name);
    }
    add(t, "}");
}

static void add_enum(text *t, hid_t type, int depth)
{
    hid_t base = H5Tget_super(type);
    int count = H5Tget_nmembers(type);
    add(t, "enum of ");
    add_type(t, base, depth + 1);
    add(t, " {");
    for (unsigned i = 0; count > 0 && i < (unsigned)count && t->used < t->size; i++) {
        unsigned char value[64];
        char shown[64] = "?";
        char *name = H5Tget_member_name(type, i);
        if (H5Tget_size(type) <= sizeof value && H5Tget_member_value(type, i, value) >= 0)
            bp_h5_value_text(base, value, shown, sizeof shown);
        add(t, "%s%s=%s", i ? ", " : "", name ? name : "?", shown);
        H5free_memory(name);
    }
    add(t, "}");
    bp_h5_release(&base);
}

static void add_array(text *t, hid_t type, int depth)
{
    hid_t base = H5Tget_super(type);
    hsize_t shape[BP_MAX_RANK] = {0};
    char shown[256] = "?";
    int rank = H5Tget_array_ndims(type);
    if (rank >= 0 && rank <= BP_MAX_RANK && H5Tget_array_dims2(type, shape) >= 0)
        bp_h5_shape_text(rank, shape, shown, sizeof shown);
    add(t, "array %s of ", shown);
    add_type(t, base, depth + 1);
    bp_h5_release(&base);
}

static void add_number(text *t, hid_t type, const char *kind)
{
    size_t bits = H5Tget_precision(type), size = H5Tget_size(type);
    H5T_order_t order = H5Tget_order(type);
    add(t, "%s%zu", kind, size * 8);
    if (bits != size * 8)
        add(t, " (%zu bits from %d)", bits, H5Tget_offset(type));
    if (size > 1)
        add(t, " %s",
            order == H5T_ORDER_BE   ? "big-endian"
            : order == H5T_ORDER_LE ? "little-endian"
                                    : "mixed");
}

static void add_string(text *t, hid_t type)
{
    static const char *const pads[] = {"null-terminated", "null-padded", "space-padded"};
    H5T_str_t pad = H5Tget_strpad(type);
    if (H5Tis_variable_str(type) > 0)
        add(t, "string of variable length");
    else
        add(t, "string of %zu bytes", H5Tget_size(type));
    add(t, ", %s, %s", H5Tget_cset(type) == H5T_CSET_UTF8 ? "UTF-8" : "ASCII",
        pad >= H5T_STR_NULLTERM && pad <= H5T_STR_SPACEPAD ? pads[pad] : "unknown padding");
}

static void add_type(text *t, hid_t type, int depth)
{
    hid_t base;
    char *tag;
    if (depth > BP_H5_MAX_TYPE_DEPTH)
        return;
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
        add_number(t, type, H5Tget_sign(type) == H5T_SGN_NONE ? "uint" : "int");
        break;
    case H5T_FLOAT:
        add_number(t, type, "float");
        break;
    case H5T_TIME:
        add_number(t, type, "time");
        break;
    case H5T_BITFIELD:
        add_number(t, type, "bitfield");
        break;
    case H5T_STRING:
        add_string(t, type);
        break;
    case H5T_OPAQUE:
        tag = H5Tget_tag(type);
        add(t, "opaque of %zu bytes \"%s\"", H5Tget_size(type), tag ? tag : "");
        H5free_memory(tag);
        break;
    case H5T_COMPOUND:
        add_members(t, type, depth);
        break;
    case H5T_REFERENCE:
        add(t, H5Tequal(type, H5T_STD_REF_OBJ) > 0 ? "object reference" : "region reference");
        break;
    case H5T_ENUM:
        add_enum(t, type, depth);
        break;
    case H5T_VLEN:
        base = H5Tget_super(type);
        add(t, "sequence of ");
        add_type(t, base, depth + 1);
        bp_h5_release(&base);
        break;
    case H5T_ARRAY:
        add_array(t, type, depth);
        break;
    default:
        add(t, "unknown type");
    }
}

void bp_h5_type_text(hid_t type, char *text_, size_t size)
{
    text t = {text_, size, 0};
    if (size)
        text_[0] = 0;
    add_type(&t, type, 0);
}

void bp_h5_shape_text(int rank, const hsize_t *shape, char *text_, size_t size)
{
    text t = {text_, size, 0};
    add(&t, "(");
    for (int i = 0; i < rank; i++) {
        if (shape[i] == H5S_UNLIMITED)
            add(&t, "%sunlimited", i ? ", " : "");
        else
            add(&t, "%s%" PRIu64, i ? ", " : "", (uint64_t)shape[i]);
    }
    add(&t, ")");
}

static void add_bytes(text *t, const unsigned char *bytes, size_t size)
{
    add(t, "0x");
    for (size_t i = 0; i < size && t->used < t->size; i++)
        add(t, "%02x", bytes[i]);
}

static void add_characters(text *t, const char *characters, size_t size)
{
    add(t, "\"");
    for (size_t i = 0; i < size && characters[i] && t->used < t->size; i++)
        add(t, "%c", characters[i]);
    add(t, "\"");
}

/* HDF5 converts in place: the room holds the larger of the two. */
static bool convert(hid_t from, hid_t to, const void *value, void *room, size_t size)
{
    if (H5Tget_size(from) > size)
        return false;
    memcpy(room, value, H5Tget_size(from));
    return H5Tconvert(from, to, 1, room, NULL, H5P_DEFAULT) >= 0;
}

void bp_h5_value_text(hid_t type, const void *value, char *text_, size_t size)
{
    text t = {text_, size, 0};
    _Alignas(16) unsigned char room[64];
    if (size)
        text_[0] = 0;
    H5T_class_t class = H5Tget_class(type);
    if (class == H5T_STRING && H5Tis_variable_str(type) > 0) {
        const char *string;
        memcpy(&string, value, sizeof string);
        if (string)
            add_characters(&t, string, SIZE_MAX);
        else
            add(&t, "no string");
    } else if (class == H5T_STRING) {
        add_characters(&t, value, H5Tget_size(type));
    } else if (class == H5T_FLOAT && convert(type, H5T_NATIVE_DOUBLE, value, room, sizeof room)) {
        double number;
        memcpy(&number, room, sizeof number);
        add(&t, "%.17g", number);
    } else if (class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_NONE &&
               convert(type, H5T_NATIVE_UINT64, value, room, sizeof room)) {
        uint64_t number;
        memcpy(&number, room, sizeof number);
        add(&t, "%" PRIu64, number);
    } else if (class == H5T_INTEGER && convert(type, H5T_NATIVE_INT64, value, room, sizeof room)) {
        int64_t number;
        memcpy(&number, room, sizeof number);
        add(&t, "%" PRId64, number);
    } else {
        add_bytes(&t, value, H5Tget_size(type));
    }
}
