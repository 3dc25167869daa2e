#!/usr/bin/env python3
"""Checks that code in the documentation compiles: what is a whole program (it has a main), and of
pages that say what they include all blocks, one behind the other; but not of the pages of examples
that are run (see examples.py), nor of those that show parts of a program.

usage: check.py ROOT COMPILER FLAG...
"""
import pathlib
import re
import subprocess
import sys


def is_program(code):
    return "int main(" in code or "WEIR_JOB(" in code


def is_read_as_one(page, blocks):
    """Whether what stands alone in a page begins with its first block."""
    folder = page.parent.name
    return (folder == "concepts" and "#include" in blocks[0] or
            folder == "tutorial" and page.name[0].isdigit() or
            page.name in ("job-api.md", "metrics.md"))


def programs_of(page):
    """Returns the programs in a page."""
    blocks = re.findall(r"^```cpp\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    programs = [code for code in blocks if is_program(code)]
    if not blocks or not is_read_as_one(page, blocks):
        return programs
    if page.parent.name == "tutorial":
        return ["\n".join(blocks)]
    parts = [code for code in blocks[1:] if not is_program(code)]
    return ["\n".join([blocks[0], *parts]), *programs[is_program(blocks[0]):]]


def main():
    root, *command = sys.argv[1:]
    root = pathlib.Path(root)
    programs = failed = 0
    for page in (root / "README.md", *root.glob("docs/**/*.md")):
        for code in programs_of(page):
            run = subprocess.run([*command, "-fsyntax-only", "-x", "c++", "-"], check=False,
                                 input=code, capture_output=True, text=True)
            programs += 1
            failed += run.returncode != 0
            print(f"{'FAIL' if run.returncode != 0 else 'ok  '} a program in {page}")
            print(run.stderr, end="")
    sys.exit(1 if failed or not programs else 0)


if __name__ == "__main__":
    main()
