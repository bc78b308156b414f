/* SPDX-License-Identifier: BSD-3-Clause
 * mkdtemp and nftw are POSIX, the latter of its XSI part. */
#define _XOPEN_SOURCE 700
#include "cli/field.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/field_frames.h"
#include "cli/field_scripts.h"
#include "report/json.h"
#include "report/table.h"

#define PATIENCE    900 /* seconds */
#define MAX_PYTHONS 16  /* that are asked */

static const bp_field_program programs[] = {
    {"dials", "sx", "dials.python", "dials", "spots as dials.find_spots finds them, frame by frame", false},
    {"pyfai", "saxs", NULL, "python3-pyfai", "azimuthal integration of the sum of all frames", true},
};

static bool asked_for(const bp_question *question, const char *technique)
{
    size_t length = strlen(technique);
    for (size_t i = 0; i < question->technique_count; i++) {
        const char *text = question->techniques[i];
        if (strncmp(text, technique, length) == 0 && (!text[length] || text[length] == ':'))
            return true;
    }
    return false;
}

bp_status bp_field_choose(bp_cli *cli, const bp_question *question, const bp_field_program **program)
{
    const char *name = cli->values[OPTION_WITH];
    *program = NULL;
    if (!name)
        return BP_OK;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (strcmp(name, programs[i].name) == 0)
            *program = &programs[i];
    if (!*program)
        return bp_fail(cli->ctx, BP_E_USAGE,
                       "--with %s: the programs that can be asked are dials (for sx) and "
                       "pyfai (for saxs)",
                       name);
    if (!asked_for(question, (*program)->technique))
        return bp_fail(cli->ctx, BP_E_USAGE, "--with %s has something to say on --science %s alone", name,
                       (*program)->technique);
    return BP_OK;
}

/* ---- temporary folder ---- */

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void)facts;
    (void)kind;
    (void)place;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

static bp_status make_folder(bp_cli *cli, char folder[PATH_MAX])
{
    const char *where = getenv("TMPDIR");
    where = where && *where ? where : "/tmp";
    snprintf(folder, PATH_MAX - 64, "%s/beampress-XXXXXX", where);
    if (mkdtemp(folder))
        return BP_OK;
    *folder = 0;
    return bp_fail(cli->ctx, BP_E_OUTPUT, "%s: no temporary folder can be made there: %s", where,
                   strerror(errno));
}

static bp_status write_script(bp_cli *cli, const bp_field_program *program, const char *folder)
{
    const char *const names[] = {program->name, "field"};
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/program.py", folder);
    FILE *file = fopen(path, "w");
    for (int k = 0; file && k < 2; k++)
        for (const bp_page_part *part = bp_field_scripts; part->name; part++)
            if (strcmp(part->name, names[k]) == 0)
                fwrite(part->text, 1, part->size, file);
    if (!file || fclose(file) != 0)
        return bp_fail(cli->ctx, BP_E_OUTPUT, "%s: %s", path, strerror(errno));
    return BP_OK;
}

/* ---- the program ---- */

/* What a Python that was started left behind; NULL: nothing that could be read. */
static json_t *ask(const char *python, const char *folder)
{
    char script[PATH_MAX], result[PATH_MAX], text[64];
    snprintf(script, sizeof script, "%s/program.py", folder);
    snprintf(result, sizeof result, "%s/result.json", folder);
    const char *const arguments[] = {python, script, folder, NULL};
    remove(result);
    int code = bp_child_run(arguments, PATIENCE, text, sizeof text);
    json_t *said = json_load_file(result, 0, NULL);
    if (code == 0 && json_is_object(said))
        return said;
    json_decref(said);
    return NULL;
}

/* Every Python on the PATH until one has the program. NULL: none has; *asked counts those that were started,
 * *silent those that left nothing behind. */
static json_t *ask_all(const char *command, const char *folder, size_t *asked, size_t *silent)
{
    const char *folders = getenv("PATH");
    char path[PATH_MAX];
    while (folders && *folders && *asked < MAX_PYTHONS) {
        int length = (int)strcspn(folders, ":");
        bool fits = (size_t)snprintf(path, sizeof path, "%.*s/%s", length, folders, command) < sizeof path;
        folders += length;
        folders += *folders == ':';
        if (!fits || length == 0 || access(path, X_OK) != 0)
            continue;
        (*asked)++;
        json_t *said = ask(path, folder);
        *silent += !said;
        if (said && !json_object_get(said, "missing"))
            return said;
        json_decref(said);
    }
    return NULL;
}

