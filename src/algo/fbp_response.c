/* SPDX-License-Identifier: BSD-3-Clause
 * The filters of back-projection. The ramp is the transform of its band-limited form in space: |f| itself
 * would shift the mean of a slice (Kak and Slaney, section 3.3). The Hann and Hamming windows are the
 * symmetric ones of the whole length, as in scikit-image. */
#include <stdlib.h>

#include "algo/fbp.h"
#include "algo/fft.h"
#include "algo/plain_trig.h"

#define PI 3.14159265358979323846

static double cosine_of(double turns)
{
    double c, s;
    bp_plain_trig(turns, &c, &s);
    return c;
}

static double sine_of(double turns)
{
    double c, s;
    bp_plain_trig(turns, &c, &s);
    return s;
}

/* Factor on the ramp at frequency k of n. */
static double window(bp_fbp_filter filter, size_t k, size_t n)
{
    size_t shifted = (k + n / 2) % n;
    double f = (k < n / 2 ? (double)k : (double)k - (double)n) / (double)n;
    switch (filter) {
    case BP_FBP_SHEPP_LOGAN:
        return k ? sine_of(f / 2) / (PI * f) : 1;
    case BP_FBP_COSINE:
        return sine_of((double)shifted / (double)(2 * n));
    case BP_FBP_HAMMING:
        return 0.54 - 0.46 * cosine_of((double)shifted / (double)(n - 1));
    case BP_FBP_HANN:
        return 0.5 - 0.5 * cosine_of((double)shifted / (double)(n - 1));
    case BP_FBP_RAMP:
    case BP_FBP_NONE:
        break;
    }
    return 1;
}

bool bp_fbp_response(bp_fbp_filter filter, size_t n, double *response)
{
    bp_fft *plan = bp_fft_new(n);
    bp_complex *h = plan ? calloc(n + bp_fft_scratch(plan), sizeof *h) : NULL;
    if (h) {
        h[0].re = 0.25;
        for (size_t k = 1; k < n; k += 2) {
            double d = PI * (double)(k < n / 2 ? k : n - k);
            h[k].re = -1 / (d * d);
        }
        bp_fft_run(plan, h, false, h + n);
        for (size_t k = 0; k < n; k++)
            response[k] = filter == BP_FBP_NONE ? 1 : 2 * h[k].re * window(filter, k, n);
    }
    bp_fft_free(plan);
    free(h);
    return h != NULL;
}
