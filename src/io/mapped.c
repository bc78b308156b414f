/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beampress/file.h"
#include "io/mapped.h"

/* Where this thread goes on when a window turns out to be gone; NULL while it reads none. */
static _Thread_local sigjmp_buf *way_out;

const uint8_t *bp_mapped_open(bp_mapped *window, int fd, uint64_t offset, size_t size)
{
    struct stat file;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), lead = offset % page;
    window->base = NULL;
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || offset > (uint64_t)file.st_size ||
        size > (uint64_t)file.st_size - offset || size == 0 || size > SIZE_MAX / 2)
        return NULL;
    window->length = size + (size_t)lead;
    /* all pages at once: one fault for each would cost as much as the copy that this saves */
    void *base = mmap(NULL, window->length, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, (off_t)(offset - lead));
    if (base == MAP_FAILED)
        return NULL;
    window->base = base;
    return (const uint8_t *)base + lead;
}

void bp_mapped_close(bp_mapped *window)
{
    if (window->base)
        munmap(window->base, window->length);
    window->base = NULL;
}

bp_status bp_mapped_run(bp_context *ctx, bp_status (*body)(void *argument), void *argument)
{
    sigjmp_buf here;
    if (sigsetjmp(here, 1) != 0) {
        way_out = NULL;
        return bp_fail(ctx, BP_E_INPUT, "the file was cut short while it was read");
    }
    way_out = &here;
    bp_status status = body(argument);
    way_out = NULL;
    return status;
}

void bp_input_fault(int number)
{
    if (way_out)
        siglongjmp(*way_out, 1);
    /* none of our windows: die of it as if nobody had asked */
    signal(number, SIG_DFL);
    raise(number);
}
