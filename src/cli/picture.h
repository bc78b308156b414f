/* SPDX-License-Identifier: BSD-3-Clause
 * Pictures as files: SVG by ourselves, PNG from it by librsvg's rsvg-convert where that is installed. */
#ifndef BP_CLI_PICTURE_H
#define BP_CLI_PICTURE_H

#include "beampress/science.h"
#include "cli/cli.h"

/* BP_E_USAGE for a name that ends in neither .svg nor .png, BP_E_UNSUPPORTED for .png without rsvg-convert:
 * to be asked before work is done. */
BP_MUST_CHECK bp_status bp_picture_check(bp_cli *cli, const char *path);

/* The analysis drawn to path, which appears when it is complete. input: the file that was analysed. */
BP_MUST_CHECK bp_status bp_picture_write(bp_cli *cli, const bp_outcomes *outcomes, const char *title,
                                         const char *note, const char *input, const char *path);

#endif
