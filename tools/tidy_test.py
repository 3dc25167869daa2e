#!/usr/bin/env python3
"""Proves that each rule of tools/tidy.py finds a bad tree and leaves a good one alone."""
import json
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

import run_clang
import tidy

# What the rules look for must not stand in this file as it is.
TODO = "TO" + "DO"
HPP = "// A thing.\n#pragma once\n"


def listed(*names: str) -> dict[str, str]:
    return {"CMakeLists.txt": "add_library(x " + " ".join(names) + ")\n"}


def a_function(lines: int, head: str = "int f(int a)") -> str:
    return "namespace weir {\n" + head + " {\n" + "  ++a;\n" * (lines - 2) + "}\n}\n"


# rule -> pairs of a bad file, with the line to be found, and a good one: (path, text). What else
# the tree needs follows.
CASES = {
    "columns": [
        (("a.py", "\n" + "x" * 101), 2, ("a.py", "x" * 100)),
        (("Makefile", "x" * 101), 1, ("README.md", "x" * 101)),
        (("test/a.txt", "# " + "x" * 101), 1, ("test/a.txt", "x" * 101)),
    ],
    "file_length": [
        (("base/a.cpp", "\n" * 501), 500, ("base/a.cpp", "\n" * 500)),
    ],
    "function_length": [
        (("base/a.cpp", a_function(71)), 2, ("base/a.cpp", a_function(70))),
        (("base/a.cpp", a_function(71, "class A final : public B<int> { void f(int a)")), 2,
         ("base/a.cpp", a_function(200, "class A final : public B<int>"))),
        (("base/a.cpp", a_function(71, "A::A(B b = {}) : b_{b}, c_{1, {2}}, d_(3)")), 2,
         ("base/a.cpp", "void f() {}\nvoid g(A a = {}) { h(); }\n" * 71)),
        (("base/a.cpp", a_function(71, "template <class T>\nrequires C<T>\nT f(T a) const")), 2,
         ("base/a.cpp", a_function(200, "template <class T>\nrequires C<T>\nstruct A"))),
        (("base/a.cpp", 'auto quote = "{{"; char brace = \'{\'; // {\n' + a_function(71)), 3,
         ("base/a.cpp", 'auto quote = "{{";' + a_function(200, "const std::array a = to({"))),
        (("tools/a.py", "def f():\n" + "  a()\n" * 70), 1,
         ("tools/a.py", "def f():\n" + "  a()\n" * 69)),
    ],
    "layers": [
        (("state/a.cpp", '#include "checkpoint/b.hpp"\n'), 1,
         ("checkpoint/a.cpp", '#include "state/b.hpp"\n')),
        (("connectors/files/a.cpp", '#include <weir/env.hpp>\n#include "runtime/b.hpp"\n'), 2,
         ("connectors/files/a.cpp", '#include "base/b.hpp"\n')),
        (("runtime/a.cpp", '#include "actors/b.hpp"\n'), 1,
         ("runtime/a.cpp", '#include "a.hpp"\n#include "runtime/b.hpp"\n')),
        (("things/a.cpp", ""), 1, ("things/a.py", "")),
    ],
    "reserved_headers": [
        (("runtime/a.cpp", "#include <caf/actor.hpp>\n"), 1,
         ("actors/a.cpp", "#include <caf/actor.hpp>\n")),
        (("state/a.cpp", '#include "proto/state.pb.h"\n'), 1,
         ("state/a_codec.cpp", '#include "proto/state.pb.h"\n')),
        (("state/a.cpp", "#include <google/protobuf/arena.h>\n"), 1,
         ("state/a_codec.cpp", "#include <google/protobuf/arena.h>\n")),
        (("examples/a.cpp", "#include <weir/detail/cow.hpp>\n"), 1,
         ("examples/a.cpp", "#include <weir/weir.hpp>\n")),
        (("include/weir/a.hpp", HPP + "#include <zlib.h>\n"), 3,
         ("include/weir/a.hpp", HPP + "#include <vector>\n#include <weir/time.hpp>\n")),
        (("include/weir/a.hpp", HPP + "#include <fmt/format.h>\n"), 3, ("base/a.hpp", HPP)),
    ],
    "banned_words": [
        (("base/a.cpp", f"\n// {TODO}: later\n"), 2, ("base/a.cpp", f"// NO{TODO}\n")),
        (("a.py", "# see #" + "12\n"), 1, ("README.md", "# A\n[a](#1-b) &#10;\n")),
        (("README.md", "# A\n\nFixes iss" + "ue 12.\n"), 3, ("web/a.css", "a: #" + "12345\n")),
        (("a.py", "open('/ho" + "me/a')\n"), 1, ("a.py", "open('there/ho" + "me/a')\n")),
        (("base/a.cpp", "assert(true);\n"), 1,
         ("base/a.cpp", 'static_assert(true); WEIR_ASSERT(true); // "assert(true)"\n')),
        (("test/a.cpp", "volatile int a;\n"), 1, ("test/a.cpp", "int a_volatile;\n")),
        (("base/a.hpp", HPP + "using namespace std;\n"), 3,
         ("base/a.cpp", "using namespace std;\n")),
        (("base/a.cpp", "reinterpret_cast<int*>(a);\n"), 1,
         ("include/weir/detail/row_table.hpp", HPP + "reinterpret_cast<int*>(a);\n")),
        (("state/a.cpp", "std::hash<int>{}(1);\n"), 1, ("test/a.cpp", "std::hash<int>{}(1);\n")),
        (("state/a.cpp", "rand();\n"), 1, ("state/a.cpp", "operand();\n")),
        (("runtime/a.cpp", "std::mt19937 g;\n"), 1, ("test/a.cpp", "std::mt19937 g;\n")),
        (("test/a.cpp", "\nstd::this_thread::sleep_for(1s);\n"), 2,
         ("bench/a.cpp", "std::this_thread::sleep_for(1s);\n")),
        (("runtime/a.cpp", "std::chrono::steady_clock::now();\n"), 1,
         ("base/clock.cpp", "std::chrono::steady_clock::now();\n")),
        (("runtime/a.cpp", "std::ofstream file;\n"), 1, ("test/a.cpp", "std::ofstream file;\n")),
        (("runtime/a.cpp", "std::thread t{f};\n"), 1,
         ("actors/a.cpp", "std::thread::hardware_concurrency();\n")),
        (("state/a.cpp", "std::cout << 1;\n"), 1, ("cli/a.cpp", "std::cout << 1;\n")),
    ],
    "file_names": [
        (("base/string_utils.cpp", ""), 1, ("base/futility.cpp", "")),
        (("base/helpers/a.cpp", ""), 1, ("base/helpless/a.cpp", "")),
        (("base/RowTable.cpp", ""), 1, ("docs/RowTable.md", "# A\n")),
    ],
    "unlisted_sources": [
        (("test/base/a_test.cpp", ""), 1, ("test/base/b_test.cpp", ""),
         {"test/CMakeLists.txt": "weir_test(b base/b_test.cpp)  # not base/a_test.cpp\n"}),
        (("proto/a.proto", ""), 1, ("proto/b.proto", ""), listed("proto/b.proto")),
        (("fuzz/one/more.cpp", ""), 1, ("fuzz/one.cpp", ""),
         listed("fuzz/${name}.cpp", "fuzz/other.cpp")),
    ],
    "unused_headers": [
        (("base/a.hpp", HPP), 1, ("base/b.hpp", HPP), {"base/b.cpp": '#include "base/b.hpp"\n'}),
        (("examples/a/a.hpp", HPP), 1, ("examples/a/b.hpp", HPP),
         {"examples/a/b.cpp": '#include "b.hpp"\n', "base/a.cpp": '#include "a.hpp"\n'}),
        (("include/weir/a.hpp", HPP), 1, ("include/weir/b.hpp", HPP),
         {"base/b.cpp": '#include <weir/b.hpp>\n#include "weir/a.hpp"\n'}),
    ],
    "header_shape": [
        (("base/a.hpp", "#pragma once\n"), 1, ("base/a.hpp", HPP)),
        (("base/a.hpp", "// A thing.\n#include <vector>\n"), 1, ("base/a.hpp", HPP)),
    ],
    "public_comments": [
        (("include/weir/a.hpp", HPP + "class A {\n"), 3,
         ("include/weir/a.hpp", HPP + "/// Is it.\ntemplate <class T>\nclass A {\n")),
        (("include/weir/a.hpp", HPP + "template <class T>\nconcept A = B<T>\n"), 4,
         ("include/weir/a.hpp", HPP + "class A;\ntemplate <>\nstruct A<int> {\n")),
        (("include/weir/a.hpp", HPP + "enum class A : int {\n"), 3,
         ("include/weir/a.hpp", HPP + "namespace weir::detail {\nenum class A : int {\n")),
        (("include/weir/a.hpp", HPP + "struct A {\n"), 3,
         ("include/weir/detail/a.hpp", HPP + "struct A {\n")),
    ],
    "markdown": [
        (("docs/a.md", "A\n"), 1, ("docs/a.md", "# A\n")),
        (("docs/a.md", "# A\n\n[a](b.md)\n"), 3, ("docs/a.md", "# A\n\n[a](c.md)\n"),
         {"docs/c.md": "# C\n"}),
        (("docs/a.md", "# A\n[a](#c)\n"), 2,
         ("docs/a.md", "# A\n[a](#a) [b](c.md#so-it-is) [c](.) [d](https://x.y) `[&](e)`\n"),
         {"docs/c.md": "# C\n## So, it *is*!\n```\n# Not a heading\n```\n"}),
        (("docs/a.md", "# A\n[a](c.md#not-a-heading)\n"), 2,
         ("docs/a.md", "# A\n```cpp\n[&](int a) {}\n```\n"),
         {"docs/c.md": "# C\n```\n# Not a heading\n```\n"}),
    ],
    "documents_named_in_code": [
        (("base/a.cpp", "// See docs/b.md.\n"), 1, ("base/a.cpp", "// See docs/c.md, docs/.\n"),
         {"docs/c.md": "# C\n"}),
    ],
}


