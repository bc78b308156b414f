/* SPDX-License-Identifier: BSD-3-Clause
 * Stages of a pipeline: stack of frames -> stack of frames. A stage is one static const descriptor in a file
 * of its own below src/stage, listed once in src/registry/stages.def (docs/adding-a-stage.md).
 *
 * Frames travel as typed values, C order, machine byte order. A pixel that is a label (gap, dead, saturated,
 * not finite) has its mark in the frame's labels; its value is no measurement, no stage averages it or
 * predicts from it, and what a stage writes there is replaced afterwards by the label's value. */
#ifndef BEAMPRESS_STAGE_H
#define BEAMPRESS_STAGE_H

#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "context.h"
#include "param.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what a pixel can be instead of a measurement; a byte per pixel ---- */
enum {
    BP_LABEL_NONE = 0,
    BP_LABEL_GAP = 1,        /* between modules, or excluded by the mask */
    BP_LABEL_DEAD = 2,       /* or hot, noisy: a pixel that does not work */
    BP_LABEL_SATURATED = 3,  /* counts, but too many to be told */
    BP_LABEL_NOT_FINITE = 4, /* NaN or infinite */
    BP_LABEL_COUNT
};

/* ---- frames ---- */
typedef struct bp_frame {
    bp_dtype dtype;
    size_t rows, columns;
    uint64_t index; /* of the frame among those that this stage gets (in) or gives (out) */
    uint8_t key;    /* image_key: 0 projection, 1 flat, 2 dark, 3 invalid; 0 when the file has none */
    void *values;   /* rows * columns */
    /* A byte per pixel, NULL when no pixel is a label. Of `out`: set by the engine to those of `in` when the
     * stage keeps the shape; otherwise the stage fills label_room and points labels there. */
    const uint8_t *labels;
    uint8_t *label_room; /* of out: rows * columns bytes */
} bp_frame;

/* ---- values of parameters as the pipeline text gives them ---- */
typedef enum bp_compare {
    BP_COMPARE_EQUAL,
    BP_COMPARE_AT_LEAST,
    BP_COMPARE_AT_MOST,
    BP_COMPARE_ABOVE,
    BP_COMPARE_BELOW
} bp_compare;

typedef struct bp_value {
    double number;      /* integer, real, comparison; place in choices; switch 0 or 1; NAN: not given, no
                           default */
    size_t unit;        /* BP_PARAM_REAL with choices: which of them stood behind the number */
    bp_compare compare; /* BP_PARAM_COMPARISON */
    const char *text;   /* BP_PARAM_TEXT; "" when not given. Owned by the pipeline */
    bool given;         /* stands in the pipeline text, and is not what the default is */
    size_t at, length;  /* where */
} bp_value;

/* ---- how frames of the output are made of those of the input: belongings follow it ---- */
typedef enum bp_axes {
    BP_AXES_FRAMES,    /* frame, row, column stay what they are */
    BP_AXES_SINOGRAMS, /* out frame = detector row, out row = in frame: frames and rows change places */
    BP_AXES_OTHER      /* out frames are something else (slices): nothing of the frames or pixels fits them */
} bp_axes;

typedef struct bp_carry {
    bp_axes axes;
    /* Out pixel (r, c) covers row_step x column_step in-pixels from (row + r * row_step, ...) on. */
    size_t row, column, row_step, column_step;
    bool pixels_sum; /* values of the covered pixels are added (else averaged) */
    /* Out frame k covers in frames k * group ... k * group + group - 1. */
    size_t group;
    bool frames_sum;
    /* Belongings that are used up: they describe the frames no more ("flat", "dark", "gain", "pedestal"),
     * names separated by blanks; NULL: none. Flat and dark frames are dropped by `keep`. */
    const char *used;
} bp_carry;

/* ---- what is known of the frames before and behind a stage ---- */
typedef enum bp_loss { BP_LOSS_NONE, BP_LOSS_BOUNDED, BP_LOSS_UNBOUNDED } bp_loss;

