/* SPDX-License-Identifier: BSD-3-Clause
 * beampress info: what is in a file, how it is stored, and how small it can get. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/info_frame.h"
#include "cli/info_noise.h"
#include "cli/info_values.h"
#include "report/json.h"
#include "report/text.h"

#define DEFAULT_SAMPLE ((uint64_t)256 << 20)
#define WORTH_PRINTING ((uint64_t)1 << 10) /* bytes: smaller arrays have their statistics in --json only */

static json_t *detector_json(const bp_detector_facts *d)
{
    static const char *const keys[BP_IMAGE_KEYS] = {"projections", "flats", "darks", "invalid"};
    json_t *object = json_object();
    bp_json_set_text(object, "path", d->path);
    bp_json_set_text(object, "mask", *d->mask ? d->mask : NULL);
    bp_json_set_number(object, "saturation_value", d->saturation_value);
    bp_json_set_number(object, "underload_value", d->underload_value);
    bp_json_set_number(object, "bit_depth_readout", d->bit_depth_readout);
    bp_json_set_number(object, "count_time_s", d->count_time);
    bp_json_set_number(object, "x_pixel_size_m", d->x_pixel_size);
    bp_json_set_number(object, "y_pixel_size_m", d->y_pixel_size);
    json_t *frames = json_object();
    for (size_t i = 0; i < BP_IMAGE_KEYS; i++)
        bp_json_set_count(frames, keys[i], d->key_frames[i]);
    if (d->has_keys) {
        bp_json_set(object, "image_key", frames);
    } else {
        bp_json_set(object, "image_key", json_null());
        json_decref(frames);
    }
    return object;
}

static json_t *dataset_json(const bp_dataset_facts *d, const bp_info_values *values)
{
    json_t *object = json_object();
    bp_json_set_text(object, "path", d->path);
    bp_json_set_text(object, "dtype", d->type_name);
    bp_json_set_count(object, "itemsize", d->itemsize);
    bp_json_set_shape(object, "shape", d->shape, d->rank);
    bp_json_set_text(object, "layout", d->layout);
    if (d->chunk_rank)
        bp_json_set_shape(object, "chunk", d->chunk, d->chunk_rank);
    else
        bp_json_set(object, "chunk", json_null());
    bp_json_set_text(object, "filters", d->filters);
    bp_json_set_bool(object, "own", d->own);
    bp_json_set_text(object, "lossy", *d->lossy ? d->lossy : d->lossy_filter ? "by its filter" : NULL);
    bp_json_set_count(object, "raw_bytes", d->raw_bytes);
    bp_json_set_count(object, "stored_bytes", d->stored_bytes);
    bp_json_set_number(object, "ratio", bp_ratio(d->raw_bytes, d->stored_bytes));
    bp_json_set(object, "frame_read", bp_info_frame_json(d));
    bp_json_set_bool(object, "detector_image", d->image);
    bp_json_set(object, "detector", d->detector.known ? detector_json(&d->detector) : json_null());
    json_t *found = bp_info_values_json(values);
    (void)json_object_update(object, found);
    json_decref(found);
    return object;
}

static void print_number(const char *name, double value, const char *unit)
{
    if (!isnan(value))
        printf(", %s %.9g%s", name, value, unit);
}

static void print_detector(const bp_detector_facts *d)
{
    printf("    detector: %s", d->path);
    if (*d->mask)
        printf(", mask %s", d->mask);
    print_number("saturation", d->saturation_value, "");
    print_number("underload", d->underload_value, "");
    print_number("read out with", d->bit_depth_readout, " bits");
    print_number("count time", d->count_time, " s");
    print_number("pixels of", d->x_pixel_size * 1e6, " um");
    print_number("by", d->y_pixel_size * 1e6, " um");
    if (d->has_keys)
        printf(", frames: %llu projections, %llu flats, %llu darks, %llu invalid",
               (unsigned long long)d->key_frames[0], (unsigned long long)d->key_frames[1],
               (unsigned long long)d->key_frames[2], (unsigned long long)d->key_frames[3]);
    printf("\n");
}

static void print_dataset(const bp_dataset_facts *d, const bp_info_values *values)
{
    bp_shape_text shape, chunk;
    bp_text raw, stored;
    if (d->raw_bytes < WORTH_PRINTING && d->layout[0] == 'c' && strcmp(d->filters, "none") == 0) {
        printf("%s: %s %s\n", d->path, d->type_name, bp_text_shape(&shape, d->shape, d->rank));
        return;
    }
    printf("%s: %s %s, %s%s%s, filters: %s\n", d->path, d->type_name,
           bp_text_shape(&shape, d->shape, d->rank), d->layout, d->chunk_rank ? " " : "",
           d->chunk_rank ? bp_text_shape(&chunk, d->chunk, d->chunk_rank) : "", d->filters);
    if (d->stored_bytes)
        printf("    %s raw, %s stored, ratio %.2f%s\n", bp_text_bytes(&raw, d->raw_bytes),
               bp_text_bytes(&stored, d->stored_bytes), bp_ratio(d->raw_bytes, d->stored_bytes),
               d->image ? ", detector images" : "");
    else
        printf("    %s raw, nothing stored here%s\n", bp_text_bytes(&raw, d->raw_bytes),
               d->image ? ", detector images" : "");
    bp_info_frame_print(d, stdout);
    if (*d->lossy || d->lossy_filter)
        printf("    lossy: %s\n", *d->lossy ? d->lossy : "by its filter");
    if (d->detector.known)
        print_detector(&d->detector);
    if (d->raw_bytes >= WORTH_PRINTING)
        bp_info_values_print(values, d, stdout);
}

