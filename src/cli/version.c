/* SPDX-License-Identifier: BSD-3-Clause
 * --version: of beampress and of the libraries that run with it. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "io/hdf5_environment.h"
#include "report/json.h"

/* codec->library says "name version" */
static void add_library(json_t *libraries, const char *library)
{
    char name[64];
    size_t length = strcspn(library, " ");
    if (length >= sizeof name)
        return;
    memcpy(name, library, length);
    name[length] = 0;
    if (!json_object_get(libraries, name))
        bp_json_set_text(libraries, name, library[length] ? library + length + 1 : "");
}

json_t *bp_cli_versions(void)
{
    char hdf5[64], library[128];
    json_t *libraries = json_object();
    const bp_codec *codec;
    bp_json_set_text(libraries, "hdf5", bp_h5_version(hdf5, sizeof hdf5));
    bp_json_set_text(libraries, "jansson", JANSSON_VERSION);
    for (size_t i = 0; (codec = bp_codec_at(i)) != NULL; i++)
        if (codec->library) {
            (void)codec->library(library, sizeof library);
            add_library(libraries, library);
        }
    return libraries;
}

void bp_cli_print_version(const bp_cli *cli)
{
    json_t *libraries = bp_cli_versions(), *value;
    const char *name;
    if (cli->json) {
        json_t *object = json_object();
        bp_json_set_text(object, "beampress", bp_version());
        bp_json_set_text(object, "simd", bp_simd_level());
        bp_json_set(object, "libraries", libraries);
        bp_json_set_count(object, "exit_code", 0);
        (void)bp_json_print(object, stdout);
        json_decref(object);
        return;
    }
    printf("beampress %s\nSIMD level: %s\n", bp_version(), bp_simd_level());
    json_object_foreach(libraries, name, value) printf("%s %s\n", name, json_string_value(value));
    json_decref(libraries);
}
