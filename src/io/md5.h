/* SPDX-License-Identifier: BSD-3-Clause
 * MD5 (RFC 1321), which CBF files carry as a checksum of their binary sections. Not for security. */
#ifndef BP_IO_MD5_H
#define BP_IO_MD5_H

#include <stddef.h>
#include <stdint.h>

void bp_md5(const void *data, size_t size, uint8_t digest[16]);

#endif
