/* SPDX-License-Identifier: BSD-3-Clause
 * CBF, the crystallographic binary file, as Pilatus and CBFlib write it: CIF text with binary sections, each
 * with MIME-like lines and the mark 0C 1A 04 D5 before its bytes. Each section is a frame. Read are sections
 * in byte-offset compression and uncompressed ones. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "io/cbf_byte_offset.h"
#include "io/frame_format.h"
#include "io/input.h"
#include "io/md5.h"
#include "io/text.h"

#define BOUNDARY "--CIF-BINARY-FORMAT-SECTION--"
#define MAX_TEXT ((size_t)16 << 20) /* bytes of text before a section; full headers have some 100 KiB */
#define STEP     ((size_t)16384)

static const uint8_t mark[4] = {0x0c, 0x1a, 0x04, 0xd5};

typedef struct section {
    uint64_t text, data; /* where the text before it begins, and its bytes */
    size_t text_size;
    size_t data_size;
    bool byte_offset, big_endian, has_md5;
    uint8_t md5[16];
} section;

typedef struct cbf {
    bp_input input;
    bp_frames_facts facts;
    section *sections;
    size_t count;
    uint8_t *bytes; /* room for the largest section */
} cbf;

static bool is_cbf(const uint8_t *start, size_t size)
{
    if (size >= 7 && memcmp(start, "###CBF:", 7) == 0)
        return true;
    /* without the magic line, as some programs write it: CIF text that leads to a binary section */
    return size >= 5 && memcmp(start, "data_", 5) == 0 && memmem(start, size, BOUNDARY, strlen(BOUNDARY));
}

/* The value of "key: value" or key="value" in the lines of a section, without quotes. */
static bool find_key(const char *lines, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    for (const char *p = lines; *p; p += strcspn(p, "\r\n;"), p += strspn(p, "\r\n;")) {
        p += strspn(p, " \t");
        if (strncasecmp(p, key, length) != 0 || (p[length] != ':' && p[length] != '='))
            continue;
        p += length + 1;
        p += strspn(p, " \t\"");
        size_t end = strcspn(p, "\"\r\n;");
        while (end && isspace((unsigned char)p[end - 1]))
            end--;
        snprintf(value, size, "%.*s", (int)(end < 128 ? end : 128), p);
        return true;
    }
    return false;
}

static bool find_number(const char *lines, const char *key, size_t *number)
{
    char text[64], *end;
    if (!find_key(lines, key, text, sizeof text) || !isdigit((unsigned char)text[0]) || strlen(text) > 18)
        return false;
    unsigned long long value = strtoull(text, &end, 10);
    return *end == '\0' && !bp_size_from_u64(value, number);
}

static bp_status read_dtype(bp_context *ctx, const char *lines, bp_frames_facts *facts)
{
    static const struct {
        const char *name;
        bp_dtype dtype;
    } known[] = {
        {"unsigned 8-bit integer", BP_U8},   {"signed 8-bit integer", BP_I8},
        {"unsigned 16-bit integer", BP_U16}, {"signed 16-bit integer", BP_I16},
        {"unsigned 32-bit integer", BP_U32}, {"signed 32-bit integer", BP_I32},
        {"unsigned 64-bit integer", BP_U64}, {"signed 64-bit integer", BP_I64},
        {"signed 32-bit real IEEE", BP_F32}, {"signed 64-bit real IEEE", BP_F64},
    };
    char text[64];
    if (!find_key(lines, "X-Binary-Element-Type", text, sizeof text))
        return bp_fail(ctx, BP_E_DAMAGED, "the binary section states no X-Binary-Element-Type");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcasecmp(text, known[i].name) == 0) {
            facts->dtype = known[i].dtype;
            return BP_OK;
        }
    return bp_fail(ctx, BP_E_UNSUPPORTED, "X-Binary-Element-Type \"%s\"", text);
}

static bp_status read_encoding(bp_context *ctx, const char *lines, section *part)
{
    char text[64];
    if (find_key(lines, "Content-Transfer-Encoding", text, sizeof text) && strcasecmp(text, "BINARY") != 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "Content-Transfer-Encoding %s", text);
    part->byte_offset = false;
    if (find_key(lines, "conversions", text, sizeof text)) {
        part->byte_offset = strcasecmp(text, "x-CBF_BYTE_OFFSET") == 0;
        if (!part->byte_offset && strcasecmp(text, "x-CBF_NONE") != 0)
            return bp_fail(ctx, BP_E_UNSUPPORTED, "compression %s", text);
    }
    part->big_endian = find_key(lines, "X-Binary-Element-Byte-Order", text, sizeof text) &&
                       strcasecmp(text, "BIG_ENDIAN") == 0;
    if (part->big_endian && part->byte_offset)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "byte-offset compression in big-endian order");
    return BP_OK;
}

