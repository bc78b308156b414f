# SPDX-License-Identifier: BSD-3-Clause
"""What `make install` puts in place can be used: every public header alone as C11 and C++17, the library
through pkg-config and through find_package, shared and static."""
import os
import re
import subprocess

import pytest

import conftest

HEADERS = sorted(path.name for path in (conftest.SOURCE / "include/beampress").glob("*.h"))
PROGRAM = """
#include <beampress/HEADER>
#include <beampress/beampress.h>
#include <stdio.h>
int main(void)
{
    bp_context *ctx = bp_context_new();
    bp_codec_spec spec;
    bp_status status = bp_codec_spec_parse(ctx, "store", -1, &spec);
    printf("%s %s\\n", bp_version(), spec.codec->name);
    bp_context_free(ctx);
    return status == BP_OK ? 0 : 1;
}
"""
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
sanitized = pytest.mark.skipif(
    "BP_SANITIZE:STRING=\n" not in (conftest.BUILD / "CMakeCache.txt").read_text(),
    reason="SKIP: a sanitized library is not installed")


def run(*line, **options):
    done = subprocess.run([str(word) for word in line], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder that holds usr/... as installed for the prefix /usr."""
    top = tmp_path_factory.mktemp("install")
    # an own small build folder would cost minutes: the tested build is installed under its own prefix
    run("cmake", "--install", conftest.BUILD, env=dict(os.environ, DESTDIR=str(top)))
    return top


@pytest.fixture(scope="module")
def prefix(installed):
    text = (conftest.BUILD / "CMakeCache.txt").read_text()
    inside = re.search(r"^CMAKE_INSTALL_PREFIX:PATH=(.*)$", text, re.M).group(1)
    return installed / inside.lstrip("/")


@pytest.fixture(scope="module")
def pkg_config(installed, prefix):
    folder = next(prefix.glob("**/pkgconfig"))
    environment = dict(os.environ, PKG_CONFIG_PATH=str(folder))

    def ask(*words):
        return run("pkg-config", f"--define-variable=prefix={prefix}", *words, "beampress", env=environment).split()
    return ask


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("language", ["c11", "c++17"])
def test_each_header_stands_alone(header, language, installed, pkg_config, tmp_path):
    source = tmp_path / "alone.src"
    source.write_text(f"#include <beampress/{header}>\nint main(void) {{ return 0; }}\n")
    kind = "c" if language == "c11" else "c++"
    run("cc" if kind == "c" else "c++", "-x", kind, f"-std={language}", *STRICT, "-fsyntax-only",
        *pkg_config("--cflags"), source)


@sanitized
@pytest.mark.parametrize("language", ["c11", "c++17"])
@pytest.mark.parametrize("linking", ["shared", "static"])
def test_program_through_pkg_config(language, linking, installed, prefix, pkg_config, tmp_path):
    kind = "c" if language == "c11" else "c++"
    source, program = tmp_path / "program.src", tmp_path / "program"
    source.write_text(PROGRAM.replace("HEADER", "version.h"))
    flags = pkg_config("--cflags")
    if linking == "shared":
        flags += pkg_config("--libs")
    else:
        flags += [re.sub("^-lbeampress$", "-l:libbeampress.a", word) for word in pkg_config("--static", "--libs")]
    run("cc" if kind == "c" else "c++", f"-std={language}", *STRICT, "-x", kind, source, "-x", "none", "-o", program,
        *flags)
    library = next(prefix.glob("**/libbeampress.so")).parent
    environment = dict(os.environ, LD_LIBRARY_PATH=str(library)) if linking == "shared" else None
    assert run(program, env=environment).split()[1] == "store"
    needs = run("readelf", "-d", program)
    assert ("libbeampress.so" in needs) == (linking == "shared")


@sanitized
def test_program_through_find_package(installed, prefix, tmp_path):
    (tmp_path / "program.c").write_text(PROGRAM.replace("HEADER", "file.h"))
    (tmp_path / "CMakeLists.txt").write_text("""
cmake_minimum_required(VERSION 3.20)
project(user LANGUAGES C)
find_package(beampress 0.1 REQUIRED)
add_executable(shared program.c)
target_link_libraries(shared PRIVATE beampress::beampress)
add_executable(static program.c)
target_link_libraries(static PRIVATE beampress::static)
""")
    run("cmake", "-S", tmp_path, "-B", tmp_path / "b", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path / "b")
    for name in ("shared", "static"):
        assert run(tmp_path / "b" / name).split()[1] == "store"


def test_files_stand_where_they_belong(installed, prefix):
    found = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if not path.is_dir()}
    wanted = [r"lib.*/libbeampress\.a$", r"lib.*/libbeampress\.so$", r"lib.*/libbeampress\.so\.0$",
              r"lib.*/pkgconfig/beampress\.pc$", r"lib.*/cmake/beampress/beampress-config\.cmake$",
              r"include/beampress/beampress\.h$"]
    if conftest.COMMAND.exists():
        wanted += [r"bin/beampress$"]
    if conftest.PLUGINS.is_dir():
        wanted += [r"hdf5/serial/plugins/\w+\.so$", r"hdf5/openmpi/plugins/\w+\.so$"]
    if (conftest.BUILD / "man").is_dir():
        wanted += [r"share/man/man1/beampress\.1$", r"bash-completion/completions/beampress$", r"/_beampress$"]
    for pattern in wanted:
        assert any(re.search(pattern, name) for name in found), (pattern, sorted(found))


def test_library_exports_its_own_names_only():
    lines = run("nm", "-D", "--defined-only", conftest.BUILD / "libbeampress.so").splitlines()
    names = {line.split()[-1].split("@")[0] for line in lines}
    assert "bp_version" in names
    assert {name for name in names if not name.startswith("bp_")} <= {"_init", "_fini", "_edata", "_end", "__bss_start"}


def test_plugins_export_the_plugin_interface_only(plugins):
    files = sorted(plugins.glob("*.so"))
    assert files
    for file in files:
        names = {line.split()[-1] for line in run("nm", "-D", "--defined-only", file).splitlines()}
        assert names == {"H5PLget_plugin_type", "H5PLget_plugin_info"}, file.name


def test_plugins_need_no_hdf5_library(plugins):
    for file in plugins.glob("*.so"):
        undefined = [line.split()[-1] for line in run("nm", "-D", "--undefined-only", file).splitlines()]
        assert not [name for name in undefined if re.match("H5[A-Z]", name)], file.name
        assert "libhdf5" not in run("readelf", "-d", file), file.name


def test_uninstall_leaves_no_file(tmp_path):
    run("cmake", "--install", conftest.BUILD, env=dict(os.environ, DESTDIR=str(tmp_path)))
    run("make", "-C", conftest.SOURCE, "uninstall", f"BUILD={conftest.BUILD}", f"DESTDIR={tmp_path}")
    assert not [path for path in tmp_path.rglob("*") if not path.is_dir()]
