/* SPDX-License-Identifier: BSD-3-Clause
 * Simulated frames as NeXus: /entry/data/data, and what is known of them below /entry/truth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/pool.h"
#include "beampress/simulate.h"
#include "io/hdf5_file.h"
#include "io/hdf5_put.h"
#include "io/hdf5_skeleton.h"
#include "io/output.h"

#define DATA           "/entry/data/data"
#define TRUTH          "/entry/truth"
#define MARK           "SIMULATED"
#define DETECTOR       "instrument/detector"
#define DEFAULT_MEMORY ((size_t)256 << 20)

typedef struct writer {
    bp_context *ctx;
    const bp_simulation *simulation;
    const bp_file_options *options;
    hid_t file, dataset, type;
    size_t frame_bytes;
    uint64_t written; /* frames */
    char parameters[1024];
} writer;

typedef struct job {
    const bp_simulation *simulation;
    size_t index;
    uint8_t values[];
} job;

static bp_status work(bp_context *ctx, unsigned thread, void *argument)
{
    job *j = argument;
    (void)thread;
    return bp_simulation_frame(ctx, j->simulation, j->index, j->values);
}

static bp_status put_frame(const writer *w, const job *j)
{
    hsize_t start[3] = {j->index, 0, 0}, count[3] = {1, w->simulation->height, w->simulation->width};
    hid_t space = H5Dget_space(w->dataset), memory = H5Screate_simple(3, count, NULL);
    bp_status status = BP_OK;
    if (space < 0 || memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dwrite(w->dataset, w->type, memory, space, H5P_DEFAULT, j->values) < 0)
        status = bp_h5_fail(w->ctx, BP_E_OUTPUT, DATA ": frame %zu could not be written", j->index);
    bp_h5_release(&memory);
    bp_h5_release(&space);
    return status;
}

static bp_status done(bp_context *ctx, void *user, void *argument, bp_status status)
{
    writer *w = user;
    (void)ctx;
    if (status == BP_OK)
        status = put_frame(w, argument);
    free(argument);
    w->written++;
    if (w->options->progress)
        w->options->progress(w->options->progress_user, "simulate", w->written * w->frame_bytes,
                             (uint64_t)w->simulation->frames * w->frame_bytes);
    return status;
}

static bp_status put_frames(writer *w)
{
    const bp_file_options *options = w->options;
    size_t memory = options->memory ? options->memory : DEFAULT_MEMORY;
    bp_pool *pool = bp_pool_new(w->ctx, options->threads, memory, work, done, w);
    bp_status status = pool ? BP_OK : bp_fail(w->ctx, BP_E_MEMORY, "no memory for threads");
    for (size_t i = 0; status == BP_OK && i < w->simulation->frames; i++) {
        job *j = malloc(sizeof *j + w->frame_bytes);
        if (!j) {
            status = bp_fail(w->ctx, BP_E_MEMORY, "no memory for a frame");
            break;
        }
        j->simulation = w->simulation;
        j->index = i;
        status = bp_pool_submit(pool, j, w->frame_bytes);
    }
    if (status == BP_OK)
        status = bp_pool_finish(pool);
    bp_pool_free(pool);
    return status;
}

/* The word stands wherever somebody may look: root, entry, data, truth, title. */
static bp_status put_marks(const writer *w)
{
    static const char *const objects[] = {"/", "/entry", "/entry/data", DATA, TRUTH};
    const bp_simulator *simulator = w->simulation->simulator;
    char text[1200], title[256];
    snprintf(text, sizeof text, "beampress simulate %s %s", simulator->name, w->parameters);
    snprintf(title, sizeof title, MARK " %s: %s", simulator->name, simulator->summary);
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < sizeof objects / sizeof objects[0]; i++)
        status = bp_h5_put_text(w->ctx, w->file, objects[i], MARK, text);
    hid_t type = bp_h5_put_text_type(title);
    if (status == BP_OK)
        status = bp_h5_put_dataset(w->ctx, w->file, "/entry/title", type, 0, NULL, title, NULL);
    bp_h5_release(&type);
    if (status == BP_OK)
        status = bp_h5_put_text(w->ctx, w->file, DATA, "long_name", title);
    return status == BP_OK ? bp_h5_put_text(w->ctx, w->file, DATA, "units", "counts") : status;
}

