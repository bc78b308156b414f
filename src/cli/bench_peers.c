/* SPDX-License-Identifier: BSD-3-Clause
 * Filters of others on the bench. Foreign code runs in a child process that sends its rows through a pipe:
 * when it crashes or hangs, the row that it was at has failed, and another child goes on behind it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beampress/chunk.h"
#include "cli/bench_peers.h"
#include "io/hdf5_peers.h"

#define PATIENCE 300 /* seconds that one setting may take */

/* What a child says. START comes before foreign code runs, so that a crash has a name. */
typedef enum message_kind { MESSAGE_START, MESSAGE_ROW, MESSAGE_NONE } message_kind;

typedef struct message {
    message_kind kind;
    unsigned id; /* filter id */
    bp_bench_row row;
} message;

static bool send_message(int pipe_end, const message *m)
{
    const char *bytes = (const char *)m;
    for (size_t done = 0; done < sizeof *m;) {
        ssize_t n = write(pipe_end, bytes + done, sizeof *m - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static size_t worst_size(void *user, const bp_array *chunk)
{
    (void)user;
    return bp_peer_worst_size(chunk);
}

static bp_status encode(bp_context *ctx, void *user, const bp_array *chunk, uint8_t *out, size_t capacity,
                        size_t *size, double *seconds)
{
    return bp_peer_encode(ctx, user, chunk, out, capacity, size, seconds);
}

static bp_status decode(bp_context *ctx, void *user, const uint8_t *in, size_t size, const bp_array *chunk,
                        double *seconds)
{
    return bp_peer_decode(ctx, user, in, size, chunk, seconds);
}

static void measure_setting(bp_context *ctx, bp_peer *peer, size_t index, const bp_bench_chunks *chunks,
                            const bp_bench_plan *plan, bp_bench_row *row)
{
    bp_coder coder = {worst_size, encode, decode, peer};
    bp_status status = bp_peer_prepare(ctx, peer, index, &chunks->chunk);
    if (status == BP_OK)
        status = bp_bench_measure(ctx, &coder, chunks, plan, &row->result);
    if (status == BP_OK && !bp_peer_took_any(peer))
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "it took no chunk: HDF5 would store them raw");
    /* Debian's bitshuffle does so with its zstd mode: no compressor leaves every byte of every chunk in place
     */
    if (status == BP_OK && row->result.stored_bytes == row->result.chunks * bp_array_bytes(&chunks->chunk))
        status = bp_fail(ctx, BP_E_UNSUPPORTED, "it compresses nothing: this mode is not in the plug-in");
    if (status != BP_OK)
        snprintf(row->failed, sizeof row->failed, "%s", bp_context_message(ctx));
}

/* The child: measures the settings from first on. */
static void run_child(bp_context *ctx, int pipe_end, const char *file, size_t first,
                      const bp_bench_row *model, const bp_bench_chunks *chunks, const bp_bench_plan *plan)
{
    message m = {.kind = MESSAGE_START, .row = *model};
    bp_peer *peer;
    if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout) ||
        !send_message(pipe_end, &m))
        return;
    m.kind = MESSAGE_NONE;
    if (bp_peer_open(ctx, file, plan->common, &peer) != BP_OK) {
        snprintf(m.row.failed, sizeof m.row.failed, "%s", bp_context_message(ctx));
        (void)send_message(pipe_end, &m);
        return;
    }
    m.id = bp_peer_id(peer);
    size_t count = m.id == BP_HDF5_FILTER_ID ? 0 : bp_peer_setting_count(peer, chunks->chunk.dtype);
    snprintf(m.row.codec, sizeof m.row.codec, "%s", bp_peer_name(peer));
    for (size_t i = first; i < count; i++) {
        snprintf(m.row.params, sizeof m.row.params, "%s", bp_peer_setting_name(peer, chunks->chunk.dtype, i));
        m.kind = MESSAGE_START;
        m.row.failed[0] = 0;
        if (!send_message(pipe_end, &m))
            return;
        measure_setting(ctx, peer, i, chunks, plan, &m.row);
        m.kind = MESSAGE_ROW;
        if (!send_message(pipe_end, &m))
            return;
    }
    m.kind = MESSAGE_NONE;
    m.row.failed[0] = 0;
    (void)send_message(pipe_end, &m);
}

