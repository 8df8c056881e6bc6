"""What the processes that hold a contender share: they say `ready`, then measure on each line of standard input.

The answers are JSON, a line each. Whatever libraries print goes to standard error.
"""
import json
import os
import sys

import torch


def begin(argument):
    """(the task, where answers go), with the task's threads in force."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    task = json.loads(argument)
    torch.set_num_threads(task["threads"])
    torch.set_num_interop_threads(1)
    return task, answers


def serve(answers, ready, measure):
    """measure(seconds) -> (count, seconds), once a line."""
    print(json.dumps({"ready": ready}), file=answers)
    for line in sys.stdin:
        count, seconds = measure(float(line))
        print(json.dumps({"count": count, "seconds": seconds}), file=answers)
