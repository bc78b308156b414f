/* SPDX-License-Identifier: BSD-3-Clause
 * Facts of a detector that the text beside its frames states with their units: the "# Key value" lines that
 * Pilatus writes into CBF and TIFF. */
#ifndef BP_IO_FRAME_HEADER_H
#define BP_IO_FRAME_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* One row per number: NeXus path below /entry/instrument, unit there. NAN: not stated, or not the same in all
 * frames. */
#define BP_HEADER_LIST(X)                                                                                    \
    X(BP_HEADER_X_PIXEL_SIZE, "detector/x_pixel_size", "m")                                                  \
    X(BP_HEADER_Y_PIXEL_SIZE, "detector/y_pixel_size", "m")                                                  \
    X(BP_HEADER_COUNT_TIME, "detector/count_time", "s")                                                      \
    X(BP_HEADER_FRAME_TIME, "detector/frame_time", "s")                                                      \
    X(BP_HEADER_SATURATION, "detector/saturation_value", "counts")                                           \
    X(BP_HEADER_DISTANCE, "detector/distance", "m")                                                          \
    X(BP_HEADER_BEAM_X, "detector/beam_center_x", "pixels")                                                  \
    X(BP_HEADER_BEAM_Y, "detector/beam_center_y", "pixels")                                                  \
    X(BP_HEADER_THICKNESS, "detector/sensor_thickness", "m")                                                 \
    X(BP_HEADER_WAVELENGTH, "beam/incident_wavelength", "angstrom")

enum {
#define BP_HEADER_ENUM(name, path, unit) name,
    BP_HEADER_LIST(BP_HEADER_ENUM)
#undef BP_HEADER_ENUM
        BP_HEADER_COUNT
};

typedef struct bp_frame_header {
    double numbers[BP_HEADER_COUNT];
    char detector[128]; /* "PILATUS 6M, S/N 60-0100"; "" when not stated */
} bp_frame_header;

void bp_frame_header_read(const char *text, bp_frame_header *header);
/* Takes out of all what one does not state in the same way. */
void bp_frame_header_merge(bp_frame_header *all, const bp_frame_header *one);

#endif
