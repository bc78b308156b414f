/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "beampress/stage.h"

#define STAGE(name) extern const bp_stage bp_stage_##name;
#include "registry/stages.def"
#undef STAGE

static const bp_stage *const stages[] = {
#define STAGE(name) &bp_stage_##name,
#include "registry/stages.def"
#undef STAGE
};

#define STAGE_COUNT (sizeof stages / sizeof stages[0])

const bp_stage *bp_stage_at(size_t index)
{
    return index < STAGE_COUNT ? stages[index] : NULL;
}

const bp_stage *bp_stage_by_name(const char *name)
{
    for (size_t i = 0; i < STAGE_COUNT; i++)
        if (strcmp(stages[i]->name, name) == 0)
            return stages[i];
    return NULL;
}
