/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/info_noise.h"

#include <math.h>
#include <stdio.h>

#include "explore/analyse.h"
#include "report/json.h"

static void show(const bp_outcome *o, bool print, json_t *object)
{
    json_t *row = json_object();
    double sigma = o->sigmas ? *o->sigmas : (double)NAN;
    bp_json_set_number(row, "value", *o->values);
    bp_json_set_number(row, "sigma", sigma);
    bp_json_set_text(row, "unit", o->unit);
    json_object_set_new(object, o->name, row);
    if (!print)
        return;
    if (isnan(*o->values))
        printf("    %s: not known\n", o->name);
    else if (isnan(sigma))
        printf("    %s: %.5g (%s)\n", o->name, *o->values, o->unit);
    else
        printf("    %s: %.5g +- %.2g (%s)\n", o->name, *o->values, sigma, o->unit);
}

bp_status bp_info_noise(bp_cli *cli, const char *file, const bp_dataset_facts *facts, unsigned threads,
                        json_t **found)
{
    bp_analyse_options options = {.dataset = facts->path, .threads = threads};
    bp_analysis analysis;
    bp_context *ctx = bp_context_child(cli->ctx);
    *found = json_null();
    if (!ctx)
        return bp_fail(cli->ctx, BP_E_MEMORY, "no memory");
    bp_status status = bp_analyse(ctx, "noise", file, &options, &analysis);
    if (status == BP_OK) {
        *found = json_object();
        for (size_t i = 0; i < analysis.outcomes.count; i++)
            show(&analysis.outcomes.items[i], !cli->json, *found);
    } else if (status == BP_E_INTERRUPTED || status == BP_E_MEMORY) {
        status = bp_fail(cli->ctx, status, "%s", bp_context_message(ctx));
    } else {
        if (!cli->json)
            printf("    noise model: %s\n", bp_context_message(ctx));
        status = BP_OK;
    }
    bp_analysis_fini(&analysis);
    bp_context_free(ctx);
    return status;
}