class Place(tempfile.TemporaryDirectory):
    def put(self, files: dict[str, str]) -> "Place":
        for path, text in files.items():
            whole = pathlib.Path(self.name, path)
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(text, encoding="utf-8")
        return self



def found(name: str, files: dict[str, str]) -> set[tuple[str, int]]:
    place = Place()
    try:
        tree = tidy.Tree(place.put(files).name, files)
        return {(finding.path, finding.line) for finding in tidy.RULES[name](tree)}
    finally:
        place.cleanup()


class Rules(unittest.TestCase):
    def test_each_rule_has_cases(self):
        self.assertEqual(set(tidy.RULES), set(CASES))

    def test_each_rule_can_fail(self):
        for name, cases in CASES.items():
            for (path, text), line, good, *rest in cases:
                with self.subTest(rule=name, bad=text[:80]):
                    more = rest[0] if rest else {}
                    self.assertIn((path, line), found(name, {path: text, **more}))
                    self.assertNotIn(good[0], {at for at, _ in found(name, dict([good], **more))})

    def test_each_ban_has_a_case(self):
        bad = [text for (_, text), *_ in CASES["banned_words"]]
        for ban in tidy.BANS:
            self.assertTrue(any(tidy.re.search(ban.pattern, text) for text in bad), ban.pattern)

    def test_files_are_checked_before_they_are_committed(self):
        place = Place().put({".gitignore": "b\n", "a": "", "b": ""})
        subprocess.run(["git", "init", "-q", place.name], check=True)
        self.assertEqual({".gitignore", "a"}, set(tidy.paths_of(place.name)))
        place.cleanup()

    def test_documents_may_be_missing_altogether(self):
        self.assertEqual(set(), found("documents_named_in_code", {"a.cpp": "// docs/a.md\n"}))
        self.assertEqual(set(), found("markdown", {"README.md": "# A\n[a](docs/a.md)\n"}))


