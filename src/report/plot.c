/* SPDX-License-Identifier: BSD-3-Clause */
#include "report/plot.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/axis.h"
#include "report/text.h"

#define PANEL_WIDTH   470.0
#define PANEL_HEIGHT  340.0
#define LEFT          78.0
#define RIGHT         16.0
#define TOP           34.0
#define BOTTOM        52.0
#define HEAD          58.0
#define LINE          19.0
#define MAX_SHOWN     8    /* parts of one curve that are drawn, spread over all */
#define MAX_POINTS    1500 /* of one line; longer ones are thinned */
#define MARKED_POINTS 60   /* shorter lines show their points too */

/* Okabe and Ito's colours, told apart by all eyes. */
static const char *const colours[MAX_SHOWN] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                               "#e69f00", "#56b4e9", "#000000", "#8c6d1f"};

/* The parts of one curve: `shown` of `count` outcomes that share a name. */
typedef struct panel {
    const bp_outcome *parts[MAX_SHOWN];
    size_t shown, count;
    double left, top; /* of the panel in the picture */
    bp_axis x, y;
} panel;

static void put_label(FILE *out, double x, double y, const char *kind, const char *text)
{
    fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", kind, x, y);
    bp_text_escaped(out, text);
    fputs("</text>\n", out);
}

static double at(const bp_outcome *o, size_t i)
{
    return o->at ? o->at[i] : (double)i;
}

static double sigma(const bp_outcome *o, size_t i)
{
    return o->sigmas && isfinite(o->sigmas[i]) ? o->sigmas[i] : 0;
}

static const char *y_title(const bp_outcome *o, char *text, size_t size)
{
    bool named = *o->unit && strcmp(o->unit, "value") != 0;
    snprintf(text, size, named ? "%s (%s)" : "%s", o->name, o->unit);
    return text;
}

/* Do the places count something, one by one? Then their axis is not to be logarithmic. */
static bool is_counted(const double *x, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (x[i] - x[i - 1] != 1)
            return false;
    return true;
}

/* x first: what a logarithmic x cannot show, a delay or q of 0, has no say in y. */
static void set_axes(panel *p)
{
    for (size_t k = 0; k < p->shown; k++) {
        const bp_outcome *o = p->parts[k];
        double index[] = {0, (double)o->count - 1};
        const double *x = o->at ? o->at : index;
        size_t count = o->at ? o->count : 2, skip = o->at && count > 2 && x[0] == 0;
        if (k == 0)
            bp_axis_init(&p->x, x + skip, NULL, count - skip, o->at && !is_counted(x, count), 1.5);
        bp_axis_widen(&p->x, x, NULL, count);
        skip = skip && p->x.log;
        const double *sigmas = o->sigmas ? o->sigmas + skip : NULL;
        if (k == 0)
            bp_axis_init(&p->y, o->values + skip, sigmas, o->count - skip, true, 2.5);
        bp_axis_widen(&p->y, o->values + skip, sigmas, o->count - skip);
    }
    bp_axis_finish(&p->x, p->left + LEFT, p->left + PANEL_WIDTH - RIGHT);
    bp_axis_finish(&p->y, p->top + PANEL_HEIGHT - BOTTOM, p->top + TOP);
}

