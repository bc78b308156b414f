/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "beampress/science.h"

#define TECHNIQUE(name) extern const bp_technique bp_technique_##name;
#include "registry/techniques.def"
#undef TECHNIQUE

static const bp_technique *const techniques[] = {
#define TECHNIQUE(name) &bp_technique_##name,
#include "registry/techniques.def"
#undef TECHNIQUE
};

#define TECHNIQUE_COUNT (sizeof techniques / sizeof techniques[0])

const bp_technique *bp_technique_at(size_t index)
{
    return index < TECHNIQUE_COUNT ? techniques[index] : NULL;
}

const bp_technique *bp_technique_by_name(const char *name)
{
    for (size_t i = 0; i < TECHNIQUE_COUNT; i++)
        if (strcmp(techniques[i]->name, name) == 0)
            return techniques[i];
    return NULL;
}
