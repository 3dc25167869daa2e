#!/usr/bin/env python3
"""Checks that the source tree keeps the conventions that a script can see.

    tools/tidy.py [--format] [--clang-tidy BUILDDIR] [--jobs N]

Each rule below is a function over all files of the tree; `tools/tidy_test.py` proves that each can
fail. A finding reads `path:line: what; cure`. Exits with 1 if there are findings. An exception to a
rule stands beside the rule, with its reason.
"""
import argparse
import ast
import functools
import os
import posixpath
import re
import subprocess
import sys
from typing import Iterable, Iterator, NamedTuple

import run_clang

COLUMNS_MAX = 100
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

CPP = (".cpp", ".hpp")
CODE = (*CPP, ".py", ".proto", ".cmake", "CMakeLists.txt")

# Which folders each folder may include, besides itself, <weir/...> and libraries. Arrows point
# down only; see docs/internals/ARCHITECTURE.md.
SEES = {
    "include": "",
    "base": "",
    "proto": "",
    "connectors": "base",
    "state": "base proto",
    "checkpoint": "base proto state",
    "runtime": "base proto state checkpoint",
    "actors": "base proto state checkpoint runtime",
    "web": "base runtime",
    "simulation": "base proto state checkpoint runtime actors connectors",
    "cli": "base proto state checkpoint runtime actors connectors web",
    "examples": "",
    "bench": "base proto state checkpoint runtime actors connectors simulation examples test",
    "test": "base proto state checkpoint runtime actors connectors simulation examples cli web",
}
ENGINE = ("actors", "base", "checkpoint", "cli", "connectors", "include", "runtime", "simulation",
          "state", "web")


class Finding(NamedTuple):
    path: str
    line: int
    what: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.what}"


class File:
    """One file. `code` is its text with comments and literals blanked out, line for line."""

    _LITERAL = (r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/")

    def __init__(self, path: str, text: str):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.folder = path.split("/")[0]

    def is_a(self, *endings: str) -> bool:
        return self.path.endswith(endings)

    @functools.cached_property
    def code(self) -> str:
        return blank(self.text, self._LITERAL)

    @functools.cached_property
    def includes(self) -> list[tuple[int, str, bool]]:
        """(line, what is included, whether in angle brackets)."""
        found = (re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line) for line in self.lines)
        return [(n, m[2], m[1] == "<") for n, m in enumerate(found, 1) if m]


class Tree:
    """The files at `paths` beneath `root`. Binary files have no text and no rules."""

    def __init__(self, root: str, paths: Iterable[str]):
        self.paths = set(paths)
        self.folders = {parent for path in self.paths for parent in parents(path)}
        self.files = []
        for path in sorted(self.paths):
            try:
                with open(f"{root}/{path}", encoding="utf-8", newline="") as file:
                    self.files.append(File(path, file.read()))
            except (UnicodeDecodeError, IsADirectoryError):
                continue

    def of(self, *endings: str) -> list[File]:
        return [file for file in self.files if file.is_a(*endings)]

    def has(self, path: str) -> bool:
        return path in self.paths or path.rstrip("/") in self.folders


