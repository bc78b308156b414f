/* SPDX-License-Identifier: BSD-3-Clause
 * beampress bench: ratio and speed of codecs on the user's own data. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/bench_peers.h"
#include "io/hdf5_inspect.h"
#include "io/hdf5_sample.h"
#include "report/json.h"
#include "report/progress.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define DEFAULT_SAMPLE ((uint64_t)32 << 20)
#define WORTH_IT       ((uint64_t)16 << 10) /* datasets below this say nothing about speed */

typedef struct bench_run {
    bp_cli *cli;
    bp_chunking chunking;
    size_t chunk_rank, chunk_shape[BP_MAX_RANK];
    bp_bench_plan plan;
    uint64_t sample_bytes;
    bp_codec_spec *specs;
    size_t spec_count;
    bp_bench_rows rows;
    bp_progress progress;
    bp_status worst;
    char problem[1024]; /* the last failure, which is not told yet */
} bench_run;

static bp_status add_spec(bench_run *run, const char *text, int level)
{
    bp_codec_spec spec;
    bp_status status = bp_codec_spec_parse(run->cli->ctx, text, level, &spec);
    if (status != BP_OK)
        return status;
    for (size_t i = 0; i < run->spec_count; i++)
        if (run->specs[i].codec == spec.codec &&
            memcmp(run->specs[i].params, spec.params, sizeof spec.params) == 0)
            return BP_OK; /* two levels of one codec can be the same working point */
    bp_codec_spec *specs = realloc(run->specs, (run->spec_count + 1) * sizeof *specs);
    if (!specs)
        return bp_fail(run->cli->ctx, BP_E_MEMORY, "no memory");
    run->specs = specs;
    run->specs[run->spec_count++] = spec;
    return BP_OK;
}

static bp_status take_specs(bench_run *run)
{
    bp_cli *cli = run->cli;
    int level;
    bp_status status = bp_cli_level(cli, &level);
    for (size_t i = 0; i < cli->codecs.count && status == BP_OK; i++)
        status = add_spec(run, cli->codecs.items[i], level);
    const bp_codec *codec;
    for (size_t i = 0; cli->codecs.count == 0 && status == BP_OK && (codec = bp_codec_at(i)) != NULL; i++)
        for (int l = 0; l < BP_LEVEL_COUNT && status == BP_OK; l++)
            if (level < 0 || l == level)
                status = add_spec(run, codec->name, l);
    return status;
}

static bp_status measure_spec(bench_run *run, const bp_bench_chunks *chunks, const bp_codec_spec *spec,
                              bp_bench_row *row)
{
    char text[512];
    bp_codec_spec_print(spec, text, sizeof text);
    char *colon = strchr(text, ':');
    snprintf(row->codec, sizeof row->codec, "%s", spec->codec->name);
    snprintf(row->params, sizeof row->params, "%s", colon ? colon + 1 : "");
    bp_status status = bp_codec_check(run->cli->ctx, spec, &chunks->chunk);
    row->taken = status == BP_OK;
    if (status == BP_OK) {
        bp_coder coder = bp_bench_codec_coder(spec);
        status = bp_bench_measure(run->cli->ctx, &coder, chunks, &run->plan, &row->result);
    }
    return status;
}

static void show(bench_run *run, const char *what, size_t done)
{
    bp_progress_show(&run->progress, what, done, run->spec_count);
}

/* The others go on; the last failure is told at the end, with the worst exit code of all. Only what stops
 * everything is returned. */
static bp_status go_on(bench_run *run, bp_status status)
{
    if (status == BP_OK || status == BP_E_INTERRUPTED || status == BP_E_MEMORY)
        return status;
    if (*run->problem)
        fprintf(stderr, "beampress: %s\n", run->problem);
    snprintf(run->problem, sizeof run->problem, "%s", bp_context_message(run->cli->ctx));
    if (bp_status_exit_code(status) > bp_status_exit_code(run->worst))
        run->worst = status;
    return BP_OK;
}

static bp_status bench_codecs(bench_run *run, const bp_bench_row *model, const bp_bench_chunks *chunks)
{
    for (size_t i = 0; i < run->spec_count; i++) {
        bp_bench_row row = *model;
        show(run, model->dataset, i);
        bp_status status = measure_spec(run, chunks, &run->specs[i], &row);
        if (status == BP_E_INTERRUPTED)
            return status;
        if (status != BP_OK) {
            snprintf(row.failed, sizeof row.failed, "%s", bp_context_message(run->cli->ctx));
            /* a codec that does not take the type is news only when it was asked for */
            if (row.taken || run->cli->codecs.count)
                (void)go_on(run, bp_fail_in(run->cli->ctx, status, "%s: %s", row.file, row.dataset));
        }
        if (bp_bench_rows_add(&run->rows, &row) != BP_OK)
            return bp_fail(run->cli->ctx, BP_E_MEMORY, "no memory");
    }
    return BP_OK;
}

