/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/child.h"
#include "report/progress.h"

static void become(const char *const *arguments, int output)
{
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDERR_FILENO);
    }
    dup2(output, STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execv(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
}

/* false: it took too long */
static bool collect(int input, double until, char *text, size_t size)
{
    char spill[256] = {0};
    size_t used = 0;
    for (;;) {
        double left = until - bp_seconds_now();
        struct pollfd wait = {.fd = input, .events = POLLIN};
        if (left <= 0)
            return false;
        int ready = poll(&wait, 1, (int)(1000 * left) + 1);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready <= 0)
            continue;
        bool room = used + 1 < size;
        ssize_t n = read(input, room ? text + used : spill, room ? size - 1 - used : sizeof spill);
        if (n <= 0)
            break;
        used += room ? (size_t)n : 0;
        text[used] = 0;
    }
    return true;
}

int bp_child_run(const char *const *arguments, unsigned seconds, char *text, size_t size)
{
    int ends[2], state = 0;
    text[0] = 0;
    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        become(arguments, ends[1]);
    }
    close(ends[1]);
    bool done = child > 0 && collect(ends[0], bp_seconds_now() + seconds, text, size);
    close(ends[0]);
    if (child < 0)
        return -1;
    if (!done)
        kill(child, SIGKILL);
    while (waitpid(child, &state, 0) < 0 && errno == EINTR)
        ;
    return done && WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}
