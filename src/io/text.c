/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "io/text.h"

void bp_text_add(bp_text *text, const char *bytes, size_t size)
{
    if (text->failed)
        return;
    char *grown = realloc(text->data, text->size + size + 1);
    if (!grown) {
        text->failed = true;
        return;
    }
    if (size)
        memcpy(grown + text->size, bytes, size);
    text->data = grown;
    text->size += size;
    grown[text->size] = '\0';
}

void bp_text_add_word(bp_text *text, const char *word)
{
    bp_text_add(text, word, strlen(word));
}

char *bp_text_from_bytes(const void *bytes, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return NULL;
    if (size)
        memcpy(text, bytes, size);
    text[size] = '\0';
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    return text;
}
