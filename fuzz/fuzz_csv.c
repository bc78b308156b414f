/* SPDX-License-Identifier: BSD-3-Clause */
#include "frames_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_frames(data, size);
}
