#!/usr/bin/env python3
"""Writes single_include/lake/lake.hpp from include/lake, and checks who includes whom.

    amalgamate.py            writes the single header (only if its bytes change)
    amalgamate.py --check    fails if the committed single header is not what would be written
    amalgamate.py --graph    fails if a header knows what its room must not know, and says how to mend it

The output is a pure function of the files below include/lake: their version and hash stand in the banner, no date.
Every file keeps its own include guard and there is no outer one, so including the single header again with one more
LAKE_WITH_* adds that section, and mixing it with include/ is harmless.
"""

import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "lake"
OUTPUT = ROOT / "single_include" / "lake" / "lake.hpp"

# --- What a library is called in an include, and which LAKE_WITH_* switches on the headers that need it. ---------------
# A new backend is one row here. nlohmann/json is no row: the core needs it.
LIBRARIES = [
    # include prefix      macro         what it brings
    ("sqlite3.h", "SQLITE", "sqlite_index (SQLite 3); open_embedded together with LAKE_WITH_GZIP"),
    ("zlib.h", "GZIP", "gzip_codec (zlib)"),
    ("libdeflate.h", "LIBDEFLATE", "libdeflate_codec (libdeflate)"),
    ("zstd.h", "ZSTD", "zstd_codec (libzstd)"),
    ("openssl/", "OPENSSL", "aes_gcm_codec (OpenSSL)"),
    ("hiredis", "REDIS", "redis_index, redis_cache (hiredis)"),
    ("curl/", "S3", "s3_storage (libcurl and OpenSSL)"),
    ("boost/hana", "HANA", "typed structs and policy matrices (Boost.Hana)"),
    ("duktape.h", "DUKTAPE", "scripts (Duktape)"),
]
# A macro that stands for more than one library: LAKE_WITH_S3 alone gives the s3 storage with its signatures.
BRINGS = {"S3": {"OPENSSL"}}

# --- Rooms: which room a header belongs to, and whom it may include. -----------------------------------------------------
TOP_LEVEL = {  # headers directly in include/lake
    "version.hpp": "base", "config.hpp": "base", "fwd.hpp": "base",
    "concepts.hpp": "concepts", "capabilities.hpp": "concepts",
    "merge.hpp": "merge",
    "basic_lake.hpp": "facade", "list_result.hpp": "facade",
    "dataset.hpp": "dataset", "volume.hpp": "volume",
    "lake.hpp": "umbrella", "embedded.hpp": "umbrella", "settings.hpp": "umbrella", "hana.hpp": "umbrella",
    "matrix.hpp": "umbrella",
}
FOLDERS = {  # folder -> room, where they are not called the same
    "impl": "facade",
}
FILES = {  # headers that are a room of their own: the part of detail/ that core stands on
    "detail/contain.hpp": "system", "detail/entropy.hpp": "system",
}
L0_L1 = {"base", "system", "pure", "core", "layout"}
L2 = L0_L1 | {"concepts", "protocol"}
POLICY_ROOMS = ["index", "storage", "cache", "compress", "codec", "decorate"]
MAY_INCLUDE = {
    "base": {"base"},
    "pure": {"base", "pure"},
    "system": {"base"},
    "core": {"base", "pure", "core", "system"},
    "layout": L0_L1,
    "concepts": L2,
    "protocol": L2,
    "merge": L0_L1 | {"merge"},
    "detail": L2 | {"detail"},
    **{room: L2 | {"detail", room} for room in POLICY_ROOMS},
    "codec": L2 | {"detail", "codec", "compress"},  # raw streams live in compress/, for codecs and datasets alike
    "facade": L2 | {"merge", "detail", "facade"},
    "dataset": L2 | {"merge", "detail", "compress", "dataset"},
    "volume": L2 | {"merge", "detail", "compress", "volume"},
}
EVERYTHING = {"umbrella", "testing"}  # may include all below
# Headers of these rooms are there for others' sake: one that no public header reaches is dead.
INNER_ROOMS = {"base", "pure", "core", "protocol", "merge", "detail", "facade"}

JSON_ROOMS = {"facade", "dataset", "volume"} | EVERYTHING
JSON_FILES = {"merge/document.hpp"}
PUBLIC_MACROS = re.compile(r"LAKE_(VERSION\w*|WITH_\w+|ASSERT|DETAIL_ABI)$")
MAX_LINES = 500

INCLUDE_LINE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
DIRECTIVE = re.compile(r"^\s*#\s*(\w+)\s*(.*)$")


