"""The arithmetic of a step's matrix products, and the rate at which this machine multiplies."""
import time

PEAK_SIZE = 2048
LONGEST_PRODUCT = 10  # seconds: a slower one is measured once


def step_flops(batch, dim, width, layers, classes, passes):
    """Forward, weights' gradient and input's gradient of every Linear; the first needs no input's gradient."""
    sizes = [dim] + [width] * layers + [classes]
    products = [2 * batch * before * after for before, after in zip(sizes, sizes[1:])]
    return passes * (3 * sum(products) - products[0])


def peak_measurement(precision):
    """measure(seconds) -> (operations, seconds) of the fastest product of two square matrices.

    A product that takes longer than LONGEST_PRODUCT (bf16 without instructions for it) is measured only once.
    """
    import torch
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(PEAK_SIZE, PEAK_SIZE, dtype=dtype) for _ in range(2))
    start = time.perf_counter()
    out = torch.mm(a, b)
    first = time.perf_counter() - start

    def measure(seconds):
        if first > LONGEST_PRODUCT:
            return 2 * PEAK_SIZE**3, first
        taken, begin = [], time.perf_counter()
        while not taken or time.perf_counter() - begin < seconds:
            start = time.perf_counter()
            torch.mm(a, b, out=out)
            taken.append(time.perf_counter() - start)
        return 2 * PEAK_SIZE**3, min(taken)

    return measure