static void draw_frame(const panel *p, FILE *out)
{
    char text[160];
    const bp_axis *x = &p->x, *y = &p->y;
    for (size_t i = 0; i < x->tick_count; i++) {
        double px = bp_axis_pixel(x, x->ticks[i]);
        if (!(px >= x->from - 0.5 && px <= x->to + 0.5))
            continue;
        fprintf(out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n", px, y->from, y->to);
        snprintf(text, sizeof text, "%.5g", fabs(x->ticks[i]) < 1e-12 * x->max ? 0 : x->ticks[i]);
        put_label(out, px, y->from + 17, "tick m", text);
    }
    for (size_t i = 0; i < y->tick_count; i++) {
        double py = bp_axis_pixel(y, y->ticks[i]);
        if (!(py <= y->from + 0.5 && py >= y->to - 0.5))
            continue;
        fprintf(out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", x->from, py, x->to);
        snprintf(text, sizeof text, "%.6g", fabs(y->ticks[i]) < 1e-12 * (y->max - y->min) ? 0 : y->ticks[i]);
        put_label(out, x->from - 6, py + 4, "tick e", text);
    }
    fprintf(out, "<rect class=\"frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", x->from,
            y->to, x->to - x->from, y->from - y->to);
    const bp_outcome *o = p->parts[0];
    put_label(out, (x->from + x->to) / 2, y->from + 38, "name m", o->axis);
    put_label(out, x->from, y->to - 10, "name", y_title(o, text, sizeof text));
}

/* The next stretch of points that can be drawn, from *first on; its length. */
static size_t stretch(const panel *p, const bp_outcome *o, size_t *first)
{
    size_t i = *first;
    while (i < o->count &&
           (isnan(bp_axis_pixel(&p->x, at(o, i))) || isnan(bp_axis_pixel(&p->y, o->values[i]))))
        i++;
    *first = i;
    while (i < o->count && !isnan(bp_axis_pixel(&p->x, at(o, i))) &&
           !isnan(bp_axis_pixel(&p->y, o->values[i])))
        i++;
    return i - *first;
}

/* A point on the edge of the band; what falls below a logarithmic axis ends at its foot. */
static void put_edge(const panel *p, const bp_outcome *o, size_t i, double sign, FILE *out)
{
    double py = bp_axis_pixel(&p->y, o->values[i] + sign * sigma(o, i));
    fprintf(out, "%.1f,%.1f ", bp_axis_pixel(&p->x, at(o, i)), isnan(py) ? p->y.from : py);
}

static void draw_stretch(const panel *p, const bp_outcome *o, size_t first, size_t count, const char *colour,
                         FILE *out)
{
    size_t stride = count / MAX_POINTS + 1;
    if (o->sigmas) {
        fprintf(out, "<polygon fill=\"%s\" fill-opacity=\"0.22\" points=\"", colour);
        for (size_t i = 0; i < count; i += stride)
            put_edge(p, o, first + i, 1, out);
        for (size_t i = (count - 1) / stride * stride + stride; i >= stride; i -= stride)
            put_edge(p, o, first + i - stride, -1, out);
        fputs("\"/>\n", out);
    }
    fprintf(out, "<polyline class=\"line\" stroke=\"%s\" points=\"", colour);
    for (size_t i = 0; i < count; i += stride)
        put_edge(p, o, first + i, 0, out);
    fputs("\"/>\n", out);
    if (o->count > MARKED_POINTS)
        return;
    for (size_t i = first; i < first + count; i++) {
        double px = bp_axis_pixel(&p->x, at(o, i)), low = o->values[i] - sigma(o, i);
        double foot = bp_axis_pixel(&p->y, low), head = bp_axis_pixel(&p->y, o->values[i] + sigma(o, i));
        fprintf(out, "<path stroke=\"%s\" d=\"M%.1f %.1fV%.1f\"/>\n", colour, px,
                isnan(foot) ? p->y.from : foot, head);
        fprintf(out, "<circle r=\"2.4\" fill=\"%s\" cx=\"%.1f\" cy=\"%.1f\"/>\n", colour, px,
                bp_axis_pixel(&p->y, o->values[i]));
    }
}

static bool draw_line(const panel *p, const bp_outcome *o, const char *colour, FILE *out)
{
    bool drawn = false;
    for (size_t first = 0;;) {
        size_t count = stretch(p, o, &first);
        if (count == 0)
            return drawn;
        draw_stretch(p, o, first, count, colour, out);
        drawn = true;
        first += count;
    }
}

static void draw_legend(const panel *p, FILE *out)
{
    char text[160];
    double width = 108, x = p->x.to - width - 6, y = p->y.to + 6;
    if (!p->parts[0]->parts)
        return;
    bool cut = p->shown < p->count;
    fprintf(out, "<rect class=\"legend\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", x, y,
            width, 16.0 * (double)(p->shown + cut) + 6);
    for (size_t k = 0; k < p->shown; k++) {
        double py = y + 16.0 * (double)k + 12;
        fprintf(out, "<path class=\"line\" stroke=\"%s\" d=\"M%.1f %.1fh18\"/>\n", colours[k], x + 6, py);
        snprintf(text, sizeof text, "%s %.6g", p->parts[k]->parts, p->parts[k]->part);
        put_label(out, x + 30, py + 4, "tick", text);
    }
    snprintf(text, sizeof text, "%zu of %zu shown", p->shown, p->count);
    if (cut)
        put_label(out, x + 6, y + 16.0 * (double)p->shown + 16, "tick", text);
}

static void draw_panel(panel *p, FILE *out)
{
    bool any = false;
    set_axes(p);
    draw_frame(p, out);
    for (size_t k = 0; k < p->shown; k++)
        any = draw_line(p, p->parts[k], colours[k], out) || any;
    draw_legend(p, out);
    if (!any)
        put_label(out, (p->x.from + p->x.to) / 2, (p->y.from + p->y.to) / 2, "name m", "not defined");
}

static bool is_curve(const bp_outcome *o)
{
    return o->axis && o->count > 0 && !o->columns;
}

/* Curves of the same name as the curve `first`, in order; false when an earlier one has that name. */
static bool gather(const bp_outcomes *outcomes, size_t first, panel *p)
{
    const bp_outcome *items = outcomes->items;
    *p = (panel){.shown = 0};
    if (!is_curve(&items[first]))
        return false;
    for (size_t i = 0; i < first; i++)
        if (is_curve(&items[i]) && strcmp(items[i].name, items[first].name) == 0)
            return false;
    for (size_t i = first; i < outcomes->count; i++)
        p->count += is_curve(&items[i]) && strcmp(items[i].name, items[first].name) == 0;
    size_t seen = 0;
    for (size_t i = first; i < outcomes->count && p->shown < MAX_SHOWN; i++) {
        if (!is_curve(&items[i]) || strcmp(items[i].name, items[first].name) != 0)
            continue;
        size_t wanted = p->count <= MAX_SHOWN ? seen : p->shown * (p->count - 1) / (MAX_SHOWN - 1);
        if (seen++ == wanted)
            p->parts[p->shown++] = &items[i];
    }
    return true;
}

static void put_number(const bp_outcome *o, double x, double y, FILE *out)
{
    char text[200], value[64];
    put_label(out, x, y, "name", o->name);
    if (isnan(*o->values))
        snprintf(value, sizeof value, "not defined");
    else if (o->sigmas && isfinite(*o->sigmas))
        snprintf(value, sizeof value, "%.6g ± %.2g", *o->values, *o->sigmas);
    else
        snprintf(value, sizeof value, "%.6g", *o->values);
    snprintf(text, sizeof text, "%s %s", value, strcmp(o->unit, "value") == 0 ? "" : o->unit);
    put_label(out, x + 250, y, "value", text);
    put_label(out, x + 480, y, "tick", o->uncertainty ? o->uncertainty : "");
}

static void put_head(double height, const char *title, const char *note, FILE *out)
{
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f "
            "%.0f\" role=\"img\">\n<title>",
            2 * PANEL_WIDTH, height, 2 * PANEL_WIDTH, height);
    bp_text_escaped(out, title);
    fputs("</title>\n<style>text{font-family:'DejaVu Sans',Helvetica,Arial,sans-serif;fill:#222}"
          ".title{font-size:17px;font-weight:bold}.name{font-size:13px}.tick{font-size:11px;fill:#444}"
          ".value{font-size:13px}.m{text-anchor:middle}.e{text-anchor:end}"
          ".grid{stroke:#e4e4e4;stroke-width:1}.frame{fill:none;stroke:#555}"
          ".line{fill:none;stroke-width:1.6}.legend{fill:#fff;fill-opacity:0.85;stroke:#bbb}"
          "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
          out);
    put_label(out, 14, 26, "title", title);
    if (note)
        put_label(out, 14, 46, "tick", note);
}

bp_status bp_plot_outcomes(bp_context *ctx, const bp_outcomes *outcomes, const char *title, const char *note,
                           FILE *out)
{
    size_t panels = 0, numbers = 0;
    panel p;
    for (size_t i = 0; i < outcomes->count; i++) {
        panels += gather(outcomes, i, &p);
        numbers += !is_curve(&outcomes->items[i]) && outcomes->items[i].count == 1;
    }
    size_t lines = (panels + 1) / 2;
    double table = HEAD + (double)lines * PANEL_HEIGHT;
    put_head(table + LINE * (double)numbers + 16, title, note, out);
    panels = numbers = 0;
    for (size_t i = 0; i < outcomes->count; i++) {
        const bp_outcome *o = &outcomes->items[i];
        if (gather(outcomes, i, &p)) {
            size_t line = panels / 2;
            p.left = (double)(panels % 2) * PANEL_WIDTH;
            p.top = HEAD + (double)line * PANEL_HEIGHT;
            panels++;
            draw_panel(&p, out);
        } else if (!is_curve(o) && o->count == 1) {
            put_number(o, 14, table + LINE * (double)++numbers, out);
        }
    }
    fputs("</svg>\n", out);
    return fflush(out) == 0 && !ferror(out)
               ? BP_OK
               : bp_fail(ctx, BP_E_OUTPUT, "the picture could not be written: %s", strerror(errno));
}
