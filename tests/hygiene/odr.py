"""Several units with different LAKE_WITH_*, from the single header and from include/, are one program: they link under LTO
without a word about the one definition rule, nothing is defined twice, and the program runs."""

import tempfile
from pathlib import Path

from common import GNU, INCLUDE, LIBRARIES, MACROS, SINGLE, WARNINGS, has, headers, include_lines, compile_command, fail, must, run, write

FACADE = has("lake/lake.hpp")
USE = """
int NAME() {
  lake::result<int> one = 1;
#ifdef USE_LAKE
  lake::memory_lake db{lake::lake_options{}};
  if (!db.write({.catalog = "users", .body = R"({"name":"Ada"})"})) return -1;
  auto read = db.read_string("users");
  if (!read || *read != R"({"name":"Ada"})") return -2;
#endif
  return *one;
}
"""


def unit(folder, name, includes):
    use = ("#define USE_LAKE\n" if FACADE else "") + USE.replace("NAME", name)
    return write(folder / f"{name}.cpp", includes + f"int {name}();\n" + use)


def main(folder):
    single = '#include <lake/lake.hpp>\n'
    switched = "".join(f"#define {macro}\n" for macro in MACROS)
    sources = [
        (unit(folder, "bare", single), SINGLE),
        (unit(folder, "switched", switched + single), SINGLE),
        (unit(folder, "later", single + switched + single), SINGLE),  # included again with more switched on
        (unit(folder, "folder", include_lines(headers())), INCLUDE),
        (unit(folder, "mixed", include_lines(headers()[::-1]) + switched + f'#include "{SINGLE}/lake/lake.hpp"\n'), INCLUDE),
    ]
    names = [source.stem for source, _ in sources]
    main_text = "".join(f"int {name}();\n" for name in names) + "int main() { return " + " + ".join(f"{name}()" for name in names) + f" == {len(names)} ? 0 : 1; }}\n"
    sources.append((write(folder / "main.cpp", main_text), INCLUDE))
    objects = []
    for source, include in sources:
        objects.append(source.with_suffix(".o"))
        must(compile_command(GNU, "-O0", "-flto", "-Wodr", *WARNINGS, "-c", source, "-o", objects[-1], include=include), f"the unit '{source.stem}' does not compile")
    must([GNU, "-O0", "-flto=2", "-Wodr", "-Werror", *objects, *LIBRARIES, "-lpthread", "-o", folder / "program"], "the units do not link into one program")
    done = run([folder / "program"])
    if done.returncode != 0:
        fail(f"the program of {len(names)} units ended with {done.returncode}: {done.stdout}")


with tempfile.TemporaryDirectory() as name:
    main(Path(name))