def paths_of(root: str) -> list[str]:
    """All files that git tracks, or would track after `git add`."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    return [path for path in listed if path and os.path.exists(f"{root}/{path}")]


def parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def blank(text: str, pattern: str) -> str:
    """Puts spaces where `pattern` is found; lines stay where they are."""
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found[0]), text,
                  flags=re.DOTALL | re.MULTILINE)


RULES = {}


def rule(check):
    RULES[check.__name__] = check
    return check


# ---- size ------------------------------------------------------------------------------------


@rule
def columns(tree: Tree):
    """In all files but those whose lines cannot be broken: tables, links, data."""
    for file in tree.files:
        if file.is_a(".md", ".svg", ".json", ".csv"):
            continue
        # The interaction tests write their traces themselves, an event a line.
        trace = file.is_a(".txt") and not file.is_a("CMakeLists.txt")
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS_MAX and not (trace and not line.startswith("#")):
                yield Finding(file.path, number, f"{len(line)} columns; break the line so that "
                              f"it has at most {COLUMNS_MAX}")


@rule
def file_length(tree: Tree):
    for file in tree.of(*CODE):
        if len(file.lines) - 1 > FILE_LINES_MAX:
            yield Finding(file.path, FILE_LINES_MAX, f"{len(file.lines) - 1} lines; split the file "
                          f"into ideas of at most {FILE_LINES_MAX}")


@rule
def function_length(tree: Tree):
    for file in tree.of(".py", *CPP):
        for first, last in python_functions(file) if file.is_a(".py") else functions(file.code):
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield Finding(file.path, first, f"a function of {last - first + 1} lines; split it "
                              f"into steps of at most {FUNCTION_LINES_MAX}")


def python_functions(file: File) -> list[tuple[int, int]]:
    return [(node.lineno, node.end_lineno) for node in ast.walk(ast.parse(file.text))
            if isinstance(node, ast.FunctionDef)]


_SCOPE = re.compile(r"\s*(template\b)?(\s*requires\b.*?)?(\s*\[\[\w+\]\])*"
                    r"\s*(inline\s+)?(namespace|class|struct|union|enum|extern)\b", re.DOTALL)


def functions(code: str) -> Iterator[tuple[int, int]]:
    """(first line, last line) of each outermost body in `code` that is a function's."""
    while (shorter := blank(code, r"\{[^{};]*\}(?=\s*[,){])")) != code:  # initialisers: a_{1},
        code = shorter
    opened = []  # what each open brace belongs to: "scope", "data" or a function's first line
    head = ""    # what stands since the last ; { or }
    for number, line in enumerate(code.split("\n"), 1):
        if re.match(r"\s*(#|(public|protected|private):$)", line):
            continue
        for part in re.split(r"([{};])", line + "\n"):
            if part == "{":
                opened.append(kind_of(head, number))
                head = ""
            elif part == "}" and opened:
                kind = opened.pop()
                if isinstance(kind, int) and all(outer == "scope" for outer in opened):
                    yield kind, number
                head = ""
            elif part == ";":
                head = ""
            else:
                head = (head + part) if head.strip() else part.lstrip("\n")


def kind_of(head: str, number: int):
    """What a brace opens that stands behind `head` in line `number`."""
    shape = head
    while (shorter := re.sub(r"<[^<>]*>", "", shape)) != shape:
        shape = shorter
    if _SCOPE.match(shape):
        return "scope"
    if "(" not in shape or re.search(r"(=|\(|,|\breturn)\s*$", shape):
        return "data"
    return number - head.rstrip("\n ").count("\n")


# ---- layers ----------------------------------------------------------------------------------


@rule
def layers(tree: Tree):
    for file in tree.of(*CPP):
        if file.folder not in SEES:
            yield Finding(file.path, 1, f"{file.folder}/ is no layer; give it a line in SEES in "
                          "tools/tidy.py and in the architecture")
            continue
        for number, name, _ in file.includes:
            target = name.split("/")[0]
            if "/" in name and target in SEES and target not in (
                    file.folder, *SEES[file.folder].split()):
                yield Finding(file.path, number, f"{file.folder}/ may not see {target}/; move what "
                              "both need downwards, or take it as an argument")


# Headers that only some places may include: (pattern, the places, what to do instead).
RESERVED = [
    # bench/ also measures bare CAF actors: the ceiling of what Weir can reach. The simulated
    # network is tested with bare actors, too.
    (r"caf/", r"(actors|simulation|test/actors|test/simulation/network|bench)/",
     "CAF stays in actors/ and simulation/; talk to actors through a port or interface"),
    (r".*\.pb\.h|google/protobuf/", r".*_codec\.[ch]pp|test/protobuf/",
     "only *_codec files see protobuf; convert to a plain struct there"),
    (r"weir/detail/", r"(?!examples/|connectors/)",
     "weir/detail is the engine's; use the public header, or make what is missing public"),
    (r"(?!weir/)(.*/|.*\.h)", r"(?!include/weir/)",
     "public headers need only the standard library; hide this in a source file"),
]


@rule
def reserved_headers(tree: Tree):
    for file in tree.of(*CPP):
        for number, name, _ in file.includes:
            for pattern, places, cure in RESERVED:
                if re.match(pattern, name) and not re.match(places, file.path):
                    yield Finding(file.path, number, f"includes {name}; {cure}")


# ---- words -----------------------------------------------------------------------------------


class Ban(NamedTuple):
    pattern: str  # in C++ code; in all text, if it comes with `text`
    where: tuple[str, ...]  # folders, or () for everywhere
    what: str
    but: str = "(?!)"  # paths that may, each kind with its reason beside it
    text: bool = False


