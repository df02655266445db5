"""Medians of rounds, and how they are printed."""

import statistics

from parts.data import KINDS

MEMORY_NOTE = """load: from the start of the process to the first right answer; for discd, which has no file
to load, registering all. restart: discd with all of it stored, to the first right answer.
* after that restart. stored: discd's store on disk, mapped, not in RssAnon. RssAnon counts
what processes share once for each of them, unshared only once in all."""


def median_of(rounds):
    """{key: median} of dictionaries with numbers and the same keys."""
    return {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}


def medians(results):
    """results: {server: {"kinds": {kind: [figures...]}, "loads": [..], "memory": [..]}}"""
    return {name: {"kinds": {k: median_of(rounds) for k, rounds in of["kinds"].items()},
                   "load": median_of(of["loads"]),
                   "memory": median_of(of["memory"])}
            for name, of in results.items()}


def row(cells):
    return "%-9s" % cells[0] + "".join("%12s" % c for c in cells[1:])


def ratio(a, b):
    return "%.2f" % (a / b) if b else "-"


def kind_table(kind, summary):
    """One line for each server; on the right, discd's share of its CPU time."""
    lines = ["", "%s" % KINDS[kind],
             row(["", "user us", "system us", "total us", "above echo", "queries/s", "busy %",
                  "lost", "bytes", "user disc/", "total disc/", "total/echo"])]
    ours = summary.get("discd", {}).get("kinds", {}).get(kind)
    echo = summary.get("echo", {}).get("kinds", {}).get(kind)
    for name, of in summary.items():
        f = of["kinds"][kind]
        cells = [name, "%.2f" % f["user_us"], "%.2f" % f["system_us"], "%.2f" % f["total_us"],
                 "%.2f" % (f["total_us"] - echo["total_us"]) if echo else "-",
                 "%.0f" % f["queries_per_s"], "%.0f" % (100 * f["busy"]), "%d" % f["lost"],
                 "%d" % f["size"]]
        cells.append(ratio(ours["user_us"], f["user_us"]) if ours else "-")
        cells.append(ratio(ours["total_us"], f["total_us"]) if ours else "-")
        cells.append(ratio(f["total_us"], echo["total_us"]) if echo else "-")
        lines.append(row(cells))
    return lines


def megabytes(n):
    return "%.1f" % (n / 1e6)


def memory_table(summary):
    lines = ["", "Memory and load (MB of 1 000 000 bytes, seconds)",
             row(["", "RssAnon", "unshared", "processes", "stored", "load s", "restart s",
                  "RssAnon*"])]
    for name, of in summary.items():
        if name == "echo":
            continue
        m, load = of["memory"], of["load"]
        lines.append(row([name, megabytes(m["anon"]), megabytes(m["anon_shared"]),
                          "%d" % m["processes"],
                          megabytes(m["stored"]) if "stored" in m else "-",
                          "%.2f" % load["load"],
                          "%.2f" % load["restart"] if "restart" in load else "-",
                          megabytes(m["anon_restarted"]) if "anon_restarted" in m else "-"]))
    lines.append(MEMORY_NOTE)
    return lines


def short_table(summary):
    """User CPU per query, as one looks at it first."""
    kinds = list(next(iter(summary.values()))["kinds"])
    lines = ["", "User CPU per query, us (medians)",
             row([""] + [KINDS[k].replace(" of a", "").replace("n instance", " (one)")
                         .replace(" service", " (all)") for k in kinds])]
    for name, of in summary.items():
        lines.append(row([name] + ["%.2f" % of["kinds"][k]["user_us"] for k in kinds]))
    return lines


def text(summary):
    lines = short_table(summary)
    for kind in next(iter(summary.values()))["kinds"]:
        lines += kind_table(kind, summary)
    return "\n".join(lines + memory_table(summary))
