"""What including the library costs, in preprocessed lines (-E -P): a gate that does not depend on the machine's mood."""

import re
import sys
import tempfile
from pathlib import Path

from common import GNU, INCLUDE, MACROS, SINGLE, compile_command, fail, has, headers, include_lines, must, skip, write

POLICIES = ("lake/pure/", "lake/core/", "lake/layout/", "lake/protocol/", "lake/index/memory", "lake/storage/memory", "lake/storage/filesystem", "lake/storage/variant", "lake/cache/none", "lake/cache/memory", "lake/cache/variant", "lake/codec/identity", "lake/decorate/")


def lines(folder, text, include=None):
    source = write(folder / "unit.cpp", text)
    words = ["-E", "-P", source]
    return must(compile_command(GNU, *words, **({"include": include} if include else {})), "the headers do not preprocess").count("\n")


def heaviest(folder, text):
    """A sentence on the std and third-party headers that are worth doing without: the lines each adds to all the others."""
    found = set()
    for name in re.findall(r"#include <(lake/[^>]+)>", text):
        found |= set(re.findall(r"^#include <((?!lake/)[^>]+)>", (INCLUDE / name).read_text(encoding="utf-8"), re.MULTILINE))
    whole = lines(folder, include_lines(sorted(found)))
    spared = sorted(((whole - lines(folder, include_lines(sorted(found - {name}))), name) for name in found), reverse=True)
    return "Lines that could be spared: " + ", ".join(f"<{name}> {count}" for count, name in spared[:8] if count > 300) + "."


def main(folder):
    json = lines(folder, "#include <nlohmann/json.hpp>\n")
    policies = [name for name in headers() if name.startswith(POLICIES) or name == "lake/concepts.hpp"]
    everything = "".join(f"#define {macro}\n" for macro in MACROS) + "#include <lake/lake.hpp>\n"
    # The std headers that options, executor and file storage need (functional, thread, condition_variable, stop_token, chrono, filesystem,
    # unordered_map, variant, memory, ...) are 0.70 x by themselves, before any code of ours: so the gate of this row lies above that.
    gates = [("core and policies without JSON", include_lines(policies), None, 0.95),
             ("everything, all headers of include/", include_lines(headers()), None, 1.6),
             ("everything, the single header with all LAKE_WITH_*", everything, SINGLE, 1.6)]
    if has("lake/lake.hpp"):
        gates.insert(0, ("lake/lake.hpp", "#include <lake/lake.hpp>\n", None, 1.35))
    faults = []
    print(f"nlohmann/json.hpp alone: {json} lines")
    for title, text, include, most in gates:
        count = lines(folder, text, include)
        print(f"{title}: {count} lines, {count / json:.2f} x (at most {most:.2f} x)")
        if count > most * json:
            faults.append(f"{title} preprocesses to {count} lines, {count / json:.2f} x nlohmann/json.hpp; at most {most} x is allowed. "
                          + heaviest(folder, text))
    if faults:
        fail(*faults)
    if not has("lake/lake.hpp"):
        skip("lake/lake.hpp is not written yet")


with tempfile.TemporaryDirectory() as name:
    sys.exit(main(Path(name)))
