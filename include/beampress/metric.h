/* SPDX-License-Identifier: BSD-3-Clause
 * Metrics: what two stacks of frames, a reference and a test, have to do with each other. A metric is one
 * static const descriptor in a file of its own below src/metric, listed once in src/registry/metrics.def; it
 * gives one or more named quantities.
 *
 * Pixels that are masked, or not finite in either stack, take no part. Sums run in a fixed order: over the
 * pixels of a frame, then over frames, so the result never depends on threads. What is not defined (the
 * correlation of a constant image, SSIM of a frame smaller than its window) is NAN, never a number. */
#ifndef BEAMPRESS_METRIC_H
#define BEAMPRESS_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "array.h"
#include "context.h"
#include "param.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bp_better { BP_BETTER_LOWER, BP_BETTER_HIGHER, BP_BETTER_ZERO, BP_BETTER_NEITHER } bp_better;

/* One named number, or one curve, of a metric. */
typedef struct bp_quantity {
    const char *name;
    const char *unit; /* "value": that of the pixels; "" for a plain number */
    bp_better better; /* what a test that is close to the reference has */
    const char *help;
    const char *axis; /* of a curve: what its index counts; NULL for a number */
} bp_quantity;

/* What is known of both stacks before the metrics look at them. */
typedef struct bp_survey {
    size_t rows, columns;
    uint64_t frames;
    uint64_t used, masked;                      /* pixels; used are finite in both stacks and not masked */
    uint64_t reference_nan, reference_infinite; /* among the pixels that are not masked */
    uint64_t test_nan, test_infinite;
    double reference_min, reference_max; /* of the used pixels; NAN without any */
    double test_min, test_max;
    bp_dtype dtype;     /* of the reference */
    bool whole_numbers; /* both are of integer types */
} bp_survey;

/* A frame, or some of its rows. */
typedef struct bp_metric_frame {
    size_t rows, columns;
    const double *reference, *test; /* 0 where a pixel takes no part */
    const uint8_t *excluded;        /* a byte per pixel, not 0 where it takes no part; NULL: all do */
    size_t stride;                  /* values from one row to the next: columns for a whole frame */
    size_t above;   /* rows of the frame that stand before the first, came earlier and do not count again */
    uint64_t index; /* of the frame among those of the survey */
} bp_metric_frame;

/* As many rows, or all, are kept above. */
#define BP_METRIC_ABOVE 10

typedef struct bp_metric {
    const char *name;
    const char *summary; /* one line */
    const char *source;  /* paper or program that defines it */
    const bp_quantity *quantities;
    size_t quantity_count;
    const bp_param *params;
    size_t param_count;
    /* Values of a quantity, at least 1; NULL when all are numbers. */
    size_t (*value_count)(const double *params, const bp_survey *survey, size_t quantity);
    /* A state that has seen nothing. */
    bp_status (*begin)(bp_context *ctx, const double *params, const bp_survey *survey, void **state);
    /* May a frame come in pieces, rows after rows? NULL: no, it comes whole. */
    bool (*by_rows)(const bp_survey *survey);
    /* Takes one frame, or some of its rows, in; at most one frame goes into a state. */
    bp_status (*add)(bp_context *ctx, void *state, const bp_metric_frame *frame);
    /* Takes in what `later`, a state of the same survey, has seen behind it. */
    bp_status (*merge)(bp_context *ctx, void *state, const void *later);
    /* All values of all quantities, one quantity after the other; NAN where there is none. */
    bp_status (*finish)(bp_context *ctx, const void *state, double *values);
    void (*end)(void *state);
} bp_metric;

/* Walks the metrics; NULL past the end. */
BP_API const bp_metric *bp_metric_at(size_t index);
/* NULL when there is none of that name. */
BP_API const bp_metric *bp_metric_by_name(const char *name);
/* Values of all quantities together. */
BP_API size_t bp_metric_value_total(const bp_metric *metric, const double *params, const bp_survey *survey);

/* Begins a survey of frames of one size. */
BP_API void bp_survey_init(bp_survey *survey, size_t rows, size_t columns, bp_dtype dtype);
/* Takes one frame in. excluded: a byte per pixel, not 0 where the mask excludes it, or NULL. label: a value
 * of the reference that is a mark, which counts as masked and in *labels, or NULL. out (not excluded): gets a
 * byte per pixel, not 0 where the pixel takes no part. */
BP_API void bp_survey_add(bp_survey *survey, const double *reference, const double *test,
                          const uint8_t *excluded, const double *label, uint64_t *labels, uint8_t *out);
/* Takes in what another survey of frames of the same size has seen. */
BP_API void bp_survey_merge(bp_survey *survey, const bp_survey *more);

#ifdef __cplusplus
}
#endif
#endif