BANS = [
    Ban(r"\b(TODO|FIXME|XXX|HACK)\b", (), "unfinished work; finish it, or say in the documentation "
        "what is missing", text=True),
    Ban(r"(?<![\w(/&#\"'-])#\d{1,5}\b(?!-)|\b(issue|ticket|pull request|PR)s? #?\d+", (),
        "a number that only an issue tracker understands; say what the matter is", text=True,
        but=r".*\.(svg|css|html|js)$"),  # colours
    Ban(r"(?<![\w.])/(home|root|Users)/\w", (), "a path of one machine; leave it out", text=True),
    Ban(r"\bassert\s*\(", (), "vanishes in release builds; use WEIR_ASSERT"),
    Ban(r"\bvolatile\b", (), "does not order threads; use std::atomic"),
    Ban(r"\busing\s+namespace\b", (), "imposes names on everybody who includes this; name them",
        but=r".*\.cpp$"),
    # Rows are bytes whose layout is known only at run time; zlib counts in unsigned char; the
    # socket functions take every kind of address as a sockaddr.
    Ban(r"\breinterpret_cast\b", (), "reads memory as another type; use std::memcpy or "
        "std::bit_cast", but=r"include/weir/detail/(row_table|operators)\.hpp|test/state/"
            r"|connectors/files/byte_stream\.cpp|test/connectors/line_source_test\.cpp"
            r"|actors/net/sockets\.cpp"),
    # Ids are looked up by it; nothing is placed by it.
    Ban(r"\bstd::hash\b", ENGINE, "differs between builds; place keys by weir::stable_hash",
        but=r"base/ids\.hpp"),
    # A run's id must differ between processes that start at the same time.
    Ban(r"\bs?rand\s*\(|\bstd::(random_device|mt19937|default_random)", ENGINE,
        "cannot be repeated from a seed; use base::Random", but=r"cli/run_id\.cpp"),
    Ban(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(", (*ENGINE, "test"),
        "waits for time instead of an event; wait for the event or move a virtual clock",
        but=r"test/process/throttled\.cpp"),  # plays a slow store
    # base/clock.cpp is what Clock::system() is made of; an id of a run is no matter of time.
    Ban(r"\b(system|steady|high_resolution)_clock::now\b", ENGINE,
        "the simulator cannot replace it; ask a Clock", but=r"base/clock\.cpp|cli/run_id\.cpp"),
    Ban(r"\bstd::(o|i|)fstream\b|\bstd::filesystem\b|\bfopen\s*\(", ENGINE,
        "the simulator cannot replace it; use Env"),
    # The gate waits for strangers on sockets, local workers are processes: the simulator has none.
    Ban(r"\bstd::(j?thread|async)\b(?!::)", ENGINE, "the simulator cannot schedule it; use a "
        "BlockingPool", but=r"(base/blocking_pool|actors/net/gate)\.hpp|cli/local_workers"),
    Ban(r"\bstd::cout\b", (), "standard output belongs to the job; log, or return the text",
        but=r"(cli|connectors/console|examples|bench)/"),
]


@rule
def banned_words(tree: Tree):
    for file in tree.files:
        if file.path.startswith("tools/tidy"):  # the rules themselves
            continue
        for ban in BANS:
            if not (ban.text or file.is_a(*CPP)) or re.match(ban.but, file.path) \
                    or ban.where and file.folder not in ban.where:
                continue
            text = file.text if ban.text else file.code
            for found in re.finditer(ban.pattern, text):
                line = text.count("\n", 0, found.start()) + 1
                yield Finding(file.path, line, f"`{found[0].strip()}` {ban.what}")


@rule
def file_names(tree: Tree):
    for file in tree.files:
        vague = re.search(r"(^|[/_.-])(utils?|utilit(y|ies)|helpers?|misc|common)([/_.-]|$)",
                          file.path, re.IGNORECASE)
        if vague:
            yield Finding(file.path, 1, f"`{vague[2]}` says nothing; name the file by what it "
                          "holds")
        if file.is_a(*CPP) and not re.fullmatch(r"[a-z0-9_./]+", file.path):
            yield Finding(file.path, 1, "sources are named in snake_case; rename it")


# ---- nothing is forgotten --------------------------------------------------------------------


@rule
def unlisted_sources(tree: Tree):
    listed = [r"test/compile_fail/.*"]  # by a script, one after the other
    for lists in tree.of("CMakeLists.txt"):
        for name in re.findall(r"[\w./${}-]+\.(?:cpp|proto)\b", re.sub(r"#.*", "", lists.text)):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(lists.path), name))
            listed.append(re.sub(r"\\\$\\{\w+\\}", "[^/]*", re.escape(path)))
    known = re.compile("|".join(listed) or "(?!)")
    for file in tree.of(".cpp", ".proto"):
        if not known.fullmatch(file.path):
            yield Finding(file.path, 1, "is never built; list it in a CMakeLists.txt, or delete it")


@rule
def unused_headers(tree: Tree):
    used = {"test/docs/run_examples.hpp"}  # by the programs that test/docs/examples.py makes
    for file in tree.of(*CPP):
        for _, name, angled in file.includes:
            used |= {f"include/{name}"} if angled else {
                name, posixpath.normpath(f"{posixpath.dirname(file.path)}/{name}")}
    for file in tree.of(".hpp"):
        if file.path not in used:
            yield Finding(file.path, 1, "is included by nobody; delete it, or test it")


