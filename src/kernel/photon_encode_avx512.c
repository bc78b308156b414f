/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel/kernel_c.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VBMI__) && defined(__AVX512VBMI2__)
#include "kernel/photon_simd_avx512.h"

#include "kernel/photon_encode_body.h"

void bp_photon_encode_avx512(const bp_photon_source *source, bp_photon_sink *sink)
{
    encode_band(source, sink);
}
#endif
