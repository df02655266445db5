"""Lists the branches that no test took, from gcov's data: branches.py BUILD UNREACHED.

A line of UNREACHED is `file: text of the source line: reason`, the text in backquotes; it
excuses the branches of every such line of that file. An excuse that nothing needs is a
failure too, so that the list stays true.
"""
import json
import os
import re
import subprocess
import sys

FILES = re.compile(r"^(query\w*|answer\w*|tsig\w*|update\w*)\.c$")


def excuses(path):
    found = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            match = re.match(r"(\S+): `(.*)`: (\S.*)$", line.rstrip("\n"))
            if not match:
                sys.exit(f"{path}: not `file: text: reason`: {line}")
            found[(match[1], match[2])] = False
    return found


def branches(build, source):
    folder = os.path.join(build, "CMakeFiles/disc_dns.dir/src/dns")
    data = os.path.join(folder, source + ".gcda")
    if not os.path.exists(data):
        sys.exit(f"{source} was not run by any test")
    out = subprocess.run(["gcov", "-b", "--json-format", "--stdout", data], check=True,
                         capture_output=True, cwd=folder).stdout
    for text in out.splitlines():
        for file in json.loads(text)["files"]:
            if file["file"].endswith("/" + source):
                for line in file["lines"]:
                    for branch in line["branches"]:
                        yield line["line_number"], branch["count"] > 0


def main(build, list_path):
    allowed = excuses(list_path)
    sources = sorted(f for f in os.listdir("src/dns") if FILES.match(f))
    total = taken = excused = 0
    missing = []
    for source in sources:
        with open(os.path.join("src/dns", source), encoding="utf-8") as text:
            lines = [line.strip() for line in text]
        for number, was_taken in branches(build, source):
            total += 1
            taken += was_taken
            if was_taken:
                continue
            key = (source, lines[number - 1])
            if key in allowed:
                allowed[key] = True
                excused += 1
            else:
                missing.append(f"src/dns/{source}:{number}: {lines[number - 1]}")
    for line in sorted(set(missing)):
        print(f"{line}  ({missing.count(line)})")
    stale = [f"{f}: `{t}`" for (f, t), used in allowed.items() if not used]
    for line in stale:
        print(f"{list_path}: no longer needed: {line}")
    print(f"{len(sources)} files, {total} branches: {taken} taken, {excused} excused, "
          f"{len(missing)} not reached")
    return 1 if missing or stale else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
