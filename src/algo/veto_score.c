/* SPDX-License-Identifier: BSD-3-Clause
 * Sums over rows, then over the rows in their order: the same on every machine. */
#include "algo/veto_score.h"

#include <math.h>
#include <stdlib.h>

#include "algo/values.h"

#define PIECE 1024

/* count values at one place of a row: their sum, or how many are above a level. */
static double piece(const double *values, const uint8_t *labels, size_t count, bool lit, double above)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        bool bad = labels && labels[i];
        sum += bad ? 0 : lit ? (values[i] > above ? 1.0 : 0.0) : values[i];
    }
    return sum;
}

double bp_veto_score_of(bp_veto_score score, const bp_frame *frame, double above, const size_t *box)
{
    size_t x = 0, y = 0, width = frame->columns, height = frame->rows;
    size_t size = bp_dtype_size(frame->dtype);
    double values[PIECE], total = 0;
    if (score == BP_VETO_ROI) {
        x = box[0];
        y = box[1];
        width = box[2];
        height = box[3];
    }
    for (size_t r = y; r < y + height; r++)
        for (size_t c = x; c < x + width; c += PIECE) {
            size_t at = r * frame->columns + c, count = x + width - c < PIECE ? x + width - c : PIECE;
            bp_values_to_double(frame->dtype, (const char *)frame->values + at * size, count, values);
            total +=
                piece(values, frame->labels ? frame->labels + at : NULL, count, score == BP_VETO_LIT, above);
        }
    return total;
}

bool bp_veto_peaks(const bp_peakfinder8 *finder, const bp_frame *frame, double *count)
{
    size_t pixels = frame->rows * frame->columns;
    bp_peakfinder8 *own = bp_peakfinder8_share(finder);
    double *values = frame->labels ? malloc((pixels + 1) * sizeof *values) : NULL;
    bp_peaks peaks = {0};
    bool done = own && (values || !frame->labels);
    if (done && values) { /* labels are no pixels */
        bp_values_to_double(frame->dtype, frame->values, pixels, values);
        for (size_t i = 0; i < pixels; i++)
            values[i] = frame->labels[i] ? (double)NAN : values[i];
        done = bp_peakfinder8_find(own, values, BP_F64, &peaks);
    } else if (done)
        done = bp_peakfinder8_find(own, frame->values, frame->dtype, &peaks);
    *count = (double)peaks.count;
    bp_peaks_fini(&peaks);
    free(values);
    bp_peakfinder8_free(own);
    return done;
}
