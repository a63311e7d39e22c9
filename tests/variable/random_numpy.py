"""Prints what NumPy draws, for test_random_numpy to compare: one line a call, floats as hexadecimal."""
import sys

try:
    import numpy
    from numpy.random import Generator, Philox, RandomState, SeedSequence
except ImportError:
    sys.exit(77)


def show(what, numbers):
    texts = (float(x).hex() if numbers.dtype.kind == "f" else str(int(x)) for x in numbers)
    print(what, *texts)


def show_all(name, bits):
    """Every kind of draw from one state, one after the other."""
    generator = Generator(bits)
    show(name + " raw", bits.random_raw(9))
    show(name + " float32", generator.random(3, dtype=numpy.float32))
    show(name + " float64", generator.random(6))
    for low, high in ((0, 10), (-5, 2**32 - 5), (-(2**62), 2**62 + 1), (0, 2**31 + 1), (3, 4)):
        show(f"{name} integers {low} {high}", generator.integers(low, high, 25))
    show(name + " normal", RandomState(bits).standard_normal(21))
    show(name + " after", bits.random_raw(2))


for seed in (0, 1, 12345, 2**32, 2**53 + 1, 2**64 - 1):
    show_all(f"seed {seed}", Philox(seed))
    show_all(f"stream {seed}", Philox(seed).jumped(7))
    for child in (0, 3, 2**33 + 5):
        show_all(f"child {seed} {child}", Philox(SeedSequence(seed, spawn_key=(child,))))
