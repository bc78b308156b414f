/* SPDX-License-Identifier: BSD-3-Clause
 * Science: the analysis that a technique runs on its frames. A stack goes in; numbers and curves come out,
 * each with its standard uncertainty and a word on where that came from. A technique is one static const
 * descriptor in a file of its own below src/science, listed once in src/registry/techniques.def. */
#ifndef BEAMPRESS_SCIENCE_H
#define BEAMPRESS_SCIENCE_H

#include <stdint.h>

#include "array.h"
#include "context.h"
#include "param.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a flat detector stands, as pyFAI has it: the beam and the detector's plane, lengths in metres, angles
 * in radians; what is not known is NAN. Axis 1 runs along the rows' numbers, axis 2 along the columns', both
 * from the outer corner of pixel (0, 0). */
typedef struct bp_geometry {
    double distance;         /* from the sample to the plane, along its normal */
    double poni1, poni2;     /* where that normal stands (point of normal incidence) */
    double rot1, rot2, rot3; /* of the detector about the sample: 0 when the beam is that normal */
    double pixel1, pixel2;   /* size of a pixel */
    double wavelength;
} bp_geometry;

/* Frames that an analysis reads, and what the file says beside them. */
typedef struct bp_science_stack {
    size_t rows, columns;
    uint64_t frames;
    bp_dtype dtype;
    bp_dtype marks;   /* unsigned type whose largest value is a mark, where not dtype's own: floats made from
                         such values;   BP_OPAQUE: dtype's */
    unsigned threads; /* that a technique may use; 0: one per core. Results never depend on it */
    const uint8_t
        *excluded; /* a byte per pixel of a frame, not 0 where the detector's mask leaves it out; or NULL */
    const bp_geometry *geometry; /* of the detector; NULL when nothing says it */
    /* Reads frames first ... first + count - 1, C order. */
    bp_status (*read)(bp_context *ctx, void *user, uint64_t first, size_t count, double *values);
    /* Numbers that belong to the frames: "rotation_angle" (degrees), "image_key";
     * "regions" and "static_regions", a label for each pixel; "dark" and "flatfield" (counts, and factor of
     * each pixel). *values is NULL when the file has none; the caller frees it. */
    bp_status (*side)(bp_context *ctx, void *user, const char *name, double **values, size_t *count);
    void *user;
} bp_science_stack;

/* A number, a curve of `count` values, or a map of count / columns rows. */
typedef struct bp_outcome {
    const char *name;        /* static text, all of them */
    const char *unit;        /* "value": that of the pixels; "" for a plain number */
    const char *axis;        /* of a curve: what is along it, with its unit; NULL for a number */
    const char *uncertainty; /* where sigma came from; NULL when it is not known */
    const char
        *parts;  /* what there is one of these for each of, such as "region"; NULL when there is but one */
    double part; /* which of them */
    size_t count;
    size_t columns; /* of a map, such as a reconstructed slice; 0: a number or a curve. A map has an axis
                       (what its pixels are) and neither at nor sigmas */
    double *values, *sigmas,
        *at; /* owned; sigmas NULL when not known, at NULL for a number. NAN: not defined */
    /* Delete-one values for paired comparisons: unit_count x count, values with the independent unit (shot,
     * exposure, time block, block of rows) number u left out stand at without[u * count]. The same units in
     * the same order for all outcomes of a run, and for another run on data of the same shape. NULL: none. */
    size_t unit_count;
    double *without;        /* owned */
    const char *not_judged; /* why it is shown but takes no part in a verdict; NULL: it does */
} bp_outcome;

typedef struct bp_outcomes {
    bp_outcome *items;
    size_t count, room;
} bp_outcomes;

/* Adds a copy. sigmas and at may be NULL. */
BP_API BP_MUST_CHECK bp_status bp_outcomes_add(bp_context *ctx, bp_outcomes *outcomes,
                                               const bp_outcome *outcome);
/* Adds one number; sigma NAN: not known. */
BP_API BP_MUST_CHECK bp_status bp_outcomes_number(bp_context *ctx, bp_outcomes *outcomes, const char *name,
                                                  const char *unit, double value, double sigma,
                                                  const char *uncertainty);
BP_API void bp_outcomes_fini(bp_outcomes *outcomes);
/* NULL when there is none of that name. */
BP_API const bp_outcome *bp_outcomes_find(const bp_outcomes *outcomes, const char *name);

/* Parts of the data that are independent of each other: one to choose a working point on, one to confirm it.
 */
typedef enum bp_divide {
    BP_DIVIDE_FRAMES, /* shots, exposures, slices */
    BP_DIVIDE_TIME,   /* blocks of time */
    BP_DIVIDE_ROWS    /* rows of the detector, all frames of each */
} bp_divide;

typedef struct bp_technique {
    const char *name;
    const char *summary; /* one line */
    const char *source;  /* what defines it, and what it is checked against */
    const bp_param *params;
    size_t param_count;
    bp_divide divide;
    bp_status (*run)(bp_context *ctx, const double *params, const bp_science_stack *stack,
                     bp_outcomes *outcomes);
    /* What only the two together tell of a stack and a changed version of it (peaks found again, overlap of
     * segmentations). Same shape, checked by the caller. NULL: the outcomes of two runs are all there is. */
    bp_status (*compare)(bp_context *ctx, const double *params, const bp_science_stack *reference,
                         const bp_science_stack *test, bp_outcomes *outcomes);
    bool counts; /* it needs photons as they were counted: values must not be scaled */
} bp_technique;

/* Walks the techniques; NULL past the end. */
BP_API const bp_technique *bp_technique_at(size_t index);
/* NULL when there is none of that name. */
BP_API const bp_technique *bp_technique_by_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
