"""summary.py <folder>: what the stages of tests/run came to, from the logs they left in the folder.

Ends with the line `N passed, N failed, N skipped`, and with a status other than 0 unless all is well. A test is a test case
of a suite, or a ctest entry that is no suite (an example, a hygiene script).
"""

import re
import sys
from collections import Counter
from pathlib import Path

BLOCK = re.compile(r"^\d+/\d+ Testing: (?P<name>.*?)$(?P<text>.*?)^Test time = .*?^Test (?P<verdict>\w+)", re.MULTILINE | re.DOTALL)
ALL_PASSED = re.compile(r"^All tests passed \(.*? in (\d+) test cases?\)", re.MULTILINE)
SOME_FAILED = re.compile(r"^test cases:\s*(\d+)\s*\|(.*)$", re.MULTILINE)


def count(text, good):
    """(passed, failed) of one ctest entry."""
    all_passed, some_failed = ALL_PASSED.search(text), SOME_FAILED.search(text)
    if some_failed:
        failed = re.search(r"(\d+) failed", some_failed.group(2))
        failed = int(failed.group(1)) if failed else 0
        passed = int(some_failed.group(1)) - failed
    elif all_passed:
        passed, failed = int(all_passed.group(1)), 0
    else:
        passed, failed = (1, 0) if good else (0, 1)
    if not good and failed == 0:  # died after its report, or ran out of time
        failed = 1
    return passed, failed


def main(folder):
    passed = failed = 0
    skipped = Counter()
    inputs = []
    bad_stages = False
    stages = [line.split() for line in (folder / "stages").read_text().splitlines()]
    for stage, status, building, testing in stages:
        stage_passed = stage_failed = 0
        log = folder / f"{stage}.log"
        for block in BLOCK.finditer(log.read_text(errors="replace")) if log.exists() else []:
            good = block["verdict"] == "Passed"
            block_passed, block_failed = count(block["text"], good)
            inputs += re.findall(r"Test unit written to (\S+)", block["text"])
            reasons = re.findall(r"^SKIPPED: (.*)$", block["text"], re.MULTILINE)
            for reason in reasons:
                skipped[f"{stage}: {block['name']}: {reason}"] += 1
            stage_passed += block_passed - min(len(reasons), block_passed)
            stage_failed += block_failed
        unbuilt = (folder / f"{stage}.unbuilt").exists()
        if unbuilt or (status != "0" and stage_failed == 0):
            stage_failed += 1
        verdict = "not built" if unbuilt else "failed" if stage_failed else "passed"
        print(f"stage {stage:<8} {verdict:<9} {stage_passed:>5} passed {stage_failed:>3} failed   built in {building} s, tested in {testing} s")
        passed, failed, bad_stages = passed + stage_passed, failed + stage_failed, bad_stages or status != "0"
    print(f"wall time {sum(int(b) + int(t) for _, _, b, t in stages)} s, skipped lines {sum(skipped.values())}")
    for reason, times in skipped.items():
        print(f"SKIPPED: {reason}" + (f" ({times} times)" if times > 1 else ""))
    for path in inputs:
        print(f"an input that fails: {path}")
    print(f"{passed} passed, {failed} failed, {sum(skipped.values())} skipped")
    return 1 if failed or bad_stages else 0


sys.exit(main(Path(sys.argv[1])))
