"""`mien encode` killed at random moments and run twice at once, with a video so long that it is encoded in parts."""

import json
import os
import random
import shutil
import subprocess
import time

import numpy as np
import pytest
from PIL import Image

from helpers import Projection, read_safetensors, result_json, tree, write_encoder

SIZE, DIM, FRAMES, SHORT = 8, 6, 20_100, 300
KILLS = 20
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


def link_frames(folder, sources, frames):
    folder.mkdir(parents=True)
    for frame in range(1, frames + 1):
        os.link(sources[frame % len(sources)], folder / f"{frame:05d}.png")


class LongJob:
    """A long video between two short ones, of a few small images, encoded once without interruption."""

    def __init__(self, binary, folder):
        rng, sources = np.random.default_rng(8), []
        for i in range(7):
            sources.append(folder / f"source{i}.png")
            Image.fromarray(rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8)).save(sources[-1])
        sources.append(folder / "damaged.png")
        sources[-1].write_bytes(sources[0].read_bytes()[:-20])
        for name, frames in (("a", SHORT), ("long", FRAMES), ("z", SHORT)):
            link_frames(folder / "root" / name, sources, frames)
        write_encoder(folder / "encoder.pt", Projection(SIZE, DIM), SIZE, DIM, extra={})
        self.command = [binary, "encode", "--images", folder / "root", "--encoder", folder / "encoder.pt",
                        "--batch-size", "64", "--quiet", "--bank"]
        start = time.monotonic()
        assert self.started(folder / "whole").wait(timeout=120) == 0
        self.seconds = time.monotonic() - start
        self.whole = tree(folder / "whole")

    def started(self, bank):
        return subprocess.Popen([*self.command, bank], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def job(mien_binary, tmp_path_factory):
    return LongJob(mien_binary, tmp_path_factory.mktemp("long"))


def parts(bank):
    return sorted(bank.glob(".long.part-*.safetensors"))


def wait_for_part(process, bank, number):
    """Until that many parts are there, or the process has ended."""
    while process.poll() is None and len(parts(bank)) < number:
        time.sleep(0.001)


def test_kill_9_at_twenty_moments_then_the_same_command_gives_the_same_bank(job, tmp_path):
    bank, moments, kills, with_parts = tmp_path / "bank", random.Random(20), 0, 0
    while kills < KILLS:
        process = job.started(bank)
        if kills % 2:  # in the middle of the long video, else anywhere
            wait_for_part(process, bank, len(parts(bank)) + 1)
            time.sleep(moments.uniform(0, 0.1))
        else:
            time.sleep(moments.uniform(0, job.seconds))
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait(timeout=60)
        visible = {name: digest for name, digest in tree(bank).items() if not name.startswith(".")}
        assert all(job.whole[name] == digest for name, digest in visible.items())  # what is seen is whole
        with_parts += bool(parts(bank))
        if "z.safetensors" in visible:
            shutil.rmtree(bank)
    assert with_parts >= 5
    assert job.started(bank).wait(timeout=120) == 0
    left = tree(bank)
    temporaries = {name for name in left if name.startswith(".") and name.endswith(".tmp")}  # younger than an hour
    assert {name: digest for name, digest in left.items() if name not in temporaries} == job.whole


def test_a_resumed_long_video_encodes_only_the_parts_that_are_missing(job, mien, tmp_path):
    bank = tmp_path / "bank"
    process = job.started(bank)
    wait_for_part(process, bank, 1)
    process.kill()
    process.wait(timeout=60)
    there = sum(json.loads(read_safetensors(part)[1]["part"])["count"] for part in parts(bank))
    assert there > 0
    found = result_json(mien(*job.command[1:], bank, "--json"))
    assert found["frames"] + found["failed"] == FRAMES - there + SHORT
    assert (found["videos"], found["skipped_videos"]) == (2, 1)
    assert tree(bank)["long.safetensors"] == job.whole["long.safetensors"]


def test_two_processes_at_once_give_the_bank_of_one(job, tmp_path):
    for delay in (0, 0.4):
        bank = tmp_path / f"bank{delay}"
        first = job.started(bank)
        time.sleep(delay * job.seconds)
        second = job.started(bank)
        assert (first.wait(timeout=120), second.wait(timeout=120)) == (0, 0)
        assert tree(bank) == job.whole
