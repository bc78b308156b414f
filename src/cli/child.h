/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_CLI_CHILD_H
#define BP_CLI_CHILD_H

#include <stddef.h>

/* Runs a program without a shell and collects what it prints, cut to size bytes including the final 0. Its
 * errors are dropped. Returns its exit code; -1 when it could not run, was killed, or took longer than
 * seconds. */
int bp_child_run(const char *const *arguments, unsigned seconds, char *text, size_t size);

#endif
