/* SPDX-License-Identifier: BSD-3-Clause
 * EDF, the ESRF data format: blocks of "{ key = value ; ... }" (padded, commonly to 512 bytes), each followed
 * by its values; any number of them per file. Keys as in the ESRF's SPD manual and as fabio reads them. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "io/frame_format.h"
#include "io/input.h"
#include "io/text.h"

#define MAX_HEADER ((size_t)4 << 20) /* bytes of one block */
#define STEP       4096

typedef struct frame_place {
    uint64_t header, data;
    size_t header_size;
} frame_place;

typedef struct edf {
    bp_input input;
    bp_frames_facts facts;
    frame_place *frames;
    size_t count;
    bool has_pending; /* blocks without an image stand before the next frame */
    uint64_t pending; /* where they begin */
} edf;

static bool is_edf(const uint8_t *start, size_t size)
{
    size_t i = 0;
    while (i < size && isspace(start[i]))
        i++;
    if (i == size || start[i] != '{')
        return false;
    /* JSON begins so, too; an EDF header has "key = value" before any quote */
    for (i++; i < size && start[i] != '"' && start[i] != '}'; i++)
        if (start[i] == '=')
            return true;
    return false;
}

/* The value of a key, without space around it, in text; false when the key is not there. Keys are compared
 * without regard to case. */
static bool find_key(const char *header, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    const char *p = header + strspn(header, " \t\r\n{");
    while (*p) {
        p += strspn(p, " \t\r\n;");
        const char *end = p + strcspn(p, ";\n"), *equal = memchr(p, '=', (size_t)(end - p));
        if (equal) {
            const char *last = equal;
            while (last > p && isspace((unsigned char)last[-1]))
                last--;
            if ((size_t)(last - p) == length && strncasecmp(p, key, length) == 0) {
                const char *first = equal + 1;
                while (first < end && isspace((unsigned char)*first))
                    first++;
                while (end > first && isspace((unsigned char)end[-1]))
                    end--;
                snprintf(value, size, "%.*s", (int)(end - first < 256 ? end - first : 256), first);
                return true;
            }
        }
        p += strcspn(p, ";\n");
    }
    return false;
}

static bool to_number(const char *text, uint64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)text[0]) || strlen(text) > 18)
        return false;
    *value = strtoull(text, &end, 10);
    return *end == '\0';
}

static bool find_number(const char *header, const char *key, uint64_t *value)
{
    char text[64];
    return find_key(header, key, text, sizeof text) && to_number(text, value);
}

static bp_status read_dtype(bp_context *ctx, const char *header, bp_frames_facts *facts)
{
    static const struct {
        const char *name;
        bp_dtype dtype;
    } known[] = {
        {"UnsignedByte", BP_U8},
        {"Unsigned8", BP_U8},
        {"SignedByte", BP_I8},
        {"Signed8", BP_I8},
        {"UnsignedShort", BP_U16},
        {"Unsigned16", BP_U16},
        {"UnsignedShortInteger", BP_U16},
        {"SignedShort", BP_I16},
        {"Signed16", BP_I16},
        {"UnsignedInteger", BP_U32},
        {"UnsignedLong", BP_U32},
        {"Unsigned32", BP_U32},
        {"SignedInteger", BP_I32},
        {"SignedLong", BP_I32},
        {"Signed32", BP_I32},
        {"Unsigned64", BP_U64},
        {"Signed64", BP_I64},
        {"Float", BP_F32},
        {"FloatValue", BP_F32},
        {"Float32", BP_F32},
        {"FloatIEEE32", BP_F32},
        {"Double", BP_F64},
        {"DoubleValue", BP_F64},
        {"FloatIEEE64", BP_F64},
        {"DoubleIEEE64", BP_F64},
    };
    char text[64];
    if (!find_key(header, "DataType", text, sizeof text))
        return bp_fail(ctx, BP_E_DAMAGED, "the header states no DataType");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcasecmp(text, known[i].name) == 0) {
            facts->dtype = known[i].dtype;
            return BP_OK;
        }
    return bp_fail(ctx, BP_E_UNSUPPORTED, "DataType %s", text);
}

static bp_status read_order(bp_context *ctx, const char *header, bp_frames_facts *facts)
{
    char text[64];
    if (!find_key(header, "ByteOrder", text, sizeof text)) {
        facts->big_endian = false;
        if (bp_dtype_size(facts->dtype) > 1)
            bp_log(ctx, BP_LOG_WARNING, "EDF: the header states no ByteOrder; taken as LowByteFirst");
        return BP_OK;
    }
    facts->big_endian = strcasecmp(text, "HighByteFirst") == 0;
    if (!facts->big_endian && strcasecmp(text, "LowByteFirst") != 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "ByteOrder %s", text);
    return BP_OK;
}

