/* SPDX-License-Identifier: BSD-3-Clause
 * What becomes of the files that a file points to. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5_links.h"
#include "io/paths.h"

static const char *kind_text(bp_h5_target_kind kind)
{
    static const char *const texts[] = {"external link", "source of the virtual dataset", "raw storage of"};
    return texts[kind];
}

void bp_h5_followed_list_fini(bp_h5_followed_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->files[i].source);
        free(list->files[i].relative);
    }
    free(list->files);
    memset(list, 0, sizeof *list);
}

/* Would the target still be found from another folder? */
static bool found_from(const char *folder, const bp_h5_target *target)
{
    const char *name = target->name[0] == '/' ? strrchr(target->name, '/') + 1 : target->name;
    char *path = bp_path_join(folder, name);
    bool found = path && bp_path_is_file(path);
    free(path);
    return found;
}

bp_status bp_h5_check_targets(bp_context *ctx, const char *input, const char *output, bool follow,
                              bool keep_links)
{
    bp_h5_target_list list;
    char *from = bp_path_folder(input), *to = bp_path_folder(output);
    bp_status status = bp_h5_list_targets(ctx, input, &list);
    bool moves = from && to && !bp_path_same(from, to);
    if (!from || !to)
        status = bp_fail(ctx, BP_E_MEMORY, "no memory for the names of folders");
    for (size_t i = 0; status == BP_OK && i < list.count; i++) {
        const bp_h5_target *target = &list.targets[i];
        if (!target->exists)
            bp_log(ctx, BP_LOG_WARNING, "%s: %s: the %s leads to \"%s\", which is not there; kept as it is",
                   input, target->object, target->kind == BP_H5_TARGET_LINK ? "link" : "dataset",
                   target->name);
        else if (moves && target->beside && !follow && !keep_links && !found_from(to, target))
            status = bp_fail(ctx, BP_E_LOSS,
                             "%s: %s (%s) leads to \"%s\", which would not be found from %s: --follow "
                             "compresses that file too, --keep-links keeps what is stored",
                             input, target->object, kind_text(target->kind), target->name, to);
    }
    bp_h5_target_list_fini(&list);
    free(from);
    free(to);
    return status;
}

typedef struct follower {
    bp_context *ctx;
    const char *input;
    char *folder; /* of the input */
    bool keep_links;
    bp_h5_followed_list *list;
} follower;

static bp_status append(follower *f, char *source, char *relative, bool raw)
{
    bp_h5_followed_list *list = f->list;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        bp_h5_followed *files = realloc(list->files, room * sizeof *files);
        if (!files) {
            free(source);
            free(relative);
            return bp_fail(f->ctx, BP_E_MEMORY, "no memory for a list of %zu files", room);
        }
        list->files = files;
        list->room = room;
    }
    list->files[list->count++] = (bp_h5_followed){source, relative, raw};
    return BP_OK;
}

static bool listed(const follower *f, const char *relative)
{
    for (size_t i = 0; i < f->list->count; i++)
        if (strcmp(f->list->files[i].relative, relative) == 0)
            return true;
    return false;
}

/* parent: relative folder of the file that points, "." for the input's own. */
static bp_status follow_one(follower *f, const char *pointer, const char *parent, const bp_h5_target *target)
{
    if (!target->exists) {
        bp_log(f->ctx, BP_LOG_WARNING, "%s: %s leads to \"%s\", which is not there; kept as it is", pointer,
               target->object, target->name);
        return BP_OK;
    }
    char *joined = bp_path_join(parent, target->name);
    char *relative = joined ? bp_path_normal(joined) : NULL;
    free(joined);
    if (!relative)
        return bp_fail(f->ctx, BP_E_MEMORY, "no memory for the name of a file");
    if (bp_path_leaves(relative) || !target->beside) {
        free(relative);
        if (!f->keep_links)
            return bp_fail(
                f->ctx, BP_E_LOSS,
                "%s: %s (%s) leads to \"%s\", which stands outside the folder of %s: --follow cannot "
                "write it beside the output; --follow with --keep-links leaves it as it is",
                pointer, target->object, kind_text(target->kind), target->name, f->input);
        bp_log(f->ctx, BP_LOG_WARNING, "%s: %s leads to \"%s\" outside the folder; not followed", pointer,
               target->object, target->name);
        return BP_OK;
    }
    char *source = bp_path_join(f->folder, relative);
    if (!source || bp_path_same(source, f->input) || listed(f, relative)) {
        bool lost = !source;
        free(relative);
        free(source);
        return lost ? bp_fail(f->ctx, BP_E_MEMORY, "no memory for the name of a file") : BP_OK;
    }
    return append(f, source, relative, target->kind == BP_H5_TARGET_RAW);
}

static bp_status follow_file(follower *f, const char *path, const char *relative_folder)
{
    bp_h5_target_list targets;
    bp_status status = bp_h5_list_targets(f->ctx, path, &targets);
    for (size_t i = 0; status == BP_OK && i < targets.count; i++)
        status = follow_one(f, path, relative_folder, &targets.targets[i]);
    bp_h5_target_list_fini(&targets);
    return status;
}

/* A file that was looked into under another name leads to nothing new, and never to an end when a folder
 * holds a symbolic link to itself. */
static bool looked_into(const follower *f, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (bp_path_same(f->list->files[i].source, f->list->files[index].source))
            return true;
    return false;
}

bp_status bp_h5_follow_targets(bp_context *ctx, const char *input, bool keep_links, bp_h5_followed_list *list)
{
    memset(list, 0, sizeof *list);
    follower f = {.ctx = ctx, .input = input, .folder = bp_path_folder(input), .keep_links = keep_links};
    f.list = list;
    if (!f.folder)
        return bp_fail(ctx, BP_E_MEMORY, "no memory for the name of a folder");
    bp_status status = follow_file(&f, input, ".");
    for (size_t i = 0; status == BP_OK && i < list->count; i++) {
        if (list->files[i].raw || looked_into(&f, i))
            continue;
        char *folder = bp_path_folder(list->files[i].relative), *path = strdup(list->files[i].source);
        status = !folder || !path ? bp_fail(ctx, BP_E_MEMORY, "no memory for the name of a file")
                                  : follow_file(&f, path, folder);
        free(folder);
        free(path);
    }
    free(f.folder);
    return status;
}
