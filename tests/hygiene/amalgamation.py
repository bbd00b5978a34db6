"""The single header is up to date, every edge is allowed, and both checks do find what they are there for."""

import shutil
import sys
import tempfile
from pathlib import Path

from common import ROOT, fail, run, write

SMALL_HOUSE = {  # the least that has a room of each kind
    "version.hpp": '#define LAKE_VERSION_STRING "0.0.1"\n',
    "core/error.hpp": "#include <lake/version.hpp>\nstruct error {};\n",
    "core/result.hpp": "#include <lake/core/error.hpp>\nstruct result {};\n",
    "concepts.hpp": "#include <lake/core/result.hpp>\n",
    "storage/memory.hpp": "#include <lake/concepts.hpp>\n#include <string>\nstruct memory_storage {};\n",
    "index/memory.hpp": "#include <lake/concepts.hpp>\nstruct memory_index {};\n",
    "detail/sqlite.hpp": "#include <lake/core/result.hpp>\n#include <sqlite3.h>\n",
    "detail/zlib.hpp": "#include <lake/core/result.hpp>\n#include <zlib.h>\n",
    "index/sqlite.hpp": "#include <lake/concepts.hpp>\n#include <lake/detail/sqlite.hpp>\nstruct sqlite_index {};\n",
    "codec/gzip.hpp": "#include <lake/concepts.hpp>\n#include <lake/detail/zlib.hpp>\n",
    "basic_lake.hpp": "#include <lake/concepts.hpp>\nstruct basic_lake {};\n#include <lake/impl/write.hpp>\n",
    "impl/write.hpp": "#include <lake/basic_lake.hpp>\ninline void bodies() {}\n",
    "lake.hpp": "#include <lake/basic_lake.hpp>\n#include <lake/storage/memory.hpp>\n#include <lake/index/memory.hpp>\n",
    "embedded.hpp": "#include <lake/lake.hpp>\n#include <lake/index/sqlite.hpp>\n#include <lake/codec/gzip.hpp>\n",
}

# what is done to the small house; which check must fail; what it must say
PROVOCATIONS = [
    ("an edge to another policy room", {"storage/memory.hpp": "#include <lake/index/memory.hpp>\n"}, "--graph",
     "storage/memory.hpp (room 'storage') includes <lake/index/memory.hpp> (room 'index')"),
    ("an edge upwards", {"core/error.hpp": "#include <lake/concepts.hpp>\n"}, "--graph", "core/error.hpp (room 'core') includes <lake/concepts.hpp>"),
    ("a facade that knows a policy", {"basic_lake.hpp": "#include <lake/storage/memory.hpp>\n"}, "--graph", "(room 'facade') includes <lake/storage/memory.hpp>"),
    ("a ring", {"core/error.hpp": "#include <lake/core/result.hpp>\n", "core/result.hpp": "#include <lake/core/error.hpp>\n"}, "--graph",
     "core/error.hpp -> core/result.hpp"),
    ("a dead header", {"detail/forgotten.hpp": "struct forgotten {};\n"}, "--graph", "detail/forgotten.hpp is reached by no public header"),
    ("a leaked macro", {"core/error.hpp": "#define LAKE_DETAIL_TWICE(x) x x\n"}, "--graph", "core/error.hpp leaks the macro LAKE_DETAIL_TWICE"),
    ("a JSON library in a policy", {"storage/memory.hpp": "#include <nlohmann/json.hpp>\n"}, "--graph", "includes <nlohmann/json.hpp>"),
    ("a C library outside detail", {"index/sqlite.hpp": "#include <sqlite3.h>\n"}, "--graph", "held by one type in detail/"),
    ("Boost in a policy", {"codec/gzip.hpp": "#include <boost/hana.hpp>\n"}, "--graph", "Boost belongs to"),
    ("a header that does not exist", {"lake.hpp": "#include <lake/core/nothing.hpp>\n"}, "--graph", "which does not exist"),
    ("an include in quotes", {"lake.hpp": '#include "concepts.hpp"\n'}, "--graph", "in quotes"),
    ("an include below the code", {"concepts.hpp": "struct code {};\n#include <lake/core/error.hpp>\n"}, "--graph", "after its first line of code"),
    ("an include inside an #if", {"lake.hpp": "#if 1\n#include <lake/concepts.hpp>\n#endif\n"}, "--graph", "inside an #if"),
    ("an automatic detection", {"lake.hpp": "#if __has_include(<zlib.h>)\n#endif\n"}, "--graph", "asks __has_include"),
    ("a header without a room", {"stray.hpp": "struct stray {};\n"}, "--graph", "stray.hpp stands directly in include/lake but has no room"),
    ("a folder without a room", {"attic/old.hpp": "struct old {};\n"}, "--graph", "unknown room 'attic'"),
    ("a long header without a reason", {"core/error.hpp": "// line\n" * 600}, "--graph", "lines and gives no reason"),
    ("a wrong guard", {"core/error.hpp": "GUARD LAKE_ERROR_HPP"}, "--graph", "begin with #ifndef LAKE_CORE_ERROR_HPP"),
    ("a #pragma once", {"core/error.hpp": "#pragma once\n"}, "--graph", "says #pragma once"),
    ("a change that was not regenerated", {"core/error.hpp": "struct more {};\n"}, "--check", "is stale"),
]


