/* SPDX-License-Identifier: BSD-3-Clause
 * One run of hdf5_transcode.c over one file. */
#ifndef BP_IO_HDF5_RUN_H
#define BP_IO_HDF5_RUN_H

#include <hdf5.h>

#include "io/chunk_shape.h"
#include "io/coding.h"
#include "io/hdf5_nexus.h"
#include "io/hdf5_source.h"
#include "io/hdf5_transcode.h"

#define BP_WORTH_BYTES 16384 /* smaller datasets stay as they are */

/* A dataset that was asked for by name. */
typedef struct bp_h5_named {
    haddr_t address;
    bool met;
} bp_h5_named;

typedef struct bp_h5_run {
    hid_t file;
    const char *input;
    const bp_file_options *options;
    bp_direction direction;
    bp_file_report *report;
    bp_codec_spec preferred;    /* the lossless default for frames of types that it takes */
    bp_codec_spec fallback;     /* the lossless default for everything else */
    bp_h5_nexus *nexus;         /* what is a detector image; only when a lossy codec was asked for */
    uint64_t done, total;       /* raw bytes */
    double bound;               /* see bp_h5_transcode_file */
    size_t coded, refused;      /* datasets that took the codec that was asked for, and that could not */
    char *refusal;              /* why the first could not */
    const bp_h5_values *values; /* NULL: all stand in the file */
    haddr_t foreign;            /* address of the dataset that they belong to */
    bp_h5_named *named;         /* one for each of options->datasets */
    /* of the dataset between plan and written */
    bp_coding coding;
    size_t entry; /* in report->datasets */
    bool lossy;
    const uint8_t *keys; /* image_key of each frame, NULL when all frames may lose */
} bp_h5_run;

/* Raw bytes of all datasets that can be opened. */
uint64_t bp_h5_count_bytes(hid_t file);

/* Does HDF5 have a plug-in for every filter? */
bool bp_h5_filters_available(const bp_filters *pipeline);

/* Do the values of the dataset come from run->values? */
bool bp_h5_is_foreign(const bp_h5_run *run, hid_t dataset);

/* Is the dataset marked as, or stored by a filter that makes it, lossy? */
bool bp_h5_marked_lossy(const bp_h5_source *source);

/* Chunks without filters. */
BP_MUST_CHECK bp_status bp_h5_choose_no_coding(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source);
/* May this dataset be coded with loss? Detector images of plain types may, and what was named. why: the
 * reason when not. run->keys is set when only some frames may. */
BP_MUST_CHECK bp_status bp_h5_may_lose(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                                       bool named, const char **why);
/* bp_h5_recode's choose: the lossless codec for chunks that hold other frames than projections. user: the
 * run. */
const bp_codec_spec *bp_h5_choose_by_key(void *user, const hsize_t *offset);

/* bp_h5_recode's read: values that do not stand in the file, for run->coding. user: the run. */
bp_status bp_h5_read_foreign(bp_context *ctx, void *user, const hsize_t *offset, uint8_t *values);

/* --codec auto: as bp_h5_choose_coding. found: false when no candidate takes the data. */
BP_MUST_CHECK bp_status bp_h5_choose_auto(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                                          bp_dataset_report *entry, bool *recode, bool *found);

/* Decides how compress writes a dataset: run->coding, *recode, and in entry->note why not. */
BP_MUST_CHECK bp_status bp_h5_choose_coding(bp_context *ctx, bp_h5_run *run, const bp_h5_source *source,
                                            bp_dataset_report *entry, bool *recode);

#endif
