#!/usr/bin/env python3
"""Checks that each public header compiles alone and includes the standard library and Weir only.

usage: check.py FOLDER COMPILER FLAG...

Code that includes <weir/...> needs neither CAF nor protobuf nor any other library: not their
headers, not their compile time, and it may use other versions of them.
"""
import os
import pathlib
import re
import subprocess
import sys


def compile_alone(include, command):
    """Compiles nothing but `include`, twice, and returns the run; -H lists what it includes."""
    return subprocess.run([*command, "-fsyntax-only", "-H", "-x", "c++", "-"], check=False,
                          input=f"#include <{include}>\n" * 2, capture_output=True, text=True)


def inclusions(run):
    """Yields (who includes, what is included) as real paths; who is None for the program itself."""
    stack = [None]
    for depth, path in re.findall(r"^(\.+) (.*)$", run.stderr, re.MULTILINE):
        del stack[len(depth):]
        path = pathlib.Path(os.path.realpath(path))
        yield stack[-1], path
        stack.append(path)


def problem_of(header, folder, standard, command):
    """Compiles a header and returns what is wrong with it, or None."""
    run = compile_alone(header.relative_to(folder), command)
    if run.returncode != 0:
        messages = [line for line in run.stderr.splitlines() if not re.match(r"\.+ ", line)]
        return "does not compile alone:\n" + "\n".join(messages)
    for parent, path in inclusions(run):
        of_weir = parent is None or folder in parent.parents
        if of_weir and folder not in path.parents and path.parent != standard:
            return f"{parent} includes {path}"
    return None


def main():
    folder, *command = sys.argv[1:]
    folder = pathlib.Path(folder).resolve()
    command += [f"-I{folder}"]
    standard = next(path for _, path in inclusions(compile_alone("vector", command))).parent
    headers = sorted(folder.rglob("*.hpp"))
    if not headers:
        sys.exit(f"{folder}: no headers")
    failed = 0
    for header in headers:
        problem = problem_of(header, folder, standard, command)
        failed += problem is not None
        print(f"{'ok  ' if problem is None else 'FAIL'} {header.relative_to(folder)}" +
              (f": {problem}" if problem else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
