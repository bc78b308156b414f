/* SPDX-License-Identifier: BSD-3-Clause
 * What NeXus says of the data in a file: which datasets are detector images, and the facts of the detector
 * they came from. A file without NeXus classes has none, and nothing is guessed from names alone. */
#ifndef BP_IO_HDF5_NEXUS_H
#define BP_IO_HDF5_NEXUS_H

#include <hdf5.h>

#include "beampress/array.h"
#include "beampress/context.h"

/* Values of image_key (NXtomo). */
enum { BP_KEY_PROJECTION = 0, BP_KEY_FLAT = 1, BP_KEY_DARK = 2, BP_KEY_INVALID = 3, BP_KEY_COUNT = 4 };

/* The facts of one NXdetector. A number that the file does not state is NAN. */
typedef struct bp_h5_detector {
    char *path;                        /* of the NXdetector group */
    char *mask;                        /* path of its pixel_mask or mask, NULL when it has none */
    double saturation_value;           /* counts; larger ones are not valid */
    double underload_value;            /* counts; smaller ones are not valid */
    double bit_depth_readout;          /* bits */
    double count_time;                 /* seconds; NAN when it differs between frames */
    double x_pixel_size, y_pixel_size; /* metres */
    uint8_t *image_key;                /* one per frame, NULL when there is none */
    size_t image_key_count;
    uint64_t key_frames[BP_KEY_COUNT]; /* frames of each key */
} bp_h5_detector;

typedef struct bp_h5_nexus bp_h5_nexus;

/* Walks the groups of a file once. The caller frees *nexus with bp_h5_nexus_free. */
BP_MUST_CHECK bp_status bp_h5_nexus_read(bp_context *ctx, hid_t file, bp_h5_nexus **nexus);
void bp_h5_nexus_free(bp_h5_nexus *nexus);

/* Is this dataset (reached by any link) a detector image: numbers, two axes at least, and NXdetector's data
 * or the signal of an NXdata? Frames whose image_key is not 0 are for the caller to leave alone. */
bool bp_h5_nexus_is_image(const bp_h5_nexus *nexus, hid_t dataset);
/* Is it the one that the chain of `default` attributes leads to? */
bool bp_h5_nexus_is_default(const bp_h5_nexus *nexus, hid_t dataset);
/* The detector of a detector image; NULL when it is none or NeXus does not say which. Owned by nexus. */
const bp_h5_detector *bp_h5_nexus_detector(const bp_h5_nexus *nexus, hid_t dataset);
/* Paths of the detector images, each dataset once. */
size_t bp_h5_nexus_image_count(const bp_h5_nexus *nexus);
const char *bp_h5_nexus_image_path(const bp_h5_nexus *nexus, size_t index);

/* Path of the signal, whatever its shape, that the chain of `default` attributes leads to; NULL when there is
 * none. The caller frees it. */
char *bp_h5_nexus_default_signal(hid_t file);

/* bp_h5_nexus_is_image for one path; walks the file for each call. */
bool bp_h5_is_detector_image(hid_t file, const char *path);

#endif