/* One attribute for each parameter, as the rows have them. */
static bp_status put_parameters(const writer *w)
{
    const bp_simulator *simulator = w->simulation->simulator;
    bp_status status = bp_h5_put_text(w->ctx, w->file, TRUTH, "simulator", simulator->name);
    if (status == BP_OK)
        status = bp_h5_put_number(w->ctx, w->file, TRUTH, "simulator_version", simulator->version);
    if (status == BP_OK)
        status = bp_h5_put_text(w->ctx, w->file, TRUTH, "model", simulator->model);
    for (size_t i = 0; status == BP_OK && i < simulator->param_count; i++) {
        const bp_param *row = &simulator->params[i];
        double value = w->simulation->params[i];
        status = row->kind == BP_PARAM_CHOICE
                     ? bp_h5_put_text(w->ctx, w->file, TRUTH, row->name, row->choices[(size_t)value])
                     : bp_h5_put_number(w->ctx, w->file, TRUTH, row->name, value);
    }
    return status;
}

static bp_status put_truths(const writer *w)
{
    const bp_simulation *s = w->simulation;
    bp_status status = put_parameters(w);
    for (size_t i = 0; status == BP_OK && i < s->truth_count; i++) {
        const bp_truth *truth = &s->truths[i];
        hsize_t shape[2] = {truth->map ? s->height : truth->rows, truth->map ? s->width : truth->columns};
        char path[128];
        snprintf(path, sizeof path, TRUTH "/%s", truth->name);
        status = bp_h5_put_dataset(w->ctx, w->file, path, H5T_NATIVE_DOUBLE,
                                   shape[1]   ? 2
                                   : shape[0] ? 1
                                              : 0,
                                   shape, truth->values, NULL);
        if (status == BP_OK)
            status = bp_h5_put_text(w->ctx, w->file, path, "units", truth->unit);
        if (status == BP_OK)
            status = bp_h5_put_text(w->ctx, w->file, path, "long_name", truth->help);
    }
    return status;
}

/* A group below /entry with the class that NeXus gives it, and those above it, where they are missing. */
static bp_status need_group(const writer *w, const char *group)
{
    static const char *const classes[][2] = {
        {"instrument", "NXinstrument"}, {"detector", "NXdetector"},
        {"sample", "NXsample"},         {"beam", "NXbeam"},
        {"source", "NXsource"},         {"monochromator", "NXmonochromator"}};
    char path[256] = "/entry";
    bp_status status = BP_OK;
    while (*group && status == BP_OK) {
        size_t length = strcspn(group, "/"), at = strlen(path);
        const char *class = "NXcollection";
        snprintf(path + at, sizeof path - at, "/%.*s", (int)length, group);
        for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
            if (strcmp(path + at + 1, classes[i][0]) == 0)
                class = classes[i][1];
        if (H5Lexists(w->file, path, H5P_DEFAULT) <= 0)
            status = bp_h5_put_group(w->ctx, w->file, path, class);
        group += group[length] ? length + 1 : length;
    }
    return status;
}

/* A second name for a dataset of /entry/data. */
static bp_status put_link(const writer *w, const char *group, const char *name)
{
    char from[256], to[256];
    bp_status status = need_group(w, group);
    snprintf(from, sizeof from, "/entry/data/%s", name);
    snprintf(to, sizeof to, "/entry/%s/%s", group, name);
    if (status == BP_OK && H5Lcreate_hard(w->file, from, w->file, to, H5P_DEFAULT, H5P_DEFAULT) < 0)
        status = bp_h5_fail(w->ctx, BP_E_OUTPUT, "%s could not be written", to);
    return status;
}

static bp_status put_sides(const writer *w)
{
    const bp_simulation *s = w->simulation;
    bp_status status = BP_OK;
    for (size_t i = 0; status == BP_OK && i < s->side_count; i++) {
        const bp_simulated_side *side = &s->sides[i];
        hsize_t shape[2] = {side->map ? s->height : side->count, s->width};
        char path[128];
        snprintf(path, sizeof path, "/entry/data/%s", side->name);
        hid_t dataset = H5I_INVALID_HID;
        status = bp_h5_put_dataset(w->ctx, w->file, path, side->whole ? H5T_NATIVE_INT32 : H5T_NATIVE_DOUBLE,
                                   side->map ? 2 : 1, shape, NULL, &dataset);
        if (status == BP_OK &&
            H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, side->values) < 0)
            status = bp_h5_fail(w->ctx, BP_E_OUTPUT, "%s could not be written", path);
        bp_h5_release(&dataset);
        if (status == BP_OK && *side->unit)
            status = bp_h5_put_text(w->ctx, w->file, path, "units", side->unit);
        if (status == BP_OK)
            status = bp_h5_put_text(w->ctx, w->file, path, "long_name", side->help);
        if (status == BP_OK && side->group)
            status = put_link(w, side->group, side->name);
    }
    return status;
}

