"""`mien encode` cut short, repeated, repaired, contradicted: the bank is always the uninterrupted one, bit for bit."""

import random
import shutil
import signal
import subprocess
import time

import pytest

from helpers import refused, result_json, tree
from test_encode import encode, encoders, jpeg, make_videos, video, write  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


def test_a_deleted_video_comes_back_with_the_same_bytes(encode, tmp_path):  # noqa: F811
    root = make_videos(tmp_path / "root", 4, frames=9)
    write(root / "v2" / "00004.jpg", b"")
    assert encode(root, flags=["--batch-size", 4]).returncode == 0
    whole = tree(tmp_path / "bank")
    (tmp_path / "bank" / "v2.safetensors").unlink()
    assert encode(root, flags=["--batch-size", 4]).returncode == 0
    assert tree(tmp_path / "bank") == whole


def test_readers_and_separate_calls_do_not_change_a_bit(encode, tmp_path):  # noqa: F811
    root = make_videos(tmp_path / "root", 3, frames=11)
    assert encode(root, flags=["--workers", 1]).returncode == 0
    one_by_one = tmp_path / "other"
    for name in ("v2", "v0", "v1"):
        (tmp_path / "names.txt").write_text(name)
        done = encode(root, flags=["--workers", 5, "--videos", tmp_path / "names.txt"], bank=one_by_one)
        assert (done.returncode, done.stderr) == (0, "")
    assert tree(one_by_one) == tree(tmp_path / "bank")


class Cut:
    """The same slow encoding, whole once and then interrupted."""

    def __init__(self, binary, encoders, folder):  # noqa: F811
        self.root, self.folder = make_videos(folder / "root", 16, frames=24), folder
        self.command = [binary, "encode", "--images", self.root, "--encoder", encoders / "slow.pt", "--batch-size",
                        "8", "--quiet", "--bank"]
        start = time.monotonic()
        subprocess.run([*self.command, folder / "whole"], check=True, capture_output=True, timeout=120)
        self.seconds = time.monotonic() - start
        self.whole = tree(folder / "whole")

    def started(self, bank):
        return subprocess.Popen([*self.command, bank], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def wait_for_videos(self, process, bank, count):
        deadline = time.monotonic() + 60
        while len(list(bank.glob("*.safetensors"))) < count:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.002)


@pytest.fixture(scope="module")
def cut(mien_binary, encoders, tmp_path_factory):  # noqa: F811
    return Cut(mien_binary, encoders, tmp_path_factory.mktemp("cut"))


def test_kill_9_at_any_moment_then_the_same_command_gives_the_same_bank(cut, tmp_path):
    bank, moments, killed = tmp_path / "bank", random.Random(3), 0
    for _ in range(4):
        process = cut.started(bank)
        time.sleep(moments.uniform(0.3, 0.9) * cut.seconds)
        if process.poll() is None:
            process.kill()
            killed += 1
        process.communicate(timeout=60)
        for name, digest in tree(bank).items():  # what is visible is whole
            assert name.startswith(".") or digest == cut.whole[name], name
    assert killed >= 1
    assert cut.started(bank).wait(timeout=120) == 0
    assert {n: d for n, d in tree(bank).items() if not n.startswith(".")} == cut.whole


def test_control_c_exits_130_and_keeps_the_finished_videos(cut, tmp_path):
    bank = tmp_path / "bank"
    process = cut.started(bank)
    cut.wait_for_videos(process, bank, 2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(errors.splitlines()) == 1 and "interrupted" in errors
    kept = tree(bank)
    assert 3 <= len(kept) < len(cut.whole)
    assert all(cut.whole[name] == digest for name, digest in kept.items())  # and no temporary is left
    assert cut.started(bank).wait(timeout=120) == 0
    assert tree(bank) == cut.whole


def test_retry_failed_takes_up_a_repaired_image_and_leaves_whole_videos_alone(encode, tmp_path):  # noqa: F811
    root = make_videos(tmp_path / "root", 3)
    assert encode(root, bank=tmp_path / "never-damaged").returncode == 0
    good = (root / "v1" / "00002.jpg").read_bytes()
    write(root / "v1" / "00002.jpg", good[:-30])
    assert result_json(encode(root))["failed"] == 1
    untouched = (tmp_path / "bank" / "v0.safetensors").stat().st_mtime_ns
    write(root / "v1" / "00002.jpg", good)
    assert result_json(encode(root))["skipped_videos"] == 3
    assert video(tmp_path / "bank", "v1")[2] != []
    found = result_json(encode(root, flags=["--retry-failed"]))
    assert (found["videos"], found["skipped_videos"], found["failed"]) == (1, 2, 0)
    assert tree(tmp_path / "bank") == tree(tmp_path / "never-damaged")
    assert (tmp_path / "bank" / "v0.safetensors").stat().st_mtime_ns == untouched


def test_another_encoder_or_batch_size_is_refused_and_nothing_changes(encode, encoders, tmp_path):  # noqa: F811
    root = make_videos(tmp_path / "root", 2)
    assert encode(root, flags=["--batch-size", 4]).returncode == 0
    (tmp_path / "bank" / "v1.safetensors").unlink()
    before = tree(tmp_path / "bank")
    refused(encode(root, flags=["--batch-size", 4], encoder="other.pt"), "another", "test-encoder", tmp_path / "bank")
    refused(encode(root, flags=["--batch-size", 8]), "--batch-size = 8", "expected 4", "bank.json")
    refused(encode(root, flags=["--dtype", "bf16"]), "--dtype = bf16", "expected fp32", "bank.json")
    refused(encode(root, flags=["--batch-size", 4, "--mean", ".1,.2,.3"]), "preprocessing")
    assert tree(tmp_path / "bank") == before


def test_a_later_run_takes_the_batch_size_of_the_bank(encode, tmp_path):  # noqa: F811
    """contract.md: `compute` is fixed by the first run and later runs use it; only a flag contradicts it."""
    root = make_videos(tmp_path / "root", 2)
    assert encode(root, flags=["--batch-size", 3]).returncode == 0
    whole = tree(tmp_path / "bank")
    (tmp_path / "bank" / "v1.safetensors").unlink()
    done = encode(root)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "bank") == whole


def test_a_damaged_video_file_is_named_and_force_encodes_anew(encode, tmp_path):  # noqa: F811
    root = make_videos(tmp_path / "root", 2)
    assert encode(root).returncode == 0
    whole = tree(tmp_path / "bank")
    damaged = tmp_path / "bank" / "v1.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-50])
    refused(encode(root), "v1.safetensors")
    assert result_json(encode(root, flags=["--force"]))["videos"] == 2
    assert tree(tmp_path / "bank") == whole
    shutil.rmtree(tmp_path / "bank")
