/* SPDX-License-Identifier: BSD-3-Clause
 * What reading one frame of a chunked dataset costs: HDF5 fetches and decodes whole chunks. */
#ifndef BP_CLI_INFO_FRAME_H
#define BP_CLI_INFO_FRAME_H

#include <jansson.h>
#include <stdio.h>

#include "io/hdf5_inspect.h"

/* null for what is not chunked or has no frames (below three axes). */
json_t *bp_info_frame_json(const bp_dataset_facts *facts);
/* A line, and an advice where a frame costs several times what it holds. Nothing where there are no frames.
 */
void bp_info_frame_print(const bp_dataset_facts *facts, FILE *stream);

#endif
