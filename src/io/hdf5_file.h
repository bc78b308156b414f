/* SPDX-License-Identifier: BSD-3-Clause
 * Opening HDF5 files for reading, and HDF5's error stack as a message of ours. All HDF5 calls of the library
 * are made on the thread that called it; workers never call HDF5. */
#ifndef BP_IO_HDF5_FILE_H
#define BP_IO_HDF5_FILE_H

#include <hdf5.h>

#include "beampress/context.h"
#include "io/is_hdf5.h"

/* Switches HDF5's own error printing off for this thread, and back to what it was. Calls nest. */
typedef struct bp_h5_quiet {
    H5E_auto2_t function;
    void *data;
} bp_h5_quiet;
void bp_h5_quiet_begin(bp_h5_quiet *quiet);
void bp_h5_quiet_end(const bp_h5_quiet *quiet);

/* Records "message: HDF5's innermost reason", empties HDF5's error stack, returns status. */
bp_status bp_h5_fail(bp_context *ctx, bp_status status, const char *format, ...) BP_PRINTF(3, 4);

/* Opens a file read-only. A share that cannot lock is opened without locking; a file that is being written or
 * was left open by its writer is opened as SWMR reader with a warning. The file is never modified. BP_E_INPUT
 * or BP_E_DAMAGED with the cause; *file is then H5I_INVALID_HID. */
BP_MUST_CHECK bp_status bp_h5_open(bp_context *ctx, const char *path, hid_t *file);

/* Gives back an identifier of any kind and sets it to H5I_INVALID_HID; invalid ones are fine. For things that
 * were read: closing what was written must be checked. */
void bp_h5_release(hid_t *id);

#endif
