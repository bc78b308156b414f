/* SPDX-License-Identifier: BSD-3-Clause */
#include "beampress/version.h"

const char *bp_version(void)
{
    return BP_VERSION_STRING;
}
