"""NumPy's conversions, for the benchmark `conversion`.

Arguments: a folder of arrays <dtype>.raw. Each line of standard input, "FROM TO", is answered with the
nanoseconds of CPU time that one conversion took, into one of two populated arrays by turns.
"""
import sys
import time

import numpy

folder = sys.argv[1]
sources, targets = {}, {}


def source(name):
    if name not in sources:
        sources.clear()
        sources[name] = numpy.fromfile(f"{folder}/{name}.raw", dtype=name)
    return sources[name]


def target(name, count):
    if name not in targets:
        targets.clear()
        targets[name] = [numpy.ones(count, dtype=name), numpy.ones(count, dtype=name)]
    targets[name].reverse()
    return targets[name][0]


print("ready", flush=True)
for line in sys.stdin:
    name, to = line.split()
    numbers = source(name)
    result = target(to, len(numbers))
    began = time.thread_time_ns()
    numpy.copyto(result, numbers, casting="unsafe")  # astype() into memory that is there already
    ended = time.thread_time_ns()
    print(ended - began, flush=True)
