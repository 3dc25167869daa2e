#!/usr/bin/env python3
"""Builds a project that uses Weir, from nothing, runs its job, and looks at what it was given.

usage: build_and_run.py PROJECT BUILD_FOLDER INCLUDE_FOLDER -DOPTION...

The only thing that the project's own code may be given is INCLUDE_FOLDER, where <weir/...> is. The
build folder is removed if all went well.
"""
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

JOBS = 2  # the test's PROCESSORS


def step(name, *command):
    """Runs a command and says how long it took; stops with its output if it fails."""
    began = time.monotonic()
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         check=False)
    print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    if run.returncode != 0:
        sys.exit(run.stdout)
    return run.stdout


def check_compile_line(build, include):
    """Stops if the job is compiled with more than the folder of <weir/...>."""
    entries = json.loads((build / "compile_commands.json").read_text())
    job = next(entry for entry in entries if pathlib.Path(entry["file"]).name == "job.cpp")
    words = shlex.split(job["command"])
    folders = {words[i + 1] for i, word in enumerate(words) if word == "-isystem"}
    folders |= {word[2:] for word in words if word.startswith("-I")}
    if {pathlib.Path(folder).resolve() for folder in folders} != {include.resolve()}:
        sys.exit(f"include folders: {', '.join(sorted(folders))}; only {include} is needed")
    definitions = [word for word in words if word.startswith("-D") and word != "-DNDEBUG"]
    if definitions:
        sys.exit(f"definitions that Weir brought in: {' '.join(definitions)}")


def check_library(path):
    """Stops if a job library shows more than its entry point, or does not say what it needs."""
    said = step("look into the library", "nm", "--dynamic", "--defined-only", path)
    names = {line.split()[-1] for line in said.splitlines()}
    if names != {"weir_job_tag", "weir_open_job"}:
        sys.exit(f"a job library shows: {' '.join(sorted(names))}")
    if not re.search(rb"Weir \d+\.\d+\.\d+-[0-9a-f]{12}, entry point 1, ", path.read_bytes()):
        sys.exit("a job library does not say which engine it needs")


def check_options(build):
    """Stops if Weir builds or installs for its own sake within another project."""
    cache = (build / "CMakeCache.txt").read_text()
    own = re.findall(r"^(WEIR_(?:BUILD_\w+|INSTALL)):BOOL=ON$", cache, re.MULTILINE)
    if own:
        sys.exit(f"on within another project: {', '.join(own)}")


def main():
    project, build, include = (pathlib.Path(word) for word in sys.argv[1:4])
    options = sys.argv[4:]
    shutil.rmtree(build, ignore_errors=True)
    step("configure", "cmake", "-S", project, "-B", build, "-G", "Ninja",
         "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *options)
    check_options(build)
    check_compile_line(build, include)
    step("build", "cmake", "--build", build, "--parallel", str(JOBS))
    check_library(build / "libprint_job.so")
    said = step("run", build / "count_digits").splitlines()
    if said[-1] != "right":
        sys.exit("\n".join(said))
    shutil.rmtree(build)


if __name__ == "__main__":
    main()
