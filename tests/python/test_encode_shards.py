"""`mien encode` on several processes at once: by flag, by launchers' variables, by torchrun itself and by the batch
script. However it is split, the bank is that of one process, bit for bit."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from helpers import ROOT, refused, tree
from test_encode import encoders, jpeg, write  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
LAUNCHERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_STEP_ID", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_CPUS_PER_TASK")
FRAMES = [9, 2, 5, 14, 1, 7, 3]  # of v0, v1, ...


@pytest.fixture(scope="module")
def job(mien_binary, encoders, tmp_path_factory):  # noqa: F811
    """job.command(bank), and in job.whole the bank of one process."""
    return Job(mien_binary, encoders, tmp_path_factory.mktemp("shards"))


class Job:
    def __init__(self, binary, encoders, folder):  # noqa: F811
        self.binary, self.encoder, self.root = binary, encoders / "fast.pt", folder / "root"
        for v, frames in enumerate(FRAMES):
            for frame in range(1, frames + 1):
                write(self.root / f"v{v}" / f"{frame:05d}.jpg", jpeg(100 * v + frame))
        write(self.root / "v3" / "00004.jpg", b"damaged")
        self.run([], folder / "whole")
        self.whole = tree(folder / "whole")
        assert len(self.whole) == len(FRAMES) + 1

    def command(self, bank, *flags, batch_size=4):
        return [self.binary, "encode", "--images", self.root, "--encoder", self.encoder, "--bank", bank, "--threads",
                "1", "--batch-size", str(batch_size), *flags]

    def start(self, flags, bank, batch_size=4, **variables):
        command = self.command(bank, *flags, batch_size=batch_size)
        return subprocess.Popen(command, env=environment(**variables), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def run(self, flags, bank, **options):
        process = self.start(flags, bank, **options)
        out, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def environment(**variables):
    return {name: value for name, value in os.environ.items() if name not in LAUNCHERS} | variables


def finish(processes):
    logs = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), logs
    return logs


def shares(logs):
    """{shard: (videos, all videos, images, all images, origin)} of the logs' lines."""
    line = re.compile(r"shard (\d+/\d+): (\d+) of (\d+) videos, (\d+) of (\d+) images \((.*)\)")
    found = [line.search(log) for log in logs]
    assert all(found), logs
    return {m[1]: (*map(int, m.groups()[1:5]), m[6]) for m in found}


def test_three_shards_at_once_make_the_bank_of_one_process(job, tmp_path):
    logs = finish([job.start(["--shard", f"{i}/3"], tmp_path / "bank") for i in range(3)])
    found = shares(logs)
    assert set(found) == {"0/3", "1/3", "2/3"}
    assert sum(videos for videos, *_ in found.values()) == len(FRAMES)
    assert sorted(images for _, _, images, *_ in found.values()) == [13, 14, 14]  # 14 | 9 2 3 | 7 5 1
    assert {rest for *_, rest in found.values()} == {"--shard"}
    assert tree(tmp_path / "bank") == job.whole


@pytest.mark.parametrize("rank, size", [("RANK", "WORLD_SIZE"), ("SLURM_PROCID", "SLURM_NTASKS")])
def test_a_launchers_variables_split_the_job(job, tmp_path, rank, size):
    step = {"SLURM_STEP_ID": "0"} if rank == "SLURM_PROCID" else {}
    logs = finish([job.start([], tmp_path / "bank", **step, **{rank: str(i), size: "2"}) for i in range(2)])
    assert {rest for *_, rest in shares(logs).values()} == {f"{rank}, {size}"}
    assert tree(tmp_path / "bank") == job.whole


