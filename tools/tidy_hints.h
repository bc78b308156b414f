/* SPDX-License-Identifier: BSD-3-Clause
 * Read by clang-tidy before each source file but those that define these functions: it sees one file at a
 * time and has to be told that they return the status that they are given, which is never BP_OK. */
#include "beampress/context.h"
#if __has_include(<hdf5.h>)
#include "io/hdf5_file.h"
#endif

#define bp_fail(ctx, status, ...)    ((void)bp_fail((ctx), (status), __VA_ARGS__), (status))
#define bp_fail_in(ctx, status, ...) ((void)bp_fail_in((ctx), (status), __VA_ARGS__), (status))
#define bp_h5_fail(ctx, status, ...) ((void)bp_h5_fail((ctx), (status), __VA_ARGS__), (status))
