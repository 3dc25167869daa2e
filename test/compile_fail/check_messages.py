#!/usr/bin/env python3
"""Checks that every static assertion in the public headers is the message of some misuse."""
import pathlib
import re
import sys

from check import HEADERS, expected

# No compiler here builds for machines where these fail.
UNREACHABLE = ("little-endian", "as they lie in memory")


def messages(header):
    """Returns the texts of the static assertions in a header."""
    for assertion in re.findall(r"static_assert\((.*?)\);", header.read_text(), re.DOTALL):
        literals = re.findall(r'"((?:[^"\\]|\\.)*)"', assertion)
        if literals:
            yield "".join(literals)


def main():
    folder = pathlib.Path(__file__).resolve().parent
    texts = [expected(source) for source in folder.glob("*/*.cpp") if source.stem != "control"]
    known = [text for text in (*texts, *UNREACHABLE) if text]
    missing = [f"{header.name}: {message}" for header in sorted(HEADERS.rglob("*.hpp"))
               for message in messages(header) if not any(text in message for text in known)]
    sys.exit("no misuse expects\n  " + "\n  ".join(missing) if missing else 0)


if __name__ == "__main__":
    main()
