/* SPDX-License-Identifier: BSD-3-Clause
 * A progress bar with rate and time left: one line that is drawn over itself, on a terminal only. */
#ifndef BP_REPORT_PROGRESS_H
#define BP_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct bp_progress {
    FILE *stream;
    bool active;    /* stream is a terminal */
    bool drawn;     /* something stands on the line */
    double started; /* seconds of the monotonic clock */
    double last;    /* when it was drawn */
    char what[64];  /* the part that is running */
} bp_progress;

void bp_progress_init(bp_progress *progress, FILE *stream, bool quiet);
/* A bp_progress_function; user is the bp_progress. Draws at most ten times a second. */
void bp_progress_show(void *user, const char *what, uint64_t done, uint64_t total);
/* Wipes the line. */
void bp_progress_clear(bp_progress *progress);

/* Seconds of the monotonic clock. */
double bp_seconds_now(void);

#endif
