/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/fft.h"

#include <stdlib.h>
#include <string.h>

#include "algo/plain_trig.h"

#define LONGEST ((size_t)1 << 30)

static bool is_smooth(size_t n)
{
    static const unsigned primes[] = {2, 3, 5, 7};
    for (size_t i = 0; i < 4; i++)
        while (n % primes[i] == 0)
            n /= primes[i];
    return n == 1;
}

size_t bp_fft_good_length(size_t n)
{
    if (n == 0)
        return 1;
    while (!is_smooth(n))
        n++;
    return n;
}

/* Odd radices first, where the values side by side are few; 0 when a prime above 7 divides n. */
static size_t factorise(size_t n, unsigned *factors)
{
    static const unsigned radices[] = {7, 5, 3, 4, 2};
    size_t count = 0;
    if (!is_smooth(n))
        return 0;
    for (size_t i = 0; i < 5; i++)
        for (; n % radices[i] == 0; n /= radices[i])
            factors[count++] = radices[i];
    return count;
}

#define REAL       double
#define COMPLEX    bp_complex
#define PLAN       bp_fft
#define NAME(what) bp_fft_##what
#include "algo/fft_body.h"
#undef REAL
#undef COMPLEX
#undef PLAN
#undef NAME

#define REAL       float
#define COMPLEX    bp_complexf
#define PLAN       bp_fftf
#define NAME(what) bp_fftf_##what
#include "algo/fft_body.h"

void bp_fftf_run_lanes(const bp_fftf *plan, size_t lanes, bp_complexf *data, bp_complexf *scratch)
{
    bp_fftf_stages(plan, lanes, data, scratch);
}

/* Columns are taken in groups, so that a cache line is read once. */
#define SIDE_BY_SIDE 16

static void bluestein_columns(const bp_fft *plan, size_t width, bp_complex *work, bp_complex *scratch)
{
    for (size_t i = 0; i < width; i++) {
        bp_complex *one = scratch + bp_fft_scratch(plan);
        for (size_t r = 0; r < plan->n; r++)
            one[r] = work[r * width + i];
        bp_fft_run(plan, one, false, scratch);
        for (size_t r = 0; r < plan->n; r++)
            work[r * width + i] = one[r];
    }
}

static void columns_of(const bp_fft *plan, size_t rows, size_t columns, bp_complex *data, bool backward,
                       bp_complex *work)
{
    bp_complex *scratch = work + SIDE_BY_SIDE * rows;
    for (size_t c = 0; c < columns; c += SIDE_BY_SIDE) {
        size_t width = columns - c < SIDE_BY_SIDE ? columns - c : SIDE_BY_SIDE;
        for (size_t r = 0; r < rows; r++)
            memcpy(work + r * width, data + r * columns + c, width * sizeof *work);
        if (backward)
            bp_fft_conjugate(work, rows * width);
        if (plan->inner)
            bluestein_columns(plan, width, work, scratch);
        else
            bp_fft_stages(plan, width, work, scratch);
        if (backward)
            bp_fft_conjugate(work, rows * width);
        for (size_t r = 0; r < rows; r++)
            memcpy(data + r * columns + c, work + r * width, width * sizeof *work);
    }
}

bool bp_fft_columns(size_t rows, size_t columns, bp_complex *data, bool backward)
{
    bp_fft *across = bp_fft_new(rows);
    size_t room = across ? bp_fft_scratch(across) : 0;
    room = (room > SIDE_BY_SIDE * rows ? room : SIDE_BY_SIDE * rows) + (SIDE_BY_SIDE + 1) * rows;
    bp_complex *work = across ? calloc(room + 1, sizeof *work) : NULL;
    if (work)
        columns_of(across, rows, columns, data, backward, work);
    bool done = work != NULL;
    free(work);
    bp_fft_free(across);
    return done;
}

bool bp_fft_image(size_t rows, size_t columns, bp_complex *data, bool backward)
{
    bp_fft *along = bp_fft_new(columns);
    bp_complex *work = along ? calloc(bp_fft_scratch(along) + 1, sizeof *work) : NULL;
    for (size_t r = 0; work && r < rows; r++)
        bp_fft_run(along, data + r * columns, backward, work);
    bool done = work && bp_fft_columns(rows, columns, data, backward);
    free(work);
    bp_fft_free(along);
    return done;
}
