"""What the house rules forbid and a search can see: in include/, tests/, examples/ and benchmarks/."""

import re
from pathlib import Path

from common import ROOT, fail

COMMENT_OR_TEXT = re.compile(r'R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
LIBRARY_RULES = [
    (re.compile(r"\bvirtual\b"), set(), "no virtual functions: use a concept or a template parameter"),
    (re.compile(r"\bthrow\b(?!\()"), {"core/result.hpp"}, "errors are values: return lake::error{...}"),
    # The JSON library's from_json may throw; its boundary is the one place that catches.
    (re.compile(r"\b(?:try|catch)\b\s*[({]"), {"merge/document.hpp"}, "no try and no catch outside detail/: errors are values"),
    (re.compile(r"\b(?:dynamic_cast|typeid)\b"), set(), "the library works without RTTI"),
    (re.compile(r"^using\s+namespace\b", re.MULTILINE), set(), "no using namespace in headers"),
    (re.compile(r"^\s*namespace\s*\{", re.MULTILINE), set(), "no anonymous namespaces in headers: use namespace detail and inline"),
    (re.compile(r"(?<!\()\bstd::(?:min|max)\s*\("), set(), "windows.h defines min and max: write (std::min)(a, b)"),
    (re.compile(r"\bassert\s*\("), {"config.hpp"}, "write LAKE_ASSERT"),
]
EVERYWHERE_RULES = [(re.compile(r"\b(?:TODO|FIXME|XXX)\b"), "finish it, or write an issue")]
TEST_RULES = [(re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b"), "no sleeps in tests: wait for the condition, or inject the clock")]


def code_of(text):
    """The text with comments and literals blanked, line for line."""
    return COMMENT_OR_TEXT.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def place(path, text, match):
    return f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"


def files(folder, *patterns):
    return sorted(path for pattern in patterns for path in (ROOT / folder).rglob(pattern))


faults = []
library = files("include", "*.hpp")
for path in library:
    name = path.relative_to(ROOT / "include" / "lake").as_posix()
    code = code_of(path.read_text(encoding="utf-8"))
    for rule, except_in, sentence in LIBRARY_RULES:
        if name in except_in or (name.startswith("detail/") and "outside detail/" in sentence):
            continue
        faults += [f"{place(path, code, match)}: {sentence}." for match in rule.finditer(code)]
tests = files("tests", "*.cpp", "*.hpp")
for path in tests:
    code = code_of(path.read_text(encoding="utf-8"))
    faults += [f"{place(path, code, match)}: {sentence}." for rule, sentence in TEST_RULES for match in rule.finditer(code)]
for path in library + tests + files("examples", "*.cpp") + files("benchmarks", "*.cpp", "*.hpp"):
    text = path.read_text(encoding="utf-8")
    faults += [f"{place(path, text, match)}: {sentence}." for rule, sentence in EVERYWHERE_RULES for match in rule.finditer(text)]
if faults:
    fail(*faults)
print(f"{len(library)} headers and {len(tests)} test files keep the house rules.")