static bp_status bench_dataset(bench_run *run, const char *file, const char *dataset)
{
    bp_context *ctx = run->cli->ctx;
    bp_sample sample;
    bp_bench_chunks chunks = {.count = 0};
    bp_status status = bp_sample_read(ctx, file, dataset, run->sample_bytes, &sample);
    if (status != BP_OK)
        return status;
    if (bp_array_elements(&sample.array) == 0)
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "there are no values in it");
    if (status == BP_OK)
        status = bp_bench_cut(ctx, &sample.array, run->chunking, run->chunk_rank, run->chunk_shape, &chunks);
    bp_sample_fini(&sample);
    bp_bench_row model = {.file = file,
                          .dataset = dataset,
                          .dtype = chunks.chunk.dtype,
                          .itemsize = chunks.chunk.itemsize,
                          .chunks = chunks.count,
                          .rank = chunks.chunk.rank,
                          .threads = run->plan.threads,
                          .floor_bpp = bp_bench_floor(ctx, file, dataset)};
    for (size_t i = 0; i < model.rank; i++)
        model.chunk[i] = chunks.chunk.shape[i];
    size_t first = run->rows.count;
    if (status == BP_OK)
        status = bench_codecs(run, &model, &chunks);
    if (status == BP_OK && bp_cli_has(run->cli, OPTION_PEERS))
        status = bp_bench_peers(ctx, &model, &chunks, &run->plan, &run->rows);
    bp_bench_chunks_fini(&chunks);
    bp_progress_clear(&run->progress);
    if (status != BP_OK)
        return bp_fail_in(ctx, status, "%s: %s", file, dataset);
    bp_bench_rows_finish(&run->rows, first, run->cli->result);
    if (!run->cli->json && !bp_cli_has(run->cli, OPTION_CSV))
        bp_bench_rows_print(&run->rows, first, stdout);
    return BP_OK;
}

/* A chunk shape that does not go with a dataset is no failure unless the dataset was named. */
static bp_status bench_among(bench_run *run, const char *file, const char *dataset, size_t *skipped)
{
    bp_status status = bench_dataset(run, file, dataset);
    if (status == BP_E_USAGE && skipped) {
        bp_cli_note(run->cli, "left out: %s", bp_context_message(run->cli->ctx));
        ++*skipped;
        return BP_OK;
    }
    return go_on(run, status);
}

static bp_status bench_all(bench_run *run, const char *file)
{
    bp_file_facts facts;
    size_t tried = 0, skipped = 0;
    bp_status status = bp_inspect_file(run->cli->ctx, file, &facts);
    for (size_t i = 0; i < facts.dataset_count && status == BP_OK; i++) {
        const bp_dataset_facts *d = &facts.datasets[i];
        if (d->dtype == BP_OPAQUE || d->rank == 0 || d->raw_bytes < WORTH_IT)
            continue;
        tried++;
        status = bench_among(run, file, d->path, &skipped);
    }
    bp_file_facts_fini(&facts);
    if (status == BP_OK && tried == 0)
        status = bp_fail(run->cli->ctx, BP_E_UNSUPPORTED, "%s: no numeric dataset of 16 KiB or more", file);
    else if (status == BP_OK && tried == skipped)
        status = bp_fail(run->cli->ctx, BP_E_USAGE, "%s: --chunk %s goes with no dataset", file,
                         run->cli->values[OPTION_CHUNK]);
    return go_on(run, status);
}

static bp_status bench_file(bench_run *run, const char *file)
{
    const bp_texts *datasets = &run->cli->datasets;
    bp_status status = BP_OK;
    for (size_t i = 0; i < datasets->count && status == BP_OK; i++)
        status = bench_among(run, file, datasets->items[i], NULL);
    return datasets->count ? status : bench_all(run, file);
}

/* Says which well-known filters of others were not there to be compared with. */
static void tell_skipped(const bench_run *run)
{
    static const char *const known[] = {"bitshuffle", "blosc", "blosc2", "szip", "zstd"};
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        bool there = false;
        for (size_t i = 0; i < run->rows.count; i++) {
            const bp_bench_row *row = &run->rows.items[i];
            there |= row->peer && !*row->failed && strcmp(row->codec, known[k]) == 0;
        }
        if (!there)
            bp_cli_note(run->cli, "SKIP %s: no such HDF5 filter here that takes these data", known[k]);
    }
}

/* Freed memory stays with the process: else a plug-in that asks for new buffers at every call, as HDF5 wants
 * it, is measured by how fast the kernel clears pages. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

bp_status bp_cli_bench(bp_cli *cli)
{
    bench_run run = {.cli = cli,
                     .plan = {.threads = 1,
                              .seconds = bp_cli_has(cli, OPTION_QUICK) ? 0.1 : 1,
                              .whole = !bp_cli_has(cli, OPTION_TIME) && !bp_cli_has(cli, OPTION_QUICK),
                              .common = bp_cli_has(cli, OPTION_QUICK)},
                     .sample_bytes = DEFAULT_SAMPLE,
                     .worst = BP_OK};
    if (cli->json && bp_cli_has(cli, OPTION_CSV))
        return bp_fail(cli->ctx, BP_E_USAGE, "bench: --json or --csv, not both");
    bp_json_set(cli->result, "results", json_array());
    keep_memory();
    bp_status status = take_specs(&run);
    if (status == BP_OK)
        status = bp_cli_threads(cli, &run.plan.threads);
    if (status == BP_OK)
        status = bp_cli_real(cli, OPTION_TIME, &run.plan.seconds);
    if (status == BP_OK)
        status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 10, &run.sample_bytes);
    if (status == BP_OK)
        status = bp_cli_chunking(cli, BP_CHUNKING_FRAME, &run.chunking, &run.chunk_rank, run.chunk_shape);
    bp_progress_init(&run.progress, stderr, cli->quiet);
    for (size_t i = 0; i < cli->files.count && status == BP_OK; i++)
        status = bench_file(&run, cli->files.items[i]);
    if (bp_cli_has(cli, OPTION_PEERS))
        tell_skipped(&run);
    if (bp_cli_has(cli, OPTION_CSV))
        bp_bench_rows_print_csv(&run.rows, stdout);
    bp_bench_rows_fini(&run.rows);
    free(run.specs);
    if (status == BP_OK && run.worst != BP_OK)
        return bp_fail(cli->ctx, run.worst, "%s", run.problem);
    return status;
}