static bp_status read_shape(bp_context *ctx, const char *header, bp_frames_facts *facts)
{
    static const char *const keys[] = {"Dim_1", "Dim_2", "Dim_3"};
    size_t fastest_first[3], shape[4] = {1}, rank = 0;
    uint64_t value;
    while (rank < 3 && find_number(header, keys[rank], &value)) {
        if (bp_size_from_u64(value, &fastest_first[rank]) || value == 0)
            return bp_fail(ctx, BP_E_DAMAGED, "%s = %" PRIu64, keys[rank], value);
        rank++;
    }
    if (rank == 0)
        return bp_fail(ctx, BP_E_DAMAGED, "the header states no Dim_1");
    if (find_number(header, "Dim_4", &value) && value > 1)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "frames with four axes");
    for (size_t i = 0; i < rank; i++)
        shape[1 + i] = fastest_first[rank - 1 - i];
    return bp_frames_set_shape(ctx, facts, rank + 1, shape, rank);
}

/* Facts of one block; data_size is what the block says its values take. */
static bp_status read_facts(bp_context *ctx, const char *header, bp_frames_facts *facts, uint64_t *data_size)
{
    char text[64];
    bp_status status;
    if (find_key(header, "Compression", text, sizeof text) && strcasecmp(text, "None") != 0 &&
        strcasecmp(text, "NoCompression") != 0 && strcasecmp(text, "no") != 0)
        return bp_fail(ctx, BP_E_UNSUPPORTED, "EDF with Compression = %s", text);
    if (find_key(header, "EDF_BlockID", text, sizeof text) && strstr(text, ".Error"))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "EDF block %s: images of errors beside the data", text);
    if (find_key(header, "EDF_BinaryFileName", text, sizeof text))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "the values stand in another file, %s", text);
    if ((status = read_dtype(ctx, header, facts)) != BP_OK ||
        (status = read_order(ctx, header, facts)) != BP_OK ||
        (status = read_shape(ctx, header, facts)) != BP_OK)
        return status;
    *data_size = facts->frame_bytes;
    uint64_t stated = 0;
    if (!find_number(header, "EDF_BinarySize", &stated) && !find_number(header, "Size", &stated))
        return BP_OK;
    if (stated < facts->frame_bytes)
        return bp_fail(ctx, BP_E_DAMAGED, "%zu bytes by shape and type, but the header states %" PRIu64,
                       facts->frame_bytes, stated);
    *data_size = stated; /* padding behind the values */
    return BP_OK;
}

/* Reads the block that starts at offset into *header (freed by the caller); *size counts up to the values. */
static bp_status read_block(bp_context *ctx, const bp_input *input, uint64_t offset, char **header,
                            size_t *size)
{
    size_t used = 0;
    *header = NULL;
    while (used < MAX_HEADER) {
        size_t step = input->size - offset - used < STEP ? (size_t)(input->size - offset - used) : STEP;
        char *grown = realloc(*header, used + step + 1);
        if (!grown)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
        *header = grown;
        bp_status status = bp_input_read(ctx, input, offset + used, grown + used, step);
        if (status != BP_OK)
            return status;
        grown[used + step] = '\0';
        /* the end is "}\n", also "}\r\n"; the search begins where the last one might have been cut */
        for (size_t i = used > 2 ? used - 2 : 0; i < used + step; i++) {
            size_t cr = grown[i] == '}' && grown[i + 1] == '\r';
            if (grown[i] == '}' && grown[i + 1 + cr] == '\n') {
                *size = i + 2 + cr;
                for (size_t k = 0; k < *size; k++)
                    if (grown[k] == '\0')
                        grown[k] = ' ';
                grown[*size] = '\0';
                return BP_OK;
            }
        }
        if (step < STEP)
            return bp_fail(ctx, BP_E_DAMAGED, "the file ends within the header at byte %" PRIu64, offset);
        used += step;
    }
    return bp_fail(ctx, BP_E_DAMAGED, "the header at byte %" PRIu64 " does not end", offset);
}

/* Goes on over padding to the next block. *more is false at the end of the file or before bytes that are
 * none.
 */
static bp_status find_block(bp_context *ctx, const bp_input *input, uint64_t *offset, bool *more)
{
    uint8_t bytes[512];
    *more = false;
    while (*offset < input->size) {
        size_t size = input->size - *offset < sizeof bytes ? (size_t)(input->size - *offset) : sizeof bytes;
        bp_status status = bp_input_read(ctx, input, *offset, bytes, size);
        if (status != BP_OK)
            return status;
        for (size_t i = 0; i < size; i++) {
            if (bytes[i] == '{') {
                *offset += i;
                *more = true;
                return BP_OK;
            }
            if (bytes[i] != 0 && !isspace(bytes[i])) {
                bp_log(ctx, BP_LOG_WARNING,
                       "EDF: bytes from byte %" PRIu64 " on are no frame and are not taken over",
                       *offset + i);
                return BP_OK;
            }
        }
        *offset += size;
    }
    return BP_OK;
}

static bp_status add_frame(bp_context *ctx, edf *file, frame_place place)
{
    /* doubling at powers of two */
    if ((file->count & (file->count - 1)) == 0) {
        frame_place *grown = realloc(file->frames, (file->count ? 2 * file->count : 1) * sizeof *grown);
        if (!grown)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", file->count);
        file->frames = grown;
    }
    file->frames[file->count++] = place;
    return BP_OK;
}

