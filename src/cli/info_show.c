/* SPDX-License-Identifier: BSD-3-Clause
 * How info shows what it found in the values. */
#include <math.h>

#include "cli/info_values.h"
#include "report/json.h"
#include "report/text.h"

static json_t *summary_json(const bp_info_values *values)
{
    const bp_statistics_summary *s = &values->summary;
    json_t *object = json_object();
    bp_json_set_bool(object, "complete", values->complete);
    bp_json_set_count(object, "frames", values->frames);
    bp_json_set_count(object, "values", s->values);
    bp_json_set_count(object, "masked", s->masked);
    bp_json_set_count(object, "nonfinite", s->nonfinite);
    bp_json_set(object, "labels", json_array());
    for (size_t i = 0; i < s->labels.count; i++) {
        json_t *label = json_object();
        bp_json_set_number(label, "value", s->labels.values[i]);
        bp_json_set_count(label, "count", s->label_counts[i]);
        bp_json_append(object, "labels", label);
    }
    bp_json_set_count(object, "measured", s->measured);
    bp_json_set_count(object, "zeros", s->zeros);
    bp_json_set_count(object, "unique", s->unique);
    bp_json_set_bool(object, "unique_complete", s->unique_complete);
    bp_json_set_number(object, "entropy", s->entropy);
    bp_json_set_number(object, "min", s->min);
    bp_json_set_number(object, "max", s->max);
    bp_json_set_number(object, "mean", s->mean);
    bp_json_set_number(object, "deviation", s->deviation);
    return object;
}

static json_t *noise_json(const bp_noise_estimate *noise)
{
    json_t *object = json_object();
    bp_json_set_number(object, "gain", noise->gain_known ? noise->gain : (double)NAN);
    bp_json_set_number(object, "noise", noise->noise_known ? noise->noise : (double)NAN);
    bp_json_set_text(object, "method", noise->method);
    bp_json_set_text(object, "why_not", noise->why_not);
    bp_json_set_number(object, "offset", noise->offset);
    return object;
}

json_t *bp_info_values_json(const bp_info_values *values)
{
    json_t *object = json_object(), *limit = json_object();
    bp_json_set(object, "statistics", values->known ? summary_json(values) : json_null());
    bp_json_set(object, "noise", values->noise_tried ? noise_json(&values->noise) : json_null());
    bp_json_set_number(limit, "bpp", values->limit_bpp);
    bp_json_set_number(limit, "ratio", values->limit_ratio);
    bp_json_set_bool(limit, "gain_assumed", values->gain_assumed);
    if (values->limit_known)
        bp_json_set(object, "poisson_limit", limit);
    else {
        bp_json_set(object, "poisson_limit", json_null());
        json_decref(limit);
    }
    bp_json_set_text(object, "problem", *values->problem ? values->problem : NULL);
    return object;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100 * (double)part / (double)whole : 0;
}

static void print_noise(const bp_noise_estimate *noise, FILE *stream)
{
    if (noise->why_not) {
        fprintf(stream, "    gain and noise: not estimated (%s)\n", noise->why_not);
        return;
    }
    fprintf(stream, "    gain: %.4g per count (from %s)\n", noise->gain, noise->method);
    if (noise->noise_known)
        fprintf(stream, "    noise: %.4g at zero signal\n", noise->noise);
    else
        fprintf(stream, "    noise: not estimated (an offset of about %.4g hides it)\n", noise->offset);
}

static void print_labels(const bp_statistics_summary *s, FILE *stream)
{
    if (s->masked + s->nonfinite + s->labels.count == 0)
        return;
    fprintf(stream, "    labels, not counted below:");
    for (size_t i = 0; i < s->labels.count; i++)
        fprintf(stream, " %.0f: %llu (%.3g %%)", s->labels.values[i], (unsigned long long)s->label_counts[i],
                percent(s->label_counts[i], s->values));
    if (s->masked)
        fprintf(stream, " masked: %llu (%.3g %%)", (unsigned long long)s->masked,
                percent(s->masked, s->values));
    if (s->nonfinite)
        fprintf(stream, " NaN or infinite: %llu (%.3g %%)", (unsigned long long)s->nonfinite,
                percent(s->nonfinite, s->values));
    fputc('\n', stream);
}

void bp_info_values_print(const bp_info_values *values, const bp_dataset_facts *facts, FILE *stream)
{
    const bp_statistics_summary *s = &values->summary;
    if (*values->problem)
        fprintf(stream, "    the values cannot be read: %s\n", values->problem);
    if (!values->known || s->values == 0)
        return;
    if (values->complete)
        fprintf(stream, "    values: %llu, all of them\n", (unsigned long long)s->values);
    else
        fprintf(stream, "    values: a sample of %llu in %zu frames\n", (unsigned long long)s->values,
                values->frames);
    print_labels(s, stream);
    if (s->measured == 0)
        return;
    fprintf(stream, "    range: %.9g ... %.9g, mean %.6g, standard deviation %.6g\n", s->min, s->max, s->mean,
            s->deviation);
    fprintf(stream, "    zeros: %.4g %%, unique values: %s%llu\n", percent(s->zeros, s->measured),
            s->unique_complete ? "" : "more than ", (unsigned long long)s->unique);
    if (s->unique_complete)
        fprintf(stream, "    entropy: %.3f bits per value of order 0%s", s->entropy,
                s->entropy > 0 ? "" : "\n");
    if (s->unique_complete && s->entropy > 0)
        fprintf(stream, ", ratio %.2f\n", 8 * (double)facts->itemsize / s->entropy);
    if (values->noise_tried)
        print_noise(&values->noise, stream);
    if (values->limit_known && values->limit_bpp > 0)
        fprintf(stream, "    Poisson limit of lossless ratio: %.2f (%.3f bits per pixel)%s\n",
                values->limit_ratio, values->limit_bpp,
                values->gain_assumed ? ", if a step of 1 is one count" : "");
    else if (values->noise_tried)
        fprintf(stream, "    Poisson limit of lossless ratio: not known\n");
}