typedef struct bp_flow {
    bp_dtype dtype;
    size_t rows, columns;
    uint64_t frames; /* when frames may be dropped: at most so many */
    bool frames_known;
    bool keyed;                  /* the frames have an image_key */
    bool time_ordered;           /* frame k + 1 was taken after frame k */
    const uint8_t *mask;         /* labels that hold in every frame, rows * columns; NULL: none */
    bool labelled;               /* frames may have labels (mask, marks of the type, not finite) */
    double mark[BP_LABEL_COUNT]; /* value that stands for a label where its own value does not fit the type */
    double saturation;           /* values above are not valid; NAN: not known */
    /* variance = read_noise^2 + gain * (value - offset), in the units of the values; NAN: not known */
    double gain, read_noise, offset;
    char unit[24];         /* of the values: "counts", "ADU", "photons", "" when not known */
    double pixel_size[2];  /* of rows (y), columns (x), metres; NAN */
    double beam_centre[2]; /* y, x in pixels; NAN */
    double count_time;     /* s; NAN when not known or not the same for all frames */
    double angle_step;     /* degrees from frame to frame; NAN */
    bp_carry carry;        /* of out only: how it is made of in. Preset: nothing moves */
    /* of all that was done up to here */
    bp_loss loss;
    double bound;       /* largest absolute error; 0 lossless; INFINITY: none */
    double step;        /* quantisation step in sigma; NAN: none in sigma */
    double variance;    /* added variance as a fraction of sigma^2; NAN when not known */
    double scale, zero; /* values * scale + zero is what codes stand for; scale 0: values are values */
    char law[160];      /* in words: "uniform in 2 sqrt(x/g + ...), step 0.5 sigma"; "" */
} bp_flow;

typedef enum bp_scope {
    BP_SCOPE_FRAME,  /* one frame in, the frame out */
    BP_SCOPE_WINDOW, /* `before` and `after` frames around it, or the `group` frames that become one */
    BP_SCOPE_STACK   /* each out frame from any part of the input (sinograms, slices) */
} bp_scope;

/* bits of bp_stage.traits */
enum {
    BP_STAGE_EXACT = 1,    /* never loses what it keeps (crop, veto, order): loss stays as it was */
    BP_STAGE_DROPS = 2,    /* has keep() */
    BP_STAGE_ALL_KEYS = 4, /* treats flats and darks like projections; otherwise these pass untouched */
    BP_STAGE_LAST = 8,     /* stands directly before the codec: what follows would see codes */
    BP_STAGE_ONCE = 16     /* makes no sense twice in a pipeline */
};

/* The input of a stage, read at any place. Safe from any thread where the stage's scope is STACK; in begin()
 * from the calling thread. */
typedef struct bp_frames_in {
    /* Frames first ... first + count - 1 with rows row ... row + rows - 1, values one frame behind the other.
     * labels: NULL, or count * rows * columns bytes. */
    bp_status (*read)(bp_context *ctx, const struct bp_frames_in *in, uint64_t first, size_t count,
                      size_t row, size_t rows, void *values, uint8_t *labels);
    /* Whole frames of ascending number, made on all threads. In begin() only. */
    bp_status (*several)(bp_context *ctx, const struct bp_frames_in *in, const uint64_t *indices,
                         size_t count, void *values, uint8_t *labels);
    uint64_t frames;     /* how many there are */
    uint64_t sample;     /* so many may be read to see whether values make sense */
    const uint8_t *keys; /* image_key of each; NULL: all are 0 */
    void *user;
} bp_frames_in;

#define BP_MAX_RESOLVED 32
typedef struct bp_resolved {
    const char *name, *unit; /* static text */
    double number;           /* NAN when it is a text */
    char text[96];
} bp_resolved;

typedef struct bp_stage bp_stage;
typedef struct bp_beside bp_beside;

/* A stage in one pipeline on one input. */
typedef struct bp_stage_run {
    const bp_stage *stage;
    bp_value values[BP_MAX_PARAMS]; /* one for each of the stage's rows */
    size_t at, length;              /* of the stage's name in the text */
    bp_flow in, out;
    size_t before, after; /* WINDOW: frames around, set by check */
    bool marks_only;      /* DROPS: set by check; keep() decides what is written down, and all frames stay */
    bool by_number;       /* DROPS: set by check; keep() looks at index and key of a frame, not at values */
    const bp_beside *beside;
    int blame; /* parameter that a failure of check is about; -1: the stage itself */
    unsigned threads;
    void *state; /* made by begin, read-only in frame() */
    bp_resolved resolved[BP_MAX_RESOLVED];
    size_t resolved_count;
} bp_stage_run;

