/* SPDX-License-Identifier: BSD-3-Clause
 * npy: one numpy array. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html,
 * versions 1 to 3: magic, version, header length, a Python dictionary with the keys descr, fortran_order and
 * shape, the values. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "io/plain.h"

#define MAGIC      "\x93NUMPY"
#define MAGIC_SIZE 6
#define MAX_HEADER ((size_t)1 << 16) /* bytes; numpy's own for plain arrays stay below 300 */

typedef struct fields {
    bool has_descr, has_order, has_shape;
    size_t rank;
    size_t shape[BP_MAX_RANK];
} fields;

static bool is_npy(const uint8_t *start, size_t size)
{
    return size >= MAGIC_SIZE && memcmp(start, MAGIC, MAGIC_SIZE) == 0;
}

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* A quoted word; its end, or NULL. */
static const char *read_word(const char *p, char *word, size_t size)
{
    char quote = *p;
    if (quote != '\'' && quote != '"')
        return NULL;
    const char *end = strchr(p + 1, quote);
    if (!end || (size_t)(end - p) > size)
        return NULL;
    memcpy(word, p + 1, (size_t)(end - p) - 1);
    word[end - p - 1] = '\0';
    return end + 1;
}

static bp_status read_descr(bp_context *ctx, const char *text, bp_frames_facts *facts)
{
    static const struct {
        const char *kind;
        bp_dtype dtype;
    } known[] = {{"u1", BP_U8},  {"u2", BP_U16}, {"u4", BP_U32}, {"u8", BP_U64},
                 {"i1", BP_I8},  {"i2", BP_I16}, {"i4", BP_I32}, {"i8", BP_I64},
                 {"f2", BP_F16}, {"f4", BP_F32}, {"f8", BP_F64}};
    bool machine_is_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    if (text[0] != '\0' && strchr("<>=|", text[0]))
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strcmp(text + 1, known[i].kind) == 0) {
                facts->dtype = known[i].dtype;
                facts->big_endian = text[0] == '>' || (text[0] != '<' && machine_is_big);
                return BP_OK;
            }
    return bp_fail(ctx, BP_E_UNSUPPORTED, "element type '%s': only integers and floats of 1 to 8 bytes",
                   text);
}

static const char *read_number(const char *p, size_t *value)
{
    size_t length = strspn(p, "0123456789");
    *value = 0;
    for (size_t i = 0; i < length; i++)
        if (bp_mul_overflows(*value, 10, value) || bp_add_overflows(*value, (size_t)(p[i] - '0'), value))
            return NULL;
    p += length;
    if (*p == 'L') /* Python 2 wrote long integers so */
        p++;
    return length ? p : NULL;
}

static const char *read_shape(const char *p, fields *found)
{
    if (*p++ != '(')
        return NULL;
    for (found->rank = 0;; found->rank++) {
        p = skip_space(p);
        if (*p == ')')
            return p + 1;
        if (found->rank == BP_MAX_RANK || !(p = read_number(p, &found->shape[found->rank])))
            return NULL;
        p = skip_space(p);
        if (*p == ',')
            p++;
        else if (*p != ')')
            return NULL;
    }
}

static const char *read_order(const char *p, bool *fortran)
{
    *fortran = strncmp(p, "True", 4) == 0;
    if (*fortran)
        return p + 4;
    return strncmp(p, "False", 5) == 0 ? p + 5 : NULL;
}

