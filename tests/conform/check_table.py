#!/usr/bin/env python3
"""Is the table of the checklist whole? Fails when an id is missing, unknown or written
twice, when a test that it names does not exist, and when a case of this folder is not in
the table.

  check_table.py [TABLE]"""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
SERIES = {"H": 24, "A": 35, "S": 21, "E": 18, "C": 7, "T": 6, "P": 12, "R": 6, "X": 13, "G": 11,
          "U": 11, "MP": 19}
LATER = {"S17", "S20"}
LINE = re.compile(r"^(\S+)\s+([MS])\s+(\S.*?)\s+\|\s+(\S.*)$")


def needed():
    ids = [f"{letter}{i}" for letter, count in SERIES.items() for i in range(1, count + 1)]
    return [i for i in ids if i not in LATER] + ["1.14"]


def cases():
    """Ids of the cases, with their functions."""
    text = subprocess.run([sys.executable, os.path.join(HERE, "run.py"), "--list"], check=True,
                          capture_output=True, text=True).stdout
    return {line.split()[0] for line in text.splitlines()}


def function_runs(text, name):
    """A test function of C that is also entered in its program's list."""
    return (re.search(rf"^static void {name}\(void \*\*\w+", text, re.M)
            and len(re.findall(rf"\b{name}\b", text)) > 1)


def fault_of(test, known):
    """What is wrong with it, or None."""
    where, _, name = test.partition(":")
    if not name:
        return "names no case or function"
    if where == "conform":
        return None if name in known else "no such case"
    for suffix in (".c", ".sh", ".scn"):
        path = os.path.join(TESTS, where + suffix)
        if os.path.exists(path):
            with open(path) as f:
                text = f.read()
            there = function_runs(text, name) if suffix == ".c" else name in text
            return None if there else f"nothing of that name in {path}"
    return "no such file"


def check(lines, known):
    bad, seen = [], set()
    for line in lines:
        if not line or line.startswith("#"):
            continue
        found = LINE.match(line)
        if not found:
            bad.append(f"'{line}': expected: id  M|S  words  |  tests")
            continue
        ident, _, _, tests = found.groups()
        if ident in seen:
            bad.append(f"{ident} stands there twice")
        seen.add(ident)
        for test in tests.split():
            fault = fault_of(test, known)
            if fault:
                bad.append(f"{ident}: {test}: {fault}")
    bad += [f"{i} is missing" for i in needed() if i not in seen]
    bad += [f"{i} is no id" for i in sorted(seen - set(needed()))]
    bad += [f"the case {i} shows nothing" for i in sorted(known - seen)]
    return bad


def check_the_check(lines, known):
    """It must see a missing line, a double one, and tests that are not there."""
    at = next(i for i, line in enumerate(lines) if LINE.match(line))
    for wrong in ("conform:Q1", "unit/dns/test_none:test_x", "unit/dns/test_respond:test_none",
                  "e2e/tcp:no such words", "conform"):
        altered = [*lines[:at], re.sub(r"\|.*", "|  " + wrong, lines[at]), *lines[at + 1:]]
        if not check(altered, known):
            return [f"the check does not see that {wrong} is no test"]
    if not check(lines[:at] + lines[at + 1:], known):
        return ["the check does not see a missing line"]
    if not check(lines + [lines[at]], known):
        return ["the check does not see a double line"]
    return []


def main():
    table = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "checklist.txt")
    with open(table) as f:
        lines = re.sub(r"\n +", " ", f.read()).splitlines()
    known = cases()
    bad = check(lines, known) or check_the_check(lines, known)
    print("\n".join(bad) if bad else "the table is whole")
    return 1 if bad else 0


sys.exit(main())
