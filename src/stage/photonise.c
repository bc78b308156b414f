/* SPDX-License-Identifier: BSD-3-Clause
 * photonise: charges become numbers of photons. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "algo/photonise.h"
#include "algo/stage_map.h"
#include "algo/stage_noise.h"
#include "algo/values.h"
#include "base/scratch.h"

enum { P_METHOD, P_ADU, P_OFFSET, P_THRESHOLD, P_SEED, P_NOISE, P_TYPE, P_COUNT };
enum { ROUND, DROPLET };

static const char *const methods[] = {"round", "droplet", NULL};
static const char *const types[] = {"uint8", "uint16", "uint32", NULL};
static const char *const seed_units[] = {"sigma", "photons", NULL};
static const struct {
    bp_dtype dtype;
    double most; /* counts; the largest value of the type is a label */
} limits[] = {{BP_U8, 254}, {BP_U16, 65534}, {BP_U32, 4294967293.0}};

static const bp_param params_of_photonise[P_COUNT] = {
    [P_METHOD] = {"method", "", BP_PARAM_CHOICE, 0, 0, ROUND, methods,
                  "round: each pixel by itself; droplet: neighbours that share a photon count together"},
    [P_ADU] = {"adu", "values", BP_PARAM_REAL, 1e-12, 1e12, NAN, NULL,
               "per photon; not given: the gain of the frames where it is known"},
    [P_OFFSET] = {"offset", "values", BP_PARAM_REAL, -1e12, 1e12, NAN, NULL,
                  "value without a photon; not given: that of the frames where it is known, else 0"},
    [P_THRESHOLD] = {"threshold", "photons", BP_PARAM_REAL, 0.01, 0.99, 0.5, NULL,
                     "part of a photon from which on it is one (round)"},
    [P_SEED] = {"seed", "sigma", BP_PARAM_REAL, 1e-6, 1e6, 4, seed_units,
                "pixels above belong to a droplet; in sigma: of the read noise"},
    [P_NOISE] = {"noise", "values", BP_PARAM_REAL, 1e-12, 1e12, NAN, NULL,
                 "read noise; not given: that of the frames where it is known"},
    [P_TYPE] = {"type", "", BP_PARAM_CHOICE, 0, 0, 1, types, "of the numbers"},
};

typedef struct settings {
    double adu, offset, seed; /* seed in photons */
} settings;

static double or_known(double given, double known)
{
    return isnan(given) ? known : given;
}

static settings settings_of(const bp_stage_run *run)
{
    const bp_value *v = run->values;
    settings s = {or_known(v[P_ADU].number, run->in.gain), or_known(v[P_OFFSET].number, run->in.offset),
                  v[P_SEED].number};
    s.offset = or_known(s.offset, 0);
    if (v[P_SEED].unit == 0)
        s.seed *= or_known(v[P_NOISE].number, run->in.read_noise) / s.adu;
    return s;
}

static bp_status check(bp_context *ctx, bp_stage_run *run)
{
    settings s = settings_of(run);
    if (!(s.adu > 0))
        return bp_stage_fail(ctx, run, -1, BP_E_USAGE,
                             "needs adu=: what a photon is worth is not known of these frames");
    if (run->values[P_METHOD].number == DROPLET && !(s.seed > 0))
        return bp_stage_fail(
            ctx, run, run->values[P_SEED].given ? P_SEED : -1, BP_E_USAGE,
            "needs noise=, or seed= in photons: the read noise of these frames is not known");
    bp_flow *out = &run->out;
    out->dtype = limits[(int)run->values[P_TYPE].number].dtype;
    strcpy(out->unit, "photons");
    out->gain = 1;
    out->offset = out->read_noise = 0;
    out->saturation = NAN;
    out->labelled |= run->in.labelled;
    snprintf(out->law, sizeof out->law, "photons of %.9g, %s", s.adu,
             run->values[P_METHOD].number == DROPLET ? "droplets" : "each pixel rounded");
    return BP_OK;
}

static bp_status begin(bp_context *ctx, bp_stage_run *run, const bp_frames_in *in)
{
    settings s = settings_of(run);
    double noise = or_known(or_known(run->values[P_NOISE].number, run->in.read_noise), 0);
    bp_stage_resolved(run, "adu", "values/photon", s.adu);
    bp_stage_resolved(run, "offset", "values", s.offset);
    if (run->values[P_METHOD].number == DROPLET)
        bp_stage_resolved(run, "seed", "photons", s.seed);
    return bp_stage_refuse_negative(ctx, run, in, s.offset, s.offset - s.adu - 6 * noise,
                                    run->values[P_OFFSET].given ? P_OFFSET : P_ADU,
                                    "give offset=, or noise= when that explains it");
}

static bp_status frame(bp_context *ctx, const bp_stage_run *run, const bp_frame *in, bp_frame *out)
{
    settings s = settings_of(run);
    size_t count = in->rows * in->columns;
    double most = limits[(int)run->values[P_TYPE].number].most,
           *values = bp_stage_doubles(ctx, in, 4 * count);
    if (!values)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a frame");
    double *counts = values + count;
    for (size_t i = 0; i < count; i++)
        values[i] = (values[i] - s.offset) / s.adu;
    if (run->values[P_METHOD].number == DROPLET)
        (void)bp_photonise_droplets(values, in->labels, in->rows, in->columns, s.seed, counts,
                                    counts + count);
    else
        bp_photonise_round(values, in->labels, count, run->values[P_THRESHOLD].number, counts);
    size_t over = count;
    for (size_t i = 0; i < count; i++)
        over = counts[i] > most ? i : over;
    bp_values_from_double(out->dtype, counts, count, out->values);
    double worst = over < count ? counts[over] : 0;
    bp_scratch_give(ctx, values);
    if (over < count)
        return bp_fail(ctx, BP_E_LOSS,
                       "photonise: %.0f photons in row %zu, column %zu of frame %llu do not fit "
                       "into %s: say type=",
                       worst, over / in->columns, over % in->columns, (unsigned long long)in->index,
                       bp_dtype_name(out->dtype));
    return BP_OK;
}

const bp_stage bp_stage_photonise = {
    .name = "photonise",
    .summary = "charges become numbers of photons",
    .source = "M. Sutton et al., J. Synchrotron Rad. 14 (2007) 300 (droplets)",
    .params = params_of_photonise,
    .param_count = P_COUNT,
    .scope = BP_SCOPE_FRAME,
    .traits = BP_STAGE_ALL_KEYS | BP_STAGE_ONCE,
    .check = check,
    .begin = begin,
    .frame = frame,
};
