/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "beampress/simulate.h"

#define SIMULATOR(number, name) extern const bp_simulator bp_simulator_##name;
#include "registry/simulators.def"
#undef SIMULATOR

static const bp_simulator *const simulators[] = {
#define SIMULATOR(number, name) &bp_simulator_##name,
#include "registry/simulators.def"
#undef SIMULATOR
};

#define SIMULATOR_COUNT (sizeof simulators / sizeof simulators[0])

const bp_simulator *bp_simulator_at(size_t index)
{
    return index < SIMULATOR_COUNT ? simulators[index] : NULL;
}

const bp_simulator *bp_simulator_by_name(const char *name)
{
    for (size_t i = 0; i < SIMULATOR_COUNT; i++)
        if (strcmp(simulators[i]->name, name) == 0)
            return simulators[i];
    return NULL;
}

bp_status bp_simulation_begin(bp_context *ctx, const bp_simulator *simulator, const double *params,
                              bp_simulation *simulation)
{
    memset(simulation, 0, sizeof *simulation);
    bp_status status =
        bp_param_check(ctx, simulator->name, simulator->params, simulator->param_count, params);
    if (status != BP_OK)
        return status;
    simulation->simulator = simulator;
    memcpy(simulation->params, params, simulator->param_count * sizeof *params);
    return simulator->begin(ctx, simulation);
}

bp_status bp_simulation_frame(bp_context *ctx, const bp_simulation *simulation, size_t index, void *values)
{
    if (index >= simulation->frames)
        return bp_fail(ctx, BP_E_USAGE, "frame %zu of %zu", index, simulation->frames);
    return simulation->simulator->frame(ctx, simulation, index, values);
}

void bp_simulation_end(bp_simulation *simulation)
{
    if (simulation->simulator)
        simulation->simulator->end(simulation);
    memset(simulation, 0, sizeof *simulation);
}
