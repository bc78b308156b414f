/* SPDX-License-Identifier: BSD-3-Clause
 * Simulated frames with their truth: what a measurement cannot know stands beside the data, so that codecs,
 * estimators and science can be checked against it. A simulator is one static const descriptor in a file of
 * its own below src/simulate, listed once in src/registry/simulators.def. The same parameters give the same
 * values on every machine. */
#ifndef BEAMPRESS_SIMULATE_H
#define BEAMPRESS_SIMULATE_H

#include "array.h"
#include "context.h"
#include "file.h"
#include "param.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BP_MAX_TRUTHS 12
#define BP_MAX_SIDES  8

/* One thing that is known exactly: a value for each pixel, one number, or an array of its own shape. */
typedef struct bp_truth {
    const char *name, *unit, *help;
    bool map;             /* height x width values; else one, or rows x columns */
    const double *values; /* owned by the simulation */
    size_t rows, columns; /* of an array that is no frame; rows 0: none. columns 0: a list of rows values */
} bp_truth;

/* Numbers that a measurement writes beside its frames, such as an angle for each of them. They stand in
 * /entry/data and, by a second link, where NeXus has them. */
typedef struct bp_simulated_side {
    const char *name, *unit, *help;
    const char *group; /* below /entry: "sample", "instrument/detector" ...; NULL: in /entry/data alone */
    size_t count;
    const double *values; /* owned by the simulation */
    bool whole;           /* written as integers of 32 bits */
    bool map;             /* height x width values, and written so; count is not looked at */
} bp_simulated_side;

struct bp_simulator;

/* A simulator with all its parameters fixed. Filled by its begin. */
typedef struct bp_simulation {
    const struct bp_simulator *simulator;
    double params[BP_MAX_PARAMS];
    bp_dtype dtype;
    size_t frames, height, width;
    double entropy; /* bits per pixel, mean over the frames: no lossless code needs fewer; NAN: not known */
    bp_truth truths[BP_MAX_TRUTHS];
    size_t truth_count;
    const char *definition; /* NeXus application definition, such as "NXtomo"; NULL: none */
    bp_simulated_side sides[BP_MAX_SIDES];
    size_t side_count;
    void *state;
} bp_simulation;

typedef struct bp_simulator {
    const char *name;
    const char *summary; /* one line */
    const char *model;   /* what is simulated: physics and noise, a sentence or two */
    uint16_t version;    /* raised when the same parameters give other values */
    const bp_param *params;
    size_t param_count;

    /* Fills all but simulator and params of *simulation. BP_E_USAGE for combinations that the rows cannot
     * express. */
    bp_status (*begin)(bp_context *ctx, bp_simulation *simulation);
    /* Frame number `index`, height x width values of dtype. On any thread, in any order. */
    bp_status (*frame)(bp_context *ctx, const bp_simulation *simulation, size_t index, void *values);
    /* Frees what begin made, also after begin failed. */
    void (*end)(bp_simulation *simulation);
} bp_simulator;

/* Walks the simulators; NULL past the end. */
BP_API const bp_simulator *bp_simulator_at(size_t index);
/* NULL when there is none of this name. */
BP_API const bp_simulator *bp_simulator_by_name(const char *name);

/* params: one for each of the simulator's rows, checked here. bp_simulation_end in every case. */
BP_API BP_MUST_CHECK bp_status bp_simulation_begin(bp_context *ctx, const bp_simulator *simulator,
                                                   const double *params, bp_simulation *simulation);
BP_API BP_MUST_CHECK bp_status bp_simulation_frame(bp_context *ctx, const bp_simulation *simulation,
                                                   size_t index, void *values);
BP_API void bp_simulation_end(bp_simulation *simulation);

/* Writes the frames as plain NeXus HDF5 with their truth; the word SIMULATED stands in the title and in
 * attributes (docs/simulate.md). Of options: overwrite, threads, memory, progress. The output appears under
 * its name when it is complete. */
BP_API BP_MUST_CHECK bp_status bp_simulation_write(bp_context *ctx, const bp_simulation *simulation,
                                                   const char *output, const bp_file_options *options);

#ifdef __cplusplus
}
#endif
#endif
