/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_read_small.h"

#define MAX_TEXT  ((size_t)1 << 16) /* bytes of a fixed string that are looked at */
#define MAX_TEXTS ((hssize_t)1024)
#define MAX_ITEMS ((hssize_t)1 << 16) /* of a dataset that is to hold one number */

static char *copy_text(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    for (size_t length = strlen(copy); length && copy[length - 1] == ' '; length--)
        copy[length - 1] = '\0';
    return copy;
}

static char *read_variable(hid_t attribute, hid_t type, size_t count, size_t index)
{
    char **texts = calloc(count, sizeof *texts), *result = NULL;
    hid_t space = H5Aget_space(attribute);
    if (texts && H5Aread(attribute, type, texts) >= 0) {
        if (texts[index])
            result = copy_text(texts[index], strlen(texts[index]));
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
    }
    H5Sclose(space);
    free(texts);
    return result;
}

static char *read_fixed(hid_t attribute, hid_t type, size_t count, size_t index)
{
    size_t size = H5Tget_size(type);
    if (size == 0 || size > MAX_TEXT)
        return NULL;
    char *texts = calloc(count, size), *result = NULL;
    if (texts && H5Aread(attribute, type, texts) >= 0)
        result = copy_text(texts + index * size, strnlen(texts + index * size, size));
    free(texts);
    return result;
}

char *bp_h5_attribute_text_at(hid_t object, const char *name, size_t index)
{
    char *result = NULL;
    if (H5Aexists(object, name) <= 0)
        return NULL;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return NULL;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    if (H5Tget_class(type) == H5T_STRING && count > 0 && count <= MAX_TEXTS && index < (size_t)count)
        result = H5Tis_variable_str(type) > 0 ? read_variable(attribute, type, (size_t)count, index)
                                              : read_fixed(attribute, type, (size_t)count, index);
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    return result;
}

char *bp_h5_attribute_text(hid_t object, const char *name)
{
    return bp_h5_attribute_text_at(object, name, 0);
}

static bool is_number(hid_t type)
{
    H5T_class_t kind = H5Tget_class(type);
    return kind == H5T_INTEGER || kind == H5T_FLOAT;
}

double bp_h5_attribute_number(hid_t object, const char *name)
{
    double value = (double)NAN;
    if (H5Aexists(object, name) <= 0)
        return value;
    char *text = bp_h5_attribute_text(object, name), *end;
    if (text) {
        double parsed = strtod(text, &end);
        if (end != text && *end == '\0')
            value = parsed;
        free(text);
        return value;
    }
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return value;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    double read;
    if (is_number(type) && H5Sget_simple_extent_npoints(space) == 1 &&
        H5Aread(attribute, H5T_NATIVE_DOUBLE, &read) >= 0)
        value = read;
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    return value;
}

bool bp_h5_leads_to(hid_t group, const char *path)
{
    char step[1024];
    size_t length = strlen(path);
    if (length >= sizeof step)
        return false;
    /* H5Lexists fails where a level above is missing */
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(step, path, i);
        step[i] = '\0';
        if (H5Lexists(group, step, H5P_DEFAULT) <= 0 || H5Oexists_by_name(group, step, H5P_DEFAULT) <= 0)
            return false;
    }
    return length > 0;
}

static double same_number(hid_t dataset, hssize_t count)
{
    double *values = malloc((size_t)count * sizeof *values), result = (double)NAN;
    if (values && H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0) {
        result = values[0];
        for (hssize_t i = 1; i < count; i++)
            if (values[i] != result) {
                result = (double)NAN;
                break;
            }
    }
    free(values);
    return result;
}

double bp_h5_dataset_number(hid_t group, const char *path)
{
    double value = (double)NAN;
    if (!bp_h5_leads_to(group, path))
        return value;
    hid_t dataset = H5Dopen2(group, path, H5P_DEFAULT);
    if (dataset < 0)
        return value;
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    if (is_number(type) && count >= 1 && count <= MAX_ITEMS)
        value = same_number(dataset, count);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
    return value;
}
