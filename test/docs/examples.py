#!/usr/bin/env python3
"""Makes a program of the examples in a page of the documentation, and compares what it prints with
what the page shows.

usage: examples.py make FIRST PAGE OUT    writes a program with the examples of a page
       examples.py run PROGRAM PAGE       runs it; with --rewrite the page then shows what it prints

A block of C++ in front of a block of text is an example: the body of a function that gets a job,
which is run behind it. The text is what it prints, in any order of its lines. Other blocks of C++
are what the examples behind them need. All pages begin with the first block of the page FIRST.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$(?=(\s*^```text$)?)", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"(^```cpp\n.*?^```\s*^```text\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)


def blocks_of(page):
    """Yields the code of each block of C++ in a page, the line behind it, and whether it is an
    example."""
    text = page.read_text()
    for block in BLOCK.finditer(text):
        language, code, is_example = block.groups()
        if language == "cpp":
            yield code, text.count("\n", 0, block.start(2)) + 1, is_example is not None


def make(first, page):
    """Returns the program of a page."""
    code = []
    examples = 0
    if page != first:
        code.append(next(blocks_of(first))[0])
    for block, line, is_example in blocks_of(page):
        body = f'#line {line} "{page}"\n{block}'
        if is_example:
            body = f"void example_{examples}([[maybe_unused]] weir::Job& job) {{\n{body}}}\n"
            examples += 1
        code.append(body)
    names = ", ".join(f"example_{i}" for i in range(examples))
    return ('#include "test/docs/run_examples.hpp"\n' + "\n".join(code) +
            f"\nint main() {{ weir::docs::run_examples({{{names}}}); }}\n")


def printed_by(program):
    """Returns what each example prints."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([program], check=True, cwd=folder, stdout=subprocess.PIPE, text=True)
    return run.stdout.split("==\n")[1:]


def run(program, page, rewrites):
    """Returns whether each example prints what the page shows."""
    text = page.read_text()
    shown = SHOWN.findall(text)
    printed = printed_by(program)
    if len(shown) != len(printed):
        sys.exit(f"{page} shows {len(shown)} examples, and {program} has {len(printed)}: build it "
                 "again")
    if rewrites:
        outputs = iter(printed)
        page.write_text(SHOWN.sub(lambda found: found.group(1) + next(outputs), text))
        return True
    differ = 0
    for (code, expected), actual in zip(shown, printed):
        if sorted(expected.splitlines()) == sorted(actual.splitlines()):
            continue
        differ += 1
        body = code.split("```")[1].removeprefix("cpp\n")
        print(f"{page}: this example\n\n{body}\nprints\n\n{actual}\nand not\n\n{expected}\nIf that "
              "is right, run examples.py again with --rewrite, and read what it has changed.")
    print(f"{len(shown)} examples, of which {differ} print something else")
    return len(shown) > 0 and differ == 0


def main():
    words = [word for word in sys.argv[1:] if word != "--rewrite"]
    if words[0] == "make":
        first, page, out = map(pathlib.Path, words[1:])
        out.write_text(make(first, page))
    else:
        program, page = map(pathlib.Path, words[1:])
        sys.exit(not run(program.resolve(), page, "--rewrite" in sys.argv))


if __name__ == "__main__":
    main()
