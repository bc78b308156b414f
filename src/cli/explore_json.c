/* SPDX-License-Identifier: BSD-3-Clause
 * explore.json (docs/explore-format.md). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/explore.h"
#include "cli/judge_json.h"
#include "explore/truth.h"
#include "report/json.h"

const char *bp_explore_family(const bp_explore_report *r, size_t family)
{
    const bp_family *f = r->families[family].family;
    return f ? f->name : "given";
}

static const char *confirmation_text(const bp_explore_report *r)
{
    return r->confirmed > 0    ? "confirmed on data that took no part in the choice"
           : r->confirmed == 0 ? "not confirmed on data that took no part in the choice"
                               : "not confirmed: too little data to keep some apart";
}

void bp_explore_sentence(const bp_explore_report *r, char *text, size_t size)
{
    const char *stopped = r->stopped ? " The scan was stopped early: this is the best so far." : "";
    if (r->winner == SIZE_MAX) {
        snprintf(text, size, "No working point leaves the answer alone: keep the data as they are.%s",
                 stopped);
        return;
    }
    const bp_point *p = &r->points[r->winner];
    if (p->identical)
        snprintf(text, size,
                 "Nothing lossy that stores less leaves the answer alone: use lossless `%s`, ratio %.2f.%s",
                 p->pipeline, bp_point_ratio(p), stopped);
    else
        snprintf(text, size,
                 "`%s` stores %.1f times less and the change of every result stays below its budget; %s.%s",
                 p->pipeline, bp_point_ratio(p), confirmation_text(r), stopped);
}

static void set_range(json_t *row, const char *key, const size_t *extents, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer((json_int_t)extents[i]));
    bp_json_set(row, key, list);
}

static json_t *input_json(const bp_cli *cli, const bp_explore_report *r)
{
    json_t *row = json_object();
    char hash[32];
    const size_t shape[3] = {(size_t)r->frames, r->rows, r->columns};
    snprintf(hash, sizeof hash, "%016" PRIx64, r->part.hash);
    bp_json_set_text(row, "file", cli->files.items[0]);
    bp_json_set_text(row, "dataset", r->dataset);
    bp_json_set_text(row, "dtype", bp_dtype_name(r->dtype));
    set_range(row, "shape", shape, 3);
    bp_json_set_count(row, "raw_bytes", r->frames * r->rows * r->columns * bp_dtype_size(r->dtype));
    bp_json_set_text(row, "hash", hash);
    bp_json_set_bool(row, "simulated", r->simulated);
    bp_json_set_text(row, "noise", r->noise.text);
    return row;
}

static json_t *sample_json(const bp_explore_report *r)
{
    json_t *row = json_object();
    const bp_flow *f = &r->part.stack.flow;
    bool rows = strcmp(r->unit, "detector rows") == 0;
    bp_json_set_count(row, "frames", f->frames);
    bp_json_set_text(row, "how", r->how);
    bp_json_set_text(row, "unit", r->unit);
    bp_json_set_count(row, "units", rows ? f->rows : f->frames);
    bp_json_set_count(row, "held_out",
                      !r->held_out.source ? 0
                      : rows              ? r->held_out.stack.flow.rows
                                          : r->held_out.stack.flow.frames);
    bp_json_set_count(row, "raw_bytes", bp_part_bytes(&r->part));
    return row;
}

static json_t *science_json(const bp_explore_report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->answer_count; i++) {
        const bp_answer *a = &r->answers[i];
        json_t *row = json_object();
        char params[1024];
        const char *sigma = NULL;
        for (size_t k = 0; k < a->outcomes.count && !sigma; k++)
            sigma = a->outcomes.items[k].uncertainty;
        bp_param_print(a->technique->params, a->technique->param_count, a->params, params, sizeof params);
        bp_json_set_text(row, "technique", a->technique->name);
        bp_json_set_text(row, "params", params);
        bp_json_set_text(row, "sigma", sigma);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *families_json(const bp_explore_report *r, bool best)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->family_count; i++) {
        const bp_family_result *f = &r->families[i];
        json_t *row = json_object();
        bp_json_set_text(row, best ? "family" : "name", bp_explore_family(r, i));
        if (best) {
            bp_json_set(row, "point", f->best == SIZE_MAX ? json_null() : json_integer((json_int_t)f->best));
            bp_json_set_text(row, "reason", f->best == SIZE_MAX ? f->reason : NULL);
        } else {
            bp_json_set_text(row, "help", f->family ? f->family->help : "pipelines that were given");
            bp_json_set_text(row, "parameter", f->family ? f->family->parameter : NULL);
            bp_json_set_text(row, "unit", f->family ? f->family->unit : NULL);
            bp_json_set_bool(row, "lossless", f->family && !f->family->parameter);
        }
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *quantities_json(const bp_point *p)
{
    json_t *holder = json_object(), *list;
    bp_json_set(holder, "quantities", json_array());
    for (size_t i = 0; i < p->judged_count; i++)
        bp_judged_quantities_json(&p->judged[i], holder, "quantities");
    list = json_object_get(holder, "quantities");
    size_t index;
    json_t *row;
    json_array_foreach(list, index, row)
    {
        /* curves of the reference stand once in the file, those of the tests apart */
        json_object_del(row, "curve");
        json_t *bin = json_object_get(row, "bin"), *block = json_object_get(row, "block");
        double worst = json_is_object(bin) ? fabs(json_number_value(json_object_get(bin, "z"))) : NAN;
        if (json_is_object(block))
            worst = fmax(worst, fabs(json_number_value(json_object_get(block, "z"))));
        json_t *random = json_object_get(row, "random");
        double scatter =
            json_is_object(random) ? json_number_value(json_object_get(random, "z")) : (double)NAN;
        bp_json_set(row, "scatter", json_incref(random));
        bp_json_set_number(row, "systematic", worst);
        bp_json_set_number(row, "random", scatter);
    }
    json_incref(list);
    json_decref(holder);
    return list;
}

