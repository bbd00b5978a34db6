"""headers_alone.py gnu|clang: every header compiles without warnings, as user code, with and without exceptions and RTTI.

gnu: each header on its own (and twice, so that a wrong guard shows), then all in one unit without exceptions.
clang: all in one unit, both ways; clang also looks into templates nobody uses, where g++ lets a `throw` pass.
"""

import sys
import tempfile
from pathlib import Path

from common import CLANG, GNU, NO_EXCEPTIONS, WARNINGS, at_once, compile_command, fail, headers, include_lines, run, write

if not headers():
    fail("there are no headers")

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    compiler = {"gnu": GNU, "clang": CLANG}[sys.argv[1]]
    everything = write(folder / "everything.cpp", include_lines(headers()))
    jobs = [("all headers together, without exceptions and RTTI,", NO_EXCEPTIONS, everything)]
    if compiler == GNU:
        jobs += [(header, [], write(folder / (header.replace("/", "_") + ".cpp"), include_lines([header, header]))) for header in headers()]
    else:
        jobs.append(("all headers together", [], everything))

    def check(job):
        title, flags, source = job
        done = run(compile_command(compiler, "-O0", "-fsyntax-only", *WARNINGS, *flags, source))
        return None if done.returncode == 0 else f"{title} does not compile ({compiler}):\n{done.stdout[:4000]}"

    faults = [fault for fault in at_once(jobs, check) if fault]
    if faults:
        fail(*faults)
print(f"{len(jobs)} compilations by {compiler}, no word of complaint.")
