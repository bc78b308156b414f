/* SPDX-License-Identifier: BSD-3-Clause
 * Read by clang-tidy before each source file but the one that defines them: it sees one file at a time and
 * has to be told that these functions return the status that they are given, which is never BP_OK. */
#include "beampress/context.h"

#define bp_fail(ctx, status, ...)    ((void)bp_fail((ctx), (status), __VA_ARGS__), (status))
#define bp_fail_in(ctx, status, ...) ((void)bp_fail_in((ctx), (status), __VA_ARGS__), (status))