static bool same_frame(const bp_frames_facts *a, const bp_frames_facts *b)
{
    return a->dtype == b->dtype && a->big_endian == b->big_endian && a->rank == b->rank &&
           memcmp(a->shape, b->shape, a->rank * sizeof a->shape[0]) == 0;
}

/* The frame whose header block is `header`; its values begin at `data`. */
static bp_status scan_frame(bp_context *ctx, edf *file, const char *header, uint64_t begin, uint64_t data,
                            uint64_t *end)
{
    uint64_t data_size = 0;
    bp_frames_facts facts = {.format = file->facts.format};
    bp_status status = read_facts(ctx, header, &facts, &data_size);
    if (status != BP_OK)
        return status;
    if (data > file->input.size || file->input.size - data < data_size)
        return bp_fail(ctx, BP_E_DAMAGED, "frame %zu has %" PRIu64 " bytes, but the file ends after %" PRIu64,
                       file->count, data_size, file->input.size - data);
    if (file->count == 0)
        file->facts = facts;
    else if (!same_frame(&file->facts, &facts))
        return bp_fail(ctx, BP_E_UNSUPPORTED, "frame %zu has another shape or type than those before it",
                       file->count);
    if (data - begin > MAX_HEADER)
        return bp_fail(ctx, BP_E_DAMAGED, "the header at byte %" PRIu64 " is too long", begin);
    *end = data + data_size;
    return add_frame(ctx, file, (frame_place){begin, data, (size_t)(data - begin)});
}

/* One block, and the values behind it. A block without an image (general facts) becomes part of the header of
 * the next frame. */
static bp_status scan_block(bp_context *ctx, edf *file, uint64_t *offset)
{
    char *header;
    size_t size = 0;
    uint64_t value;
    bp_status status = read_block(ctx, &file->input, *offset, &header, &size);
    if (status == BP_OK && find_number(header, "Dim_1", &value)) {
        status = scan_frame(ctx, file, header, file->has_pending ? file->pending : *offset, *offset + size,
                            offset);
        file->has_pending = false;
    } else if (status == BP_OK) {
        if (find_number(header, "EDF_BinarySize", &value) && value > 0)
            status = bp_fail(ctx, BP_E_UNSUPPORTED, "a block with values but without Dim_1");
        if (!file->has_pending)
            file->pending = *offset;
        file->has_pending = true;
        *offset += size;
    }
    free(header);
    return status;
}

static void close_edf(void *state)
{
    edf *file = state;
    bp_input_close(&file->input);
    free(file->frames);
    free(file);
}

static bp_status scan_file(bp_context *ctx, const char *path, edf *file)
{
    uint64_t offset = 0;
    bool more;
    bp_status status = bp_input_open(ctx, path, &file->input);
    while (status == BP_OK && (status = find_block(ctx, &file->input, &offset, &more)) == BP_OK && more)
        status = scan_block(ctx, file, &offset);
    if (status == BP_OK && file->count == 0)
        status = bp_fail(ctx, BP_E_DAMAGED, "no frame in the file");
    if (status != BP_OK)
        return status;
    size_t shape[4];
    memcpy(shape, file->facts.shape, sizeof shape);
    shape[0] = file->count;
    return bp_frames_set_shape(ctx, &file->facts, file->facts.rank, shape, file->facts.frame_rank);
}

static bp_status open_edf(bp_context *ctx, const char *path, const bp_frames_raw *raw, bp_frames_facts *facts,
                          void **state)
{
    (void)raw;
    edf *file = calloc(1, sizeof *file);
    if (!file)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    file->input.fd = -1;
    file->facts = *facts;
    bp_status status = scan_file(ctx, path, file);
    if (status != BP_OK) {
        close_edf(file);
        return status;
    }
    *facts = file->facts;
    *state = file;
    return BP_OK;
}

static bp_status read_edf(bp_context *ctx, void *state, uint64_t frame, void *values)
{
    const edf *file = state;
    size_t bytes = file->facts.frame_bytes, itemsize = bp_dtype_size(file->facts.dtype);
    bp_status status = bp_input_read(ctx, &file->input, file->frames[frame].data, values, bytes);
    if (status == BP_OK)
        bp_values_to_machine(values, bytes / itemsize, itemsize, file->facts.big_endian);
    return status;
}

static bp_status read_header(bp_context *ctx, void *state, uint64_t frame, char **text)
{
    const edf *file = state;
    const frame_place *place = &file->frames[frame];
    char *bytes = malloc(place->header_size);
    bp_status status = bytes ? bp_input_read(ctx, &file->input, place->header, bytes, place->header_size)
                             : bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
    if (status == BP_OK && !(*text = bp_text_from_bytes(bytes, place->header_size)))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
    free(bytes);
    return status;
}

const bp_frame_format bp_frame_format_edf = {
    .name = "edf",
    .is = is_edf,
    .stacks = true,
    .open = open_edf,
    .read = read_edf,
    .header = read_header,
    .close = close_edf,
};
