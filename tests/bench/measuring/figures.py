"""Medians, and tables for the terminal."""

import argparse
import os
import statistics


def arguments(about):
    """The options that all of these scripts have."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--build", default=os.environ.get("BUILD", "build"),
                        help="folder with discd and discbench [$BUILD or build]")
    parser.add_argument("--data", help="folder on the disk to store on [the temporary one]")
    parser.add_argument("--core", type=int, default=0, help="of the server [0]")
    parser.add_argument("--load-core", type=int, default=1, help="of the load [1]")
    parser.add_argument("--first", action="store_true",
                        help="server and load come before other programs (nice; root only)")
    parser.add_argument("--workers", type=int, default=1, help="of the server [1]")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many [3]")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement [5]")
    return parser


def check(options):
    """One core is enough for nothing but a wrong figure, but better than none."""
    cores = sorted(os.sched_getaffinity(0))
    for name in ("core", "load_core"):
        if getattr(options, name) not in cores:
            print("only core %s here: server and load share it, figures are worse" % cores[0])
            setattr(options, name, cores[0])
    return options


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def medians(rows):
    """Of dictionaries with the same keys: the median of each."""
    return {key: median([row.get(key) for row in rows]) for key in rows[0]}


def shown(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return "%d" % round(value) if abs(value) >= 1000 or value == int(value) else "%.2f" % value


def table(heads, rows):
    """The first column to the left, the others to the right."""
    cells = [list(heads)] + [[shown(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for row in cells:
        words = [row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]
        print("  ".join(words).rstrip(), flush=True)
