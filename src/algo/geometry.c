/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/geometry.h"

#include <math.h>

#define PI 3.14159265358979323846

void bp_view_init(bp_view *view, const bp_geometry *g)
{
    double c1 = cos(g->rot1), c2 = cos(g->rot2), c3 = cos(g->rot3);
    double s1 = sin(g->rot1), s2 = sin(g->rot2), s3 = sin(g->rot3);
    *view = (bp_view){*g,
                      {{c2 * c3, c3 * s1 * s2 - c1 * s3, -(c1 * c3 * s2 + s1 * s3)},
                       {c2 * s3, c1 * c3 + s1 * s2 * s3, c3 * s1 - c1 * s2 * s3},
                       {s2, -c2 * s1, c1 * c2}}};
}

bool bp_geometry_known(const bp_geometry *g)
{
    return g->distance > 0 && g->pixel1 > 0 && g->pixel2 > 0 &&
           isfinite(g->distance + g->pixel1 + g->pixel2 + g->poni1 + g->poni2 + g->rot1 + g->rot2 + g->rot3);
}

void bp_view_position(const bp_view *view, double row, double column, double position[3])
{
    /* places on the detector in single precision, as pyFAI has them: some nanometres, but they decide where
     * the last digits of a share land, and both are to agree there */
    float along = (float)row * (float)view->geometry.pixel1 - (float)view->geometry.poni1;
    float across = (float)column * (float)view->geometry.pixel2 - (float)view->geometry.poni2;
    double p1 = (double)along, p2 = (double)across;
    for (int i = 0; i < 3; i++)
        position[i] =
            view->turn[i][0] * p1 + view->turn[i][1] * p2 + view->turn[i][2] * view->geometry.distance;
}

static double from_beam(const double position[3])
{
    return sqrt(position[0] * position[0] + position[1] * position[1]);
}

double bp_two_theta(const double position[3])
{
    return atan2(from_beam(position), position[2]);
}

double bp_azimuth(const double position[3])
{
    return atan2(position[0], position[1]);
}

double bp_radial_at(const bp_view *view, bp_radial radial, const double position[3])
{
    double unit = radial == BP_RADIAL_Q_NM ? 1e-9 : 1e-10;
    if (radial == BP_RADIAL_R_MM)
        return 1e3 * from_beam(position);
    double two_theta = bp_two_theta(position);
    if (radial == BP_RADIAL_TWO_THETA)
        return two_theta * 180 / PI;
    return 4 * PI * unit / view->geometry.wavelength * sin(two_theta / 2);
}

double bp_solid_angle(const bp_view *view, double row, double column)
{
    const bp_geometry *g = &view->geometry;
    double p1 = row * g->pixel1 - g->poni1, p2 = column * g->pixel2 - g->poni2;
    double cosine = g->distance / sqrt(g->distance * g->distance + p1 * p1 + p2 * p2);
    return cosine * cosine * cosine;
}

double bp_polarisation(double two_theta, double azimuth, double factor)
{
    double cosine = cos(two_theta), squared = cosine * cosine;
    return 0.5 * (1 + squared - factor * cos(2 * azimuth) * (1 - squared));
}
