/* SPDX-License-Identifier: BSD-3-Clause
 * csv: a table of numbers as text, one row a line; it becomes one frame of doubles. Fields stand between
 * semicolons, commas, tabs or blanks: the first of these that the first row of numbers has. Lines that begin
 * with # are comments and, like a line of words above the numbers, are kept as header. A field that is empty
 * or nan is a missing number. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/frame_format.h"
#include "io/input.h"
#include "io/text.h"

#define MOST_BYTES  ((uint64_t)1 << 30)
#define MOST_DIGITS 63 /* of one number */

typedef struct table {
    double *values;
    size_t rows, columns, room; /* room: values */
    bp_text header;
} table;

/* Lines of a text, without their ends. */
typedef struct lines {
    const char *at, *end; /* what is left */
    size_t number;        /* of the last line */
    const char *start, *stop;
} lines;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static lines lines_of(const char *text, size_t size)
{
    bool marked = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0; /* UTF-8, says some software */
    return (lines){.at = text + (marked ? 3 : 0), .end = text + size};
}

static void trim(const char **start, const char **stop)
{
    while (*start < *stop && is_blank(**start))
        (*start)++;
    while (*start < *stop && is_blank((*stop)[-1]))
        (*stop)--;
}

/* The next line that is not empty; false at the end. */
static bool next_line(lines *l)
{
    while (l->at < l->end) {
        const char *stop = memchr(l->at, '\n', (size_t)(l->end - l->at));
        l->start = l->at;
        l->stop = stop ? stop : l->end;
        l->at = stop ? stop + 1 : l->end;
        l->number++;
        const char *start = l->start, *end = l->stop;
        trim(&start, &end);
        if (start < end)
            return true;
    }
    return false;
}

static bool is_comment(const lines *l)
{
    const char *start = l->start;
    while (start < l->stop && is_blank(*start))
        start++;
    return start < l->stop && *start == '#';
}

/* The part of a row in front of a comment. */
static const char *row_end(const lines *l)
{
    const char *comment = memchr(l->start, '#', (size_t)(l->stop - l->start));
    const char *start = l->start, *stop = comment ? comment : l->stop;
    trim(&start, &stop);
    return stop;
}

/* What separates the fields of a row; a blank stands for any number of blanks and tabs. */
static char separator_of(const lines *l)
{
    size_t size = (size_t)(row_end(l) - l->start);
    for (const char *mark = ";,\t"; *mark; mark++)
        if (memchr(l->start, *mark, size))
            return *mark;
    return ' ';
}

typedef enum field { FIELD_NUMBER, FIELD_WORD, FIELD_HUGE } field;

static field read_field(const char *start, const char *stop, double *value)
{
    char text[MOST_DIGITS + 1], *end;
    size_t size = (size_t)(stop - start);
    *value = NAN;
    if (size == 0)
        return FIELD_NUMBER;
    if (size > MOST_DIGITS)
        return FIELD_WORD;
    memcpy(text, start, size);
    text[size] = '\0';
    bool number = strspn(text, "+-.0123456789eE") == size, none = strpbrk(text, "0123456789") == NULL;
    if (!number || none) {
        const char *word = text + strspn(text, "+-");
        bool infinite = strcasecmp(word, "inf") == 0 || strcasecmp(word, "infinity") == 0;
        if (infinite)
            *value = *text == '-' ? -INFINITY : INFINITY;
        return infinite || strcasecmp(word, "nan") == 0 ? FIELD_NUMBER : FIELD_WORD;
    }
    errno = 0;
    *value = strtod(text, &end);
    if (errno == ERANGE && fabs(*value) > 1)
        return FIELD_HUGE;
    return *end ? FIELD_WORD : FIELD_NUMBER;
}

/* Walks along the fields of a row. */
static bool next_field(const char **at, const char *stop, char separator, const char **start,
                       const char **end)
{
    if (!*at)
        return false;
    const char *from = *at, *to;
    if (separator == ' ') {
        while (from < stop && is_blank(*from))
            from++;
        for (to = from; to < stop && !is_blank(*to);)
            to++;
        *at = to < stop ? to : NULL;
        if (from == to)
            return false;
    } else {
        to = memchr(from, separator, (size_t)(stop - from));
        *at = to ? to + 1 : NULL;
        to = to ? to : stop;
    }
    trim(&from, &to);
    *start = from;
    *end = to;
    return true;
}

/* Does a line have any number? If not, it is a line of words. */
static bool has_number(const lines *l)
{
    const char *at = l->start, *stop = row_end(l), *start, *end;
    char separator = separator_of(l);
    double value;
    while (next_field(&at, stop, separator, &start, &end))
        if (start < end && read_field(start, end, &value) != FIELD_WORD && isfinite(value))
            return true;
    return false;
}

static bool begins_so(const lines *l)
{
    const char *at = l->start, *start, *end;
    double value;
    return next_field(&at, row_end(l), separator_of(l), &start, &end) && start < end &&
           read_field(start, end, &value) != FIELD_WORD;
}

/* Text whose first or second line (comments aside) has numbers from its beginning. */
static bool is_csv(const uint8_t *start, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (start[i] < ' ' && !(start[i] == '\n' || start[i] == '\t' || start[i] == '\r'))
            return false;
    lines l = lines_of((const char *)start, size);
    size_t seen = 0;
    bool begun = false;
    while (seen < 2 && next_line(&l)) {
        begun = true;
        if (is_comment(&l))
            continue;
        seen++;
        if (l.stop == l.end && size == BP_FRAME_SNIFF) /* cut off */
            return seen == 2;
        if (begins_so(&l))
            return true;
    }
    return begun && seen == 0 && size == BP_FRAME_SNIFF; /* comments so far */
}

