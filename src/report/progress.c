/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report/progress.h"
#include "report/text.h"

#define BAR_WIDTH 24

double bp_seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void bp_progress_init(bp_progress *progress, FILE *stream, bool quiet)
{
    memset(progress, 0, sizeof *progress);
    progress->stream = stream;
    progress->active = !quiet && isatty(fileno(stream));
}

void bp_progress_show(void *user, const char *what, uint64_t done, uint64_t total)
{
    bp_progress *progress = user;
    double now = bp_seconds_now();
    if (!progress->active)
        return;
    if (strncmp(what, progress->what, sizeof progress->what - 1) != 0) {
        snprintf(progress->what, sizeof progress->what, "%s", what);
        progress->started = now;
        progress->last = now; /* no bar for what is done at once */
    }
    if (now - progress->last < 0.1)
        return;
    progress->last = now;
    double part = total ? (double)done / (double)total : 0, elapsed = now - progress->started;
    part = part > 1 ? 1 : part;
    char bar[BAR_WIDTH + 1];
    size_t filled = (size_t)(part * BAR_WIDTH);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = 0;
    bp_text rate, left;
    bp_text_bytes(&rate, elapsed > 0 ? (uint64_t)((double)done / elapsed) : 0);
    if (part > 0)
        bp_text_duration(&left, elapsed * (1 - part) / part);
    fprintf(progress->stream, "\r%-12.40s [%s] %3.0f %%  %s/s  %s left\033[K", progress->what, bar,
            100 * part, rate.text, part > 0 ? left.text : "?");
    fflush(progress->stream);
    progress->drawn = true;
}

void bp_progress_clear(bp_progress *progress)
{
    if (progress->drawn) {
        fputs("\r\033[K", progress->stream);
        fflush(progress->stream);
    }
    progress->drawn = false;
}
