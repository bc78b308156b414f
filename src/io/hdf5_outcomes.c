/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_outcomes.h"

#include <stdio.h>
#include <string.h>

#include "io/hdf5_file.h"
#include "io/hdf5_put.h"
#include "io/output.h"

#define ENTRY   "/entry"
#define NUMBERS "/entry/numbers"
#define PROCESS "/entry/analysis"

static bp_status put_values(bp_context *ctx, hid_t file, const char *path, const bp_outcome *o,
                            const double *values, const char *unit, const char *title)
{
    hsize_t shape[2] = {o->columns ? o->count / o->columns : o->count, o->columns};
    size_t rank = o->columns ? 2 : o->axis ? 1 : 0;
    bp_status status = bp_h5_put_dataset(ctx, file, path, H5T_NATIVE_DOUBLE, rank, shape, values, NULL);
    if (status == BP_OK && unit)
        status = bp_h5_put_text(ctx, file, path, "units", unit);
    return status == BP_OK && title ? bp_h5_put_text(ctx, file, path, "long_name", title) : status;
}

/* NAME, and NAME_errors beside it. */
static bp_status put_with_errors(bp_context *ctx, hid_t file, const char *group, const bp_outcome *o)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", group, o->name);
    bp_status status = put_values(ctx, file, path, o, o->values, o->unit, NULL);
    if (status == BP_OK && o->uncertainty)
        status = bp_h5_put_text(ctx, file, path, "uncertainty", o->uncertainty);
    if (status != BP_OK || !o->sigmas)
        return status;
    snprintf(path, sizeof path, "%s/%s_errors", group, o->name);
    return put_values(ctx, file, path, o, o->sigmas, o->unit, NULL);
}

static bp_status put_curve(bp_context *ctx, hid_t file, const bp_outcome *o, size_t index)
{
    char group[200], path[300];
    if (o->parts)
        snprintf(group, sizeof group, ENTRY "/%s_%s_%zu", o->name, o->parts, index);
    else
        snprintf(group, sizeof group, ENTRY "/%s", o->name);
    bp_status status = bp_h5_put_group(ctx, file, group, "NXdata");
    if (status == BP_OK)
        status = bp_h5_put_text(ctx, file, group, "signal", o->name);
    if (status == BP_OK && o->parts)
        status = bp_h5_put_number(ctx, file, group, o->parts, o->part);
    if (status == BP_OK)
        status = put_with_errors(ctx, file, group, o);
    if (status != BP_OK || !o->at)
        return status;
    snprintf(path, sizeof path, "%s/axis", group);
    status = put_values(ctx, file, path, o, o->at, NULL, o->axis);
    return status == BP_OK ? bp_h5_put_text(ctx, file, group, "axes", "axis") : status;
}

static bp_status put_outcomes(bp_context *ctx, hid_t file, const bp_outcomes *outcomes)
{
    bp_status status = bp_h5_put_group(ctx, file, NUMBERS, "NXcollection");
    const char *shown = NULL;
    for (size_t i = 0; i < outcomes->count && status == BP_OK; i++) {
        const bp_outcome *o = &outcomes->items[i];
        size_t index = 0;
        for (size_t k = 0; k < i; k++)
            index += outcomes->items[k].axis && strcmp(outcomes->items[k].name, o->name) == 0;
        if (!o->axis) {
            status = put_with_errors(ctx, file, NUMBERS, o);
        } else {
            status = put_curve(ctx, file, o, index);
            if (!shown && !o->parts)
                shown = o->name;
        }
    }
    return status == BP_OK && shown ? bp_h5_put_text(ctx, file, ENTRY, "default", shown) : status;
}

static bp_status put_notes(bp_context *ctx, hid_t file, const bp_outcomes_note *notes, size_t count)
{
    bp_status status = bp_h5_put_group(ctx, file, PROCESS, "NXprocess");
    for (size_t i = 0; i < count && status == BP_OK; i++) {
        char path[200];
        snprintf(path, sizeof path, PROCESS "/%s", notes[i].name);
        hid_t type = bp_h5_put_text_type(notes[i].text);
        status = bp_h5_put_dataset(ctx, file, path, type, 0, NULL, notes[i].text, NULL);
        bp_h5_release(&type);
    }
    return status;
}

static bp_status write_file(bp_context *ctx, const bp_outcomes *outcomes, const bp_outcomes_note *notes,
                            size_t note_count, const char *path)
{
    bp_h5_quiet quiet;
    hid_t file = H5I_INVALID_HID;
    bp_h5_quiet_begin(&quiet);
    bp_status status = bp_h5_put_file(ctx, path, &file);
    if (status == BP_OK)
        status = bp_h5_put_text(ctx, file, "/", "NX_class", "NXroot");
    if (status == BP_OK)
        status = bp_h5_put_text(ctx, file, "/", "default", "entry");
    if (status == BP_OK)
        status = bp_h5_put_group(ctx, file, ENTRY, "NXentry");
    if (status == BP_OK)
        status = put_notes(ctx, file, notes, note_count);
    if (status == BP_OK)
        status = put_outcomes(ctx, file, outcomes);
    if (file >= 0 && H5Fclose(file) < 0 && status == BP_OK)
        status = bp_h5_fail(ctx, BP_E_OUTPUT, "the file could not be closed");
    bp_h5_quiet_end(&quiet);
    return status;
}

bp_status bp_outcomes_write(bp_context *ctx, const bp_outcomes *outcomes, const bp_outcomes_note *notes,
                            size_t note_count, const char *input, const char *output, bool overwrite)
{
    bp_output out = {.fd = -1};
    bp_status status = bp_output_begin(ctx, input, output, overwrite, false, &out);
    if (status == BP_OK)
        status = write_file(ctx, outcomes, notes, note_count, out.temporary);
    if (status == BP_OK)
        status = bp_output_commit(ctx, &out);
    bp_output_end(&out);
    return status;
}
