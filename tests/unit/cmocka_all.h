/* SPDX-License-Identifier: BSD-3-Clause
 * cmocka wants these before itself. */
#ifndef BP_TESTS_CMOCKA_ALL_H
#define BP_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
