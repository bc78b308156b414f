/* SPDX-License-Identifier: BSD-3-Clause
 * TIFF through libtiff: pages are frames, in strips or tiles and in any compression that libtiff knows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "base/checked.h"
#include "io/frame_format.h"
#include "io/input.h"
#include "io/text.h"

/* No compressor of TIFF shrinks more than so; a file that claims more is damaged. zstd comes to 2^15. */
#define MAX_RATIO ((uint64_t)1 << 17)

typedef struct tiff {
    TIFF *file;
    bp_context *ctx; /* of the call that is running */
    char error[400]; /* libtiff's last one, "" when there was none */
    uint64_t size;   /* of the file */
    uint64_t *pages; /* offsets of the directories */
    size_t page_count;
    uint64_t current; /* page whose directory is loaded */
    bp_frames_facts facts;
    uint8_t *tile;
    size_t tile_size;
} tiff;

/* How the values of a page are laid out. */
typedef struct layout {
    size_t width, height, samples, itemsize;
    bool planes; /* one plane per sample; otherwise the samples of a pixel stand together */
} layout;

static bool is_tiff(const uint8_t *start, size_t size)
{
    return size >= 4 && (memcmp(start, "II*\0", 4) == 0 || memcmp(start, "MM\0*", 4) == 0 ||
                         memcmp(start, "II+\0", 4) == 0 || memcmp(start, "MM\0+", 4) == 0);
}

static int take_error(TIFF *file, void *user, const char *module, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
static int take_warning(TIFF *file, void *user, const char *module, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static int take_error(TIFF *file, void *user, const char *module, const char *format, va_list args)
{
    tiff *state = user;
    (void)file;
    (void)module;
    if (state->error[0] == '\0') /* the first one says the cause */
        vsnprintf(state->error, sizeof state->error, format, args);
    return 1;
}

static int take_warning(TIFF *file, void *user, const char *module, const char *format, va_list args)
{
    tiff *state = user;
    char text[400];
    /* libjpeg makes up what is missing and only warns */
    if (module && strcmp(module, "JPEGLib") == 0)
        return take_error(file, user, module, format, args);
    vsnprintf(text, sizeof text, format, args);
    bp_log(state->ctx, BP_LOG_DETAIL, "TIFF: %s", text);
    return 1;
}

static bp_status fail(tiff *state, bp_status status, const char *what)
{
    return bp_fail(state->ctx, status, "%s%s%s", what, state->error[0] ? ": " : "", state->error);
}

static bp_dtype find_dtype(unsigned bits, unsigned kind)
{
    static const struct {
        unsigned bits, kind;
        bp_dtype dtype;
    } known[] = {
        {8, SAMPLEFORMAT_UINT, BP_U8},     {16, SAMPLEFORMAT_UINT, BP_U16},
        {32, SAMPLEFORMAT_UINT, BP_U32},   {64, SAMPLEFORMAT_UINT, BP_U64},
        {8, SAMPLEFORMAT_INT, BP_I8},      {16, SAMPLEFORMAT_INT, BP_I16},
        {32, SAMPLEFORMAT_INT, BP_I32},    {64, SAMPLEFORMAT_INT, BP_I64},
        {16, SAMPLEFORMAT_IEEEFP, BP_F16}, {32, SAMPLEFORMAT_IEEEFP, BP_F32},
        {64, SAMPLEFORMAT_IEEEFP, BP_F64},
    };
    if (kind == SAMPLEFORMAT_VOID)
        kind = SAMPLEFORMAT_UINT;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].bits == bits && known[i].kind == kind)
            return known[i].dtype;
    return BP_OPAQUE;
}

/* Refuses pages whose decoded values would not be the stored samples. */
static bp_status check_page(tiff *state)
{
    uint16_t compression = COMPRESSION_NONE, photometric = PHOTOMETRIC_MINISBLACK;
    uint32_t depth = 1;
    TIFFGetFieldDefaulted(state->file, TIFFTAG_COMPRESSION, &compression);
    TIFFGetField(state->file, TIFFTAG_PHOTOMETRIC, &photometric);
    TIFFGetFieldDefaulted(state->file, TIFFTAG_IMAGEDEPTH, &depth);
    if (!TIFFIsCODECConfigured(compression))
        return bp_fail(state->ctx, BP_E_UNSUPPORTED, "TIFF compression %u is not known to this libtiff",
                       compression);
    if (photometric == PHOTOMETRIC_YCBCR || photometric == PHOTOMETRIC_LOGL ||
        photometric == PHOTOMETRIC_LOGLUV)
        return bp_fail(state->ctx, BP_E_UNSUPPORTED, "TIFF in colour space %u", photometric);
    if (depth != 1)
        return bp_fail(state->ctx, BP_E_UNSUPPORTED, "TIFF pages with %" PRIu32 " layers", depth);
    return BP_OK;
}

