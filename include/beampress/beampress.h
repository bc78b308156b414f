/* SPDX-License-Identifier: BSD-3-Clause
 * Everything: photon-science data small without harming the science. */
#ifndef BEAMPRESS_BEAMPRESS_H
#define BEAMPRESS_BEAMPRESS_H

#include "array.h"
#include "chunk.h"
#include "codec.h"
#include "context.h"
#include "file.h"
#include "operation.h"
#include "param.h"
#include "simulate.h"
#include "status.h"
#include "version.h"

#endif