/* Base64 of exactly 16 bytes; false when it is none. */
static bool decode_md5(const char *text, uint8_t digest[16])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    if (strlen(text) != 24 || strcmp(text + 22, "==") != 0)
        return false;
    for (size_t i = 0, have = 0, out = 0; i < 22; i++) {
        const char *letter = strchr(letters, text[i]);
        if (!letter)
            return false;
        bits = bits << 6 | (uint32_t)(letter - letters);
        have += 6;
        if (have >= 8 && out < 16) {
            have -= 8;
            digest[out++] = (uint8_t)(bits >> have);
        }
    }
    return true;
}

static bp_status read_shape(bp_context *ctx, const char *lines, bp_frames_facts *facts)
{
    size_t fast, second = 1, third = 1, elements, product;
    if (!find_number(lines, "X-Binary-Size-Fastest-Dimension", &fast))
        return bp_fail(ctx, BP_E_DAMAGED, "the binary section states no X-Binary-Size-Fastest-Dimension");
    bool has_second = find_number(lines, "X-Binary-Size-Second-Dimension", &second);
    bool has_third = find_number(lines, "X-Binary-Size-Third-Dimension", &third) && third > 1;
    size_t shape[4] = {1, third, second, fast}, rank = has_third ? 3 : has_second ? 2 : 1;
    if (fast == 0 || second == 0 || bp_product_overflows(shape, 4, &product))
        return bp_fail(ctx, BP_E_DAMAGED, "dimensions %zu, %zu, %zu", fast, second, third);
    if (find_number(lines, "X-Binary-Number-of-Elements", &elements) && elements != product)
        return bp_fail(ctx, BP_E_DAMAGED, "%zu elements are stated, but the dimensions make %zu", elements,
                       product);
    shape[3 - rank] = 1;
    return bp_frames_set_shape(ctx, facts, rank + 1, shape + 3 - rank, rank);
}

/* What the lines of a section (text that ends before the mark) say. */
static bp_status read_section(bp_context *ctx, const cbf *file, const char *lines, section *part,
                              bp_frames_facts *facts)
{
    char text[64];
    bp_status status;
    if ((status = read_encoding(ctx, lines, part)) != BP_OK ||
        (status = read_dtype(ctx, lines, facts)) != BP_OK ||
        (status = read_shape(ctx, lines, facts)) != BP_OK)
        return status;
    facts->big_endian = part->big_endian;
    if (!find_number(lines, "X-Binary-Size", &part->data_size))
        return bp_fail(ctx, BP_E_DAMAGED, "the binary section states no X-Binary-Size");
    if (part->data > file->input.size || file->input.size - part->data < part->data_size)
        return bp_fail(ctx, BP_E_DAMAGED, "%zu bytes of image are stated, but the file ends after %" PRIu64,
                       part->data_size, file->input.size - part->data);
    /* every value takes a byte at least */
    size_t items = facts->frame_bytes / bp_dtype_size(facts->dtype);
    if (part->byte_offset ? part->data_size < items : part->data_size != facts->frame_bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "%zu values cannot stand in %zu bytes", items, part->data_size);
    part->has_md5 = find_key(lines, "Content-MD5", text, sizeof text);
    if (part->has_md5 && !decode_md5(text, part->md5))
        return bp_fail(ctx, BP_E_DAMAGED, "Content-MD5 \"%s\" is none", text);
    return BP_OK;
}

/* Reads text from offset up to the next mark. *text (freed by the caller) is NULL when no mark follows. */
static bp_status read_text(bp_context *ctx, const bp_input *input, uint64_t offset, char **text, size_t *size)
{
    bp_text all = {0};
    char bytes[STEP];
    bp_status status = BP_OK;
    *text = NULL;
    while (status == BP_OK && offset + all.size < input->size) {
        uint64_t left = input->size - offset - all.size;
        size_t step = left < STEP ? (size_t)left : STEP, seen = all.size < 3 ? 0 : all.size - 3;
        if (all.size > MAX_TEXT) {
            status = bp_fail(ctx, BP_E_DAMAGED, "no binary section in %zu bytes of text", all.size);
            break;
        }
        status = bp_input_read(ctx, input, offset + all.size, bytes, step);
        if (status != BP_OK)
            break;
        bp_text_add(&all, bytes, step);
        if (all.failed) {
            status = bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
            break;
        }
        const char *found = memmem(all.data + seen, all.size - seen, mark, sizeof mark);
        if (found) {
            *size = (size_t)(found - all.data);
            *text = bp_text_from_bytes(all.data, *size);
            status = *text ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
            break;
        }
    }
    free(all.data);
    return status;
}

