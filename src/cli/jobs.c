/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/jobs.h"
#include "io/hdf5_inspect.h"

void bp_jobs_fini(bp_jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        free(jobs->items[i].input);
        free(jobs->items[i].output);
    }
    free(jobs->items);
    memset(jobs, 0, sizeof *jobs);
}

/* Takes output over, also when it fails. */
static bp_status add_job(bp_cli *cli, bp_jobs *jobs, const char *input, char *output)
{
    bp_job *items = realloc(jobs->items, (jobs->count + 1) * sizeof *items);
    if (!items) {
        free(output);
        return bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
    }
    jobs->items = items;
    bp_job *job = &items[jobs->count++];
    *job = (bp_job){strdup(input), output, NULL, 0};
    return job->input && job->output ? BP_OK : bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Points at the suffix (its dot) of a path, or at its end. A dot in front is no suffix. */
static const char *find_suffix(const char *path)
{
    const char *name = last_name(path), *dot = strrchr(name, '.');
    return dot && dot != name ? dot : path + strlen(path);
}

static const char *suffix_for(const bp_job_names *names, const char *input)
{
    const char *suffix = find_suffix(input);
    if (names->suffix)
        return names->suffix;
    return *suffix && bp_file_is_hdf5(input) ? suffix : ".h5";
}

/* scan.h5 -> scan.bp.h5, scan.bp.h5 -> scan.plain.h5, scan.tif -> scan.bp.h5; to be freed */
static char *name_beside(const bp_job_names *names, const char *input)
{
    char *name;
    size_t stem = (size_t)(find_suffix(input) - input);
    if (stem > 3 && strncmp(input + stem - 3, ".bp", 3) == 0 && last_name(input) != input + stem - 3 &&
        strcmp(names->mark, ".bp") != 0)
        stem -= 3;
    const char *mark = names->suffix ? "" : names->mark;
    return asprintf(&name, "%.*s%s%s", (int)stem, input, mark, suffix_for(names, input)) < 0 ? NULL : name;
}

/* folder/relative, with another suffix where the format changes; to be freed */
static char *name_below(const bp_job_names *names, const char *folder, const char *relative,
                        const char *input)
{
    char *name;
    bool keeps = !names->suffix && bp_file_is_hdf5(input);
    int stem = keeps ? (int)strlen(relative) : (int)(find_suffix(relative) - relative);
    const char *suffix = keeps ? "" : suffix_for(names, input);
    return asprintf(&name, "%s/%.*s%s", folder, stem, relative, suffix) < 0 ? NULL : name;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_pattern(const char *path)
{
    struct stat st;
    return path[strcspn(path, "*?[")] && stat(path, &st) != 0;
}

/* The folders of an output below --out-dir. */
static bp_status make_folders(bp_cli *cli, const char *path)
{
    char *copy = strdup(path);
    bp_status status = copy ? BP_OK : bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
    for (char *slash = copy ? strchr(copy + 1, '/') : NULL; slash && status == BP_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            status = bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", copy, strerror(errno));
        *slash = '/';
    }
    free(copy);
    return status;
}

/* One input among several. */
static bp_status add_input(bp_cli *cli, const bp_job_names *names, const char *input, const char *relative,
                           bp_jobs *jobs)
{
    const char *folder = cli->values[OPTION_OUT_DIR];
    if (bp_cli_has(cli, OPTION_REPLACE))
        return add_job(cli, jobs, input, strdup(input));
    return add_job(cli, jobs, input,
                   folder ? name_below(names, folder, relative, input) : name_beside(names, input));
}

/* What lies in a folder and is no input: our temporaries and lock files, and outputs that stand beside their
 * inputs. */
static bool is_leftover(const bp_cli *cli, const bp_job_names *names, const char *name)
{
    size_t length = strlen(name);
    if (name[0] == '.' && length > 4 && strcmp(name + length - 4, ".tmp") == 0)
        return true;
    if (bp_cli_has(cli, OPTION_REPLACE) || bp_cli_has(cli, OPTION_OUT_DIR))
        return false;
    const char *suffix = find_suffix(name);
    size_t mark = strlen(names->mark), stem = (size_t)(suffix - name);
    return stem > mark && strncmp(suffix - mark, names->mark, mark) == 0;
}

static bool is_below(const char *path, const char *folder)
{
    char a[PATH_MAX], b[PATH_MAX];
    if (!folder || !realpath(path, a) || !realpath(folder, b))
        return false;
    size_t length = strlen(b);
    return strncmp(a, b, length) == 0 && (a[length] == '/' || a[length] == 0);
}

static int compare_entries(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bp_status take_entry(bp_cli *cli, const bp_job_names *names, FTS *walk, FTSENT *entry,
                            const char *folder, bp_jobs *jobs)
{
    const char *relative = entry->fts_path + strlen(folder);
    switch (entry->fts_info) {
    case FTS_D:
        /* the outputs of this or an earlier run are no inputs */
        if (entry->fts_level > 0 && is_below(entry->fts_path, cli->values[OPTION_OUT_DIR]))
            fts_set(walk, entry, FTS_SKIP);
        return BP_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return bp_fail(cli->ctx, BP_E_INPUT, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
    case FTS_F:
    case FTS_SL:
        if (is_leftover(cli, names, entry->fts_name) || is_folder(entry->fts_path))
            return BP_OK;
        if (!bp_file_is_data(entry->fts_path)) {
            bp_log(cli->ctx, BP_LOG_INFO, "%s: no data that beampress reads; left out", entry->fts_path);
            return BP_OK;
        }
        return add_input(cli, names, entry->fts_path, relative + strspn(relative, "/"), jobs);
    default:
        return BP_OK;
    }
}

static bp_status walk_folder(bp_cli *cli, const bp_job_names *names, const char *folder, bp_jobs *jobs)
{
    char *roots[] = {(char *)(uintptr_t)folder, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_entries);
    if (!walk)
        return bp_fail(cli->ctx, BP_E_INPUT, "%s: %s", folder, strerror(errno));
    bp_status status = BP_OK;
    for (FTSENT *entry; status == BP_OK && (entry = fts_read(walk)) != NULL;)
        status = take_entry(cli, names, walk, entry, folder, jobs);
    fts_close(walk);
    return status;
}

static bp_status take_inputs(bp_cli *cli, const bp_job_names *names, bp_jobs *jobs)
{
    bp_status status = BP_OK;
    for (size_t i = 0; i < cli->files.count && status == BP_OK; i++) {
        const char *input = cli->files.items[i];
        if (is_pattern(input))
            status =
                bp_fail(cli->ctx, BP_E_USAGE, "%s: a pattern of files needs an output name behind it", input);
        else if (!is_folder(input))
            status = add_input(cli, names, input, last_name(input), jobs);
        else if (bp_cli_has(cli, OPTION_RECURSIVE))
            status = walk_folder(cli, names, input, jobs);
        else
            status =
                bp_fail(cli->ctx, BP_E_USAGE, "%s: is a folder (--recursive goes through folders)", input);
    }
    return status;
}

/* IN [OUT], or several images of one series and OUT. */
static bp_status take_named(bp_cli *cli, const bp_job_names *names, bp_jobs *jobs)
{
    const char *const *files = cli->files.items;
    size_t count = cli->files.count;
    if (is_folder(files[0]))
        return bp_fail(cli->ctx, BP_E_USAGE, "%s: is a folder (--recursive goes through folders)", files[0]);
    if (count == 1 && is_pattern(files[0]))
        return bp_fail(cli->ctx, BP_E_USAGE, "%s: a pattern of files needs an output name behind it",
                       files[0]);
    if (count > 2 && cli->command != &bp_commands[COMMAND_COMPRESS])
        return bp_fail(cli->ctx, BP_E_USAGE, "%s: '%s' is one word too many (--out-dir takes several files)",
                       cli->command->name, files[2]);
    bp_status status =
        add_job(cli, jobs, files[0], count > 1 ? strdup(files[count - 1]) : name_beside(names, files[0]));
    if (status == BP_OK && count > 2) {
        jobs->items[0].series = files + 1;
        jobs->items[0].series_count = count - 2;
    }
    return status;
}

bp_status bp_jobs_make(bp_cli *cli, const bp_job_names *names, bp_jobs *jobs)
{
    bool replace = bp_cli_has(cli, OPTION_REPLACE), below = bp_cli_has(cli, OPTION_OUT_DIR);
    memset(jobs, 0, sizeof *jobs);
    if (replace && below)
        return bp_fail(cli->ctx, BP_E_USAGE, "--replace or --out-dir, not both");
    if (replace && names->suffix)
        return bp_fail(cli->ctx, BP_E_USAGE, "--replace keeps HDF5; it does not go with --to");
    if (!replace && !below && !bp_cli_has(cli, OPTION_RECURSIVE))
        return take_named(cli, names, jobs);
    bp_status status = take_inputs(cli, names, jobs);
    if (status == BP_OK && jobs->count == 0)
        status = bp_fail(cli->ctx, BP_E_INPUT, "%s: no file that beampress reads", cli->files.items[0]);
    for (size_t i = 0; below && status == BP_OK && i < jobs->count; i++)
        status = make_folders(cli, jobs->items[i].output);
    return status;
}

bp_status bp_jobs_options(bp_cli *cli, bp_file_options *options)
{
    uint64_t memory = 0;
    bp_file_options_init(options);
    options->map_input = true; /* main.c catches SIGBUS */
    bp_status status = bp_cli_threads(cli, &options->threads);
    if (status == BP_OK)
        status = bp_cli_bytes(cli, OPTION_MEMORY, 1 << 20, &memory);
    options->memory = (size_t)memory;
    options->no_verify = bp_cli_has(cli, OPTION_NO_VERIFY);
    options->overwrite = bp_cli_has(cli, OPTION_OVERWRITE);
    options->replace = bp_cli_has(cli, OPTION_REPLACE);
    options->follow = bp_cli_has(cli, OPTION_FOLLOW);
    options->keep_links = bp_cli_has(cli, OPTION_KEEP_LINKS);
    if (status == BP_OK && options->replace && options->no_verify)
        status = bp_fail(cli->ctx, BP_E_USAGE, "--replace always verifies; it does not go with --no-verify");
    return status;
}