static void read_layout(TIFF *file, layout *page)
{
    uint32_t width = 0, height = 0;
    uint16_t samples = 1, planar = PLANARCONFIG_CONTIG, bits = 1;
    TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(file, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &bits);
    *page = (layout){.width = width,
                     .height = height,
                     .samples = samples,
                     .itemsize = bits / 8u,
                     .planes = planar == PLANARCONFIG_SEPARATE && samples > 1};
}

static bp_status read_facts(tiff *state, bp_frames_facts *facts)
{
    uint16_t bits = 1, kind = SAMPLEFORMAT_UINT;
    layout page;
    bp_status status = check_page(state);
    if (status != BP_OK)
        return status;
    TIFFGetFieldDefaulted(state->file, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(state->file, TIFFTAG_SAMPLEFORMAT, &kind);
    facts->dtype = find_dtype(bits, kind);
    facts->big_endian = TIFFIsBigEndian(state->file) != 0;
    if (facts->dtype == BP_OPAQUE)
        return bp_fail(state->ctx, BP_E_UNSUPPORTED, "TIFF samples of %u bits (sample format %u)", bits,
                       kind);
    read_layout(state->file, &page);
    if (page.width == 0 || page.height == 0 || page.samples == 0)
        return bp_fail(state->ctx, BP_E_DAMAGED, "a page of %zu x %zu pixels", page.width, page.height);
    size_t with_planes[4] = {1, page.samples, page.height, page.width};
    size_t together[4] = {1, page.height, page.width, page.samples};
    size_t axes = page.samples > 1 ? 3 : 2;
    status = bp_frames_set_shape(state->ctx, facts, axes + 1, page.planes ? with_planes : together, axes);
    if (status == BP_OK && facts->frame_bytes / MAX_RATIO > state->size)
        status = bp_fail(state->ctx, BP_E_DAMAGED, "a page claims %zu bytes in a file of %" PRIu64,
                         facts->frame_bytes, state->size);
    return status;
}

static bp_status add_page(tiff *state)
{
    bp_frames_facts facts = {.format = state->facts.format};
    bp_status status = read_facts(state, &facts);
    if (status != BP_OK)
        return bp_fail_in(state->ctx, status, "page %zu", state->page_count);
    if (state->page_count == 0)
        state->facts = facts;
    else if (facts.dtype != state->facts.dtype || facts.rank != state->facts.rank ||
             memcmp(facts.shape, state->facts.shape, facts.rank * sizeof facts.shape[0]) != 0)
        return bp_fail(state->ctx, BP_E_UNSUPPORTED,
                       "page %zu (%zux%zu %s) differs from the first (%zux%zu %s)", state->page_count,
                       facts.shape[1], facts.shape[2], bp_dtype_name(facts.dtype), state->facts.shape[1],
                       state->facts.shape[2], bp_dtype_name(state->facts.dtype));
    /* doubling at powers of two */
    if ((state->page_count & (state->page_count - 1)) == 0) {
        size_t room = state->page_count ? 2 * state->page_count : 1;
        uint64_t *grown = realloc(state->pages, room * sizeof *grown);
        if (!grown)
            return bp_fail(state->ctx, BP_E_MEMORY, "no memory for %zu pages", room);
        state->pages = grown;
    }
    state->current = state->page_count;
    state->pages[state->page_count++] = TIFFCurrentDirOffset(state->file);
    return BP_OK;
}

/* ImageJ writes stacks above 4 GB with one directory and says the number of images in words only. */
static bp_status check_imagej(tiff *state)
{
    char *text = NULL;
    if (!TIFFGetField(state->file, TIFFTAG_IMAGEDESCRIPTION, &text) || !text ||
        strncmp(text, "ImageJ=", 7) != 0)
        return BP_OK;
    const char *images = strstr(text, "images=");
    if (images && state->page_count == 1 && strtoul(images + 7, NULL, 10) > 1)
        return bp_fail(state->ctx, BP_E_UNSUPPORTED,
                       "an ImageJ stack of %lu images with a directory for one only",
                       strtoul(images + 7, NULL, 10));
    return BP_OK;
}

static bp_status scan_pages(tiff *state)
{
    bp_status status;
    for (;;) {
        if (bp_context_cancelled(state->ctx))
            return bp_fail(state->ctx, BP_E_INTERRUPTED, "interrupted");
        if ((status = add_page(state)) != BP_OK)
            return status;
        if (TIFFLastDirectory(state->file))
            break;
        if (!TIFFReadDirectory(state->file))
            return fail(state, BP_E_DAMAGED, "the directory of a page cannot be read");
    }
    if ((status = check_imagej(state)) != BP_OK)
        return status;
    size_t shape[4];
    memcpy(shape, state->facts.shape, sizeof shape);
    shape[0] = state->page_count;
    return bp_frames_set_shape(state->ctx, &state->facts, state->facts.rank, shape, state->facts.frame_rank);
}

static void close_tiff(void *user)
{
    tiff *state = user;
    state->ctx = NULL; /* it may be gone; what libtiff says now is of no use */
    if (state->file)
        TIFFClose(state->file);
    free(state->pages);
    free(state->tile);
    free(state);
}

static bp_status open_file(tiff *state, const char *path)
{
    bp_input input;
    bp_status status = bp_input_open(state->ctx, path, &input);
    if (status != BP_OK)
        return status;
    state->size = input.size;
    bp_input_close(&input);
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return bp_fail(state->ctx, BP_E_MEMORY, "no memory");
    /* what libtiff allocates is at most a strip as it is stored, and tables of the file */
    TIFFOpenOptionsSetMaxSingleMemAlloc(
        options,
        (tmsize_t)(state->size / 2 < PTRDIFF_MAX / 4 ? 2 * state->size + ((uint64_t)64 << 20) : PTRDIFF_MAX));
    TIFFOpenOptionsSetErrorHandlerExtR(options, take_error, state);
    TIFFOpenOptionsSetWarningHandlerExtR(options, take_warning, state);
    /* m: no memory map, which a file that becomes shorter would turn into a crash */
    state->file = TIFFOpenExt(path, "rm", options);
    TIFFOpenOptionsFree(options);
    return state->file ? BP_OK : fail(state, BP_E_DAMAGED, "not a readable TIFF file");
}

static bp_status open_tiff(bp_context *ctx, const char *path, const bp_frames_raw *raw,
                           bp_frames_facts *facts, void **user)
{
    (void)raw;
    tiff *state = calloc(1, sizeof *state);
    if (!state)
        return bp_fail(ctx, BP_E_MEMORY, "no memory");
    state->ctx = ctx;
    state->facts = *facts;
    bp_status status = open_file(state, path);
    if (status == BP_OK)
        status = scan_pages(state);
    if (status != BP_OK) {
        close_tiff(state);
        return status;
    }
    *facts = state->facts;
    *user = state;
    return BP_OK;
}

static bp_status read_strips(tiff *state, const layout *page, uint8_t *values)
{
    size_t planes = page->planes ? page->samples : 1;
    size_t row = page->width * (page->planes ? 1 : page->samples) * page->itemsize;
    uint32_t stated = 0;
    TIFFGetFieldDefaulted(state->file, TIFFTAG_ROWSPERSTRIP, &stated);
    size_t rows = stated == 0 || stated > page->height ? page->height : stated;
    size_t strips = (page->height + rows - 1) / rows;
    if (TIFFScanlineSize64(state->file) != row)
        return fail(state, BP_E_UNSUPPORTED, "TIFF rows of an unexpected length");
    if (TIFFNumberOfStrips(state->file) < strips * planes)
        return fail(state, BP_E_DAMAGED, "strips are missing");
    for (size_t i = 0; i < planes * strips; i++) {
        size_t first = i % strips * rows, count = page->height - first < rows ? page->height - first : rows;
        uint8_t *to = values + (i / strips * page->height + first) * row;
        tmsize_t want = (tmsize_t)(count * row);
        state->error[0] = '\0';
        if (TIFFReadEncodedStrip(state->file, (uint32_t)i, to, want) != want || state->error[0])
            return fail(state, BP_E_DAMAGED, "a strip cannot be decoded");
    }
    return BP_OK;
}

/* Copies what lies inside the page from a tile of tile_row bytes per row. */
static void place_tile(const layout *page, const uint8_t *tile, size_t tile_row, size_t tile_height,
                       size_t pixel, size_t x, size_t y, uint8_t *plane)
{
    size_t row = page->width * pixel, left = row - x * pixel;
    size_t bytes = left < tile_row ? left : tile_row;
    for (size_t i = 0; i < tile_height && y + i < page->height; i++)
        memcpy(plane + (y + i) * row + x * pixel, tile + i * tile_row, bytes);
}

static bp_status read_tiles(tiff *state, const layout *page, uint8_t *values)
{
    uint32_t width = 0, height = 0;
    TIFFGetField(state->file, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(state->file, TIFFTAG_TILELENGTH, &height);
    size_t planes = page->planes ? page->samples : 1, bytes;
    size_t pixel = (page->planes ? 1 : page->samples) * page->itemsize;
    size_t factors[3] = {width, height, pixel};
    if (width == 0 || height == 0 || bp_product_overflows(factors, 3, &bytes) ||
        bytes / MAX_RATIO > state->size)
        return bp_fail(state->ctx, BP_E_DAMAGED, "tiles of %" PRIu32 " x %" PRIu32 " pixels", width, height);
    if (TIFFTileSize64(state->file) != bytes)
        return fail(state, BP_E_UNSUPPORTED, "TIFF tiles of an unexpected size");
    if (bytes > state->tile_size) {
        free(state->tile);
        state->tile = malloc(bytes);
        state->tile_size = state->tile ? bytes : 0;
        if (!state->tile)
            return bp_fail(state->ctx, BP_E_MEMORY, "no memory for a tile of %zu bytes", bytes);
    }
    for (size_t plane = 0; plane < planes; plane++)
        for (size_t y = 0; y < page->height; y += height)
            for (size_t x = 0; x < page->width; x += width) {
                uint32_t tile = TIFFComputeTile(state->file, (uint32_t)x, (uint32_t)y, 0, (uint16_t)plane);
                state->error[0] = '\0';
                if (TIFFReadEncodedTile(state->file, tile, state->tile, (tmsize_t)bytes) != (tmsize_t)bytes ||
                    state->error[0])
                    return fail(state, BP_E_DAMAGED, "a tile cannot be decoded");
                place_tile(page, state->tile, width * pixel, height, pixel, x, y,
                           values + plane * page->height * page->width * pixel);
            }
    return BP_OK;
}

static bp_status go_to_page(bp_context *ctx, tiff *state, uint64_t page)
{
    state->ctx = ctx;
    state->error[0] = '\0';
    if (state->current == page)
        return BP_OK;
    state->current = UINT64_MAX;
    if (!TIFFSetSubDirectory(state->file, state->pages[page]))
        return fail(state, BP_E_DAMAGED, "the directory of the page cannot be read");
    bp_frames_facts facts = {.format = state->facts.format};
    bp_status status = read_facts(state, &facts);
    if (status != BP_OK)
        return status;
    if (facts.dtype != state->facts.dtype || facts.frame_bytes != state->facts.frame_bytes)
        return bp_fail(ctx, BP_E_INPUT, "the file changed while it was read");
    state->current = page;
    return BP_OK;
}

static bp_status read_tiff(bp_context *ctx, void *user, uint64_t frame, void *values)
{
    tiff *state = user;
    layout page;
    bp_status status = go_to_page(ctx, state, frame);
    if (status != BP_OK)
        return status;
    read_layout(state->file, &page);
    return TIFFIsTiled(state->file) ? read_tiles(state, &page, values) : read_strips(state, &page, values);
}

static bp_status read_header(bp_context *ctx, void *user, uint64_t frame, char **text)
{
    static const struct {
        uint32_t tag;
        const char *name;
    } tags[] = {
        {TIFFTAG_IMAGEDESCRIPTION, "ImageDescription"},
        {TIFFTAG_DOCUMENTNAME, "DocumentName"},
        {TIFFTAG_MAKE, "Make"},
        {TIFFTAG_MODEL, "Model"},
        {TIFFTAG_PAGENAME, "PageName"},
        {TIFFTAG_SOFTWARE, "Software"},
        {TIFFTAG_DATETIME, "DateTime"},
        {TIFFTAG_ARTIST, "Artist"},
        {TIFFTAG_HOSTCOMPUTER, "HostComputer"},
        {TIFFTAG_COPYRIGHT, "Copyright"},
    };
    tiff *state = user;
    bp_text all = {0};
    bp_status status = go_to_page(ctx, state, frame);
    if (status != BP_OK)
        return status;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        char *value = NULL;
        if (!TIFFGetField(state->file, tags[i].tag, &value) || !value || !value[0])
            continue;
        bp_text_add_word(&all, tags[i].name);
        bp_text_add_word(&all, ": ");
        bp_text_add_word(&all, value);
        bp_text_add_word(&all, "\n");
    }
    if (all.failed) {
        free(all.data);
        return bp_fail(ctx, BP_E_MEMORY, "no memory for a header");
    }
    *text = all.data;
    return BP_OK;
}

const bp_frame_format bp_frame_format_tiff = {
    .name = "tiff",
    .is = is_tiff,
    .stacks = true,
    .open = open_tiff,
    .read = read_tiff,
    .header = read_header,
    .close = close_tiff,
};
