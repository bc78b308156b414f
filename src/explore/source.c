/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/source.h"

#include <stdlib.h>
#include <string.h>

#include "io/poni.h"

static bp_status read_frames(bp_context *ctx, void *user, uint64_t first, size_t count, double *values)
{
    return bp_stack_read(ctx, ((bp_source *)user)->stack, first, count, values);
}

/* Names under which programs keep maps of regions, and of their static partitions. */
static const char *const region_names[] = {"regions", "roi_map", "qmap", "dynamic_roi_map", "dqmap", NULL};
static const char *const static_names[] = {"static_regions", "static_roi_map", "sqmap", NULL};

static bp_status read_first(bp_context *ctx, const bp_source *in, const char *const *names, double **values,
                            size_t *count)
{
    bp_status status = BP_OK;
    for (; *names && status == BP_OK && !*values; names++)
        status = bp_stack_side(ctx, in->stack, *names, values, count);
    return status;
}

static bp_status read_regions(bp_context *ctx, const bp_source *in, double **values, size_t *count)
{
    const char *path = in->options->regions;
    if (!path)
        return read_first(ctx, in, region_names, values, count);
    bp_status status = bp_stack_side(ctx, in->stack, path, values, count);
    return status == BP_OK && !*values ? bp_fail(ctx, BP_E_INPUT, "there is no map of regions %s", path)
                                       : status;
}

static bp_status read_side(bp_context *ctx, void *user, const char *name, double **values, size_t *count)
{
    const bp_source *in = user;
    *values = NULL;
    *count = 0;
    if (strcmp(name, "regions") == 0)
        return read_regions(ctx, in, values, count);
    if (strcmp(name, "static_regions") == 0)
        return read_first(ctx, in, static_names, values, count);
    return bp_stack_side(ctx, in->stack, name, values, count);
}

bp_status bp_source_open(bp_context *ctx, const char *file, const bp_analyse_options *options, bp_source *in)
{
    *in = (bp_source){.file = file, .options = options};
    bp_status status = bp_stack_open(ctx, file, options->dataset, options->threads, &in->stack);
    if (status == BP_OK && !options->no_mask)
        status = bp_stack_mask(ctx, in->stack, &in->mask);
    if (status == BP_OK && options->geometry)
        status = bp_poni_read(ctx, options->geometry, &in->geometry);
    if (status != BP_OK)
        return status;
    const bp_stack_facts *facts = bp_stack_get_facts(in->stack);
    const bp_geometry *stated = facts->has_geometry ? &facts->geometry : NULL;
    in->frames = (bp_science_stack){.rows = facts->rows,
                                    .columns = facts->columns,
                                    .frames = facts->frames,
                                    .dtype = facts->dtype,
                                    .threads = options->threads,
                                    .excluded = in->mask,
                                    .geometry = options->geometry ? &in->geometry : stated,
                                    .read = read_frames,
                                    .side = read_side,
                                    .user = in};
    return BP_OK;
}

void bp_source_close(bp_source *in)
{
    free(in->mask);
    if (in->stack)
        bp_stack_close(in->stack);
}
