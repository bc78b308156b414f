/* SPDX-License-Identifier: BSD-3-Clause
 * What the HDF5 of this machine is like: version, folders of plug-ins. */
#ifndef BP_IO_HDF5_ENVIRONMENT_H
#define BP_IO_HDF5_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

/* "1.10.8": of the library that runs. */
const char *bp_h5_version(char *text, size_t size);
bool bp_h5_is_threadsafe(void);
/* Folder number index of those that HDF5 searches for plug-ins now (HDF5_PLUGIN_PATH, or its own default);
 * false past the last. */
bool bp_h5_plugin_folder(unsigned index, char *text, size_t size);
/* Folders that HDF5 searches when HDF5_PLUGIN_PATH does not say otherwise: as far as they can be known from
 * where its library stands. */
bool bp_h5_default_plugin_folder(unsigned index, char *text, size_t size);
/* Can HDF5 find this filter, built in or as plug-in? */
bool bp_h5_has_filter(unsigned id);

/* For programs that open files through beampress only, before anything else: HDF5 does nothing at exit. It
 * has nothing to do then, and crashes (1.10.8) when a file could not be closed because the disk was full. */
void bp_h5_skip_cleanup_at_exit(void);

#endif
