/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BP_ALGO_SNIP_H
#define BP_ALGO_SNIP_H

#include <stdbool.h>
#include <stddef.h>

/* The slowly varying part of a spectrum: peaks narrower than 2 width channels are cut off, on a scale of
 * log log sqrt that treats all heights alike. C. G. Ryan et al., Nucl. Instrum. Methods B 34 (1988) 396.
 * False when memory is short. */
bool bp_snip(const double *counts, size_t channels, size_t width, double *background);

#endif
