/* SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "io/hdf5_environment.h"
#include "io/hdf5_file.h"

const char *bp_h5_version(char *text, size_t size)
{
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, size, "%u.%u.%u", major, minor, release);
    return text;
}

bool bp_h5_is_threadsafe(void)
{
    hbool_t safe = 0;
    return H5is_library_threadsafe(&safe) >= 0 && safe;
}

bool bp_h5_plugin_folder(unsigned index, char *text, size_t size)
{
    unsigned count = 0;
    if (H5PLsize(&count) < 0 || index >= count)
        return false;
    ssize_t length = H5PLget(index, text, size);
    return length >= 0 && (size_t)length < size;
}

/* HDF5 does not tell its built-in folder once the environment has replaced it. Debian's library has it in a
 * folder beside itself; HDF5's own builds have it below /usr/local. */
bool bp_h5_default_plugin_folder(unsigned index, char *text, size_t size)
{
    static const char *const elsewhere[] = {"/usr/local/hdf5/lib/plugin", "/usr/local/lib/hdf5/plugin"};
    if (index > 0)
        return index <= 2 && (size_t)snprintf(text, size, "%s", elsewhere[index - 1]) < size;
    union {
        herr_t (*function)(void);
        const void *data;
    } symbol = {.function = H5open};
    Dl_info info;
    const char *slash = dladdr(symbol.data, &info) && info.dli_fname ? strrchr(info.dli_fname, '/') : NULL;
    int length = slash ? (int)(slash - info.dli_fname) : 0;
    return (size_t)snprintf(text, size, "%.*s/hdf5/serial/plugins", length, slash ? info.dli_fname : "") <
           size;
}

bool bp_h5_has_filter(unsigned id)
{
    bp_h5_quiet quiet;
    bp_h5_quiet_begin(&quiet);
    bool found = H5Zfilter_avail((H5Z_filter_t)id) > 0;
    bp_h5_quiet_end(&quiet);
    return found;
}

void bp_h5_skip_cleanup_at_exit(void)
{
    H5dont_atexit();
}
