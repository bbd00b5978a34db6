"""run.py gnu|clang: each file here is compiled twice. As it stands it must be accepted; with LAKE_BAD defined it must be refused,
and the compiler must say what its `// expect:` lines want (regular expressions). So a case cannot rot into failing for another reason."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hygiene"))
from common import CLANG, GNU, at_once, compile_command, fail, has, run  # noqa: E402

compiler = {"gnu": GNU, "clang": CLANG}[sys.argv[1]]


def check(source):
    text = source.read_text(encoding="utf-8")
    missing = [name for name in re.findall(r"#include <(lake/[^>]+)>", text) if not has(name)]
    if missing:
        return "SKIPPED", f"compile_fail/{source.name} waits for {', '.join(missing)}"
    wanted = re.findall(r"^// expect: (.*)$", text, re.MULTILINE)
    good = run(compile_command(compiler, "-fsyntax-only", source))
    if good.returncode != 0:
        return "FAILED", f"{source.name} must compile without LAKE_BAD ({compiler}):\n{good.stdout[:3000]}"
    bad = run(compile_command(compiler, "-fsyntax-only", "-DLAKE_BAD", source))
    if bad.returncode == 0:
        return "FAILED", f"{source.name} must not compile with LAKE_BAD ({compiler})"
    unsaid = [pattern for pattern in wanted if not re.search(pattern, bad.stdout)]
    if unsaid or not wanted:
        return "FAILED", f"{source.name}: {compiler} should say {unsaid or 'something to expect'}, but says:\n{bad.stdout[:3000]}"
    return "ok", source.name


answers = at_once(sorted(Path(__file__).parent.glob("*.cpp")), check)
for verdict, sentence in answers:
    if verdict == "SKIPPED":
        print(f"SKIPPED: {sentence}")
faults = [sentence for verdict, sentence in answers if verdict == "FAILED"]
if faults or not answers:
    fail(*(faults or ["there are no cases"]))
print(f"{sum(verdict == 'ok' for verdict, _ in answers)} cases, each refused with its sentence by {compiler}.")
