/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/attest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define KEY_LENGTH 16

bp_status bp_verdict_key(bp_context *ctx, const bp_pipeline *pipeline, char *key)
{
    size_t length = bp_pipeline_print(pipeline, NULL, 0);
    char *text = malloc(length + 1);
    *key = 0;
    if (!text)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a pipeline");
    bp_pipeline_print(pipeline, text, length + 1);
    snprintf(key, KEY_LENGTH + 1, "%016llx", (unsigned long long)bp_hash64(text, length));
    free(text);
    return BP_OK;
}

bp_status bp_verdict_find(bp_context *ctx, const bp_pipeline *pipeline, const char *text, char **verdict)
{
    const size_t mark = strlen(BP_VERDICT_MARK);
    char key[KEY_LENGTH + 1];
    const char *line = text;
    *verdict = NULL;
    while (line && strncmp(line, BP_VERDICT_MARK, mark) != 0) {
        const char *end = strchr(line, '\n');
        line = end ? end + 1 : NULL;
    }
    if (!line)
        return BP_OK;
    bp_status status = bp_verdict_key(ctx, pipeline, key);
    if (status != BP_OK)
        return status;
    line += mark;
    if (strncmp(line, key, KEY_LENGTH) != 0 || line[KEY_LENGTH] != ' ') {
        bp_log(ctx, BP_LOG_WARNING,
               "the verdict in the text is of another pipeline: it does not go into the record");
        return BP_OK;
    }
    line += KEY_LENGTH + 1;
    *verdict = strndup(line, strcspn(line, "\r\n"));
    return *verdict ? BP_OK : bp_fail(ctx, BP_E_MEMORY, "no memory for a verdict");
}