static bool is_curve(const bp_outcome *o)
{
    return o->axis && !o->columns && o->sigmas;
}

static json_t *list_of(const double *values, size_t count)
{
    if (!values)
        return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, isfinite(values[i]) ? json_real(values[i]) : json_null());
    return list;
}

static json_t *curves_json(const bp_outcomes *outcomes, json_t *list, bool reference)
{
    for (size_t i = 0; i < outcomes->count; i++) {
        const bp_outcome *o = &outcomes->items[i];
        if (!is_curve(o))
            continue;
        json_t *row = json_object();
        bp_json_set_text(row, "name", o->name);
        bp_json_set(row, "part", o->parts ? json_real(o->part) : json_null());
        bp_json_set(row, "values", list_of(o->values, o->count));
        if (reference) {
            bp_json_set_text(row, "unit", o->unit);
            bp_json_set_text(row, "axis", o->axis);
            bp_json_set(row, "at", list_of(o->at, o->count));
            bp_json_set(row, "sigma", list_of(o->sigmas, o->count));
        }
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *metrics_json(const bp_metrics *m)
{
    json_t *row = json_object();
    bp_json_set_number(row, "psnr_range", m->psnr_range);
    bp_json_set_number(row, "ssim", m->ssim);
    bp_json_set_number(row, "max_abs", m->max_abs);
    bp_json_set_number(row, "rmse", m->rmse);
    return row;
}

static json_t *truth_json(const bp_explore_report *r, const bp_point *p)
{
    json_t *list = json_array();
    for (size_t i = 0; r->truth && i < p->judged_count; i++)
        for (size_t k = 0; k < r->answers[i].outcomes.count; k++) {
            const bp_outcome *o = &r->answers[i].outcomes.items[k];
            const bp_verdict *v = &p->judged[i].verdict;
            const bp_outcome *test = k < v->count ? v->items[k].test : NULL;
            if (!r->truth[i][k] || !test || test->count != o->count)
                continue;
            json_t *row = json_object();
            bp_json_set_text(row, "name", o->name);
            bp_json_set_number(row, "reference", bp_truth_distance(r->truth[i][k], o, o->values));
            bp_json_set_number(row, "test", bp_truth_distance(r->truth[i][k], o, test->values));
            json_array_append_new(list, row);
        }
    return list;
}

static json_t *point_json(const bp_explore_report *r, size_t id)
{
    const bp_point *p = &r->points[id];
    json_t *row = json_object(), *curves = json_array();
    double pixels = (double)p->raw_bytes / (double)bp_dtype_size(r->dtype),
           megabytes = 1e-6 * (double)p->raw_bytes;
    double encode = p->stage_seconds + p->encode_seconds, nothing = NAN;
    bp_json_set_count(row, "id", id);
    bp_json_set_text(row, "family", bp_explore_family(r, p->family));
    bp_json_set_text(row, "pipeline", p->pipeline);
    bp_json_set_number(row, "value", p->value);
    bp_json_set_number(row, "ratio", p->ran ? bp_point_ratio(p) : nothing);
    bp_json_set_number(row, "bpp", p->ran ? 8 * (double)p->stored_bytes / pixels : nothing);
    bp_json_set(row, "stored_bytes", p->ran ? json_integer((json_int_t)p->stored_bytes) : json_null());
    bp_json_set_number(row, "encode_MBps", p->ran && encode > 0 ? megabytes / encode : nothing);
    bp_json_set_number(row, "decode_MBps",
                       p->ran && p->decode_seconds > 0 ? megabytes / p->decode_seconds : nothing);
    bp_json_set_text(row, "verdict", bp_decision_text(p->decision));
    bp_json_set_text(row, "reason", p->reason[0] ? p->reason : NULL);
    bp_json_set_bool(row, "ran", p->ran);
    bp_json_set_bool(row, "identical", p->identical);
    bp_json_set_bool(row, "cached", p->cached);
    bp_json_set(row, "metrics", p->ran ? metrics_json(&p->metrics) : json_object());
    bp_json_set(row, "quantities", quantities_json(p));
    for (size_t i = 0; i < p->judged_count; i++)
        curves_json(&p->judged[i].test, curves, false);
    bp_json_set(row, "curves", curves);
    bp_json_set(row, "truth", truth_json(r, p));
    return row;
}

static void add_band(const bp_band *band, const bp_judgement *j, json_t *list)
{
    json_t *row = json_object();
    double worst = fabs(j->bin.z);
    if (j->block.length)
        worst = fmax(worst, fabs(j->block.z));
    bp_json_set_text(row, "kind", band->kind);
    bp_json_set_text(row, "name", j->reference->name);
    bp_json_set(row, "part", j->reference->parts ? json_real(j->reference->part) : json_null());
    bp_json_set_number(row, "systematic", worst);
    bp_json_set_number(row, "random", j->random.length ? j->random.z : (double)NAN);
    json_array_append_new(list, row);
}

static json_t *band_json(const bp_explore_report *r)
{
    json_t *list = json_array();
    for (size_t b = 0; b < r->band_count; b++)
        for (size_t i = 0; i < r->bands[b].count; i++)
            for (size_t k = 0; k < r->bands[b].judged[i].verdict.count; k++) {
                const bp_judgement *j = &r->bands[b].judged[i].verdict.items[k];
                if (!j->agreement && j->bin.length)
                    add_band(&r->bands[b], j, list);
            }
    return list;
}

/* Each band once: what it is, its metrics, and its curves in the places of those of the reference. */
static json_t *bands_json(const bp_explore_report *r)
{
    json_t *list = json_array();
    for (size_t b = 0; b < r->band_count; b++) {
        const bp_band *band = &r->bands[b];
        json_t *row = json_object(), *curves = json_array();
        bp_json_set_text(row, "kind", band->kind);
        bp_json_set_text(row, "how", band->how);
        bp_json_set(row, "metrics", band->measured ? metrics_json(&band->metrics) : json_null());
        for (size_t i = 0; i < band->count; i++)
            curves_json(&band->judged[i].test, curves, false);
        bp_json_set(row, "curves", curves);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *winner_json(const bp_explore_report *r, const char *sentence)
{
    if (r->winner == SIZE_MAX)
        return json_null();
    json_t *row = json_object();
    bp_json_set_count(row, "point", r->winner);
    if (r->confirmed < 0)
        bp_json_set(row, "confirmed", json_null());
    else
        bp_json_set_bool(row, "confirmed", r->confirmed > 0);
    bp_json_set_text(row, "sentence", sentence);
    bp_json_set_count(row, "tried", r->tried);
    bp_json_set(row, "quantities", quantities_json(&r->confirmation));
    return row;
}

static json_t *cost_json(const bp_explore_report *r)
{
    json_t *row = json_object();
    bp_json_set_number(row, "seconds", r->seconds);
    bp_json_set_number(row, "steps", r->step_seconds);
    bp_json_set_number(row, "processor_seconds", r->processor_seconds);
    bp_json_set_count(row, "analyses", r->analyses);
    bp_json_set_count(row, "cached", r->cached);
    bp_json_set_text(row, "stopped", r->stopped);
    return row;
}

void bp_explore_json(bp_cli *cli, const bp_explore_options *options, const bp_explore_report *r)
{
    json_t *out = cli->result, *budgets = json_object(), *curves = json_array();
    char sentence[1024], command[1024];
    bp_explore_sentence(r, sentence, sizeof sentence);
    snprintf(command, sizeof command, "beampress explore %s --science %s", cli->files.items[0],
             cli->values[OPTION_SCIENCE]);
    bp_json_set_text(out, "format", "beampress explore 1");
    bp_json_set_text(out, "sentence", sentence);
    bp_json_set_text(out, "program", "beampress");
    bp_json_set_text(out, "version", bp_version());
    bp_json_set(out, "libraries", bp_cli_versions());
    bp_json_set_text(out, "command", command);
    bp_json_set(out, "input", input_json(cli, r));
    bp_json_set(out, "sample", sample_json(r));
    bp_json_set(out, "science", science_json(r));
    double systematic = BP_BUDGET_SYSTEMATIC, random = BP_BUDGET_RANDOM;
    for (size_t i = 0; i < options->budgets.count; i++) {
        const bp_budget *b = &options->budgets.items[i];
        systematic = b->name || isnan(b->systematic) ? systematic : b->systematic;
        random = b->name || isnan(b->random) ? random : b->random;
    }
    bp_json_set_number(budgets, "systematic", systematic);
    bp_json_set_number(budgets, "random", random);
    bp_json_set_number(budgets, "confidence", 1 - BP_VERDICT_ALPHA);
    bp_json_set(out, "budgets", budgets);
    bp_json_set(out, "families", families_json(r, false));
    bp_json_set(out, "points", json_array());
    for (size_t i = 0; i < r->point_count; i++)
        bp_json_append(out, "points", point_json(r, i));
    bp_json_set(out, "best", families_json(r, true));
    bp_json_set(out, "winner", winner_json(r, sentence));
    bp_json_set(out, "band", band_json(r));
    bp_json_set(out, "bands", bands_json(r));
    for (size_t i = 0; i < r->answer_count; i++)
        curves_json(&r->answers[i].outcomes, curves, true);
    bp_json_set(out, "curves", curves);
    bp_json_set(out, "previews", bp_explore_previews(r));
    bp_json_set(out, "cost", cost_json(r));
}
