/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/judge_json.h"

#include <math.h>

#include "report/json.h"

json_t *bp_judged_json(const bp_judged *judged)
{
    json_t *row = json_object();
    char params[1024];
    bp_param_print(judged->answer->technique->params, judged->answer->technique->param_count,
                   judged->answer->params, params, sizeof params);
    bp_json_set_text(row, "technique", judged->answer->technique->name);
    bp_json_set_text(row, "params", params);
    bp_json_set_text(row, "verdict", bp_decision_text(judged->verdict.decision));
    bp_json_set_text(row, "failed", judged->failed[0] ? judged->failed : NULL);
    return row;
}

static json_t *limits_json(const bp_limits *l)
{
    if (l->length == 0)
        return json_null();
    json_t *row = json_object();
    bp_json_set_count(row, "first", l->first);
    bp_json_set_count(row, "length", l->length);
    bp_json_set_number(row, "z", l->z);
    bp_json_set_number(row, "error", l->error);
    bp_json_set_number(row, "lower", l->lower);
    bp_json_set_number(row, "upper", l->upper);
    return row;
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

/* For plots. Maps are pictures and no text. */
static json_t *curve_json(const bp_judgement *j)
{
    const bp_outcome *a = j->reference;
    bool same = j->test && j->test->count == a->count;
    if (!a->axis || a->columns)
        return json_null();
    json_t *row = json_object();
    bp_json_set_text(row, "axis", a->axis);
    bp_json_set(row, "at", list_of(a->at, a->count));
    bp_json_set(row, "reference", list_of(a->values, a->count));
    bp_json_set(row, "test", list_of(same ? j->test->values : NULL, a->count));
    bp_json_set(row, "sigma", list_of(a->sigmas, a->count));
    return row;
}

static json_t *quantity_json(const bp_judged *judged, const bp_judgement *j)
{
    json_t *row = json_object();
    const bp_outcome *a = j->reference;
    bool told = a->count == 1 || j->bin.length > 0;
    size_t bin = j->bin.first;
    double before = told ? a->values[bin] : (double)NAN;
    double after = told && j->test && j->test->count == a->count ? j->test->values[bin] : (double)NAN;
    bp_json_set_text(row, "technique", judged->answer->technique->name);
    bp_json_set_text(row, "name", a->name);
    bp_json_set_text(row, "unit", a->unit);
    if (a->parts)
        bp_json_set_number(row, a->parts, a->part);
    bp_json_set_number(row, "reference", before);
    bp_json_set_number(row, "test", after);
    bp_json_set_number(row, "difference", after - before);
    bp_json_set_number(row, "sigma", told && a->sigmas ? a->sigmas[bin] : (double)NAN);
    bp_json_set_number(row, "z", j->bin.length ? j->bin.z : (double)NAN);
    bp_json_set_number(row, "budget", j->budget);
    bp_json_set_number(row, "random_budget", j->random_budget);
    if (j->decision == BP_NOT_JUDGED)
        bp_json_set(row, "pass", json_null());
    else
        bp_json_set_bool(row, "pass", j->decision == BP_PASS);
    bp_json_set_text(row, "verdict", bp_decision_text(j->decision));
    bp_json_set_text(row, "reason", judged->failed[0] && !j->test ? judged->failed : j->reason);
    bp_json_set_bool(row, "agreement", j->agreement);
    bp_json_set_text(row, "uncertainty", a->uncertainty);
    bp_json_set_count(row, "units", j->units);
    bp_json_set_count(row, "bins", j->bins);
    bp_json_set_count(row, "blocks", j->blocks);
    bp_json_set(row, "bin", limits_json(&j->bin));
    bp_json_set(row, "block", limits_json(&j->block));
    bp_json_set(row, "random", limits_json(&j->random));
    bp_json_set(row, "curve", curve_json(j));
    return row;
}

void bp_judged_quantities_json(const bp_judged *judged, json_t *object, const char *key)
{
    for (size_t i = 0; i < judged->verdict.count; i++)
        bp_json_append(object, key, quantity_json(judged, &judged->verdict.items[i]));
}
