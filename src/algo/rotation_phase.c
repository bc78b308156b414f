/* SPDX-License-Identifier: BSD-3-Clause
 * The axis of rotation from two opposite projections. Phase correlation of gradients (down as the imaginary
 * part): V. Argyriou, T. Vlachos, Electronics Letters 39 (2003) 1366. */
#include <math.h>
#include <stdlib.h>

#include "algo/fft.h"
#include "algo/rotation_centre.h"

#define APART 2 /* pixels between those whose difference is taken */

/* flip: the image mirrored left to right. */
static void gradient(const double *image, size_t rows, size_t columns, bool flip, bp_complex *out)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            size_t at = flip ? columns - 1 - c : c, next = flip ? at - APART : at + APART;
            const double *row = image + r * columns;
            bool inside = c >= APART && c + APART < columns, down = r >= APART && r + APART < rows;
            out[r * columns + c].re = inside ? row[next] - row[at] : 0;
            out[r * columns + c].im = down ? row[APART * columns + at] - row[at] : 0;
        }
}

/* Where a parabola through three values has its extremum, from the middle one; 0 where there is none. */
static double vertex(double before, double middle, double after)
{
    double bend = before - 2 * middle + after;
    double at = bend != 0 ? 0.5 * (before - after) / bend : 0;
    return fabs(at) <= 1 ? at : 0;
}

static double peak_column(const bp_complex *a, size_t rows, size_t columns)
{
    size_t best = 0;
    double most = -1;
    for (size_t i = 0; i < rows * columns; i++) {
        double size = hypot(a[i].re, a[i].im);
        if (size > most) {
            most = size;
            best = i;
        }
    }
    size_t c = best % columns;
    const bp_complex *row = a + best / columns * columns;
    bp_complex left = row[c ? c - 1 : columns - 1], right = row[c + 1 < columns ? c + 1 : 0];
    double at = (double)c + vertex(hypot(left.re, left.im), most, hypot(right.re, right.im));
    return at > ceil(((double)columns - 1) / 2) ? at - (double)columns : at;
}

bool bp_centre_phase(const double *projection, const double *opposite, size_t rows, size_t columns,
                     double *centre)
{
    size_t n = rows * columns;
    bp_complex *a = malloc((2 * n + 1) * sizeof *a);
    *centre = NAN;
    if (!a)
        return false;
    bp_complex *b = a + n;
    gradient(projection, rows, columns, false, a);
    gradient(opposite, rows, columns, true, b);
    bool made = bp_fft_image(rows, columns, a, false) && bp_fft_image(rows, columns, b, false), any = false;
    for (size_t i = 0; made && i < n; i++) {
        bp_complex p = {a[i].re * b[i].re + a[i].im * b[i].im, a[i].im * b[i].re - a[i].re * b[i].im};
        double size = hypot(p.re, p.im);
        any = any || size > 0;
        a[i] = size > 0 ? (bp_complex){p.re / size, p.im / size} : (bp_complex){0, 0};
    }
    made = made && any && bp_fft_image(rows, columns, a, true);
    if (made)
        *centre = ((double)columns - 1 + peak_column(a, rows, columns)) / 2;
    free(a);
    return made;
}