class Header:
    """One file of include/lake: its text, its room, and whom it includes."""

    def __init__(self, path):
        self.name = path.relative_to(INCLUDE).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.split("\n")
        parts = self.name.split("/")
        self.room = TOP_LEVEL.get(self.name) if len(parts) == 1 else FILES.get(self.name, FOLDERS.get(parts[0], parts[0]))
        self.head, self.foot = [], []  # own headers included before and after the first line of code
        self.third_party, self.quoted = [], []
        self.conditional = []  # own headers included inside an #if
        self._scan()

    def _scan(self):
        depth, code_seen = 0, False
        for line in without_block_comments(self.lines):
            directive = DIRECTIVE.match(line)
            if directive is None:
                if line.strip() and not line.lstrip().startswith("//"):
                    code_seen = True
                continue
            word = directive.group(1)
            if word in ("if", "ifdef", "ifndef"):
                depth += 1
            elif word == "endif":
                depth -= 1
            found = INCLUDE_LINE.match(line)
            if found is None:
                continue
            bracket, target = found.groups()
            if bracket == '"':
                self.quoted.append(target)
            elif target.startswith("lake/"):
                (self.foot if code_seen else self.head).append(target[len("lake/"):])
                if depth > 1:
                    self.conditional.append(target)
            elif not is_std(target):
                self.third_party.append(target)

    @property
    def guard(self):
        return "LAKE_" + re.sub(r"\W", "_", self.name[: -len(".hpp")]).upper() + "_HPP"

    @property
    def includes(self):
        return self.head + self.foot


def without_block_comments(lines):
    inside = False
    for line in lines:
        kept = ""
        while line:
            if inside:
                end = line.find("*/")
                line = "" if end < 0 else line[end + 2:]
                inside = end < 0
            else:
                start, slashes = line.find("/*"), line.find("//")
                if start < 0 or (0 <= slashes < start):
                    kept, line = kept + line, ""
                else:
                    kept, line, inside = kept + line[:start], line[start + 2:], True
        yield kept


def is_std(target):
    return re.fullmatch(r"[a-z_0-9]+", target) is not None


def library_macro(target):
    return next((macro for prefix, macro, _ in LIBRARIES if target.startswith(prefix)), None)


def read_headers():
    paths = sorted(INCLUDE.rglob("*.hpp"), key=lambda p: p.relative_to(INCLUDE).as_posix())
    return {header.name: header for header in map(Header, paths)}


# --- The single header. --------------------------------------------------------------------------------------------------


def reached(headers, name):
    """The names of all headers that `name` brings, itself included."""
    seen, todo = set(), [name]
    while todo:
        current = todo.pop()
        if current in seen or current not in headers:
            continue
        seen.add(current)
        todo += headers[current].includes
    return seen


def needs(headers, name):
    """The LAKE_WITH_* that `name` needs: one per library it brings, less those another macro brings along."""
    macros = {library_macro(t) for n in reached(headers, name) for t in headers[n].third_party} - {None}
    brought = set().union(*(BRINGS.get(macro, set()) for macro in macros)) if macros else set()
    return frozenset(macros - brought)


def conditions(headers):
    """For each header the sets of macros that switch it on: one set per way of needing it, the empty set for always."""
    found = {name: set() for name in headers}
    for root in public_headers(headers):
        wanted = needs(headers, root)
        for name in reached(headers, root):
            found[name].add(wanted)
    for name, ways in found.items():
        if not ways:  # no public header reaches it; --graph says so
            ways = {needs(headers, name)}
        found[name] = {way for way in ways if not any(other < way for other in ways)}
    return found


def public_headers(headers):
    """What users may include by name, so what the single header must bring. Inner files follow whoever needs them."""
    inner_folders = ("detail/", "impl/")
    return [name for name in headers if not name.startswith(inner_folders)]


def in_order(headers, chosen):
    """Dependency order: what a header includes at its head before it, what it includes at its foot (its bodies) after."""
    order, begun = [], set()

    def visit(name):
        if name in begun or name not in headers:
            return
        begun.add(name)
        for target in headers[name].head:
            visit(target)
        order.append(name)
        for target in headers[name].foot:
            visit(target)

    for name in chosen:
        visit(name)
    return order


def spelled(ways):
    """A preprocessor condition: defined(LAKE_WITH_A) && defined(LAKE_WITH_B) || ..."""
    terms = []
    for way in sorted(ways, key=sorted):
        term = " && ".join(f"defined(LAKE_WITH_{macro})" for macro in sorted(way))
        terms.append(f"({term})" if len(ways) > 1 and len(way) > 1 else term)
    return " || ".join(terms)


