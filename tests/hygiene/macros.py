"""macros.py leak|hostile: our headers leave no macro behind but the public ones, and bear the macros of other people's headers."""

import re
import sys
import tempfile
from pathlib import Path

from common import GNU, WARNINGS, compile_command, fail, headers, include_lines, must, third_party_includes, write

ALLOWED = re.compile(r"LAKE_(VERSION\w*|ASSERT|DETAIL_ABI)$")
# What windows.h, X11 and old compilers' headers define.
HOSTILE = ["min(a, b) hostile", "max(a, b) hostile", "small char", "near", "far", "interface struct", "ERROR 0", "DELETE 0x10000", "DeleteFile DeleteFileA",
           "GetObject GetObjectA", "CreateFile CreateFileA", "Status int", "None 0L", "Bool int", "True 1", "False 0", "Success 0", "IN", "OUT", "OPTIONAL",
           "CONST const", "VOID void", "STRICT 1", "Complex 0", "Always 2", "Never 0", "major(x) hostile", "minor(x) hostile", "unix 1", "linux 1",
           "BOOL int", "NO_ERROR 0", "TIMEOUT 1"]


def macros_of(folder, text):
    out = must(compile_command(GNU, "-E", "-dM", "-O0", write(folder / "unit.cpp", text)), "the headers do not preprocess")
    return {line.split()[1].split("(")[0] for line in out.splitlines() if line.startswith("#define ")}


def leak(folder):
    before = macros_of(folder, include_lines(third_party_includes()))
    after = macros_of(folder, include_lines(third_party_includes()) + include_lines(headers()))
    guards = {"LAKE_" + re.sub(r"\W", "_", name[len("lake/"):-len(".hpp")]).upper() + "_HPP" for name in headers()}
    leaked = sorted(name for name in after - before if name not in guards and not ALLOWED.match(name))
    if leaked:
        fail(f"after all headers these macros are still defined: {', '.join(leaked)}: #undef each where its last use ends.")


# Headers that bring names of ours into std, where a call with a std::string would find them too: std::quoted, std::visit, ...
STD = ["algorithm", "any", "bitset", "complex", "filesystem", "functional", "future", "iomanip", "iostream", "iterator", "list", "numeric", "queue", "random",
       "ranges", "regex", "set", "sstream", "stdexcept", "system_error", "typeindex", "valarray", "variant"]


def hostile(folder):
    text = include_lines(sorted(set(STD + third_party_includes())))
    text += "".join(f"#undef {re.match(r'[A-Za-z_]+', line).group(0)}\n#define {line}\n" for line in HOSTILE)
    # And what users write above an include: g++ then warns of a parameter called json in our headers.
    text += "using nlohmann::json;\nusing namespace std;\n" + include_lines(headers())
    must(compile_command(GNU, "-O0", "-fsyntax-only", *WARNINGS, write(folder / "hostile.cpp", text)),
         "a header uses a name that other people's headers define as a macro (rename it, or write (std::min)(a, b)), or one that std has too "
         "(qualify the call: lake::in_quotes(name)), or a local name that shadows one of users'.")


with tempfile.TemporaryDirectory() as name:
    {"leak": leak, "hostile": hostile}[sys.argv[1]](Path(name))
