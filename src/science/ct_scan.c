/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/ct_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/attenuation.h"
#include "algo/darkflat.h"
#include "algo/stage_map.h"

#define READ_BYTES  ((size_t)32 << 20) /* of frames at a time */
#define LEAST_COUNT 2                  /* projections */

enum { PROJECTION, FLAT, DARK, OTHER };

static size_t frames_at_once(const bp_science_stack *s)
{
    size_t fit = READ_BYTES / (s->rows * s->columns * sizeof(double));
    return fit > 1 ? fit : 1;
}

/* The first of these names that the file has beside its frames. */
static bp_status find_side(bp_context *ctx, const bp_science_stack *s, const char *const *names,
                           double **values, size_t *count)
{
    bp_status status = BP_OK;
    *values = NULL;
    *count = 0;
    for (size_t i = 0; names[i] && status == BP_OK && !*values; i++)
        status = s->side ? s->side(ctx, s->user, names[i], values, count) : BP_OK;
    return status;
}

/* What each frame is. */
static bp_status find_keys(bp_context *ctx, const bp_ct_layout *layout, bp_ct_scan *scan, bool *keyed)
{
    static const char *const names[] = {"image_key", NULL};
    const bp_science_stack *s = scan->stack;
    double *values;
    size_t count;
    bp_status status = find_side(ctx, s, names, &values, &count);
    *keyed = values != NULL;
    if (status == BP_OK && values && count != s->frames)
        status = bp_fail(ctx, BP_E_INPUT, "image_key has %zu values for %llu frames", count,
                         (unsigned long long)s->frames);
    if (status == BP_OK && !values && layout->flats + layout->darks > s->frames)
        status = bp_fail(ctx, BP_E_USAGE, "flats=%zu and darks=%zu are more than the %llu frames there are",
                         layout->flats, layout->darks, (unsigned long long)s->frames);
    scan->keys = status == BP_OK ? calloc((size_t)s->frames + 1, 1) : NULL;
    if (status == BP_OK && !scan->keys)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t f = 0; status == BP_OK && f < s->frames; f++) {
        if (values)
            scan->keys[f] = values[f] >= 0 && values[f] < OTHER ? (uint8_t)values[f] : OTHER;
        else
            scan->keys[f] = f < layout->flats ? FLAT : f < layout->flats + layout->darks ? DARK : PROJECTION;
        scan->angle_count += scan->keys[f] == PROJECTION;
    }
    free(values);
    if (status == BP_OK && scan->angle_count < LEAST_COUNT)
        status = bp_fail(ctx, BP_E_INPUT, "%zu of %llu frames are projections: no slice can be made of that",
                         scan->angle_count, (unsigned long long)s->frames);
    return status;
}

static bp_status find_angles(bp_context *ctx, const bp_ct_layout *layout, bp_ct_scan *scan)
{
    static const char *const names[] = {"rotation_angle", "angles", "theta", NULL};
    const bp_science_stack *s = scan->stack;
    double *values;
    size_t count, used = 0;
    bp_status status = find_side(ctx, s, names, &values, &count);
    scan->angles = status == BP_OK ? malloc(scan->angle_count * sizeof *scan->angles) : NULL;
    if (status == BP_OK && !scan->angles)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory");
    if (status == BP_OK && !values && !(layout->range > 0))
        status = bp_fail(ctx, BP_E_INPUT,
                         "there are no angles (rotation_angle, in degrees) beside the frames; range=180 says "
                         "that the projections cover half a turn in equal steps");
    if (status == BP_OK && values && count != s->frames && count != scan->angle_count)
        status = bp_fail(ctx, BP_E_INPUT, "there are %zu angles for %llu frames, %zu of them projections",
                         count, (unsigned long long)s->frames, scan->angle_count);
    for (size_t f = 0; status == BP_OK && f < s->frames; f++) {
        if (scan->keys[f] != PROJECTION)
            continue;
        double equal = layout->range * (double)used / (double)scan->angle_count;
        scan->angles[used] = !values ? equal : values[count == s->frames ? f : used];
        if (!(fabs(scan->angles[used]) < 1e9))
            status = bp_fail(ctx, BP_E_INPUT, "the angle of projection %zu is %g", used, scan->angles[used]);
        used++;
    }
    free(values);
    return status;
}

