/* SPDX-License-Identifier: BSD-3-Clause
 * A pipeline on a file: checked before any data move, run in bounded memory, written down in the output. */
#ifndef BP_PIPELINE_RUN_H
#define BP_PIPELINE_RUN_H

#include "beampress/file.h"
#include "io/hdf5_reframe.h"
#include "pipeline/input.h"

#define BP_RUN_MEMORY ((size_t)1 << 30) /* bytes in flight, by default */

typedef struct bp_run_options {
    const char *dataset;     /* of the frames; NULL: what the file is obviously about */
    const char *const *drop; /* belongings that may be left out */
    size_t drop_count;
    bool standard; /* registered filters only: decoded values */
    bool overwrite, no_verify;
    unsigned threads;
    size_t memory; /* bytes; 0: BP_RUN_MEMORY */
    bp_progress_function progress;
    void *progress_user;
} bp_run_options;

/* Everything that is known of a run; what a failed one got so far, too. */
typedef struct bp_run {
    const bp_run_options *options;
    const char *input_path;
    bp_pipeline *pipeline;
    char *verdict; /* JSON that the text carries; NULL: none */
    bp_pipeline_input input;
    bp_plan *plan;
    bp_reframe reframe;
    uint64_t *starts, *members; /* of reframe */
    bp_belongings belongings;
    bp_file_report file;
    bp_codec_spec codec; /* what the frames are coded with */
    bool chained;        /* the last stage's work is done, and undone, in the chunks */
    bp_chain chain;
    uint64_t input_hash, output_hash;
    bool output_hashed;
    double max_error;          /* largest change of a value by stages and codec; NAN: not measured */
    size_t memory;             /* bytes that are taken at most, estimated */
    size_t chunk[BP_MAX_RANK]; /* shape of the output's chunks, of reframe.rank axes */
    size_t looked;             /* so many stages have seen frames before any were written */
    bp_blame blame;            /* of a failure, in pipeline text */
} bp_run;

void bp_run_init(bp_run *run, const bp_run_options *options);
void bp_run_fini(bp_run *run);
/* text: a pipeline, or @FILE. The text that was read stands in *read, freed by the caller, in every case. */
BP_MUST_CHECK bp_status bp_run_read_text(bp_context *ctx, const char *text, char **read);
/* Everything that can be known before data move. */
BP_MUST_CHECK bp_status bp_run_check(bp_context *ctx, bp_run *run, const char *text, const char *input);
/* Then, for check: reads flats and a few frames, small inputs whole, to name what would stop a run. */
BP_MUST_CHECK bp_status bp_run_look(bp_context *ctx, bp_run *run);
/* check, then the frames. On failure there is no output. */
BP_MUST_CHECK bp_status bp_run_file(bp_context *ctx, bp_run *run, const char *text, const char *input,
                                    const char *output);

/* How the output's frames are made of the input's, of a plan that was checked or opened (reframe.c). */
BP_MUST_CHECK bp_status bp_run_reframe(bp_context *ctx, bp_run *run);
/* Writes what was done into the output (provenance.c). */
BP_MUST_CHECK bp_status bp_run_write_provenance(bp_context *ctx, const bp_run *run, const char *output);

#endif
