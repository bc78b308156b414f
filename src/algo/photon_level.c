/* SPDX-License-Identifier: BSD-3-Clause */
#include "algo/photon_level.h"
#include "algo/photon.h"

enum { FRAME, CHUNK };

static const bp_photon_level levels[] = {
#define PHOTON_LEVEL(name, word, number, scope, encode, decode) {number, scope == CHUNK, encode, decode},
#include "algo/photon_levels.def"
#undef PHOTON_LEVEL
};

const bp_photon_level *bp_photon_level_at(size_t index)
{
    return &levels[index];
}

const bp_photon_level *bp_photon_level_by_number(unsigned number)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (levels[i].number == number)
            return &levels[i];
    return NULL;
}