static bp_status add_section(bp_context *ctx, cbf *file, const section *part, const bp_frames_facts *facts)
{
    if (file->count == 0)
        file->facts = *facts;
    else if (facts->dtype != file->facts.dtype || facts->rank != file->facts.rank ||
             memcmp(facts->shape, file->facts.shape, facts->rank * sizeof facts->shape[0]) != 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "binary section %zu has another shape or type than the first",
                       file->count);
    section *grown = realloc(file->sections, (file->count + 1) * sizeof *grown);
    if (!grown)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu sections", file->count);
    file->sections = grown;
    file->sections[file->count++] = *part;
    return BP_OK;
}

static bp_status scan_file(bp_context *ctx, cbf *file)
{
    uint64_t offset = 0;
    size_t largest = 0;
    for (;;) {
        section part = {.text = offset};
        bp_frames_facts facts = {.format = file->facts.format};
        char *text;
        bp_status status = read_text(ctx, &file->input, offset, &text, &part.text_size);
        if (status != BP_OK)
            return status;
        if (!text)
            break;
        part.data = offset + part.text_size + sizeof mark;
        /* the lines of this section begin behind the last boundary */
        const char *lines = text;
        for (const char *p = text; (p = strstr(p, BOUNDARY)); p += strlen(BOUNDARY))
            lines = p + strlen(BOUNDARY);
        status = read_section(ctx, file, lines, &part, &facts);
        free(text);
        if (status == BP_OK)
            status = add_section(ctx, file, &part, &facts);
        if (status != BP_OK)
            return status;
        if (part.data_size > largest)
            largest = part.data_size;
        offset = part.data + part.data_size;
    }
    if (file->count == 0)
        return bp_fail(ctx, BP_E_DAMAGED, "no binary section in the file");
    file->bytes = malloc(largest ? largest : 1);
    if (!file->bytes)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes of image", largest);
    size_t shape[4];
    memcpy(shape, file->facts.shape, sizeof shape);
    shape[0] = file->count;
    return bp_frames_set_shape(ctx, &file->facts, file->facts.rank, shape, file->facts.frame_rank);
}

static void close_cbf(void *state)
{
    cbf *file = state;
    bp_input_close(&file->input);
    free(file->sections);
    free(file->bytes);
    free(file);
}

static bp_status open_cbf(bp_context *ctx, const char *path, const bp_frames_raw *raw, bp_frames_facts *facts,
                          void **state)
{
    (void)raw;
    cbf *file = calloc(1, sizeof *file);
    if (!file)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    file->facts = *facts;
    bp_status status = bp_input_open(ctx, path, &file->input);
    if (status == BP_OK)
        status = scan_file(ctx, file);
    if (status != BP_OK) {
        close_cbf(file);
        return status;
    }
    *facts = file->facts;
    *state = file;
    return BP_OK;
}

static bp_status read_cbf(bp_context *ctx, void *state, uint64_t frame, void *values)
{
    const cbf *file = state;
    const section *part = &file->sections[frame];
    size_t itemsize = bp_dtype_size(file->facts.dtype), items = file->facts.frame_bytes / itemsize;
    uint8_t digest[16];
    bp_status status = bp_input_read(ctx, &file->input, part->data, file->bytes, part->data_size);
    if (status != BP_OK)
        return status;
    bp_md5(file->bytes, part->data_size, digest);
    if (part->has_md5 && memcmp(digest, part->md5, sizeof digest) != 0)
        return bp_fail(ctx, BP_E_DAMAGED, "the image does not agree with its Content-MD5");
    /* without a checksum a value out of range is the only sign of damage */
    if (part->byte_offset)
        return bp_cbf_byte_offset_decode(ctx, file->bytes, part->data_size, file->facts.dtype, part->has_md5,
                                         values, items);
    memcpy(values, file->bytes, part->data_size);
    bp_values_to_machine(values, items, itemsize, part->big_endian);
    return BP_OK;
}

static bp_status read_header(bp_context *ctx, void *state, uint64_t frame, char **text)
{
    const cbf *file = state;
    const section *part = &file->sections[frame];
    char *bytes = malloc(part->text_size + 1);
    bp_status status = bytes ? bp_input_read(ctx, &file->input, part->text, bytes, part->text_size)
                             : bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
    if (status == BP_OK && !(*text = bp_text_from_bytes(bytes, part->text_size)))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
    free(bytes);
    return status;
}

const bp_frame_format bp_frame_format_cbf = {
    .name = "cbf",
    .is = is_cbf,
    .stacks = true,
    .open = open_cbf,
    .read = read_cbf,
    .header = read_header,
    .close = close_cbf,
};
