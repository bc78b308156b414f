/* SPDX-License-Identifier: BSD-3-Clause
 * The file: magic, size, XXH3 of the rest, then numbers in the order of this machine. */
#include "explore/point_cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "beampress/version.h"

#define MAGIC   "bppoint1"
#define LARGEST ((size_t)1 << 28)

static uint64_t key_of(const bp_trial *trial, const bp_point *point)
{
    char *text = NULL, library[128] = "", params[1024];
    size_t size = 0;
    uint64_t key = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return 0;
    fprintf(out, "%s %s %016" PRIx64 " %s", MAGIC, bp_version(), trial->part->hash, point->pipeline);
    for (size_t i = 0; bp_codec_at(i); i++) /* the one in use is among them */
        if (bp_codec_at(i)->library && strstr(point->pipeline, bp_codec_at(i)->name)) {
            bp_codec_at(i)->library(library, sizeof library);
            fprintf(out, " %s", library);
        }
    for (size_t i = 0; i < trial->answer_count; i++) {
        const bp_answer *a = &trial->answers[i];
        bp_param_print(a->technique->params, a->technique->param_count, a->params, params, sizeof params);
        fprintf(out, " %s:%s", a->technique->name, params);
    }
    if (fclose(out) == 0)
        key = bp_hash64(text, size);
    free(text);
    return key;
}

static void name_of(const char *folder, uint64_t key, char *name, size_t size)
{
    snprintf(name, size, "%s/%016" PRIx64 ".point", folder, key);
}

/* ---- writing ---- */

static void put(FILE *out, const void *data, size_t size)
{
    if (size)
        fwrite(data, 1, size, out);
}

static void put_text(FILE *out, const char *text)
{
    uint64_t length = text ? strlen(text) : 0;
    put(out, &length, sizeof length);
    put(out, text, (size_t)length);
}

static void put_list(FILE *out, const double *values, size_t count)
{
    uint64_t n = values ? count : 0;
    put(out, &n, sizeof n);
    put(out, values, (size_t)n * sizeof *values);
}

static void put_outcomes(FILE *out, const bp_outcomes *outcomes)
{
    uint64_t count = outcomes->count;
    put(out, &count, sizeof count);
    for (size_t i = 0; i < outcomes->count; i++) {
        const bp_outcome *o = &outcomes->items[i];
        uint64_t words[3] = {o->count, o->columns, o->unit_count};
        put_text(out, o->name);
        put(out, &o->part, sizeof o->part);
        put(out, words, sizeof words);
        put_list(out, o->values, o->count);
        put_list(out, o->sigmas, o->count);
        put_list(out, o->at, o->count);
        put_list(out, o->without, o->count * o->unit_count);
    }
}

static void put_point(FILE *out, const bp_trial *trial, const bp_point *p)
{
    uint64_t pixels = p->picture ? trial->window.rows * trial->window.columns : 0;
    uint64_t words[5] = {p->ran, p->identical, p->raw_bytes, p->stored_bytes, p->judged_count};
    double seconds[5] = {p->stage_seconds, p->encode_seconds, p->decode_seconds, p->analysis_seconds,
                         p->metric_seconds};
    put(out, words, sizeof words);
    put(out, seconds, sizeof seconds);
    put(out, &p->metrics, sizeof p->metrics);
    put_text(out, p->reason);
    put(out, &pixels, sizeof pixels);
    put(out, p->picture, (size_t)pixels * sizeof *p->picture);
    for (size_t i = 0; i < p->judged_count; i++) {
        put_text(out, p->judged[i].failed);
        put_outcomes(out, &p->judged[i].test);
        put_outcomes(out, &p->judged[i].agreement);
    }
}

void bp_point_remember(const char *folder, const bp_trial *trial, const bp_point *point)
{
    char *body = NULL, name[4096], new_name[4200];
    size_t size = 0;
    uint64_t key = folder ? key_of(trial, point) : 0;
    FILE *out = key ? open_memstream(&body, &size) : NULL;
    if (!out)
        return;
    put_point(out, trial, point);
    bool good = fclose(out) == 0;
    name_of(folder, key, name, sizeof name);
    snprintf(new_name, sizeof new_name, "%s.%ld", name, (long)getpid());
    FILE *file = good ? fopen(new_name, "wb") : NULL;
    if (file) {
        uint64_t head[2] = {size, bp_hash64(body, size)};
        put(file, MAGIC, 8);
        put(file, head, sizeof head);
        put(file, body, size);
        good = !ferror(file);
        good = fclose(file) == 0 && good;
        if (!good || rename(new_name, name) != 0)
            remove(new_name);
    }
    free(body);
}

/* ---- reading ---- */

typedef struct cursor {
    const uint8_t *at;
    size_t left;
    bool good;
} cursor;

static void get(cursor *c, void *to, size_t size)
{
    c->good = c->good && size <= c->left;
    memset(to, 0, size);
    if (!c->good || size == 0)
        return;
    memcpy(to, c->at, size);
    c->at += size;
    c->left -= size;
}

