/* SPDX-License-Identifier: BSD-3-Clause
 * Pictures of working points: the same window of the same frame for all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explore.h"
#include "report/json.h"
#include "report/png.h"

#define RESIDUAL 5 /* sigma from grey to black or white */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* Values that one in 200 is beyond of. */
static void find_limits(const float *picture, size_t pixels, double *low, double *high)
{
    float *sorted = malloc((pixels + 1) * sizeof *sorted);
    size_t count = 0;
    *low = 0;
    *high = 1;
    for (size_t i = 0; sorted && i < pixels; i++)
        if (isfinite(picture[i]))
            sorted[count++] = picture[i];
    if (count) {
        qsort(sorted, count, sizeof *sorted, ascending);
        *low = (double)sorted[count / 200];
        *high = (double)sorted[count - 1 - count / 200];
    }
    if (!(*high > *low))
        *high = *low + 1;
    free(sorted);
}

static uint8_t grey_of(double value, double low, double high)
{
    double share = (value - low) / (high - low);
    return isfinite(share) ? (uint8_t)lround(255 * fmin(fmax(share, 0), 1)) : 0;
}

static void add_preview(json_t *list, const bp_explore_report *r, size_t point, const char *kind,
                        const uint8_t *grey, double low, double high)
{
    const bp_window *w = &r->trial.window;
    char *png = bp_png_base64(grey, w->rows, w->columns);
    json_t *row = json_object();
    bp_json_set(row, "point", point == SIZE_MAX ? json_null() : json_integer((json_int_t)point));
    bp_json_set_text(row, "kind", kind);
    bp_json_set_count(row, "frame", r->part.first + w->frame);
    bp_json_set_count(row, "row", r->part.row + w->row);
    bp_json_set_count(row, "column", w->column);
    bp_json_set_count(row, "rows", w->rows);
    bp_json_set_count(row, "columns", w->columns);
    bp_json_set_number(row, "low", low);
    bp_json_set_number(row, "high", high);
    bp_json_set_text(row, "png", png);
    json_array_append_new(list, row);
    free(png);
}

static void add_point(json_t *list, const bp_explore_report *r, size_t point, const float *reference,
                      double low, double high, uint8_t *grey)
{
    size_t pixels = r->trial.window.rows * r->trial.window.columns;
    const float *picture = r->points[point].picture;
    if (!picture)
        return;
    for (size_t i = 0; i < pixels; i++)
        grey[i] = grey_of((double)picture[i], low, high);
    add_preview(list, r, point, "test", grey, low, high);
    for (size_t i = 0; i < pixels; i++) {
        double sigma = bp_noise_model_sigma(&r->noise, (double)reference[i]);
        double d = (double)picture[i] - (double)reference[i];
        grey[i] = grey_of(d == 0 ? 0 : d / (sigma > 0 ? sigma : 1), -RESIDUAL, RESIDUAL);
    }
    add_preview(list, r, point, "residual", grey, -RESIDUAL, RESIDUAL);
}

/* The best point of a family, or the gentlest that ran when none passes; and the first that does not pass. */
static void choose(const bp_explore_report *r, bool *wanted)
{
    for (size_t f = 0; f < r->family_count; f++) {
        size_t best = r->families[f].best, failing = SIZE_MAX;
        for (size_t i = 0; i < r->point_count; i++) {
            const bp_point *p = &r->points[i];
            if (p->family == f && p->picture && p->decision != BP_PASS &&
                (failing == SIZE_MAX || p->value < r->points[failing].value))
                failing = i;
        }
        if (best != SIZE_MAX)
            wanted[best] = true;
        if (failing != SIZE_MAX)
            wanted[failing] = true;
    }
}

json_t *bp_explore_previews(const bp_explore_report *r)
{
    json_t *list = json_array();
    size_t pixels = r->trial.window.rows * r->trial.window.columns;
    float *reference = bp_trial_picture(&r->trial, &r->trial.view.science);
    uint8_t *grey = malloc(pixels + 1);
    bool *wanted = calloc(r->point_count + 1, sizeof *wanted);
    if (reference && grey && wanted) {
        double low, high;
        find_limits(reference, pixels, &low, &high);
        for (size_t i = 0; i < pixels; i++)
            grey[i] = grey_of((double)reference[i], low, high);
        add_preview(list, r, SIZE_MAX, "reference", grey, low, high);
        choose(r, wanted);
        for (size_t i = 0; i < r->point_count; i++)
            if (wanted[i])
                add_point(list, r, i, reference, low, high, grey);
    }
    free(reference);
    free(grey);
    free(wanted);
    return list;
}
