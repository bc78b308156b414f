/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "report/text.h"

const char *bp_text_bytes(bp_text *text, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit < 6) {
        value /= 1000;
        unit++;
    }
    int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    snprintf(text->text, sizeof text->text, "%.*f %s", digits, value, units[unit]);
    return text->text;
}

const char *bp_text_duration(bp_text *text, double seconds)
{
    unsigned long s = seconds > 0 && seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 0;
    if (s < 60)
        snprintf(text->text, sizeof text->text, "%lu s", s);
    else if (s < 3600)
        snprintf(text->text, sizeof text->text, "%lu:%02lu", s / 60, s % 60);
    else
        snprintf(text->text, sizeof text->text, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    return text->text;
}

const char *bp_text_shape(bp_shape_text *text, const uint64_t *shape, size_t rank)
{
    size_t used = 0;
    snprintf(text->text, sizeof text->text, "scalar");
    for (size_t i = 0; i < rank && used < sizeof text->text; i++)
        used += (size_t)snprintf(text->text + used, sizeof text->text - used, "%s%llu", i ? "x" : "",
                                 (unsigned long long)shape[i]);
    return text->text;
}

void bp_text_escaped(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        default:
            fputc(*text, out);
        }
}
