"""vtables.py <program>...: our classes have no virtual functions (bad_result, an exception, is the one that must)."""

import re
import sys

from common import fail, must

# With the inline namespaces v0 and ex/nx, or without.
OURS = re.compile(r"(?:vtable|typeinfo name) for (lake::\S.*)$")
BAD_RESULT = re.compile(r"lake::(v\d+::)?((ex|nx)::)?bad_result$")

found = set()
for program in sys.argv[1:]:
    for line in must(["nm", "-C", program], f"nm cannot read {program}").splitlines():
        match = OURS.search(line)
        if match and "vtable" in match.group(0) and not BAD_RESULT.match(match.group(1)):
            found.add(match.group(1))
if found:
    fail(f"these classes have virtual functions: {', '.join(sorted(found))}: use a concept, a template parameter or a variant.")
print(f"{len(sys.argv) - 1} programs, no vtable of ours but bad_result's.")
