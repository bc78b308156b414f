/* SPDX-License-Identifier: BSD-3-Clause
 * beampress simulate: frames whose truth is known. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "report/json.h"
#include "report/progress.h"
#include "report/text.h"

static bp_status find_kind(bp_cli *cli, const bp_simulator **simulator)
{
    const char *name = cli->files.items[0];
    *simulator = bp_simulator_by_name(name);
    if (!*simulator)
        return bp_fail(cli->ctx, BP_E_USAGE, "there is no simulator '%s' (see `beampress list simulate`)",
                       name);
    if (strchr(cli->files.items[1], '='))
        return bp_fail(cli->ctx, BP_E_USAGE,
                       "simulate KIND OUT [KEY=VALUE...]: '%s' stands where OUT is expected",
                       cli->files.items[1]);
    return BP_OK;
}

/* The words behind OUT, each of which may hold several pairs with commas between them. */
static bp_status take_params(bp_cli *cli, const bp_simulator *simulator, double *params)
{
    bp_param_defaults(simulator->params, simulator->param_count, params);
    for (size_t i = 2; i < cli->files.count; i++) {
        bp_status status = bp_param_parse(cli->ctx, simulator->name, simulator->params,
                                          simulator->param_count, cli->files.items[i], params);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static double mean_of(const bp_truth *truth, const bp_simulation *s)
{
    size_t count = truth->map ? s->height * s->width : 1;
    if (truth->rows)
        count = truth->rows * (truth->columns ? truth->columns : 1);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += truth->values[i];
    return sum / (double)count;
}

static void set_params(json_t *object, const bp_simulation *s)
{
    for (size_t i = 0; i < s->simulator->param_count; i++) {
        const bp_param *row = &s->simulator->params[i];
        if (row->kind == BP_PARAM_CHOICE)
            bp_json_set_text(object, row->name, row->choices[(size_t)s->params[i]]);
        else if (row->kind == BP_PARAM_INTEGER)
            bp_json_set_count(object, row->name, (uint64_t)s->params[i]);
        else
            bp_json_set_number(object, row->name, s->params[i]);
    }
}

static void show(bp_cli *cli, const bp_simulation *s, const char *output, double seconds)
{
    const uint64_t shape[3] = {s->frames, s->height, s->width};
    uint64_t raw = shape[0] * shape[1] * shape[2] * bp_dtype_size(s->dtype);
    double ratio = s->entropy > 0 ? 8 * (double)bp_dtype_size(s->dtype) / s->entropy : (double)NAN;
    json_t *params = json_object();
    struct stat st;
    set_params(params, s);
    bp_json_set_text(cli->result, "simulator", s->simulator->name);
    bp_json_set_text(cli->result, "output", output);
    bp_json_set(cli->result, "parameters", params);
    bp_json_set_text(cli->result, "dtype", bp_dtype_name(s->dtype));
    bp_json_set_shape(cli->result, "shape", shape, 3);
    bp_json_set_count(cli->result, "raw_bytes", raw);
    bp_json_set_count(cli->result, "output_bytes", stat(output, &st) == 0 ? (uint64_t)st.st_size : 0);
    bp_json_set_number(cli->result, "seconds", seconds);
    bp_json_set_number(cli->result, "entropy", s->entropy);
    bp_json_set_number(cli->result, "ratio_limit", ratio);
    bp_json_set(cli->result, "truth", json_array());
    for (size_t i = 0; i < s->truth_count; i++) {
        json_t *row = json_object();
        bp_json_set_text(row, "name", s->truths[i].name);
        bp_json_set_text(row, "unit", s->truths[i].unit);
        bp_json_set_bool(row, "map", s->truths[i].map || s->truths[i].columns);
        bp_json_set_number(row, "mean", mean_of(&s->truths[i], s));
        bp_json_append(cli->result, "truth", row);
    }
    if (cli->json || cli->quiet)
        return;
    bp_shape_text text;
    bp_text bytes;
    printf("%s: SIMULATED %s, %s %s, %s, %.2f s\n", output, s->simulator->name, bp_dtype_name(s->dtype),
           bp_text_shape(&text, shape, 3), bp_text_bytes(&bytes, raw), seconds);
    if (!isnan(ratio))
        printf("  entropy: %.4f bits per pixel; no lossless ratio is above %.2f\n", s->entropy, ratio);
}

bp_status bp_cli_simulate(bp_cli *cli)
{
    const bp_simulator *simulator;
    double params[BP_MAX_PARAMS], started = bp_seconds_now();
    bp_file_options options;
    bp_simulation simulation;
    bp_progress progress;
    uint64_t memory = 0;
    bp_file_options_init(&options);
    bp_status status = find_kind(cli, &simulator);
    if (status == BP_OK)
        status = bp_cli_threads(cli, &options.threads);
    if (status == BP_OK)
        status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 20, &memory);
    if (status == BP_OK)
        status = take_params(cli, simulator, params);
    if (status != BP_OK)
        return status;
    bp_progress_init(&progress, stderr, cli->quiet);
    options.memory = (size_t)memory;
    options.overwrite = bp_cli_has(cli, OPTION_OVERWRITE);
    options.progress = bp_progress_show;
    options.progress_user = &progress;
    status = bp_simulation_begin(cli->ctx, simulator, params, &simulation);
    if (status == BP_OK)
        status = bp_simulation_write(cli->ctx, &simulation, cli->files.items[1], &options);
    bp_progress_clear(&progress);
    if (status == BP_OK)
        show(cli, &simulation, cli->files.items[1], bp_seconds_now() - started);
    bp_simulation_end(&simulation);
    return status == BP_OK || status == BP_E_USAGE ? status
                                                   : bp_cli_fail_file(cli, status, cli->files.items[1], NULL);
}
