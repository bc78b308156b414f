/* SPDX-License-Identifier: BSD-3-Clause
 * What was done to the frames of a file: a chain of NXprocess groups in their entry. */
#ifndef BP_IO_HDF5_PROCESS_H
#define BP_IO_HDF5_PROCESS_H

#include <stdint.h>

#include "beampress/array.h"
#include "beampress/context.h"

#define BP_MAX_PROCESS_VALUES 96

typedef struct bp_process_value {
    char name[96];
    const char *unit; /* "" */
    const char *text; /* NULL: number */
    double number;
} bp_process_value;

typedef struct bp_process_array {
    char name[64];
    const char *help;
    bp_dtype dtype;
    uint64_t count;
    const void *values;
} bp_process_array;

/* To be written. */
typedef struct bp_process {
    const char *dataset; /* of the frames */
    const char *json;
    const bp_process_value *parameters;
    size_t parameter_count;
    const bp_process_array *arrays;
    size_t array_count;
    const bp_process_value *attributes; /* of the dataset */
    size_t attribute_count;
    double scale, zero; /* of codes: NXdata's scaling factor and offset; scale 0: none */
} bp_process;

/* Appends a group beampress_N to the chain. */
BP_MUST_CHECK bp_status bp_process_write(bp_context *ctx, const char *file, const bp_process *process);

/* As it stands in a file. */
typedef struct bp_process_record {
    char *path, *version, *pipeline, *json; /* NULL: not there */
    double sequence;
} bp_process_record;

typedef struct bp_process_chain {
    bp_process_record *records; /* in their order */
    size_t count;
} bp_process_chain;

BP_MUST_CHECK bp_status bp_process_read(bp_context *ctx, const char *file, bp_process_chain *chain);
void bp_process_chain_fini(bp_process_chain *chain);

#endif
