#!/usr/bin/env python3
"""Checks that misuse of the job API does not compile, and that the compiler names the cure.

usage: check.py FOLDER COMPILER FLAG...

Each file of FOLDER begins with what the first error must say: `// expect: TEXT`, continued by
further such lines. It must be one of few errors. `control.cpp` must compile: were the flags wrong,
all misuses would fail for another reason.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ERRORS_MAX = 3  # what was meant, and at most two consequences
HEADERS = pathlib.Path(__file__).resolve().parents[2] / "include" / "weir"


def expected(source):
    """Returns the text after `// expect:` in the first lines of a file."""
    lines = source.read_text().split("\n#include")[0].splitlines()
    return " ".join(line.removeprefix("// expect: ") for line in lines if line)


def compile_standard_headers(command, folder):
    """Precompiles what <weir/...> includes of the standard library: that is most of the time.

    Weir's own headers stay out of it: Clang 14 crashes on lambdas in precompiled templates.
    """
    includes = set()
    for header in HEADERS.rglob("*.hpp"):
        includes.update(re.findall(r"^#include <[a-z_]+>$", header.read_text(), re.MULTILINE))
    standard = pathlib.Path(folder) / "standard.hpp"
    standard.write_text("\n".join(sorted(includes)) + "\n")
    subprocess.run([*command, "-x", "c++-header", standard, "-o", f"{standard}.gch"], check=True)
    return standard


def problem_of(source, command):
    """Compiles a file and returns what is wrong with the outcome, or None."""
    run = subprocess.run([*command, "-fsyntax-only", source], capture_output=True, text=True,
                         env={**os.environ, "LC_ALL": "C"}, check=False)
    errors = [line for line in run.stderr.splitlines() if "error:" in line]
    if source.stem == "control":
        return f"does not compile:\n{run.stderr}" if run.returncode else None
    if run.returncode == 0:
        return "compiles"
    if run.returncode != 1 or not errors:
        return f"crashes the compiler:\n{run.stderr}"
    if expected(source) not in errors[0]:
        return f"the first error is\n  {errors[0]}\ninstead of\n  {expected(source)}"
    if len(errors) > ERRORS_MAX:
        return f"{len(errors)} errors, at most {ERRORS_MAX} allowed:\n" + "\n".join(errors)
    return None


def main():
    folder, *command = sys.argv[1:]
    sources = sorted(pathlib.Path(folder).glob("*.cpp"))
    if not any(source.stem == "control" for source in sources) or len(sources) < 2:
        sys.exit(f"{folder}: needs a control.cpp and misuses beside it")
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        command += ["-include", compile_standard_headers(command, scratch)]
        for source in sources:
            problem = problem_of(source, command)
            failed += problem is not None
            print(f"{'ok  ' if problem is None else 'FAIL'} {source.stem}" +
                  (f": {problem}" if problem else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