/* false: the child is gone, or says nothing for too long (*late). */
static bool receive_message(bp_context *ctx, int pipe_end, message *m, bool *late)
{
    char *bytes = (char *)m;
    *late = false;
    for (size_t done = 0, waited = 0; done < sizeof *m;) {
        struct pollfd wait = {.fd = pipe_end, .events = POLLIN};
        int ready = poll(&wait, 1, 1000);
        if (bp_context_cancelled(ctx) || (ready == 0 && ++waited >= PATIENCE)) {
            *late = true;
            return false;
        }
        if (ready <= 0)
            continue;
        ssize_t n = read(pipe_end, bytes + done, sizeof *m - done);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

typedef struct peer_run {
    bp_context *ctx;
    const bp_bench_row *model;
    const bp_bench_chunks *chunks;
    bp_bench_plan plan;
    bp_bench_rows *rows;
    bp_status status;
    struct {
        unsigned id;
        char folder[256];
    } seen[64]; /* filters that were measured: in one folder HDF5 takes the first of an id */
    size_t seen_count;
} peer_run;

static bool is_new(peer_run *run, unsigned id, const char *file)
{
    const char *slash = strrchr(file, '/');
    int length = slash ? (int)(slash - file) : 0;
    char folder[256];
    snprintf(folder, sizeof folder, "%.*s", length, file);
    for (size_t i = 0; i < run->seen_count; i++)
        if (run->seen[i].id == id && strcmp(run->seen[i].folder, folder) == 0)
            return false;
    if (run->seen_count < sizeof run->seen / sizeof run->seen[0]) {
        run->seen[run->seen_count].id = id;
        memcpy(run->seen[run->seen_count++].folder, folder, sizeof folder);
    }
    return true;
}

static void add_row(peer_run *run, bp_bench_row *row, const char *file)
{
    row->peer = row->taken = true;
    row->threads = 1;
    row->file = run->model->file;
    row->dataset = run->model->dataset;
    snprintf(row->plugin, sizeof row->plugin, "%s", file);
    if (bp_bench_rows_add(run->rows, row) != BP_OK)
        run->status = bp_fail(run->ctx, BP_E_MEMORY, "no memory");
}

static void describe_end(int state, bool late, char *text, size_t size)
{
    if (late)
        snprintf(text, size, "no answer in %d seconds", PATIENCE);
    else if (WIFSIGNALED(state))
        snprintf(text, size, "the plug-in crashed (%s)", strsignal(WTERMSIG(state)));
    else
        snprintf(text, size, "the plug-in ended the process");
}

/* Reads what one child says. *first becomes the setting to go on with; true when the file is done. */
static bool listen_to(peer_run *run, int pipe_end, pid_t child, const char *file, size_t *first)
{
    message m, last = {.kind = MESSAGE_START, .row = *run->model};
    bool late, done = false, wanted = *first > 0;
    while (!done && receive_message(run->ctx, pipe_end, &m, &late)) {
        last = m;
        if (m.kind == MESSAGE_START && *m.row.codec && !wanted) {
            wanted = is_new(run, m.id, file);
            done = !wanted;
        } else if (m.kind == MESSAGE_ROW) {
            add_row(run, &m.row, file);
            (*first)++;
        } else if (m.kind == MESSAGE_NONE) {
            done = true;
            if (*m.row.failed)
                bp_log(run->ctx, BP_LOG_INFO, "%s: %s", file, m.row.failed);
        }
    }
    int state = 0;
    if (!done && late)
        kill(child, SIGKILL);
    if (done && !wanted)
        kill(child, SIGKILL);
    while (waitpid(child, &state, 0) < 0 && errno == EINTR)
        ;
    if (done || bp_context_cancelled(run->ctx))
        return true;
    describe_end(state, late, last.row.failed, sizeof last.row.failed);
    if (!*last.row.codec) {
        const char *slash = strrchr(file, '/');
        snprintf(last.row.codec, sizeof last.row.codec, "%.60s", slash ? slash + 1 : file);
    }
    add_row(run, &last.row, file);
    (*first)++;
    return !last.id; /* it died before any setting was tried */
}

static void measure_file(void *user, const char *file)
{
    peer_run *run = user;
    size_t first = 0;
    for (bool done = false; !done && run->status == BP_OK;) {
        int ends[2];
        if (bp_context_cancelled(run->ctx)) {
            run->status = bp_fail(run->ctx, BP_E_INTERRUPTED, "interrupted");
            return;
        }
        if (pipe(ends) != 0) {
            run->status = bp_fail(run->ctx, BP_E_MEMORY, "%s", strerror(errno));
            return;
        }
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            run_child(run->ctx, ends[1], file, first, run->model, run->chunks, &run->plan);
            _exit(0);
        }
        close(ends[1]);
        if (child < 0)
            run->status = bp_fail(run->ctx, BP_E_MEMORY, "%s", strerror(errno));
        else
            done = listen_to(run, ends[0], child, file, &first);
        close(ends[0]);
    }
}

bp_status bp_bench_peers(bp_context *ctx, const bp_bench_row *model, const bp_bench_chunks *chunks,
                         const bp_bench_plan *plan, bp_bench_rows *rows)
{
    peer_run *run = calloc(1, sizeof *run);
    if (!run)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    *run = (peer_run){
        .ctx = ctx, .model = model, .chunks = chunks, .plan = *plan, .rows = rows, .status = BP_OK};
    run->plan.threads = 1;
    bp_peer_files(measure_file, run);
    bp_status status = run->status;
    free(run);
    return status;
}
