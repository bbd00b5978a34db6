"""run.py add_subdirectory|find_package|single_header|missing_component: lake as other people's projects get it."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hygiene"))
from common import GNU, ROOT, fail, has, must, run, skip  # noqa: E402

HERE = Path(__file__).resolve().parent


def configure(kind, folder, *arguments):
    return ["cmake", "-G", "Ninja", "-S", HERE / kind, "-B", folder / "build", f"-DCMAKE_CXX_COMPILER={GNU}", f"-DLAKE_FOLDER={ROOT}", *arguments]


def install(folder):
    """Installs lake into an empty prefix, as a packager would."""
    must(["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder / "lake-build", f"-DCMAKE_CXX_COMPILER={GNU}", "-DLAKE_TESTS=OFF", "-DLAKE_EXAMPLES=OFF"],
         "lake does not configure for installation")
    must(["cmake", "--install", folder / "lake-build", "--prefix", folder / "prefix"], "lake does not install")
    texts = [path.read_text() for path in (folder / "prefix").rglob("*.cmake")]
    if any(str(ROOT) in text for text in texts):
        fail("the installed package names the folder it was built from")
    return f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}"


def builds_and_runs(kind, folder, *arguments):
    must(configure(kind, folder, *arguments), f"the consumer '{kind}' does not configure")
    missing = [name for name in ("lake/lake.hpp", "lake/embedded.hpp") if not has(name)]
    if missing:
        skip(f"the consumer '{kind}' is configured but not built: it waits for {' and '.join(missing)}")
    must(["cmake", "--build", folder / "build", "-j", "1"], f"the consumer '{kind}' does not build")
    for program in ("core", "embedded"):
        must([folder / "build" / program, folder / f"data-{program}"], f"the consumer '{kind}' does not run")


def missing_component(folder):
    prefix = install(folder)
    for wanted, sentence in [("sqlite", "lake's component 'sqlite' needs SQLite 3"), ("embedded", "lake's component 'sqlite' needs SQLite 3"),
                             ("s3", "lake's component 's3' needs libcurl"), ("moon", "lake has no component 'moon'")]:
        done = run(configure("missing_component", folder, prefix, f"-DWANTED={wanted}"))
        said = " ".join(done.stdout.split())
        if done.returncode == 0 or sentence not in said:
            fail(f"asking for '{wanted}' should fail and say '{sentence}', but says: {said}")
    must(configure("missing_component", folder, prefix, "-DWANTED=gzip"), "asking for what is there should work")


with tempfile.TemporaryDirectory() as name:
    kind, folder = sys.argv[1], Path(name)
    if kind == "missing_component":
        missing_component(folder)
    else:
        builds_and_runs(kind, folder, *([install(folder)] if kind == "find_package" else []))
