"""Who trains beside mien, for scripts/bench/train.py.

    data       a bank and annotations of random rows, and the same rows as Python reads them
    model      the network that the Python contenders train
    lean       a loop with nothing to spare
    published  the published trainer's way
    worker     a process that holds one of them
    processes  the processes, and mien's
    products   the arithmetic of a step's matrix products
    report     the table and the JSON
"""
