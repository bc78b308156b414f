/* SPDX-License-Identifier: BSD-3-Clause
 * The entropy of simulated frames, which `beampress simulate` stores beside them: GROUP/truth/entropy, a map
 * of bits, for the frames GROUP/NAME/data. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"
#include "io/hdf5_sample.h"

/* Cuts the last name of a path off; false when there is none. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

double bp_bench_floor(bp_context *ctx, const char *file, const char *dataset)
{
    char path[1024];
    bp_sample map;
    double sum = 0;
    if ((size_t)snprintf(path, sizeof path, "%s", dataset) >= sizeof path - sizeof "/truth/entropy" ||
        !go_up(path) || !go_up(path))
        return NAN;
    memcpy(path + strlen(path), "/truth/entropy", sizeof "/truth/entropy");
    if (bp_sample_read(ctx, file, path, SIZE_MAX / 2, &map) != BP_OK)
        return NAN; /* as good as always: measured data have no truth */
    size_t count = bp_array_elements(&map.array);
    const double *bits = map.array.data;
    bool good = map.array.dtype == BP_F64 && count > 0;
    for (size_t i = 0; good && i < count; i++)
        sum += bits[i];
    bp_sample_fini(&map);
    return good ? sum / (double)count : NAN;
}
