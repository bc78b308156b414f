/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/frames_paths.h"

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

int bp_natural_compare(const char *a, const char *b)
{
    const char *p = a, *q = b;
    while (*p && *q) {
        size_t n = digits(p), m = digits(q);
        if (n && m) {
            size_t zeros_p = strspn(p, "0"), zeros_q = strspn(q, "0");
            if (zeros_p >= n)
                zeros_p = n - 1;
            if (zeros_q >= m)
                zeros_q = m - 1;
            if (n - zeros_p != m - zeros_q)
                return n - zeros_p < m - zeros_q ? -1 : 1;
            int order = memcmp(p + zeros_p, q + zeros_q, n - zeros_p);
            if (order)
                return order;
            p += n;
            q += m;
        } else if (*p != *q) {
            return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
        } else {
            p++;
            q++;
        }
    }
    if (*p || *q)
        return *p ? 1 : -1;
    return strcmp(a, b); /* 01 and 1 */
}

static int compare_entries(const void *a, const void *b)
{
    return bp_natural_compare(*(char *const *)a, *(char *const *)b);
}

static bp_status add(bp_context *ctx, const char *path, char ***files, size_t *count)
{
    char **grown = realloc(*files, (*count + 1) * sizeof *grown);
    if (grown)
        *files = grown;
    char *copy = grown ? strdup(path) : NULL;
    if (!copy)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for file names");
    (*files)[(*count)++] = copy;
    return BP_OK;
}

static bp_status add_pattern(bp_context *ctx, const char *pattern, char ***files, size_t *count)
{
    glob_t found;
    bp_status status = BP_OK;
    int result = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (result == GLOB_NOMATCH)
        return bp_fail(ctx, BP_E_INPUT, "%s: no file has such a name", pattern);
    if (result != 0)
        return bp_fail(ctx, result == GLOB_NOSPACE ? BP_E_MEMORY : BP_E_INPUT,
                       "%s: the folder cannot be read", pattern);
    qsort(found.gl_pathv, found.gl_pathc, sizeof found.gl_pathv[0], compare_entries);
    for (size_t i = 0; i < found.gl_pathc && status == BP_OK; i++)
        status = add(ctx, found.gl_pathv[i], files, count);
    globfree(&found);
    return status;
}

bp_status bp_frames_expand(bp_context *ctx, const char *const *paths, size_t count, char ***files,
                           size_t *file_count)
{
    bp_status status = count ? BP_OK : bp_fail(ctx, BP_E_USAGE, "no file is named");
    *files = NULL;
    *file_count = 0;
    for (size_t i = 0; i < count && status == BP_OK; i++) {
        if (strpbrk(paths[i], "*?[") && access(paths[i], F_OK) != 0)
            status = add_pattern(ctx, paths[i], files, file_count);
        else
            status = add(ctx, paths[i], files, file_count);
    }
    if (status != BP_OK) {
        bp_frames_free_paths(*files, *file_count);
        *files = NULL;
        *file_count = 0;
    }
    return status;
}

void bp_frames_free_paths(char **files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(files[i]);
    free(files);
}