/* The average of the frames first ... last - 1 that have this key; false in *any when there are none. */
static bp_status average_frames(bp_context *ctx, const bp_ct_scan *scan, uint8_t key, size_t first,
                                size_t last, bool median, double *average, bool *any)
{
    const bp_science_stack *s = scan->stack;
    size_t pixels = s->rows * s->columns, count = 0, found = 0;
    for (size_t f = first; f < last; f++)
        count += scan->keys[f] == key;
    *any = count > 0;
    double *frames = malloc((median && count ? count : 1) * pixels * sizeof *frames);
    bp_status status = frames ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", count);
    for (size_t f = first; status == BP_OK && f < last; f++) {
        if (scan->keys[f] != key)
            continue;
        status = s->read(ctx, s->user, f, 1, frames + (median ? found++ * pixels : 0));
        for (size_t i = 0; status == BP_OK && !median && i < pixels; i++)
            average[i] += frames[i];
    }
    for (size_t i = 0; count && !median && i < pixels; i++)
        average[i] /= (double)count;
    if (status == BP_OK && median && count)
        bp_stage_average(frames, count, pixels, 1, average);
    free(frames);
    return status;
}

/* The same from a dataset of whole frames beside the projections. */
static bp_status average_side(bp_context *ctx, const bp_science_stack *s, const char *const *names,
                              bool median, double *average, bool *any)
{
    size_t pixels = s->rows * s->columns, count;
    double *values;
    bp_status status = find_side(ctx, s, names, &values, &count);
    if (status == BP_OK && values && (count == 0 || count % pixels))
        status = bp_fail(ctx, BP_E_INPUT, "%s beside the frames are %zu values, no frames of %zu x %zu",
                         *names, count, s->rows, s->columns);
    *any = status == BP_OK && values;
    if (*any)
        bp_stage_average(values, count / pixels, pixels, median, average);
    free(values);
    return status;
}

/* Flats that follow each other are a group; between two groups projections go to the nearer one, as tomopy
 * divides them. */
static bp_status find_groups(bp_context *ctx, bp_ct_scan *scan, bp_ct_flats use, size_t *firsts)
{
    size_t projections = 0, count = 0, place = 0;
    for (size_t f = 0; f < scan->stack->frames; f++) {
        if (scan->keys[f] == FLAT && (f == 0 || scan->keys[f - 1] != FLAT) &&
            (use == BP_CT_FLATS_NEAREST || count == 0)) {
            if (count)
                scan->group_ends[count - 1] = place + (projections - place) / 2;
            firsts[count++] = f;
            place = projections;
        }
        projections += scan->keys[f] == PROJECTION;
    }
    if (count)
        scan->group_ends[count - 1] = projections;
    scan->groups = count ? count : 1;
    scan->flat = calloc(scan->groups * scan->stack->rows * scan->columns, sizeof *scan->flat);
    return scan->flat ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu flat fields", scan->groups);
}

static bp_status find_flats(bp_context *ctx, const bp_ct_layout *layout, bp_ct_scan *scan)
{
    static const char *const names[] = {"flats", "flat", "data_white", NULL};
    const bp_science_stack *s = scan->stack;
    size_t frames = (size_t)s->frames, *firsts = calloc(2 * frames + 2, sizeof *firsts);
    bool any = false, median = layout->use != BP_CT_FLATS_MEAN;
    if (!firsts)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", frames);
    scan->group_ends = calloc(frames + 1, sizeof *scan->group_ends);
    bp_status status = scan->group_ends ? find_groups(ctx, scan, layout->use, firsts)
                                        : bp_fail(ctx, BP_E_MEMORY, "no memory for %zu frames", frames);
    for (size_t i = 0; i < scan->groups && status == BP_OK; i++)
        status = average_frames(ctx, scan, FLAT, firsts[i], i + 1 < scan->groups ? firsts[i + 1] : frames,
                                median, scan->flat + i * s->rows * s->columns, &any);
    free(firsts);
    if (status == BP_OK && !any) {
        status = average_side(ctx, s, names, median, scan->flat, &any);
        scan->group_ends[0] = scan->angle_count;
    }
    if (status == BP_OK && !any)
        status = bp_fail(ctx, BP_E_INPUT,
                         "there are no flat fields: neither frames with image_key 1 nor `flats` beside the "
                         "frames; flats=N says that the first N frames are");
    return status;
}

