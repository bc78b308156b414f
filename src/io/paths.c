/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/paths.h"

char *bp_path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

char *bp_path_join(const char *folder, const char *name)
{
    if (name[0] == '/' || strcmp(folder, ".") == 0)
        return strdup(name);
    size_t before = strlen(folder), after = strlen(name);
    bool slash = before > 0 && folder[before - 1] != '/';
    char *path = malloc(before + slash + after + 1);
    if (!path)
        return NULL;
    memcpy(path, folder, before);
    if (slash)
        path[before] = '/';
    memcpy(path + before + slash, name, after + 1);
    return path;
}

char *bp_path_normal(const char *path)
{
    char *normal = calloc(strlen(path) + 2, 1);
    size_t used = 0, floor = 0; /* floor: what ".." cannot take away */
    if (!normal)
        return NULL;
    if (*path == '/')
        normal[used++] = '/', floor = 1;
    while (*path) {
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            if (used > floor) {
                while (used > floor && normal[used - 1] != '/')
                    used--;
                if (used > floor)
                    used--; /* the slash */
            } else if (normal[0] != '/' || floor == 0) {
                if (used)
                    normal[used++] = '/';
                memcpy(normal + used, "..", 2);
                used += 2;
                floor = used;
            }
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            if (used && normal[used - 1] != '/')
                normal[used++] = '/';
            memcpy(normal + used, path, length);
            used += length;
        }
        path += length;
        while (*path == '/')
            path++;
    }
    if (used == 0)
        normal[used++] = '.';
    normal[used] = 0;
    return normal;
}

bool bp_path_leaves(const char *normal)
{
    return normal[0] == '/' || (strncmp(normal, "..", 2) == 0 && (normal[2] == '/' || normal[2] == 0));
}

bool bp_path_is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool bp_path_same(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}
