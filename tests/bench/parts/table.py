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


def ranges_of(rounds):
    """{key: (lowest, highest)}"""
    return {key: (min(r[key] for r in rounds), max(r[key] for r in rounds)) for key in rounds[0]}


def with_ranges(rounds):
    return {**median_of(rounds), "ranges": ranges_of(rounds)}


def quotient(a, b):
    return a / b if b else 0.0


def compared(figures, ours, echo):
    """With its ratios to discd and to the echo of the same round, where those were measured."""
    more = {}
    if ours and figures is not ours and figures is not echo:
        more["user_disc"] = quotient(ours["user_us"], figures["user_us"])
        more["total_disc"] = quotient(ours["total_us"], figures["total_us"])
    if echo and figures is not echo:
        more["above_echo_us"] = figures["total_us"] - echo["total_us"]
        more["total_echo"] = quotient(figures["total_us"], echo["total_us"])
    return {**figures, **more}


def of_kind(results, name, kind):
    rounds = results[name]["kinds"][kind]
    ours, echo = (results[n]["kinds"][kind] if n in results else [None] * len(rounds)
                  for n in ("discd", "echo"))
    return with_ranges([compared(*each) for each in zip(rounds, ours, echo)])


def summary(results):
    """results: {server: {"kinds": {kind: [figures...]}, "loads": [..], "memory": [..]}}"""
    return {name: {"kinds": {k: of_kind(results, name, k) for k in of["kinds"]},
                   "load": median_of(of["loads"]),
                   "memory": median_of(of["memory"])}
            for name, of in results.items()}


def aligned(rows):
    """Lines: the first column to the left, the others to the right, as wide as they must be."""
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(rows[0]))]
    return ["  ".join([cells[0].ljust(widths[0])]
                      + [c.rjust(w) for c, w in zip(cells[1:], widths[1:])]) for cells in rows]


def ranged(figures, key):
    """The median, the lowest and the highest."""
    if key not in figures:
        return "-"
    return "%.2f (%.2f-%.2f)" % (figures[key], *figures["ranges"][key])


def plain(figures, key):
    return "%.2f" % figures[key] if key in figures else "-"


def kind_table(kind, found):
    """One line for each server."""
    rows = [["", "user us", "total us", "total/echo", "user disc/", "total disc/", "by ticks",
             "above echo", "queries/s", "busy %", "lost", "bytes"]]
    for name, of in found.items():
        f = of["kinds"][kind]
        rows.append([name]
                    + [ranged(f, k) for k in ("user_us", "total_us", "total_echo", "user_disc")]
                    + [plain(f, k) for k in ("total_disc", "user_by_ticks_us", "above_echo_us")]
                    + ["%.0f" % f["queries_per_s"], "%.0f" % (100 * f["busy"]), "%d" % f["lost"],
                       "%d" % f["size"]])
    return ["", KINDS[kind]] + aligned(rows)


def megabytes(n):
    return "%.1f" % (n / 1e6)


def memory_table(found):
    rows = [["", "RssAnon", "unshared", "processes", "stored", "load s", "restart s", "RssAnon*"]]
    for name, of in found.items():
        if name == "echo":
            continue
        m, load = of["memory"], of["load"]
        rows.append([name, megabytes(m["anon"]), megabytes(m["anon_shared"]),
                     "%d" % m["processes"], megabytes(m["stored"]) if "stored" in m else "-",
                     "%.2f" % load["load"],
                     "%.2f" % load["restart"] if "restart" in load else "-",
                     megabytes(m["anon_restarted"]) if "anon_restarted" in m else "-"])
    return (["", "Memory and load (MB of 1 000 000 bytes, seconds)"] + aligned(rows)
            + [MEMORY_NOTE])


def short_table(found, sampled):
    """User CPU per query, as one looks at it first."""
    kinds = list(next(iter(found.values()))["kinds"])
    rows = [[""] + [KINDS[k].replace(" of a", "").replace("n instance", " (one)")
                    .replace(" service", " (all)") for k in kinds]]
    for name, of in found.items():
        rows.append([name] + [ranged(of["kinds"][k], "user_us") for k in kinds])
    return ["", "User CPU per query, us: median of the rounds (lowest-highest)%s"
            % ("" if sampled else "; split by timer ticks, as perf is not here")] + aligned(rows)


def text(found, sampled):
    """`sampled`: perf told user from system time."""
    lines = short_table(found, sampled)
    for kind in next(iter(found.values()))["kinds"]:
        lines += kind_table(kind, found)
    return "\n".join(lines + memory_table(found))
