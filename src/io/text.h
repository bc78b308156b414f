/* SPDX-License-Identifier: BSD-3-Clause
 * A text that grows. */
#ifndef BP_IO_TEXT_H
#define BP_IO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bp_text {
    char *data; /* ends with 0; NULL while empty; freed by the owner */
    size_t size;
    bool failed; /* there was no memory: nothing more is added */
} bp_text;

void bp_text_add(bp_text *text, const char *bytes, size_t size);
void bp_text_add_word(bp_text *text, const char *word);

/* A copy of bytes as text: zero bytes, which no header means, become spaces. NULL when there is no memory. */
char *bp_text_from_bytes(const void *bytes, size_t size);

#endif
