/* SPDX-License-Identifier: BSD-3-Clause */
#include "science/ct_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/attenuation.h"

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

/* Means over the frames with this key; false in *any when there are none. */
static bp_status mean_of_frames(bp_context *ctx, const bp_ct_scan *scan, uint8_t key, double *mean, bool *any)
{
    const bp_science_stack *s = scan->stack;
    size_t pixels = s->rows * s->columns, count = 0;
    double *frame = malloc(pixels * sizeof *frame);
    bp_status status = frame ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    for (uint64_t f = 0; status == BP_OK && f < s->frames; f++) {
        if (scan->keys[f] != key)
            continue;
        status = s->read(ctx, s->user, f, 1, frame);
        for (size_t i = 0; status == BP_OK && i < pixels; i++)
            mean[i] += frame[i];
        count++;
    }
    for (size_t i = 0; count && i < pixels; i++)
        mean[i] /= (double)count;
    *any = count > 0;
    free(frame);
    return status;
}

/* The same from a dataset of whole frames beside the projections. */
static bp_status mean_of_side(bp_context *ctx, const bp_science_stack *s, const char *const *names,
                              double *mean, bool *any)
{
    size_t pixels = s->rows * s->columns, count;
    double *values;
    bp_status status = find_side(ctx, s, names, &values, &count);
    if (status == BP_OK && values && (count == 0 || count % pixels))
        status = bp_fail(ctx, BP_E_INPUT, "%s beside the frames are %zu values, no frames of %zu x %zu",
                         *names, count, s->rows, s->columns);
    *any = status == BP_OK && values;
    for (size_t i = 0; *any && i < count; i++)
        mean[i % pixels] += values[i] * (double)pixels / (double)count;
    free(values);
    return status;
}

static bp_status find_fields(bp_context *ctx, bp_ct_scan *scan)
{
    static const char *const flats[] = {"flats", "flat", "data_white", NULL};
    static const char *const darks[] = {"darks", "dark", "data_dark", NULL};
    const bp_science_stack *s = scan->stack;
    bool any_flat, any_dark = false;
    scan->flat = calloc(s->rows * s->columns, sizeof *scan->flat);
    scan->dark = calloc(s->rows * s->columns, sizeof *scan->dark);
    if (!scan->flat || !scan->dark)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for flat and dark");
    bp_status status = mean_of_frames(ctx, scan, FLAT, scan->flat, &any_flat);
    if (status == BP_OK && !any_flat)
        status = mean_of_side(ctx, s, flats, scan->flat, &any_flat);
    if (status == BP_OK && !any_flat)
        status = bp_fail(ctx, BP_E_INPUT,
                         "there are no flat fields: neither frames with image_key 1 nor `flats` beside the "
                         "frames; flats=N says that the first N frames are");
    if (status == BP_OK)
        status = mean_of_frames(ctx, scan, DARK, scan->dark, &any_dark);
    if (status == BP_OK && !any_dark)
        status = mean_of_side(ctx, s, darks, scan->dark, &any_dark);
    if (status == BP_OK && !any_dark)
        bp_log(ctx, BP_LOG_WARNING, "there are no dark frames: 0 is taken");
    return status;
}

bp_status bp_ct_scan_begin(bp_context *ctx, const bp_science_stack *stack, const bp_ct_layout *layout,
                           bp_ct_scan *scan)
{
    bool keyed = false;
    *scan = (bp_ct_scan){.stack = stack, .columns = stack->columns};
    bp_status status = find_keys(ctx, layout, scan, &keyed);
    if (status == BP_OK)
        status = find_angles(ctx, layout, scan);
    return status == BP_OK ? find_fields(ctx, scan) : status;
}

void bp_ct_scan_fini(bp_ct_scan *scan)
{
    free(scan->angles);
    free(scan->keys);
    free(scan->flat);
    free(scan->dark);
    *scan = (bp_ct_scan){0};
}

/* Counts of one row of one projection become attenuations. */
static bp_status convert(bp_context *ctx, const bp_ct_scan *scan, size_t row, size_t air, double *values,
                         bp_ct_row_facts *facts)
{
    const bp_science_stack *s = scan->stack;
    size_t n = s->columns;
    for (size_t k = 0; s->excluded && k < n; k++)
        if (s->excluded[row * n + k])
            values[k] = NAN;
    bp_transmission(values, scan->flat + row * n, scan->dark + row * n, n);
    bp_status status = bp_fill_gaps(ctx, values, n, &facts->filled);
    if (status != BP_OK)
        return status;
    for (size_t k = 0; k < air && k < n / 2; k++) {
        facts->air += values[k] + values[n - 1 - k];
        facts->air_values += 2;
    }
    bp_attenuation(values, n, &facts->clipped);
    return BP_OK;
}

bp_status bp_ct_scan_rows(bp_context *ctx, const bp_ct_scan *scan, const size_t *rows, size_t count,
                          size_t air, double *sinograms, bp_ct_row_facts *facts)
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
            if (scan->keys[f + i] != PROJECTION)
                continue;
            for (size_t r = 0; r < count && status == BP_OK; r++) {
                double *out = sinograms + (r * scan->angle_count + angle) * n;
                memcpy(out, frames + i * pixels + rows[r] * n, n * sizeof *out);
                status = convert(ctx, scan, rows[r], air, out, &facts[r]);
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