static bp_status find_darks(bp_context *ctx, const bp_ct_layout *layout, bp_ct_scan *scan)
{
    static const char *const names[] = {"darks", "dark", "data_dark", NULL};
    const bp_science_stack *s = scan->stack;
    bool any, median = layout->use != BP_CT_FLATS_MEAN;
    scan->dark = calloc(s->rows * s->columns, sizeof *scan->dark);
    if (!scan->dark)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a dark");
    bp_status status = average_frames(ctx, scan, DARK, 0, (size_t)s->frames, median, scan->dark, &any);
    if (status == BP_OK && !any)
        status = average_side(ctx, s, names, median, scan->dark, &any);
    if (status == BP_OK && !any)
        bp_log(ctx, BP_LOG_WARNING, "there are no dark frames: 0 is taken");
    return status;
}

static bp_status find_region(bp_context *ctx, const bp_ct_layout *layout, bp_ct_scan *scan)
{
    struct bp_ct_region r = layout->region;
    r.bottom = r.bottom ? r.bottom : scan->stack->rows;
    if (r.right &&
        (r.left >= r.right || r.right > scan->columns || r.top >= r.bottom || r.bottom > scan->stack->rows))
        return bp_fail(ctx, BP_E_USAGE,
                       "roi_left=%zu ... roi_right=%zu, roi_top=%zu ... roi_bottom=%zu is no region of the "
                       "detector, which has %zu columns and %zu rows",
                       r.left, r.right, r.top, r.bottom, scan->columns, scan->stack->rows);
    scan->region = r;
    return BP_OK;
}

bp_status bp_ct_scan_begin(bp_context *ctx, const bp_science_stack *stack, const bp_ct_layout *layout,
                           bp_ct_scan *scan)
{
    bool keyed = false;
    *scan = (bp_ct_scan){.stack = stack, .columns = stack->columns, .air = layout->air, .even = layout->even};
    bp_status status = find_region(ctx, layout, scan);
    if (status == BP_OK)
        status = find_keys(ctx, layout, scan, &keyed);
    if (status == BP_OK)
        status = find_angles(ctx, layout, scan);
    if (status == BP_OK)
        status = find_flats(ctx, layout, scan);
    return status == BP_OK ? find_darks(ctx, layout, scan) : status;
}

void bp_ct_scan_fini(bp_ct_scan *scan)
{
    free(scan->angles);
    free(scan->keys);
    free(scan->flat);
    free(scan->dark);
    free(scan->group_ends);
    *scan = (bp_ct_scan){0};
}

/* The flat of a projection. */
static const double *flat_of(const bp_ct_scan *scan, size_t projection)
{
    size_t group = 0;
    while (group + 1 < scan->groups && projection >= scan->group_ends[group])
        group++;
    return scan->flat + group * scan->stack->rows * scan->columns;
}

/* Transmissions of one row of one projection; NAN where the detector or the beam has a gap. */
static void transmit(const bp_ct_scan *scan, size_t projection, size_t row, double *values)
{
    const bp_science_stack *s = scan->stack;
    size_t n = s->columns;
    const double *flat = flat_of(scan, projection) + row * n, *dark = scan->dark + row * n;
    bp_transmission(values, flat, dark, n);
    for (size_t k = 0; k < n; k++)
        if (!(flat[k] - dark[k] > BP_LEAST_BEAM) || (s->excluded && s->excluded[row * n + k]))
            values[k] = NAN;
}

