"""The timer of the peers, the same as `timer.nab`: `case(name, f)` prints the best run of a case asked for.

usage of a peer: PEER GROUP CASE ...      prints a line `CASE SECONDS` for each
"""
import sys
from time import perf_counter as clock

BUDGET = 0.3  # seconds that a case may take
SHORTEST = 0.001  # seconds of a run; quicker calls are repeated within one


def run(f, calls):
    """Seconds of one call."""
    start = clock()
    for _ in range(calls):
        y = f()
        y = None
    return (clock() - start) / calls


def best(f):
    run(f, 1)  # whatever is done once
    seconds = run(f, 1)
    calls = max(1, int(SHORTEST / seconds))
    end = clock() + BUDGET
    runs = 1
    while runs < 3 or clock() < end:
        seconds = min(seconds, run(f, calls))
        runs += 1
    return seconds


def case(name, f):
    if name in sys.argv[2:]:
        print(name, best(f), flush=True)


def run_group(*groups):
    """Run the one of these functions that the command line names."""
    {group.__name__: group for group in groups}[sys.argv[1]]()