/* Frames that a detector is described for stand in it too. */
static bp_status put_detector(const writer *w)
{
    const bp_simulation *s = w->simulation;
    bool described = s->definition != NULL;
    for (size_t i = 0; i < s->side_count; i++)
        described = described || (s->sides[i].group && strcmp(s->sides[i].group, DETECTOR) == 0);
    return described ? put_link(w, DETECTOR, "data") : BP_OK;
}

static bp_status put_definition(const writer *w)
{
    const char *definition = w->simulation->definition;
    bp_status status = put_detector(w);
    if (!definition || status != BP_OK)
        return status;
    hid_t type = bp_h5_put_text_type(definition);
    status = bp_h5_put_dataset(w->ctx, w->file, "/entry/definition", type, 0, NULL, definition, NULL);
    bp_h5_release(&type);
    return status;
}

static bp_status put_groups(const writer *w)
{
    static const char *const groups[][2] = {
        {"/entry", "NXentry"}, {"/entry/data", "NXdata"}, {TRUTH, "NXcollection"}};
    bp_status status = bp_h5_put_text(w->ctx, w->file, "/", "NX_class", "NXroot");
    if (status == BP_OK)
        status = bp_h5_put_text(w->ctx, w->file, "/", "default", "entry");
    for (size_t i = 0; status == BP_OK && i < sizeof groups / sizeof groups[0]; i++)
        status = bp_h5_put_group(w->ctx, w->file, groups[i][0], groups[i][1]);
    if (status == BP_OK)
        status = bp_h5_put_text(w->ctx, w->file, "/entry", "default", "data");
    return status == BP_OK ? bp_h5_put_text(w->ctx, w->file, "/entry/data", "signal", "data") : status;
}

static bp_status put_everything(writer *w)
{
    const bp_simulation *s = w->simulation;
    hsize_t shape[3] = {s->frames, s->height, s->width};
    bp_status status = put_groups(w);
    if (status == BP_OK)
        status = bp_h5_put_dataset(w->ctx, w->file, DATA, w->type, 3, shape, NULL, &w->dataset);
    if (status == BP_OK)
        status = put_marks(w);
    if (status == BP_OK)
        status = put_truths(w);
    if (status == BP_OK)
        status = put_sides(w);
    if (status == BP_OK)
        status = put_definition(w);
    if (status == BP_OK)
        status = put_frames(w);
    bp_h5_release(&w->dataset);
    return status;
}

static bp_status write_file(writer *w, const char *path)
{
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    w->type = bp_h5_type_of(w->simulation->dtype);
    bp_status status = bp_h5_put_file(w->ctx, path, &w->file);
    if (status == BP_OK)
        status = put_everything(w);
    if (w->file >= 0 && H5Fclose(w->file) < 0 && status == BP_OK)
        status = bp_h5_fail(w->ctx, BP_E_OUTPUT, "the file could not be closed");
    bp_h5_release(&w->type);
    bp_h5_quiet_end(&quiet);
    return status;
}

bp_status bp_simulation_write(bp_context *ctx, const bp_simulation *simulation, const char *output,
                              const bp_file_options *options)
{
    writer w = {.ctx = ctx,
                .simulation = simulation,
                .options = options,
                .file = H5I_INVALID_HID,
                .dataset = H5I_INVALID_HID,
                .type = H5I_INVALID_HID};
    size_t pixels;
    bp_output out = {.fd = -1};
    if (bp_mul_overflows(simulation->height, simulation->width, &pixels) ||
        bp_mul_overflows(pixels, bp_dtype_size(simulation->dtype), &w.frame_bytes))
        return bp_fail(ctx, BP_E_USAGE, "frames of %zu x %zu do not fit memory", simulation->height,
                       simulation->width);
    bp_param_print(simulation->simulator->params, simulation->simulator->param_count, simulation->params,
                   w.parameters, sizeof w.parameters);
    bp_status status = bp_output_begin(ctx, NULL, output, options->overwrite, false, &out);
    if (status == BP_OK)
        status = write_file(&w, out.temporary);
    if (status == BP_OK && bp_context_cancelled(ctx))
        status = bp_fail(ctx, BP_E_INTERRUPTED, "interrupted");
    if (status == BP_OK)
        status = bp_output_commit(ctx, &out);
    bp_output_end(&out);
    return status;
}
