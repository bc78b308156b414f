/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#include "kernel/photon_max_body.h"

const bp_max_rows bp_max_rows_c = BP_MAX_ROWS;
