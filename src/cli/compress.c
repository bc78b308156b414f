/* SPDX-License-Identifier: BSD-3-Clause
 * beampress compress. */
#include <string.h>

#include "cli/jobs.h"
#include "io/hdf5_inspect.h"

static bool has_levels(const bp_codec *codec)
{
    for (size_t i = 0; i < BP_LEVEL_COUNT; i++)
        if (codec->levels[i])
            return true;
    return false;
}

/* spec->codec stays NULL for the default codec. */
static bp_status take_codec(bp_cli *cli, bp_codec_spec *spec, bp_file_options *options)
{
    int level;
    bp_status status = bp_cli_level(cli, &level);
    if (status == BP_OK && cli->codecs.count > 1)
        status = bp_fail(cli->ctx, BP_E_USAGE, "compress takes one --codec");
    options->automatic = cli->codecs.count == 1 && strcmp(cli->codecs.items[0], "auto") == 0;
    if (status == BP_OK && cli->codecs.count && !options->automatic) {
        status = bp_codec_spec_parse(cli->ctx, cli->codecs.items[0], level, spec);
        options->spec = status == BP_OK ? spec : NULL;
    }
    if (status == BP_OK && level >= 0 && spec->codec && !has_levels(spec->codec))
        bp_cli_note(cli, "codec %s has one level only; --level changes nothing", spec->codec->name);
    options->default_level = level + 1;
    return status;
}

static bp_status take_auto(bp_cli *cli, bp_file_options *options)
{
    static const char *const words[] = {"frame", "sequential", "sinogram"};
    const char *access = cli->values[OPTION_ACCESS];
    if (!options->automatic && (access || bp_cli_has(cli, OPTION_BUDGET)))
        return bp_fail(cli->ctx, BP_E_USAGE, "--access and --budget go with --codec auto");
    if (access && bp_cli_has(cli, OPTION_CHUNK))
        return bp_fail(cli->ctx, BP_E_USAGE, "--access or --chunk, not both");
    bp_status status = bp_cli_real(cli, OPTION_BUDGET, &options->budget);
    if (status != BP_OK || !access)
        return status;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], access) == 0) {
            options->access = (bp_access)i;
            return BP_OK;
        }
    return bp_fail(cli->ctx, BP_E_USAGE, "--access %s: frame, sequential or sinogram is expected", access);
}

static bp_status take_raw(bp_cli *cli, bp_file_options *options)
{
    bool shape = bp_cli_has(cli, OPTION_SHAPE), dtype = bp_cli_has(cli, OPTION_DTYPE);
    if (shape != dtype)
        return bp_fail(cli->ctx, BP_E_USAGE, "--shape and --dtype go together");
    if (!shape) {
        if (bp_cli_has(cli, OPTION_OFFSET) || bp_cli_has(cli, OPTION_BIG_ENDIAN))
            return bp_fail(cli->ctx, BP_E_USAGE, "--offset and --big-endian need --shape and --dtype");
        return BP_OK;
    }
    if (bp_dtype_parse(cli->values[OPTION_DTYPE], &options->raw_dtype) != BP_OK ||
        options->raw_dtype == BP_OPAQUE)
        return bp_fail(cli->ctx, BP_E_USAGE, "--dtype %s: %s is expected", cli->values[OPTION_DTYPE],
                       "uint8 ... uint64, int8 ... int64, float16, float32 or float64");
    bp_status status = bp_cli_shape(cli, OPTION_SHAPE, &options->raw_rank, options->raw_shape);
    if (status == BP_OK)
        status = bp_cli_number(cli, OPTION_OFFSET, 0, INT64_MAX, &options->raw_offset);
    options->raw_big_endian = bp_cli_has(cli, OPTION_BIG_ENDIAN);
    return status;
}

static bp_status take_options(bp_cli *cli, bp_codec_spec *spec, bp_file_options *options)
{
    bool standard = bp_cli_has(cli, OPTION_STANDARD), own = bp_cli_has(cli, OPTION_OWN);
    bp_status status = bp_jobs_options(cli, options);
    if (status == BP_OK && standard && own)
        status = bp_fail(cli->ctx, BP_E_USAGE, "--standard or --own, not both");
    if (status == BP_OK)
        status = take_codec(cli, spec, options);
    if (status == BP_OK)
        status = take_auto(cli, options);
    if (status == BP_OK)
        status = bp_cli_chunking(cli, BP_CHUNKING_KEEP, &options->chunking, &options->chunk_rank,
                                 options->chunk_shape);
    if (status == BP_OK)
        status = take_raw(cli, options);
    options->format = standard ? BP_FORMAT_STANDARD : own ? BP_FORMAT_OWN : BP_FORMAT_ANY;
    options->datasets = cli->datasets.count ? cli->datasets.items : NULL;
    options->dataset_count = cli->datasets.count;
    options->no_fletcher32 = bp_cli_has(cli, OPTION_NO_FLETCHER32);
    options->again = bp_cli_has(cli, OPTION_AGAIN);
    for (size_t i = 0; i < cli->datasets.count && status == BP_OK; i++)
        if (cli->datasets.items[i][0] != '/')
            status = bp_fail(cli->ctx, BP_E_USAGE, "--dataset %s: the path must start with /",
                             cli->datasets.items[i]);
    return status;
}

static bp_status compress_one(bp_cli *cli, const bp_job *job, const bp_file_options *options,
                              bp_file_report *report)
{
    return bp_compress_file(cli->ctx, job->input, job->output, options, report);
}

/* How others open what was written, and who cannot. */
static void tell_readers(const bp_cli *cli, const bp_jobs *jobs)
{
    bool own = false, bszstd = false, standard = false;
    const char *example = NULL;
    for (size_t i = 0; i < jobs->count && !(own && bszstd && standard); i++) {
        bp_file_facts facts;
        if (bp_inspect_file(NULL, jobs->items[i].output, &facts) == BP_OK) {
            for (size_t k = 0; k < facts.dataset_count; k++) {
                const bp_dataset_facts *d = &facts.datasets[k];
                own |= d->own;
                bszstd |= d->bszstd;
                standard |= !d->own && strcmp(d->filters, "none") != 0;
            }
            example = example ? example : jobs->items[i].output;
        }
        bp_file_facts_fini(&facts);
    }
    if (bszstd)
        bp_cli_note(cli, "warning: the bitshuffle plug-in that Debian 12 packages cannot read bszstd (h5py "
                         "crashes, h5dump prints garbage); readers need hdf5plugin or the beampress plug-in");
    if (own)
        bp_cli_note(cli,
                    "others read it with the beampress plug-in for HDF5 (`make install`, or its folder in "
                    "HDF5_PLUGIN_PATH; `beampress doctor` checks); --standard needs no plug-in of ours");
    else if (standard)
        bp_cli_note(cli,
                    "read it with h5py and hdf5plugin: python3 -c \"import hdf5plugin, h5py; "
                    "h5py.File('%s')\"",
                    example);
}

bp_status bp_cli_compress(bp_cli *cli)
{
    static const bp_job_names names = {".bp", NULL};
    bp_file_options options;
    bp_codec_spec spec = {.codec = NULL};
    bp_jobs jobs = {NULL, 0};
    bp_status status = take_options(cli, &spec, &options);
    if (status == BP_OK)
        status = bp_jobs_make(cli, &names, &jobs);
    if (status == BP_OK)
        status = bp_jobs_run(cli, &jobs, &options, compress_one);
    if (status == BP_OK && !cli->quiet)
        tell_readers(cli, &jobs);
    bp_jobs_fini(&jobs);
    return status;
}
