"""What the scripts about registering share: their options, the server, medians and a table."""

import contextlib
import statistics

from parts import servers, setting
from parts.data import Data


def parser_of(about):
    parser = setting.parser_of(about)
    setting.common_options(parser)
    setting.core_options(parser)
    parser.add_argument("--first", action="store_true",
                        help="server and load come before other programs (nice; root only)")
    parser.add_argument("--workers", type=int, default=1, help="of the server")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    return parser


def check(parser):
    chosen = parser.parse_args()
    if min(chosen.rounds, chosen.workers) < 1 or chosen.seconds < 0.1:
        parser.error("counts start at 1, --seconds at 0.1")
    return chosen


@contextlib.contextmanager
def serving(chosen, folder, build, cpus):
    """A discd of its own, empty, which takes signed requests, too."""
    server = servers.Discd(folder, Data(0, 0), cpus, build)
    server.keyed, server.workers = True, chosen.workers
    server.before = ["nice", "-n", "-20"] if chosen.first else []
    try:
        server.forget()
        server.start_empty()
        yield server
    finally:
        server.close()


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
