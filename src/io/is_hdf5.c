/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/is_hdf5.h"

/* Its first half is enough: what follows may be damaged, or a transfer as text may have changed it. */
static bool starts_so(int fd, off_t at)
{
    static const unsigned char signature[4] = {0x89, 'H', 'D', 'F'};
    unsigned char found[4];
    return pread(fd, found, sizeof found, at) == (ssize_t)sizeof found &&
           memcmp(found, signature, sizeof found) == 0;
}

/* The signature stands at 0 or, behind a user block, at 512, 1024, 2048, ... */
bool bp_h5_is_hdf5(const char *path)
{
    bool is = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        for (off_t at = 0; !is && at >= 0 && at < st.st_size; at = at ? at * 2 : 512)
            is = starts_so(fd, at);
    close(fd);
    return is;
}