static void get_text(cursor *c, char *text, size_t size)
{
    uint64_t length;
    get(c, &length, sizeof length);
    c->good = c->good && length < size;
    get(c, text, c->good ? (size_t)length : 0);
    text[c->good ? length : 0] = 0;
}

static double *get_list(cursor *c, uint64_t expected)
{
    uint64_t n;
    get(c, &n, sizeof n);
    c->good = c->good && (n == 0 || n == expected) && n <= c->left / sizeof(double);
    double *values = c->good && n ? malloc((size_t)n * sizeof *values) : NULL;
    c->good = c->good && (n == 0 || values);
    if (values)
        get(c, values, (size_t)n * sizeof *values);
    return values;
}

/* Texts of an outcome are static: they are those of the reference's. */
static void get_outcomes(cursor *c, const bp_outcomes *like, bp_outcomes *outcomes)
{
    uint64_t count;
    get(c, &count, sizeof count);
    for (uint64_t i = 0; i < count && c->good; i++) {
        char name[256];
        double part;
        uint64_t words[3];
        get_text(c, name, sizeof name);
        get(c, &part, sizeof part);
        get(c, words, sizeof words);
        bp_outcome o = {.name = ""};
        for (size_t k = 0; k < like->count; k++)
            if (strcmp(like->items[k].name, name) == 0 && (!*o.name || like->items[k].part == part))
                o = like->items[k];
        c->good = c->good && words[0] < LARGEST && words[2] < LARGEST;
        o.part = part;
        o.count = (size_t)words[0];
        o.columns = (size_t)words[1];
        o.unit_count = (size_t)words[2];
        o.values = get_list(c, words[0]);
        o.sigmas = get_list(c, words[0]);
        o.at = get_list(c, words[0]);
        o.without = get_list(c, words[0] * words[2]);
        c->good = c->good && (o.values || o.count == 0) && bp_outcomes_add(NULL, outcomes, &o) == BP_OK;
        free(o.values);
        free(o.sigmas);
        free(o.at);
        free(o.without);
    }
}

static bool get_point(cursor *c, const bp_trial *trial, bp_point *p)
{
    uint64_t words[5], pixels;
    double seconds[5];
    get(c, words, sizeof words);
    get(c, seconds, sizeof seconds);
    get(c, &p->metrics, sizeof p->metrics);
    get_text(c, p->reason, sizeof p->reason);
    get(c, &pixels, sizeof pixels);
    if (!c->good || words[4] > trial->answer_count ||
        (pixels && pixels != trial->window.rows * trial->window.columns))
        return false;
    p->picture = pixels ? malloc((size_t)pixels * sizeof *p->picture) : NULL;
    if (pixels && !p->picture)
        return false;
    get(c, p->picture ? (void *)p->picture : (void *)&pixels, (size_t)pixels * sizeof *p->picture);
    p->ran = words[0];
    p->identical = words[1];
    p->raw_bytes = words[2];
    p->stored_bytes = words[3];
    p->stage_seconds = seconds[0];
    p->encode_seconds = seconds[1];
    p->decode_seconds = seconds[2];
    p->analysis_seconds = seconds[3];
    p->metric_seconds = seconds[4];
    p->judged = calloc(trial->answer_count + 1, sizeof *p->judged);
    if (!p->judged)
        return false;
    for (p->judged_count = 0; p->judged_count < words[4] && c->good; p->judged_count++) {
        bp_judged *j = &p->judged[p->judged_count];
        j->answer = &trial->answers[p->judged_count];
        get_text(c, j->failed, sizeof j->failed);
        get_outcomes(c, &j->answer->outcomes, &j->test);
        get_outcomes(c, &j->answer->perfect, &j->agreement);
    }
    return c->good && c->left == 0;
}

static uint8_t *read_file(const char *name, size_t *size)
{
    uint64_t head[3];
    FILE *file = fopen(name, "rb");
    uint8_t *body = NULL;
    if (!file)
        return NULL;
    bool good =
        fread(head, 1, sizeof head, file) == sizeof head && memcmp(head, MAGIC, 8) == 0 && head[1] < LARGEST;
    if (good)
        body = malloc((size_t)head[1] + 1);
    if (body && (fread(body, 1, (size_t)head[1] + 1, file) != head[1] ||
                 bp_hash64(body, (size_t)head[1]) != head[2])) {
        free(body);
        body = NULL;
    }
    fclose(file);
    *size = body ? (size_t)head[1] : 0;
    return body;
}

bool bp_point_recall(const char *folder, const bp_trial *trial, bp_point *point)
{
    char name[4096];
    size_t size;
    uint64_t key = folder ? key_of(trial, point) : 0;
    if (!key)
        return false;
    name_of(folder, key, name, sizeof name);
    uint8_t *body = read_file(name, &size);
    if (!body)
        return false;
    cursor c = {body, size, true};
    bp_point found = {.family = point->family, .value = point->value};
    if (get_point(&c, trial, &found)) {
        found.pipeline = point->pipeline;
        found.cached = true;
        *point = found;
    } else {
        bp_point_fini(&found);
        c.good = false;
    }
    free(body);
    return c.good;
}