def guarded(name, text):
    guard = "LAKE_" + name[:-4].replace("/", "_").upper() + "_HPP"
    if text.startswith("GUARD "):
        guard, text = text.split()[1], ""
    return f"// A header of the small house.\n#ifndef {guard}\n#define {guard}\n\n{text}\n#endif  // {guard}\n"


def build_house(folder, changes):
    for name, text in {**SMALL_HOUSE, **changes}.items():
        if name in changes and name in SMALL_HOUSE and not text.startswith("GUARD "):
            text = SMALL_HOUSE[name] + text if "struct code" in text else text + SMALL_HOUSE[name]
        write(folder / "include" / "lake" / name, guarded(name, text))
    (folder / "single_include").mkdir(exist_ok=True)
    shutil.copy(ROOT / "single_include" / "amalgamate.py", folder / "single_include")
    return folder / "single_include" / "amalgamate.py"


def ask(script, *arguments):
    return run([sys.executable, "-B", script, *arguments])


def committed_header():
    script = ROOT / "single_include" / "amalgamate.py"
    faults = [done.stdout for done in (ask(script, "--check"), ask(script, "--graph")) if done.returncode != 0]
    if faults:
        fail(*faults)


def small_house_stands(folder):
    script = build_house(folder, {})
    ask(script)
    for argument in ("--check", "--graph"):
        done = ask(script, argument)
        if done.returncode != 0:
            fail(f"the small house should pass {argument}: {done.stdout}")
    text = (folder / "single_include" / "lake" / "lake.hpp").read_text()
    order = ["// ==== lake/core/error.hpp", "// ==== lake/basic_lake.hpp", "// ==== lake/impl/write.hpp", "// ==== lake/lake.hpp",
             "// ==== lake/embedded.hpp"]
    places = [text.find(mark) for mark in order]
    if -1 in places or places != sorted(places):
        fail(f"the small house is not in dependency order: {dict(zip(order, places))}")
    for condition in ("#if defined(LAKE_WITH_GZIP)\n", "#if defined(LAKE_WITH_SQLITE)\n", "#if defined(LAKE_WITH_GZIP) && defined(LAKE_WITH_SQLITE)\n"):
        if condition not in text:
            fail(f"the single header of the small house lacks {condition}")


def provocations():
    for title, changes, argument, wanted in PROVOCATIONS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if argument == "--check":
                ask(build_house(folder, {}))
            done = ask(build_house(folder, changes), argument)
            if done.returncode == 0 or wanted not in done.stdout:
                fail(f"{title} should fail {argument} with '{wanted}', but it ended with {done.returncode} and said: {done.stdout}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--committed"]:
        committed_header()
    else:
        with tempfile.TemporaryDirectory() as name:
            small_house_stands(Path(name))
        provocations()
        print(f"{len(PROVOCATIONS)} provoked faults, each found and named.")
