/* SPDX-License-Identifier: BSD-3-Clause
 * Pictures of what an analysis found, as SVG: a panel for each curve with its axes, units and the band of one
 * sigma, the parts of a curve (regions, classes) in colours with a legend; the numbers as a table. */
#ifndef BP_REPORT_PLOT_H
#define BP_REPORT_PLOT_H

#include <stdio.h>

#include "beampress/science.h"

/* title: the head line; note: a smaller line below it (file, dataset, parameters), or NULL. Curves that are
 * not defined anywhere get an empty panel that says so. BP_E_OUTPUT when the stream cannot be written. */
BP_MUST_CHECK bp_status bp_plot_outcomes(bp_context *ctx, const bp_outcomes *outcomes, const char *title,
                                         const char *note, FILE *stream);

#endif
