#!/usr/bin/env python3
"""Checks that code in the documentation compiles: what is a whole program (it has a main), and the
numbered chapters of the tutorial, all blocks of which are one.

usage: check.py ROOT COMPILER FLAG...
"""
import pathlib
import re
import subprocess
import sys


def programs_of(page):
    """Returns the programs in a page."""
    blocks = re.findall(r"^```cpp\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    if page.parent.name == "tutorial" and page.name[0].isdigit():
        return ["\n".join(blocks)]
    return [code for code in blocks if "int main(" in code]


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
