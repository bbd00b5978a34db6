"""Without exceptions and RTTI a small program builds and runs, a wrong value() prints and aborts, and objects of the two modes
do not link where a type of the library crosses."""

import tempfile
from pathlib import Path

from common import CLANG, GNU, LIBRARIES, NO_EXCEPTIONS, WARNINGS, compile_command, fail, has, must, run, write

SMALL = """
#include <lake/core/result.hpp>
#ifdef USE_LAKE
#include <lake/lake.hpp>
#endif
int main(int argc, char**) {
#ifdef USE_LAKE
  lake::memory_lake db{lake::lake_options{}};
  if (!db.write({.catalog = "users", .body = R"({"name":"Ada"})"})) return 1;
  auto read = db.read_string("users");
  if (!read || *read != R"({"name":"Ada"})") return 2;
#endif
  lake::result<int> nothing = lake::error{lake::errc::io, "test", "", "the story to be printed"};
  return argc > 1 ? nothing.value() : 0;
}
"""
GIVES = "#include <lake/core/result.hpp>\nint cross(const lake::result<int>& r);\nint cross(const lake::result<int>& r) { return r ? 0 : 1; }\n"
TAKES = "#include <lake/core/result.hpp>\nint cross(const lake::result<int>& r);\nint main() { return cross(lake::result<int>(1)); }\n"


def small_program(folder, compiler):
    facade = ["-DUSE_LAKE"] if has("lake/lake.hpp") else []
    program = folder / "small"
    must(compile_command(compiler, "-O0", *NO_EXCEPTIONS, *WARNINGS, *facade, write(folder / "small.cpp", SMALL), *LIBRARIES, "-lpthread", "-o", program),
         f"a small program does not build without exceptions ({compiler})")
    if run([program]).returncode != 0:
        fail("the small program without exceptions does not run")
    done = run([program, "wrong"])
    if done.returncode != -6 or "the story to be printed" not in done.stdout:
        fail(f"value() of an error should print the story and abort; it ended with {done.returncode}: {done.stdout}")


def mixed_program(folder):
    gives, takes = write(folder / "gives.cpp", GIVES), write(folder / "takes.cpp", TAKES)
    for gives_flags, takes_flags, links in [([], [], True), (NO_EXCEPTIONS, NO_EXCEPTIONS, True), ([], NO_EXCEPTIONS, False), (NO_EXCEPTIONS, [], False)]:
        must(compile_command(GNU, "-O0", *gives_flags, "-c", gives, "-o", folder / "gives.o"), "gives.cpp does not compile")
        must(compile_command(GNU, "-O0", *takes_flags, "-c", takes, "-o", folder / "takes.o"), "takes.cpp does not compile")
        done = run([GNU, folder / "gives.o", folder / "takes.o", "-o", folder / "mixed"])
        if (done.returncode == 0) != links:
            fail(f"objects built with {gives_flags} and {takes_flags} should {'link' if links else 'not link'}: {done.stdout}")
        if not links and "undefined reference" not in done.stdout:
            fail(f"the mixed objects should fail for an undefined reference: {done.stdout}")


with tempfile.TemporaryDirectory() as name:
    small_program(Path(name), GNU)
    small_program(Path(name), CLANG)
    mixed_program(Path(name))
