"""Runs clang-format and clang-tidy for tools/tidy.py.

clang-tidy takes ten seconds a file, so a file that was clean is not looked at again until one of
its inputs changes: itself, a header it includes, its compile command, the configuration, the tool.
"""
import concurrent.futures
import functools
import glob
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys


def format_findings(root: str, paths: list[str], tool: str = "clang-format-14") -> list[str]:
    run = subprocess.run([tool, "--dry-run", "-Werror", *paths], cwd=root, capture_output=True,
                         text=True, check=False)
    places = re.findall(r"^([^:\n]+):(\d+):\d+: error: code should be", run.stderr, re.MULTILINE)
    firsts = {path: line for path, line in reversed(places)}
    return [f"{path}:{line}: is not formatted; run `make format`"
            for path, line in sorted(firsts.items())]


def tidy_findings(root: str, build: str, first_party: set[str], jobs: int,
                  tool: str = "clang-tidy-14") -> list[str]:
    """What clang-tidy says about each of the `first_party` files that `build` compiles."""
    if os.path.exists(f"{build}/CMakeCache.txt"):  # sources include what protoc writes
        subprocess.run(["cmake", "--build", build, "--target", "weir_layer_proto"], check=True,
                       stdout=subprocess.DEVNULL)
    with open(f"{build}/compile_commands.json", encoding="utf-8") as file:
        units = {os.path.relpath(unit["file"], root): unit for unit in json.load(file)}
    units = {path: unit for path, unit in units.items() if path in first_party}
    cache = Cache(f"{build}/tidy-cache.json", tool, sorted(glob.glob(f"{root}/**/.clang-tidy",
                                                                     recursive=True)))
    stale = [path for path in sorted(units) if not cache.is_clean(path, units[path])]
    found: dict[str, None] = {}  # in order; a header's finding shows up in many units
    try:
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            runs = {pool.submit(check, root, build, path, tool): path for path in stale}
            for done, run in enumerate(concurrent.futures.as_completed(runs), 1):
                path = runs[run]
                found.update(dict.fromkeys(run.result()))
                if not run.result():
                    cache.add(path, units[path])
                if sys.stderr.isatty():
                    print(f"\rclang-tidy: {done} of {len(stale)}", end="", file=sys.stderr)
    finally:
        cache.save()
    return sorted(found)


def check(root: str, build: str, path: str, tool: str) -> list[str]:
    run = subprocess.run([tool, "-p", build, "--quiet", path], cwd=root, capture_output=True,
                         text=True, check=False)
    found = []
    for place, line, what in re.findall(r"^(/[^:\n]+):(\d+):\d+: (?:warning|error): (.*)$",
                                        run.stdout, re.MULTILINE):
        what = what.replace(",-warnings-as-errors]", "]")
        found.append(f"{os.path.relpath(place, root)}:{line}: {what}")
    if run.returncode != 0 and not found:
        found.append(f"{path}:1: clang-tidy failed: {run.stderr.strip()[-300:]}")
    return found


class Cache:
    """Which files were clean, and the contents of all their inputs at that time."""

    def __init__(self, path: str, tool: str, configurations: list[str]):
        self.path = path
        version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
        self.rules = version.stdout + "".join(map(digest, configurations))
        try:
            with open(path, encoding="utf-8") as file:
                self.clean = json.load(file)
        except (OSError, ValueError):
            self.clean = {}

    def is_clean(self, path: str, unit: dict) -> bool:
        then = self.clean.get(path)
        return then is not None and then["way"] == self.way(unit) and all(
            digest(name) == content for name, content in then["inputs"].items())

    def add(self, path: str, unit: dict) -> None:
        words = shlex.split(unit["command"])
        words = words[:words.index("-o")] + words[words.index("-o") + 2:]
        makefile = subprocess.run([*words, "-M"], cwd=unit["directory"], capture_output=True,
                                  text=True, check=True).stdout
        listed = makefile.split(":", 1)[1].replace("\\\n", " ").split()
        names = [os.path.join(unit["directory"], name) for name in listed]
        self.clean[path] = {"way": self.way(unit), "inputs": {name: digest(name) for name in names}}

    def way(self, unit: dict) -> str:
        return hashlib.sha256((self.rules + unit["command"]).encode()).hexdigest()

    def save(self) -> None:
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.clean, file)


@functools.cache
def digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return "absent"
