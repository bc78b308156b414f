/* SPDX-License-Identifier: BSD-3-Clause
 * The one date that HDF5 cannot be asked to leave out. */
#ifndef BP_IO_HDF5_DATES_H
#define BP_IO_HDF5_DATES_H

#include <stdint.h>

#include "beampress/context.h"

/* Sets the times in the header of the superblock extension of a closed file to 0. Files without one (nearly
 * all) are not changed. */
BP_MUST_CHECK bp_status bp_h5_clear_dates(bp_context *ctx, const char *path, uint64_t user_block);

#endif