def body(header):
    kept = [line for line in header.lines if not re.match(r"\s*#\s*include\s*<lake/", line)]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")
    return f"// ==== lake/{header.name} " + "=" * max(4, 110 - len(header.name)) + f"\n\n{text}\n"


def version(headers):
    found = re.search(r'#define LAKE_VERSION_STRING "([^"]+)"', headers["version.hpp"].text) if "version.hpp" in headers else None
    return found.group(1) if found else "unversioned"


def banner(headers):
    digest = hashlib.sha256()
    for name, header in sorted(headers.items()):
        digest.update(f"{name}\n{len(header.text.encode())}\n".encode())
        digest.update(header.text.encode())
    rows = "\n".join(f"//   {'LAKE_WITH_' + macro:<22} {brings}" for _, macro, brings in LIBRARIES)
    return (
        f"// lake {version(headers)} as a single header. Generated by single_include/amalgamate.py: do not edit, edit include/lake.\n"
        f"// sha256 of the inputs: {digest.hexdigest()}\n"
        "//\n"
        "// Needs C++20 and nlohmann/json. What needs another library is switched on before the include:\n"
        f"{rows}\n"
        "// Including this file again with one more of these macros adds that section.\n"
        "//\n"
        "// SPDX-License-Identifier: MIT\n"
    )


def amalgamate(headers):
    ways = conditions(headers)
    always = {name for name in headers if frozenset() in ways[name]}
    order = in_order(headers, sorted(headers))
    pieces, open_condition = [banner(headers)], ""
    for name in [n for n in order if n in always] + [n for n in order if n not in always]:
        condition = "" if name in always else spelled(ways[name])
        if condition != open_condition:
            if open_condition:
                pieces.append(f"#endif  // {open_condition}\n")
            if condition:
                pieces.append(f"#if {condition}\n")
            open_condition = condition
        pieces.append(body(headers[name]))
    if open_condition:
        pieces.append(f"#endif  // {open_condition}\n")
    return "\n".join(pieces)


# --- The checks of --graph: each yields sentences that say what is wrong and how to mend it. ------------------------------


def check_rooms(headers):
    for header in headers.values():
        if header.room is None:
            yield (f"{header.name} stands directly in include/lake but has no room: move it into a folder, or give it a row "
                   "in TOP_LEVEL of single_include/amalgamate.py (and in the design).")
        elif header.room not in MAY_INCLUDE and header.room not in EVERYTHING:
            yield f"{header.name} is in the unknown room '{header.room}': give the room a row in MAY_INCLUDE of single_include/amalgamate.py."


def check_edges(headers):
    for header in headers.values():
        allowed = MAY_INCLUDE.get(header.room)
        for target in header.includes:
            if target not in headers:
                yield f"{header.name} includes <lake/{target}>, which does not exist: mend the name or write the header."
            elif allowed is not None and headers[target].room not in allowed:
                yield (f"{header.name} (room '{header.room}') includes <lake/{target}> (room '{headers[target].room}'), but '{header.room}' "
                       f"may only include {', '.join(sorted(allowed))}: move what is shared down into one of these, or take it as a template parameter.")
        for target in header.foot:
            if not target.startswith("impl/"):
                yield f"{header.name} includes <lake/{target}> after its first line of code: move the include to the head (only impl/ stands at the foot)."
        for target in header.conditional:
            yield f"{header.name} includes <{target}> inside an #if: include it always, or split the header; including is the opt-in."
        for target in header.quoted:
            yield f'{header.name} includes "{target}" in quotes: write #include <lake/...> so that the single header can follow it.'


def check_third_party(headers):
    for header in headers.values():
        for target in header.third_party:
            sentence = third_party_fault(header, target)
            if sentence:
                yield f"{header.name} (room '{header.room}') includes <{target}>: {sentence}"


def third_party_fault(header, target):
    if target.startswith("nlohmann/"):
        if header.room in JSON_ROOMS or header.name in JSON_FILES:
            return None
        return "only the facade, datasets and merge/document.hpp know the JSON library: pass text, or move the code there."
    if target.startswith("boost/"):
        if header.room in EVERYTHING:
            return None
        return "Boost belongs to hana.hpp, matrix.hpp and testing: move the code there."
    if header.room in ("detail", "system"):
        if target.endswith(".h") and "/" not in target or target.startswith(("sys/", "linux/", "netinet/", "arpa/")) or library_macro(target):
            return None
        return "an unknown library: give it a row in LIBRARIES of single_include/amalgamate.py."
    return "C libraries and system headers are held by one type in detail/: include that header instead."


