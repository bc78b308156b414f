/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "beampress/stage.h"

bp_status bp_stage_fail(bp_context *ctx, bp_stage_run *run, int param, bp_status status, const char *format,
                        ...)
{
    char text[900];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    run->blame = param;
    return bp_fail(ctx, status, "%s: %s", run->stage->name, text);
}

static bp_resolved *resolved_row(bp_stage_run *run, const char *name)
{
    for (size_t i = 0; i < run->resolved_count; i++)
        if (strcmp(run->resolved[i].name, name) == 0)
            return &run->resolved[i];
    if (run->resolved_count == BP_MAX_RESOLVED)
        return &run->resolved[BP_MAX_RESOLVED - 1];
    return &run->resolved[run->resolved_count++];
}

void bp_stage_resolved(bp_stage_run *run, const char *name, const char *unit, double number)
{
    *resolved_row(run, name) = (bp_resolved){.name = name, .unit = unit, .number = number};
}

void bp_stage_resolved_text(bp_stage_run *run, const char *name, const char *text)
{
    bp_resolved *row = resolved_row(run, name);
    *row = (bp_resolved){.name = name, .unit = "", .number = NAN};
    snprintf(row->text, sizeof row->text, "%s", text);
}

bp_status bp_beside_read(bp_context *ctx, const bp_stage_run *run, const char *name, double **values,
                         size_t *rank, size_t *shape)
{
    *values = NULL;
    *rank = 0;
    if (!run->beside || !run->beside->read)
        return BP_OK;
    return run->beside->read(ctx, run->beside->user, name, values, rank, shape);
}

#define PUT(TYPE, CONVERT)                                                                                   \
    do {                                                                                                     \
        TYPE *out = values, marks[BP_LABEL_COUNT];                                                           \
        for (size_t i = 0; i < BP_LABEL_COUNT; i++)                                                          \
            marks[i] = (TYPE)(CONVERT);                                                                      \
        bool same = memcmp(marks + 1, marks + 2, (BP_LABEL_COUNT - 2) * sizeof *marks) == 0;                 \
        for (size_t i = 0; same && i < count; i++)                                                           \
            out[i] = labels[i] ? marks[1] : out[i];                                                          \
        for (size_t i = 0; !same && i < count; i++)                                                          \
            if (labels[i])                                                                                   \
                out[i] = marks[labels[i] < BP_LABEL_COUNT ? labels[i] : BP_LABEL_GAP];                       \
    } while (0)

void bp_stage_put_marks(const bp_flow *flow, const uint8_t *labels, size_t count, void *values)
{
    const double *mark = flow->mark;
    switch ((int)flow->dtype) {
    case BP_U8:
        PUT(uint8_t, mark[i]);
        break;
    case BP_I8:
        PUT(int8_t, mark[i]);
        break;
    case BP_U16:
        PUT(uint16_t, mark[i]);
        break;
    case BP_I16:
        PUT(int16_t, mark[i]);
        break;
    case BP_U32:
        PUT(uint32_t, mark[i]);
        break;
    case BP_I32:
        PUT(int32_t, mark[i]);
        break;
    case BP_F32:
        PUT(float, mark[i]);
        break;
    case BP_F64:
        PUT(double, mark[i]);
        break;
    default:
        break;
    }
}
