/* SPDX-License-Identifier: BSD-3-Clause
 * Replays a fuzzing corpus as an ordinary test: every file of the folders (or every file) named is handed to
 * the fuzz target once. The bytes end at a page that may not be touched, so that reading past the input
 * crashes in plain builds too. A corpus without files fails. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* Reads all of a file into bytes[size]; false with a message when that fails. */
static int read_bytes(const char *path, FILE *file, uint8_t *bytes, size_t size)
{
    if (fread(bytes, 1, size, file) == size)
        return 1;
    fprintf(stderr, "%s: cannot be read\n", path);
    return 0;
}

static int replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 0;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (size + page - 1) / page * page;
    uint8_t *pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int ok = pages != MAP_FAILED && mprotect(pages + room, page, PROT_NONE) == 0;
    if (!ok)
        perror("mmap");
    ok = ok && read_bytes(path, file, pages + room - size, size);
    fclose(file);
    if (ok)
        LLVMFuzzerTestOneInput(pages + room - size, size);
    if (pages != MAP_FAILED)
        munmap(pages, room + page);
    return ok;
}

static int replay(const char *path, size_t *count)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        perror(path);
        return 0;
    }
    if (!S_ISDIR(about.st_mode)) {
        ++*count;
        return replay_file(path, (size_t)about.st_size);
    }
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, NULL, alphasort), ok = n >= 0;
    for (int i = 0; i < n; i++) {
        char name[4096];
        if (entries[i]->d_name[0] != '.') {
            snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
            ok = replay(name, count) && ok;
        }
        free(entries[i]);
    }
    free(entries);
    return ok;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    int ok = 1;
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        ok = replay(argv[i], &count) && ok;
    printf("%zu inputs replayed\n", count);
    if (count == 0)
        fprintf(stderr, "no inputs: the corpus is empty\n");
    return ok && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