@pytest.mark.parametrize("step", [None, "4294967291", "4294967290", "batch", "interactive"])
def test_a_batch_script_and_an_interactive_shell_encode_everything(job, tmp_path, step):
    variables = {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_LOCALID": "0"}
    done = job.run([], tmp_path / "bank", **variables, **({"SLURM_STEP_ID": step} if step else {}))
    assert done.returncode == 0 and "shard" not in done.stdout + done.stderr
    assert tree(tmp_path / "bank") == job.whole


def test_the_result_says_which_part_of_the_whole_it_is(job, tmp_path):
    parts = [json.loads(job.run(["--shard", f"{i}/3", "--json"], tmp_path / "bank").stdout)["shard"] for i in range(3)]
    assert [(p["index"], p["count"], p["origin"]) for p in parts] == [(i, 3, "--shard") for i in range(3)]
    assert {(p["all_videos"], p["all_images"]) for p in parts} == {(len(FRAMES), sum(FRAMES))}
    assert sum(p["videos"] for p in parts) == len(FRAMES) and sum(p["images"] for p in parts) == sum(FRAMES)
    text = job.run(["--shard", "1/3"], tmp_path / "bank").stdout
    assert f"shard 1/3: {parts[1]['videos']} of 7 videos, {parts[1]['images']} of 41 images (--shard)" in text
    assert "shard" not in json.loads(job.run(["--json"], tmp_path / "bank").stdout)


def test_the_flag_wins_over_the_variables(job, tmp_path):
    done = job.run(["--shard", "0/1"], tmp_path / "bank", SLURM_STEP_ID="0", SLURM_PROCID="1", SLURM_NTASKS="9", RANK="x", WORLD_SIZE="2")
    assert done.returncode == 0 and list(shares([done.stderr])) == ["0/1"]
    assert tree(tmp_path / "bank") == job.whole


def test_the_split_does_not_depend_on_what_is_there(job, tmp_path):
    first = job.run(["--shard", "1/3"], tmp_path / "bank")
    again = job.run(["--shard", "1/3"], tmp_path / "bank")
    assert shares([first.stderr]) == shares([again.stderr])
    assert finish([job.start(["--shard", f"{i}/3"], tmp_path / "bank") for i in (2, 0)])
    assert tree(tmp_path / "bank") == job.whole


def test_the_split_is_of_the_chosen_videos(job, tmp_path):
    (tmp_path / "names.txt").write_text("v1\nv4\n")
    done = job.run(["--shard", "1/2", "--videos", tmp_path / "names.txt"], tmp_path / "bank")
    assert shares([done.stderr])["1/2"][:4] == (1, 2, 1, 3)
    assert sorted(tree(tmp_path / "bank")) == ["bank.json", "v4.safetensors"]


def test_a_shard_without_videos_says_so_and_is_done(job, tmp_path):
    done = job.run(["--shard", "30/31"], tmp_path / "bank")
    assert done.returncode == 0 and "0 of 7 videos" in done.stderr and "nothing to do" in done.stderr
    assert list(tree(tmp_path / "bank")) == ["bank.json"]


@pytest.mark.parametrize("shard", ["3/3", "a/b", "-1/2", "1", ""])
def test_a_wrong_shard_is_refused_before_anything_is_written(job, tmp_path, shard):
    refused(job.run([f"--shard={shard}"], tmp_path / "bank"), f"--shard = {shard}", "expected")
    if shard:
        refused(job.run(["--shard", shard], tmp_path / "bank"), "--shard", "expected")
    assert not (tmp_path / "bank").exists()


def test_a_wrong_variable_is_refused_by_its_name(job, tmp_path):
    refused(job.run([], tmp_path / "bank", RANK="2", WORLD_SIZE="2"), "RANK = 2", "0 to 1")
    refused(job.run([], tmp_path / "bank", SLURM_STEP_ID="0", SLURM_PROCID="0", SLURM_NTASKS="two"), "SLURM_NTASKS = two")
    assert not (tmp_path / "bank").exists()
    assert job.run([], tmp_path / "bank", SLURM_NTASKS="2").returncode == 0  # no rank: a shell in a job
    assert tree(tmp_path / "bank") == job.whole


def test_torchrun_starts_it_as_it_is(job, tmp_path):
    torchrun = pathlib.Path(sys.executable).with_name("torchrun")
    done = subprocess.run([torchrun, "--no-python", "--nproc-per-node", "2", *job.command(tmp_path / "bank")],
                          env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for shard in ("shard 0/2: ", "shard 1/2: "):
        assert shard in done.stderr
    assert tree(tmp_path / "bank") == job.whole


# -- the batch script, with an srun that starts the tasks here ---------------------------------------

SRUN = """#!/usr/bin/env bash
while [[ "$1" == --* ]]; do echo "$1" >>"$SRUN_LOG"; shift; done
pids=() status=0
for ((i = 0; i < 3; ++i)); do SLURM_STEP_ID=0 SLURM_PROCID=$i SLURM_NTASKS=3 SLURM_LOCALID=$i "$@" & pids+=($!); done
for pid in "${pids[@]}"; do wait "$pid" || status=$?; done
exit $status
"""


def run_script(job, tmp_path, bank, **variables):
    srun = tmp_path / "bin" / "srun"
    write(srun, SRUN.encode())
    srun.chmod(0o755)
    variables = {"IMAGES": str(job.root), "ENCODER": str(job.encoder), "BANK": str(bank), "MIEN": job.binary,
                 "PATH": f"{srun.parent}:{os.environ['PATH']}", "SRUN_LOG": str(tmp_path / "srun.log")} | variables
    return subprocess.run(["bash", ROOT / "scripts" / "encode.sbatch"], env=environment(**variables),
                          capture_output=True, text=True, timeout=300)


def test_the_batch_script_encodes_and_verifies(job, tmp_path):
    done = run_script(job, tmp_path, tmp_path / "bank")
    assert done.returncode == 0, done.stderr
    assert "complete: true" in done.stdout
    assert "--kill-on-bad-exit=0" in (tmp_path / "srun.log").read_text()
    assert job.run([], tmp_path / "at once", batch_size=16).returncode == 0
    assert tree(tmp_path / "bank") == tree(tmp_path / "at once")


def test_the_batch_script_goes_on_with_another_number_of_cpus(job, tmp_path):
    bank = tmp_path / "bank"
    assert run_script(job, tmp_path, bank, SLURM_CPUS_PER_TASK="2").returncode == 0
    assert json.loads((bank / "bank.json").read_text())["compute"]["threads"] == 2
    whole = tree(bank)
    (bank / "v3.safetensors").unlink()
    done = run_script(job, tmp_path, bank, SLURM_CPUS_PER_TASK="1")
    assert done.returncode == 0, done.stderr
    assert tree(bank) == whole
    assert (tmp_path / "srun.log").read_text().splitlines()[1::2] == ["--cpus-per-task=2", "--cpus-per-task=1"]


def test_the_batch_script_takes_several_roots_and_fails_when_a_task_does(job, tmp_path):
    write(tmp_path / "more crops" / "w" / "00001.jpg", jpeg(1))
    done = run_script(job, tmp_path, tmp_path / "bank", IMAGES=f"{job.root}:{tmp_path / 'more crops'}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bank" / "w.safetensors").exists()
    damaged = tmp_path / "bank" / "v3.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    (tmp_path / "bank" / "v1.safetensors").unlink()
    done = run_script(job, tmp_path, tmp_path / "bank")
    assert done.returncode == 2 and "v3.safetensors" in done.stderr
    assert (tmp_path / "bank" / "v1.safetensors").exists()  # the other tasks went on
