/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/picture.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/child.h"
#include "io/output.h"
#include "report/plot.h"

#define CONVERTER         "rsvg-convert"
#define CONVERTER_SECONDS 60

static bool ends_with(const char *path, const char *suffix)
{
    size_t length = strlen(path), size = strlen(suffix);
    return length > size && strcmp(path + length - size, suffix) == 0;
}

/* The converter's full path in the folders of PATH; false when it is in none. */
static bool find_converter(char *found, size_t size)
{
    const char *folders = getenv("PATH");
    for (const char *at = folders; at && *at;) {
        size_t length = strcspn(at, ":");
        int used = snprintf(found, size, "%.*s/" CONVERTER, (int)length, at);
        if (length > 0 && used > 0 && (size_t)used < size && access(found, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

bp_status bp_picture_check(bp_cli *cli, const char *path)
{
    char converter[PATH_MAX];
    if (ends_with(path, ".svg"))
        return BP_OK;
    if (!ends_with(path, ".png"))
        return bp_fail(cli->ctx, BP_E_USAGE, "--plot %s: a picture's name ends in .svg or .png", path);
    if (!find_converter(converter, sizeof converter))
        return bp_fail(
            cli->ctx, BP_E_UNSUPPORTED,
            "--plot %s: PNG wants " CONVERTER " (Debian's package librsvg2-bin); .svg needs nothing", path);
    return BP_OK;
}

static bp_status draw(bp_cli *cli, const bp_outcomes *outcomes, const char *title, const char *note,
                      const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", path, strerror(errno));
    bp_status status = bp_plot_outcomes(cli->ctx, outcomes, title, note, file);
    if (fclose(file) != 0 && status == BP_OK)
        status = bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", path, strerror(errno));
    return status;
}

/* The SVG goes through a file of its own: a reader of a pipe would have to wait for us. */
static bp_status draw_png(bp_cli *cli, const bp_outcomes *outcomes, const char *title, const char *note,
                          const char *path)
{
    char drawing[PATH_MAX], converter[PATH_MAX] = "", said[256];
    if (snprintf(drawing, sizeof drawing, "%s.svg", path) >= (int)sizeof drawing)
        return bp_fail(cli->ctx, BP_E_OUTPUT, "the name of the picture is too long");
    bp_status status = draw(cli, outcomes, title, note, drawing);
    if (status == BP_OK && find_converter(converter, sizeof converter)) {
        const char *const words[] = {converter, "--zoom", "1.5", "-f", "png", "-o", path, drawing, NULL};
        if (bp_child_run(words, CONVERTER_SECONDS, said, sizeof said) != 0)
            status = bp_fail(cli->ctx, BP_E_OUTPUT, CONVERTER " could not draw the picture");
    }
    unlink(drawing);
    return status;
}

bp_status bp_picture_write(bp_cli *cli, const bp_outcomes *outcomes, const char *title, const char *note,
                           const char *input, const char *path)
{
    bp_output out = {.fd = -1};
    bp_status status = bp_output_begin(cli->ctx, input, path, bp_cli_has(cli, OPTION_OVERWRITE), false, &out);
    if (status == BP_OK)
        status = ends_with(path, ".svg") ? draw(cli, outcomes, title, note, out.temporary)
                                         : draw_png(cli, outcomes, title, note, out.temporary);
    if (status == BP_OK)
        status = bp_output_commit(cli->ctx, &out);
    bp_output_end(&out);
    return status;
}
