"""The load generator of the hub, a process of its own: nodes and readers on bare sockets, and every answer is looked at.

    python -m benchmarks.hub_load.client fill    URL --nodes 1000 --backends 50
    python -m benchmarks.hub_load.client reports URL --kind delta --senders 64 --connections 16 --seconds 3
    python -m benchmarks.hub_load.client readers URL --readers 100 --rate 20 --seconds 5
    python -m benchmarks.hub_load.client pages   URL --nodes 1000 --path '/admin/api/backends?limit=200'

`fill` sends one full report of each node. `reports` repeats messages of one kind in a closed loop: `same` is a full report that
the hub has already, `next` one of the next revision with nothing changed. `readers` tells how old changes are when the readers
of the stream have them, `pages` what a page of the list takes, both while a node changes. Prints figures as JSON; times are in
microseconds.
"""

import argparse
import json

import uvloop

from benchmarks.hub_load import pages, readers, reports

_LOADS = {"fill": reports.fill, "reports": reports.repeat, "readers": readers.read, "pages": pages.ask}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("load", choices=_LOADS)
    parser.add_argument("url")
    parser.add_argument("--nodes", type=int, default=20, help="that there are")
    parser.add_argument("--backends", type=int, default=50, help="of each node")
    parser.add_argument("--shape", choices=("shared", "own"), default="shared", help="whether names are the same on all nodes")
    parser.add_argument("--kind", choices=("same", "next", "delta", "beat"), default="beat")
    parser.add_argument("--senders", type=int, default=64, help="nodes that report")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warm-up", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=20, help="changes a second")
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--path", default="/admin/api/backends?limit=200")
    parser.add_argument("--floor", action="store_true", help="it is the floor that is asked, which knows nothing")
    return parser.parse_args()


if __name__ == "__main__":
    wanted = _arguments()
    print(json.dumps(uvloop.run(_LOADS[wanted.load](wanted))))