# ---- comments and documents ------------------------------------------------------------------


@rule
def header_shape(tree: Tree):
    for file in tree.of(".hpp"):
        if not file.text.startswith("// "):
            yield Finding(file.path, 1, "does not say what it is for; begin with a comment")
        behind = [line for line in file.lines if not line.startswith("//")]
        if not behind or behind[0] != "#pragma once":
            yield Finding(file.path, 1, "may be included twice; put `#pragma once` behind the "
                          "first comment")


@rule
def public_comments(tree: Tree):
    """Types at namespace scope. Specialisations say nothing that the template does not."""
    for file in tree.of(".hpp"):
        if not file.path.startswith("include/weir/") or "/detail/" in file.path:
            continue
        inside_detail = False
        above = ""  # the line above the declaration, which may begin with template or requires
        for number, line in enumerate(file.lines, 1):
            if re.match(r"(namespace|}  // namespace) .*\bdetail\b", line):
                inside_detail = line.startswith("namespace")
            if re.match(r"(template\b|requires\b| )", line):
                continue
            named = re.match(r"(?:class|struct|union|enum class|enum|concept)\s+(?:\[\[\w+\]\]\s+)?"
                             r"(\w+)(?!\w*\s*<)[^;]*$", line)
            if named and not inside_detail and not above.startswith("///"):
                yield Finding(file.path, number, f"{named[1]} is public and has no comment; say "
                              "above it, behind ///, what it is")
            above = line


@rule
def markdown(tree: Tree):
    for file in tree.of(".md"):
        prose = blank(file.text, r"^(```|~~~).*?^\1|`[^`\n]+`")
        if not prose.startswith("# "):
            yield Finding(file.path, 1, "has no title; begin with `# `")
        for found in re.finditer(r"\]\(<?([^()\s>]+)>?(?: \"[^\"]*\")?\)", prose):
            if re.match(r"[a-z]+:", found[1]):
                continue
            line = prose.count("\n", 0, found.start()) + 1
            path, _, anchor = found[1].partition("#")
            target = posixpath.normpath(
                posixpath.join(posixpath.dirname(file.path), path)) if path else file.path
            if target.startswith("docs") and not documented(tree):
                continue
            if not tree.has(target):
                yield Finding(file.path, line, f"the link leads nowhere: {found[1]}; correct it")
            elif anchor and target.endswith(".md") and anchor not in anchors(tree, target):
                yield Finding(file.path, line, f"the heading is not there: {found[1]}; correct it")


def anchors(tree: Tree, path: str) -> set[str]:
    """The names that a renderer gives to the headings of a document."""
    text = next(file.text for file in tree.files if file.path == path)
    headings = re.findall(r"^#+ +(.*?) *#*$", blank(text, r"^(```|~~~).*?^\1"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings} \
        | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


@rule
def documents_named_in_code(tree: Tree):
    for file in tree.files if documented(tree) else []:
        if file.is_a(".md") or file.path.startswith("tools/tidy"):
            continue
        for number, line in enumerate(file.lines, 1):
            for path in re.findall(r"(?<![\w./-])docs/[\w./-]*\w", line):
                if not tree.has(path):
                    yield Finding(file.path, number, f"{path} does not exist; write it, or name "
                                  "another")


def documented(tree: Tree) -> bool:
    """A tree may come without its documents."""
    return "docs" in tree.folders


# ---- the program -----------------------------------------------------------------------------


def findings(tree: Tree) -> Iterator[Finding]:
    for check in RULES.values():
        yield from check(tree)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))), help="the tree to check (default: this one)")
    parser.add_argument("--format", action="store_true", help="also run clang-format")
    parser.add_argument("--clang-tidy", metavar="BUILDDIR", help="also run clang-tidy, with the "
                        "compile commands and the cache in BUILDDIR")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="default: all cores")
    options = parser.parse_args()

    tree = Tree(options.root, paths_of(options.root))
    found = [str(finding) for finding in sorted(findings(tree))]
    if options.format:
        found += run_clang.format_findings(options.root, [file.path for file in tree.of(*CPP)])
    if options.clang_tidy:
        found += run_clang.tidy_findings(options.root, os.path.abspath(options.clang_tidy),
                                     tree.paths, options.jobs)
    for finding in found:
        print(finding)
    print(f"tidy: {len(tree.files)} files, {len(RULES)} rules, "
          f"{len(found) or 'no'} finding{'s' if len(found) != 1 else ''}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
