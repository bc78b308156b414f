/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#define LEVEL(name) name##_c
#include "kernel/lz4_body.h"