/* One "key: value"; NULL when it is malformed or *status tells more. */
static const char *read_pair(bp_context *ctx, const char *p, bp_plain *plain, fields *found,
                             bp_status *status)
{
    char key[32], text[64];
    if (!(p = read_word(p, key, sizeof key)) || *(p = skip_space(p)) != ':')
        return NULL;
    p = skip_space(p + 1);
    if (strcmp(key, "descr") == 0) {
        found->has_descr = true;
        if (*p == '[' || *p == '(' || *p == '{') {
            *status = bp_fail(ctx, BP_E_UNSUPPORTED, "the elements are structures, not numbers");
            return NULL;
        }
        if ((p = read_word(p, text, sizeof text)))
            *status = read_descr(ctx, text, &plain->facts);
    } else if (strcmp(key, "fortran_order") == 0) {
        found->has_order = true;
        p = read_order(p, &plain->fortran);
    } else if (strcmp(key, "shape") == 0) {
        found->has_shape = true;
        p = read_shape(p, found);
    } else {
        return NULL;
    }
    return *status == BP_OK ? p : NULL;
}

static bp_status read_dictionary(bp_context *ctx, const char *text, bp_plain *plain, fields *found)
{
    bp_status status = BP_OK;
    const char *p = skip_space(text);
    bool well = *p == '{';
    p += well;
    while (well && *(p = skip_space(p)) != '}') {
        p = read_pair(ctx, p, plain, found, &status);
        if (status != BP_OK)
            return status;
        well = p && (*(p = skip_space(p)) == ',' || *p == '}');
        if (well && *p == ',')
            p++;
    }
    if (!well || !found->has_descr || !found->has_order || !found->has_shape)
        return bp_fail(ctx, BP_E_DAMAGED, "the npy header cannot be understood");
    return BP_OK;
}

static bp_status read_header(bp_context *ctx, bp_plain *plain)
{
    uint8_t start[12] = {0};
    fields found = {0};
    bp_status status = bp_input_read(ctx, &plain->input, 0, start, 10);
    if (status != BP_OK)
        return status;
    size_t begin = 10, length = (size_t)start[8] | (size_t)start[9] << 8;
    if (start[6] < 1 || start[6] > 3)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "npy version %d.%d", start[6], start[7]);
    if (start[6] > 1) {
        begin = 12;
        if ((status = bp_input_read(ctx, &plain->input, 0, start, 12)) != BP_OK)
            return status;
        length = bp_load_le32(start + 8);
    }
    if (length > MAX_HEADER)
        return bp_fail(ctx, BP_E_DAMAGED, "the npy header claims %zu bytes", length);
    char *text = calloc(1, length + 1);
    if (!text)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the header");
    status = bp_input_read(ctx, &plain->input, begin, text, length);
    if (status == BP_OK)
        status = read_dictionary(ctx, text, plain, &found);
    free(text);
    if (status == BP_OK)
        status = bp_plain_set_shape(ctx, &plain->facts, found.rank, found.shape);
    plain->offset = begin + length;
    return status;
}

static bp_status check_size(bp_context *ctx, const bp_plain *plain)
{
    uint64_t bytes = plain->facts.count * plain->facts.frame_bytes, there = plain->input.size - plain->offset;
    if (there < bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "%" PRIu64 " bytes of values are stated, but the file has %" PRIu64,
                       bytes, there);
    if (there > bytes)
        return bp_fail(ctx, BP_E_LOSS, "%" PRIu64 " bytes stand behind the array and would be lost",
                       there - bytes);
    return BP_OK;
}

static bp_status open_npy(bp_context *ctx, const char *path, const bp_frames_raw *raw, bp_frames_facts *facts,
                          void **state)
{
    (void)raw;
    bp_plain *plain = calloc(1, sizeof *plain);
    if (!plain)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    plain->facts = *facts;
    bp_status status = bp_input_open(ctx, path, &plain->input);
    if (status == BP_OK)
        status = read_header(ctx, plain);
    if (status == BP_OK)
        status = check_size(ctx, plain);
    if (status != BP_OK) {
        bp_plain_close(plain);
        return status;
    }
    *facts = plain->facts;
    *state = plain;
    return BP_OK;
}

const bp_frame_format bp_frame_format_npy = {
    .name = "npy",
    .is = is_npy,
    .open = open_npy,
    .read = bp_plain_read,
    .read_part = bp_plain_read_part,
    .close = bp_plain_close,
};