static bp_status put(bp_context *ctx, table *t, size_t count, double value)
{
    if (count >= t->room) {
        size_t room = 2 * t->room + 256;
        double *values = realloc(t->values, room * sizeof *values);
        if (!values)
            return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu numbers", room);
        t->values = values;
        t->room = room;
    }
    t->values[count] = value;
    return BP_OK;
}

static bp_status read_row(bp_context *ctx, table *t, const lines *l, char separator)
{
    const char *at = l->start, *stop = row_end(l), *start, *end;
    size_t columns = 0;
    while (next_field(&at, stop, separator, &start, &end)) {
        double value;
        field kind = read_field(start, end, &value);
        int shown = end - start < 40 ? (int)(end - start) : 40;
        if (kind != FIELD_NUMBER)
            return bp_fail(ctx, BP_E_DAMAGED, "line %zu, column %zu: '%.*s' is %s", l->number, columns + 1,
                           shown, start, kind == FIELD_HUGE ? "too large a number" : "no number");
        bp_status status = put(ctx, t, t->rows * t->columns + columns, value);
        if (status != BP_OK)
            return status;
        columns++;
    }
    if (t->rows && columns != t->columns)
        return bp_fail(ctx, BP_E_DAMAGED, "line %zu has %zu column%s, the first row has %zu", l->number,
                       columns, columns == 1 ? "" : "s", t->columns);
    t->columns = columns;
    t->rows++;
    return BP_OK;
}

static void keep_header(table *t, const lines *l)
{
    const char *start = l->start, *stop = l->stop;
    trim(&start, &stop);
    bp_text_add(&t->header, start, (size_t)(stop - start));
    bp_text_add_word(&t->header, "\n");
}

static bp_status read_table(bp_context *ctx, table *t, const char *text, size_t size)
{
    lines l = lines_of(text, size);
    char separator = ' ';
    bool titled = false;
    bp_status status = BP_OK;
    while (status == BP_OK && next_line(&l)) {
        bool words = t->rows == 0 && !is_comment(&l) && !has_number(&l);
        if (memchr(l.start, '\0', (size_t)(l.stop - l.start)))
            return bp_fail(ctx, BP_E_DAMAGED, "line %zu is no text", l.number);
        if (is_comment(&l) || (words && !titled)) {
            titled = titled || words;
            keep_header(t, &l);
            continue;
        }
        if (t->rows == 0)
            separator = separator_of(&l);
        status = read_row(ctx, t, &l, separator);
    }
    if (status == BP_OK && t->rows == 0)
        status = bp_fail(ctx, BP_E_DAMAGED, "there are no numbers in the table");
    if (status == BP_OK && t->header.failed)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for the header");
    return status;
}

static void close_csv(void *state)
{
    table *t = state;
    free(t->values);
    free(t->header.data);
    free(t);
}

static bp_status read_text(bp_context *ctx, const char *path, char **text, size_t *size)
{
    bp_input input;
    bp_status status = bp_input_open(ctx, path, &input);
    if (status != BP_OK)
        return status;
    *size = (size_t)input.size;
    if (input.size > MOST_BYTES)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "a table of more than 1 GiB as text");
    else if (!(*text = malloc(*size + 1)))
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for %zu bytes of text", *size);
    if (status == BP_OK)
        status = bp_input_read(ctx, &input, 0, *text, *size);
    bp_input_close(&input);
    return status;
}

static bp_status open_csv(bp_context *ctx, const char *path, const bp_frames_raw *raw, bp_frames_facts *facts,
                          void **state)
{
    (void)raw;
    char *text = NULL;
    size_t size = 0;
    table *t = calloc(1, sizeof *t);
    if (!t)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    bp_status status = read_text(ctx, path, &text, &size);
    if (status == BP_OK)
        status = read_table(ctx, t, text, size);
    free(text);
    facts->dtype = BP_F64;
    facts->big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    if (status == BP_OK)
        status = bp_frames_set_shape(ctx, facts, 2, (const size_t[]){t->rows, t->columns}, 2);
    if (status != BP_OK) {
        close_csv(t);
        return status;
    }
    *state = t;
    return BP_OK;
}

static bp_status read_part(bp_context *ctx, void *state, uint64_t frame, size_t skip, size_t size,
                           void *values)
{
    (void)ctx;
    (void)frame;
    const table *t = state;
    memcpy(values, (const uint8_t *)t->values + skip, size);
    return BP_OK;
}

static bp_status read_csv(bp_context *ctx, void *state, uint64_t frame, void *values)
{
    const table *t = state;
    return read_part(ctx, state, frame, 0, t->rows * t->columns * sizeof *t->values, values);
}

static bp_status header_of(bp_context *ctx, void *state, uint64_t frame, char **text)
{
    (void)frame;
    const table *t = state;
    if (t->header.size == 0)
        return BP_OK;
    *text = bp_text_from_bytes(t->header.data, t->header.size);
    return *text ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for the header");
}

const bp_frame_format bp_frame_format_csv = {
    .name = "csv",
    .is = is_csv,
    .open = open_csv,
    .read = read_csv,
    .read_part = read_part,
    .header = header_of,
    .close = close_csv,
};