static bool is_wanted(const bp_cli *cli, const char *path)
{
    for (size_t i = 0; i < cli->datasets.count; i++)
        if (strcmp(cli->datasets.items[i], path) == 0)
            return true;
    return cli->datasets.count == 0;
}

static void show_head(bp_cli *cli, const char *file, const bp_file_facts *facts)
{
    bp_text bytes;
    bp_json_set_text(cli->result, "file", file);
    bp_json_set_text(cli->result, "format", facts->format);
    bp_json_set_count(cli->result, "file_bytes", facts->bytes);
    bp_json_set(cli->result, "datasets", json_array());
    bp_json_set(cli->result, "targets", json_array());
    if (!cli->json)
        printf("%s: %s, %s, %zu dataset%s\n", file, facts->format, bp_text_bytes(&bytes, facts->bytes),
               facts->dataset_count, facts->dataset_count == 1 ? "" : "s");
    for (size_t i = 0; i < facts->target_count; i++) {
        const bp_target_facts *t = &facts->targets[i];
        json_t *row = json_object();
        bp_json_set_text(row, "object", t->object);
        bp_json_set_text(row, "kind", t->kind);
        bp_json_set_text(row, "name", t->name);
        bp_json_set_bool(row, "exists", t->exists);
        bp_json_append(cli->result, "targets", row);
        if (!cli->json)
            printf("%s: points to %s%s\n", t->object, t->name, t->exists ? "" : " (not found)");
    }
}

/* HDF5 reads fill values where a source of a virtual dataset is not found: those are no measurements. */
static bool any_missing(const bp_file_facts *facts, const bp_dataset_facts *d)
{
    bool missing = false;
    for (size_t i = 0; i < facts->target_count; i++)
        missing |= !facts->targets[i].exists;
    return missing && (strcmp(d->layout, "virtual") == 0 || strcmp(d->layout, "external") == 0);
}

/* Frames, or what --dataset names. */
static bool noise_wanted(const bp_cli *cli, const bp_dataset_facts *d)
{
    return bp_cli_has(cli, OPTION_NOISE) && (d->image || cli->datasets.count > 0);
}

static bp_status show_datasets(bp_cli *cli, const char *file, const bp_file_facts *facts, size_t max_bytes,
                               unsigned threads)
{
    bool bszstd = false;
    size_t shown = 0;
    bp_status status = BP_OK;
    for (size_t i = 0; i < facts->dataset_count && status == BP_OK; i++) {
        const bp_dataset_facts *d = &facts->datasets[i];
        bp_info_values values;
        if (!is_wanted(cli, d->path))
            continue;
        shown++;
        bszstd |= d->bszstd;
        status = bp_info_take_values(cli->ctx, file, d, max_bytes, any_missing(facts, d), &values);
        if (status != BP_OK)
            break;
        json_t *object = dataset_json(d, &values), *noise = NULL;
        if (!cli->json)
            print_dataset(d, &values);
        if (noise_wanted(cli, d))
            status = bp_info_noise(cli, file, d, threads, &noise);
        if (noise)
            bp_json_set(object, "noise_model", noise);
        bp_json_append(cli->result, "datasets", object);
    }
    if (bszstd)
        bp_cli_note(cli,
                    "warning: %s: bszstd chunks (bitshuffle with zstd) cannot be read with the "
                    "bitshuffle plug-in that Debian 12 packages; use hdf5plugin or the beampress plug-in",
                    file);
    if (status == BP_OK && shown < cli->datasets.count)
        return bp_fail(cli->ctx, BP_E_INPUT, "%s: a dataset that --dataset names is not there", file);
    return status;
}

bp_status bp_cli_info(bp_cli *cli)
{
    const char *file = cli->files.items[0];
    uint64_t max_bytes = DEFAULT_SAMPLE;
    bp_file_facts facts;
    unsigned threads = 0;
    bp_status status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 10, &max_bytes);
    if (status == BP_OK)
        status = bp_cli_threads(cli, &threads);
    if (status != BP_OK)
        return status;
    status = bp_inspect_file(cli->ctx, file, &facts);
    if (status == BP_OK) {
        show_head(cli, file, &facts);
        status = show_datasets(cli, file, &facts, (size_t)max_bytes, threads);
    }
    bp_file_facts_fini(&facts);
    return status == BP_OK ? BP_OK : bp_cli_fail_file(cli, status, file, NULL);
}