CLANG_TIDY = """#!/bin/sh
[ "$1" = --version ] && exit
echo run >>{root}/runs
for file; do :; done
grep -n bad "$file" | sed "s|:.*|:1: error: is bad [check]|; s|^|{root}/$file:|"
"""


class Clang(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.root = self.place.name
        commands = [{"directory": self.root, "file": f"{self.root}/{name}",
                     "command": f"c++ -o a.o -c {self.root}/{name}"}
                    for name in ("a.cpp", "other.cpp")]
        self.place.put({"a.cpp": '#include "a.hpp"\n', "a.hpp": "", "other.cpp": "bad\n",
                        "compile_commands.json": json.dumps(commands),
                        "clang-tidy": CLANG_TIDY.format(root=self.root)})
        os.chmod(f"{self.root}/clang-tidy", stat.S_IRWXU)

    def tearDown(self):
        self.place.cleanup()

    def check(self):
        run_clang.digest.cache_clear()
        return run_clang.tidy_findings(self.root, self.root, {"a.cpp"}, 1,
                                       f"{self.root}/clang-tidy")

    def runs(self) -> int:
        return len(pathlib.Path(self.root, "runs").read_text(encoding="utf-8").split())

    def test_a_clean_file_is_checked_again_when_an_input_changes(self):
        self.assertEqual([], self.check())
        self.assertEqual([], self.check())
        self.assertEqual(1, self.runs())
        self.place.put({"a.hpp": "int a;\n"})
        self.assertEqual([], self.check())
        self.assertEqual(2, self.runs())
        self.place.put({".clang-tidy": "Checks: '*'\n"})
        self.assertEqual([], self.check())
        self.assertEqual(3, self.runs())

    def test_findings_are_found_again(self):
        self.place.put({"a.cpp": "int a;\nint bad;\n"})
        self.assertEqual(["a.cpp:2: is bad [check]"], self.check())
        self.assertEqual(["a.cpp:2: is bad [check]"], self.check())

    def test_a_tool_that_fails_is_a_finding(self):
        self.place.put({"clang-tidy": "#!/bin/sh\n[ $1 = --version ] || exit 1\n"})
        self.assertIn("clang-tidy failed", self.check()[0])

    def test_files_that_are_not_formatted_are_found_once(self):
        self.place.put({"clang-format": "#!/bin/sh\nfor l in 7 9; do echo a.hpp:$l:1: error: code "
                        "should be clang-formatted >&2; done; exit 1\n"})
        os.chmod(f"{self.root}/clang-format", stat.S_IRWXU)
        findings = run_clang.format_findings(self.root, ["a.hpp"], f"{self.root}/clang-format")
        self.assertEqual(["a.hpp:7: is not formatted; run `make format`"], findings)


if __name__ == "__main__":
    unittest.main()
