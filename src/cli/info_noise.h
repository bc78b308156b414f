/* SPDX-License-Identifier: BSD-3-Clause
 * info --noise: gain, read noise and offset with their uncertainties. */
#ifndef BP_CLI_INFO_NOISE_H
#define BP_CLI_INFO_NOISE_H

#include <jansson.h>

#include "cli/cli.h"
#include "io/hdf5_inspect.h"

/* Runs the analysis `noise` on a dataset and prints what it finds, unless --json. *found: null where nothing
 * can be told, and a line then says why. Only an interruption or missing memory fails. */
bp_status bp_info_noise(bp_cli *cli, const char *file, const bp_dataset_facts *facts, unsigned threads,
                        json_t **found);

#endif