def check_cycles(headers):
    state, stack, found = {}, [], []

    def visit(name):
        if state.get(name) == "done" or name not in headers:
            return
        if state.get(name) == "begun":
            ring = stack[stack.index(name):] + [name]
            found.append("these headers include each other in a ring: " + " -> ".join(ring) +
                         ": move what they share into a header of its own.")
            return
        state[name] = "begun"
        stack.append(name)
        for target in headers[name].head:
            visit(target)
        stack.pop()
        state[name] = "done"

    for name in sorted(headers):
        visit(name)
    return found


def check_reach(headers):
    roots = [name for name, header in headers.items() if header.room not in INNER_ROOMS or header.name in TOP_LEVEL]
    seen = set().union(*(reached(headers, root) for root in roots)) if roots else set()
    for name in sorted(set(headers) - seen):
        yield f"{name} is reached by no public header: include it where it is used, or delete it."


def check_guards(headers):
    for header in headers.values():
        directives = [m.groups() for m in map(DIRECTIVE.match, without_block_comments(header.lines)) if m]
        opening = [(word, rest.strip()) for word, rest in directives[:2]]
        last = next((line for line in reversed(header.lines) if line.strip()), "")
        if opening != [("ifndef", header.guard), ("define", header.guard)]:
            yield f"{header.name} has no include guard of its name: begin with #ifndef {header.guard} and #define {header.guard}."
        elif not last.lstrip().startswith("#endif"):
            yield f"{header.name} goes on after its include guard: let #endif  // {header.guard} be the last line."
        if any(word == "pragma" and rest.startswith("once") for word, rest in directives):
            yield f"{header.name} says #pragma once: delete it, the guard {header.guard} does the work (also in the single header)."


def check_macros(headers):
    for header in headers.values():
        defined = []
        for line in without_block_comments(header.lines):
            directive = DIRECTIVE.match(line)
            if not directive:
                continue
            word, rest = directive.groups()
            name = re.match(r"\w*", rest).group(0)
            if word == "define" and name not in defined:
                defined.append(name)
            elif word == "undef" and name in defined:
                defined.remove(name)
            asked = re.search(r"__has_include\s*\(\s*[<\"]([^>\"]*)", rest) if word in ("if", "elif") else None
            if asked and (header.room != "detail" or library_macro(asked.group(1))):  # a kernel's header may be asked for in detail/
                yield f"{header.name} asks __has_include for {asked.group(1)}: delete it; including a backend's header is the opt-in."
        for name in defined:
            if name != header.guard and not PUBLIC_MACROS.match(name):
                yield (f"{header.name} leaks the macro {name}: add #undef {name} where its last use ends, "
                       "or use a constant or function instead.")


def check_length(headers):
    for header in headers.values():
        count = len(header.lines) - 1
        head = "\n".join(line for line in header.lines[:40] if line.lstrip().startswith("//"))
        if count > MAX_LINES and not re.search(r"\b(reason|because)\b", head, re.IGNORECASE):
            yield (f"{header.name} has {count} lines and gives no reason: split it by concept, "
                   f"or say in its file comment why it is longer than {MAX_LINES} ('... because ...').")


CHECKS = [check_rooms, check_edges, check_third_party, check_cycles, check_reach, check_guards, check_macros, check_length]


def leftovers(text):
    return [f"the single header still says: {line.strip()}" for line in text.split("\n") if re.match(r"\s*#\s*include\s*[<\"]lake/", line)]


def main(arguments):
    if not set(arguments) <= {"--check", "--graph"}:
        print(__doc__)
        return 2
    headers = read_headers()
    if "--graph" in arguments:
        faults = [sentence for check in CHECKS for sentence in check(headers)] + leftovers(amalgamate(headers))
        for sentence in faults:
            print("graph: " + sentence)
        print(f"graph: {len(headers)} headers, " + (f"{len(faults)} to mend." if faults else "every edge is allowed."))
        if faults:
            return 1
    fresh = amalgamate(headers)
    current = OUTPUT.read_text(encoding="utf-8") if OUTPUT.exists() else None
    if "--check" in arguments:
        if fresh != current:
            print("check: single_include/lake/lake.hpp is stale: run python3 single_include/amalgamate.py and commit the result.")
            return 1
        print("check: single_include/lake/lake.hpp is what include/lake says.")
    elif not arguments:
        if fresh != current:
            OUTPUT.parent.mkdir(parents=True, exist_ok=True)
            OUTPUT.write_text(fresh, encoding="utf-8", newline="\n")
        print(f"single_include/lake/lake.hpp: {len(headers)} headers, {fresh.count(chr(10))} lines" + ("." if fresh != current else ", unchanged."))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
