/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_geometry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_file.h"
#include "io/hdf5_read_small.h"

typedef struct unit {
    const char *name;
    double factor;
} unit;

static const unit lengths[] = {{"m", 1},
                               {"metre", 1},
                               {"meter", 1},
                               {"cm", 1e-2},
                               {"mm", 1e-3},
                               {"millimetre", 1e-3},
                               {"um", 1e-6},
                               {"µm", 1e-6},
                               {"micron", 1e-6},
                               {"microns", 1e-6},
                               {"nm", 1e-9},
                               {"A", 1e-10},
                               {"Å", 1e-10},
                               {"angstrom", 1e-10},
                               {"Angstrom", 1e-10},
                               {"angstroms", 1e-10},
                               {"Angstroms", 1e-10},
                               {NULL, 0}};
static const unit energies[] = {{"eV", 1}, {"keV", 1e3}, {"kev", 1e3}, {"J", 1 / 1.602176634e-19}, {NULL, 0}};

/* A number of a dataset in the basic unit of a table; NAN when its unit is not in it. *plain: it states no
 * unit, or pixels; then the number as it is. */
static double quantity(hid_t group, const char *name, const unit *units, bool *plain)
{
    double value = bp_h5_dataset_number(group, name), result = (double)NAN;
    *plain = false;
    if (isnan(value))
        return value;
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    if (dataset < 0)
        return result;
    char *text = bp_h5_attribute_text(dataset, "units");
    *plain = !text || !*text || strncmp(text, "pixel", 5) == 0;
    for (; text && units->name; units++)
        if (strcmp(text, units->name) == 0)
            result = value * units->factor;
    free(text);
    H5Dclose(dataset);
    return *plain ? value : result;
}

static double length(hid_t group, const char *name)
{
    bool plain;
    double value = quantity(group, name, lengths, &plain);
    return plain ? (double)NAN : value;
}

/* Metres from the corner of the detector. */
static double centre(hid_t group, const char *name, double pixel)
{
    bool plain;
    double value = quantity(group, name, lengths, &plain);
    return plain ? value * pixel : value;
}

double bp_h5_length_unit(const char *text)
{
    for (const unit *u = lengths; u->name; u++)
        if (strcmp(text, u->name) == 0)
            return u->factor;
    return (double)NAN;
}

double bp_h5_pixel_in_unit_of(hid_t group, const char *name, const char *pixel)
{
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    char *text = dataset >= 0 ? bp_h5_attribute_text(dataset, "units") : NULL;
    double metres = text ? bp_h5_length_unit(text) : (double)NAN;
    free(text);
    if (dataset >= 0)
        H5Dclose(dataset);
    return isnan(metres) ? 0 : length(group, pixel) / metres;
}

static herr_t visit(hid_t group, const char *path, const H5O_info_t *info, void *user)
{
    double *wavelength = user, value = (double)NAN;
    bool plain;
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (strcmp(name, "wavelength") == 0 || strcmp(name, "incident_wavelength") == 0) {
        value = length(group, path);
    } else if (strcmp(name, "energy") == 0 || strcmp(name, "incident_energy") == 0) {
        value = 1.2398419843320026e-6 / quantity(group, path, energies, &plain);
        value = plain ? (double)NAN : value;
    }
    if (!(value > 0 && isfinite(value)))
        return 0;
    *wavelength = value;
    return 1;
}

void bp_h5_geometry_read(hid_t file, const char *detector, bp_geometry *g)
{
    *g = (bp_geometry){
        .distance = NAN, .poni1 = NAN, .poni2 = NAN, .pixel1 = NAN, .pixel2 = NAN, .wavelength = NAN};
    hid_t group = H5Gopen2(file, detector, H5P_DEFAULT);
    if (group < 0)
        return;
    g->distance = length(group, "distance");
    if (isnan(g->distance))
        g->distance = length(group, "detector_distance");
    g->pixel1 = length(group, "y_pixel_size");
    g->pixel2 = length(group, "x_pixel_size");
    g->poni1 = centre(group, "beam_center_y", g->pixel1);
    g->poni2 = centre(group, "beam_center_x", g->pixel2);
    H5Gclose(group);
    char entry[512];
    const char *end = strchr(detector + 1, '/');
    snprintf(entry, sizeof entry, "%.*s", end ? (int)(end - detector) : 1, end ? detector : "/");
    H5Ovisit_by_name2(file, entry, H5_INDEX_NAME, H5_ITER_INC, visit, &g->wavelength, H5O_INFO_BASIC,
                      H5P_DEFAULT);
}