/* The mean transmission of the region in a projection; 1 without a region. */
static bp_status mean_of_region(bp_context *ctx, const bp_ct_scan *scan, size_t projection,
                                const double *frame, double *mean)
{
    const struct bp_ct_region *r = &scan->region;
    size_t n = scan->columns;
    double sum = 0, count = 0;
    *mean = 1;
    if (!r->right)
        return BP_OK;
    double *row = malloc(n * sizeof *row);
    if (!row)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    for (size_t y = r->top; y < r->bottom; y++) {
        memcpy(row, frame + y * n, n * sizeof *row);
        transmit(scan, projection, y, row);
        for (size_t x = r->left; x < r->right; x++)
            if (isfinite(row[x])) {
                sum += row[x];
                count++;
            }
    }
    free(row);
    *mean = sum / count;
    return *mean > 0 ? BP_OK
                     : bp_fail(ctx, BP_E_INPUT,
                               "projection %zu: there is no light in the region roi_left ...", projection);
}

/* Counts of one row of one projection become attenuations. scale: what their transmissions are divided by. */
static bp_status convert(bp_context *ctx, const bp_ct_scan *scan, size_t projection, size_t row, double scale,
                         double *values, bp_ct_row_facts *facts)
{
    size_t n = scan->columns, air = scan->air < n / 2 ? scan->air : n / 2;
    transmit(scan, projection, row, values);
    for (size_t k = 0; k < n; k++)
        values[k] /= scale;
    bp_status status = bp_fill_gaps(ctx, values, n, &facts->filled);
    if (status != BP_OK)
        return status;
    if (scan->even && air)
        bp_divide_by_air(values, n, air);
    for (size_t k = 0; k < air; k++)
        facts->air += values[k] + values[n - 1 - k];
    facts->air_values += 2 * (double)air;
    bp_attenuation(values, n, &facts->clipped);
    return BP_OK;
}

bp_status bp_ct_scan_rows(bp_context *ctx, const bp_ct_scan *scan, const size_t *rows, size_t count,
                          double *sinograms, bp_ct_row_facts *facts)
{
    const bp_science_stack *s = scan->stack;
    size_t n = s->columns, pixels = s->rows * n, step = frames_at_once(s), angle = 0;
    double *frames = malloc(step * pixels * sizeof *frames);
    bp_status status = frames ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for frames");
    memset(facts, 0, count * sizeof *facts);
    for (uint64_t f = 0; status == BP_OK && f < s->frames; f += step) {
        size_t here = s->frames - f < step ? (size_t)(s->frames - f) : step;
        status = s->read(ctx, s->user, f, here, frames);
        for (size_t i = 0; i < here && status == BP_OK; i++) {
            double scale = 1;
            if (scan->keys[f + i] != PROJECTION)
                continue;
            status = mean_of_region(ctx, scan, angle, frames + i * pixels, &scale);
            for (size_t r = 0; r < count && status == BP_OK; r++) {
                double *out = sinograms + (r * scan->angle_count + angle) * n;
                memcpy(out, frames + i * pixels + rows[r] * n, n * sizeof *out);
                status = convert(ctx, scan, angle, rows[r], scale, out, &facts[r]);
                if (status != BP_OK)
                    status =
                        bp_fail_in(ctx, status, "frame %llu, row %zu", (unsigned long long)(f + i), rows[r]);
            }
            angle++;
        }
    }
    free(frames);
    return status;
}

bp_status bp_ct_scan_projection(bp_context *ctx, const bp_ct_scan *scan, size_t index, double *values)
{
    const bp_science_stack *s = scan->stack;
    size_t f = 0, before = 0;
    bp_ct_row_facts unused = {0};
    while (scan->keys[f] != PROJECTION || before++ < index)
        f++;
    double scale = 1;
    bp_status status = s->read(ctx, s->user, f, 1, values);
    if (status == BP_OK)
        status = mean_of_region(ctx, scan, index, values, &scale);
    for (size_t row = 0; row < s->rows && status == BP_OK; row++) {
        status = convert(ctx, scan, index, row, scale, values + row * s->columns, &unused);
        if (status != BP_OK)
            return bp_fail_in(ctx, status, "frame %zu, row %zu", f, row);
    }
    return status;
}