/* Return bp_stage_fail(ctx, run, P_STEP, BP_E_USAGE, "...") from check or begin: the message points at the
 * word. param -1: the stage's name. */
BP_API bp_status bp_stage_fail(bp_context *ctx, bp_stage_run *run, int param, bp_status status,
                               const char *format, ...) BP_PRINTF(5, 6);
/* What a parameter became, for the provenance: begin states everything that was estimated, read or chosen. */
BP_API void bp_stage_resolved(bp_stage_run *run, const char *name, const char *unit, double number);
BP_API void bp_stage_resolved_text(bp_stage_run *run, const char *name, const char *text);

/* ---- what stands beside the frames: maps, tables, other files ---- */
struct bp_beside {
    /* Reads an array of numbers as doubles. name: "mask", "flat", "dark", "rotation_angle", "image_key"...
     * are looked for beside the frames; "/path" stands in the input file; "FILE:/path" in another. shape has
     * room for BP_MAX_RANK. *values NULL and BP_OK when the input has none under a plain name; BP_E_INPUT
     * when a path that was asked for cannot be read. The caller frees *values. */
    bp_status (*read)(bp_context *ctx, void *user, const char *name, double **values, size_t *rank,
                      size_t *shape);
    void *user;
};
/* beside->read, and *values NULL when there is no beside at all. */
BP_API BP_MUST_CHECK bp_status bp_beside_read(bp_context *ctx, const bp_stage_run *run, const char *name,
                                              double **values, size_t *rank, size_t *shape);

struct bp_operation_spec; /* operation.h */

struct bp_stage {
    const char *name;
    const char *summary; /* one line */
    const char *source;  /* paper or formula that defines it; "" */
    const bp_param *params;
    size_t param_count;
    bp_scope scope;
    unsigned traits;

    /* Before data move. run->in is known, run->out is preset to the same; changes dtype, shape, marks, noise,
     * loss and carry of out. Must be quick: reads no frames; may read what stands beside them to compare
     * shapes. May be called many times. */
    bp_status (*check)(bp_context *ctx, bp_stage_run *run);
    /* Resolves parameters, reads beside and sample frames, makes state. May still change what check left open
     * in run->out, but no dtype or shape. NULL: nothing to do. */
    bp_status (*begin)(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in);
    void (*end)(bp_stage_run *run); /* frees state, also after begin failed; NULL */

    /* BP_STAGE_DROPS, before frame(): is the frame kept? *score: the number that decided it. Frames of other
     * keys than projections come too. Any thread. */
    bp_status (*keep)(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bool *kept,
                      double *score);

    /* One of these, by scope; on any thread, in any order, into out->values. NULL with DROPS: frames pass. */
    bp_status (*frame)(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out);
    /* in[0 ... count - 1]: those around frame `centre` of in[] (fewer at the ends), or the frames of a group.
     */
    bp_status (*window)(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, size_t count,
                        size_t centre, bp_frame *out);
    bp_status (*slice)(bp_context *ctx, const bp_stage_run *run, const bp_frames_in *in, bp_frame *out);

    /* A stage whose inverse is an operation of our chunk format (operation.h): fills the spec, after begin.
     * frame() gives the values as a reader will see them. Where the stage is the last before the codec and
     * chunks are ours, frame() is not called: the operation gets the stage's input with labels as marks, the
     * codec its codes, and the reader what it restores. Leaves operation->operation NULL when there is none
     * with these parameters. NULL: never. */
    bp_status (*operation)(bp_context *ctx, const bp_stage_run *run, struct bp_operation_spec *operation);
};

/* Walks the stages; NULL past the end. */
BP_API const bp_stage *bp_stage_at(size_t index);
/* NULL when there is none of that name. */
BP_API const bp_stage *bp_stage_by_name(const char *name);

/* Value that a label has in frames of a flow, as it is written into the type. */
BP_API void bp_stage_put_marks(const bp_flow *flow, const uint8_t *labels, size_t count, void *values);

#ifdef __cplusplus
}
#endif
#endif
