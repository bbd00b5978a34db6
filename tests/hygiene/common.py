"""What the hygiene scripts share: where things are, how to compile, and how a check ends."""

import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
INCLUDE = ROOT / "include"
SINGLE = ROOT / "single_include"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
GNU = os.environ.get("LAKE_GNU", "g++")
CLANG = os.environ.get("LAKE_CLANG", "clang++")
NO_EXCEPTIONS = ["-fno-exceptions", "-fno-rtti"]
# LAKE_WITH_* of this build and the libraries that come with them, as the build tells us.
MACROS = os.environ.get("LAKE_MACROS", "LAKE_WITH_SQLITE;LAKE_WITH_GZIP;LAKE_WITH_REDIS;LAKE_WITH_OPENSSL;LAKE_WITH_S3;LAKE_WITH_HANA").split(";")
LIBRARIES = os.environ.get("LAKE_LIBRARIES", "-lsqlite3 -lz -lhiredis -lcurl -lcrypto").split()

sys.path.insert(0, str(SINGLE))


def headers():
    """Names as users include them, lake/core/error.hpp and so on."""
    return sorted(path.relative_to(INCLUDE).as_posix() for path in INCLUDE.rglob("*.hpp"))


def has(name):
    return (INCLUDE / name).exists()


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(0)


def fail(*sentences):
    for sentence in sentences:
        print("FAILED: " + sentence)
    sys.exit(1)


def run(command, **options):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **options)


def compile_command(compiler, *words, include=INCLUDE):
    return [compiler, "-std=c++20", "-I", include, *words]


def must(command, what):
    """Runs the command and ends the check with its output if it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        print(shlex.join(map(str, command)))
        if "-E" not in command:
            print(done.stdout[-3000:])
        print(done.stderr[:6000])
        fail(what)
    return done.stdout


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def at_once(jobs, work):
    """`work(job)` for every job, two at a time; the results in the order of the jobs."""
    with ThreadPoolExecutor(max_workers=int(os.environ.get("LAKE_JOBS", "2"))) as pool:
        return list(pool.map(work, jobs))


def third_party_includes():
    """Every <...> that our headers include and that is not ours, each once."""
    found = set()
    for name in headers():
        found |= set(re.findall(r"^\s*#\s*include\s*<((?!lake/)[^>]+)>", (INCLUDE / name).read_text(encoding="utf-8"), re.MULTILINE))
    return sorted(found)


def include_lines(names):
    return "".join(f"#include <{name}>\n" for name in names)