static double number_of(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void take_figures(const json_t *said, json_t *with)
{
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(said, "figures"), index, row)
    {
        json_t *figure = json_object();
        double before = number_of(row, "reference"), after = number_of(row, "test");
        const char *name = json_string_value(json_object_get(row, "name"));
        bp_json_set_text(figure, "name", name ? name : "?");
        bp_json_set_text(figure, "unit", json_string_value(json_object_get(row, "unit")));
        bp_json_set_number(figure, "reference", before);
        bp_json_set_number(figure, "test", after);
        bp_json_set_number(figure, "difference", after - before);
        bp_json_append(with, "figures", figure);
    }
}

static void tell(json_t *with, const char *key, const char *format, ...) BP_PRINTF(3, 4);

static void tell(json_t *with, const char *key, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bp_json_set_text(with, key, text);
}

static void run_program(const bp_field_program *program, const char *folder, json_t *with)
{
    size_t asked = 0, silent = 0;
    json_t *said = program->command ? ask_all(program->command, folder, &asked, &silent) : NULL;
    if (!said)
        said = ask_all("python3", folder, &asked, &silent);
    bp_json_set_bool(with, "installed", said || silent);
    if (said) {
        bp_json_set_text(with, "version", json_string_value(json_object_get(said, "version")));
        bp_json_set_text(with, "failed", json_string_value(json_object_get(said, "failed")));
        take_figures(said, with);
    } else if (silent) {
        tell(with, "failed", "it was ended, took longer than %d s, or could not write its result", PATIENCE);
    } else {
        tell(with, "failed", "%s is not installed for any python3 on the PATH (Debian: apt install %s)",
             program->name, program->package);
    }
    json_decref(said);
}

static void set_with(bp_cli *cli, const bp_field_program *program, json_t *with)
{
    bp_json_set(cli->result, "with", with);
    bp_json_set_text(with, "program", program->name);
    bp_json_set_text(with, "technique", program->technique);
    bp_json_set_text(with, "does", program->does);
    bp_json_set_bool(with, "installed", false);
    bp_json_set_text(with, "version", NULL);
    bp_json_set_text(with, "failed", NULL);
    bp_json_set_text(with, "note", NULL);
    bp_json_set(with, "figures", json_array());
}

bp_status bp_field_run(bp_cli *cli, const bp_field_program *program, const bp_judge_options *options)
{
    char folder[PATH_MAX];
    bp_field_frames written = {0};
    json_t *with = json_object();
    set_with(cli, program, with);
    bp_status status = make_folder(cli, folder);
    if (status == BP_OK)
        status = write_script(cli, program, folder);
    if (status == BP_OK)
        status = bp_field_write(cli, options, folder, &written);
    bp_json_set_count(with, "frames", written.frames);
    if (status == BP_OK && program->geometry && !written.geometry)
        tell(with, "failed", "%s needs to know where the detector stands: --geometry FILE.poni",
             program->name);
    else if (status == BP_OK)
        run_program(program, folder, with);
    if (status == BP_OK && written.frames < written.of)
        tell(with, "note", "the first %llu of %llu frames", (unsigned long long)written.frames,
             (unsigned long long)written.of);
    if (*folder)
        nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return status;
}

static void number_cell(bp_table *table, double value)
{
    if (isfinite(value))
        bp_table_cell(table, "%.6g", value);
    else
        bp_table_cell(table, "%s", "-");
}

void bp_field_print(const bp_cli *cli, const bp_field_program *program)
{
    static const bp_column columns[] = {
        {"figure", 'l'}, {"reference", 'r'}, {"test", 'r'}, {"difference", 'r'}, {"", 'l'}};
    const json_t *with = json_object_get(cli->result, "with"), *figures = json_object_get(with, "figures");
    const char *version = json_string_value(json_object_get(with, "version"));
    const char *failed = json_string_value(json_object_get(with, "failed"));
    const char *note = json_string_value(json_object_get(with, "note"));
    printf("\nwith %s: %s\n", version ? version : program->name, failed ? failed : program->does);
    if (note)
        printf("  %s\n", note);
    if (json_array_size(figures) == 0)
        return;
    bp_table *table = bp_table_new(columns, 5);
    size_t index;
    json_t *row;
    json_array_foreach(figures, index, row)
    {
        const char *unit = json_string_value(json_object_get(row, "unit"));
        bp_table_cell(table, "%s", json_string_value(json_object_get(row, "name")));
        number_cell(table, number_of(row, "reference"));
        number_cell(table, number_of(row, "test"));
        number_cell(table, number_of(row, "difference"));
        bp_table_cell(table, "%s", unit ? unit : "");
    }
    bp_table_print(table, stdout, 0);
    bp_table_free(table);
}
