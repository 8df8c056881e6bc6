"""What a command writes and reads: files that are whole or not there; never a device, a pipe or a socket, which would be
destroyed or waited for; through links. And standard output is for results alone, whatever a library prints."""

import json
import os
import signal
import socket
import stat
import subprocess
import time

import pytest
import torch

from helpers import CONFIGS, ROOT, refused, result_json, tree, write_encoder
from test_encode import make_videos

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


class Talking(torch.nn.Module):
    """An encoder whose TorchScript prints, as people leave it in."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(3 * 16 * 16, 8, generator=torch.Generator().manual_seed(3)) * .02)

    def forward(self, x):
        print("shape", x.shape)
        return x.flatten(1) @ self.weight


@pytest.fixture(scope="module")
def place(world, mien):
    """The world with a run on an encoder of its own, whose archive prints."""
    make_videos(world / "crops", 2, frames=3)
    info = {"name": "talking", "image_size": 16, "embedding_dim": 8, "mean": [.5] * 3, "std": [.25] * 3,
            "resize": "bicubic", "source": "a test", "weights_sha256": ""}
    torch.jit.script(Talking().eval()).save(str(world / "talking.pt"), _extra_files={"mien.json": json.dumps(info)})
    result_json(mien("encode", "--images", world / "crops", "--encoder", world / "talking.pt", "--bank",
                     world / "crops-bank", "--json"))
    folder = world / "labels" / "EXPR_Recognition_Challenge"
    for split, video in (("Train_Set", "v0"), ("Validation_Set", "v1")):
        (folder / split).mkdir(parents=True)
        (folder / split / f"{video}.txt").write_text("Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n0\n3\n4\n")
    result_json(mien("train", CONFIGS / "expr.yaml", f"bank={world / 'crops-bank'}", f"annotations={world / 'labels'}",
                     "epochs=1", "--out", world / "crops-run", "--json", "--quiet"))
    (world / "form.txt").write_text((world / "template.txt").read_text().replace("102/", "v1/"))
    return world


WRITERS = {
    "predict": "predict {w}/crops-run --bank {w}/crops-bank --out {out}",
    "predict-images": "predict {w}/crops-run --images {w}/crops --encoder {w}/talking.pt --out {out}",
    "submit": "submit {w}/crops-run --template {w}/form.txt --bank {w}/crops-bank --out {out}",
    "export": "export {w}/crops-run --encoder {w}/talking.pt --out {out}",
    "report": "report {w}/crops-run --out {out}",
}


def words(line, place, out):
    return line.format(w=place, out=out).split()


@pytest.fixture(params=["pipe", "socket", "device", "link to a pipe", "link to a device", "circle", "folder", "stdout"])
def special(request, tmp_path):
    """A path that is no file, and what tells that it was left alone."""
    path = tmp_path / "special"
    kind = request.param
    if "pipe" in kind:
        os.mkfifo(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(str(path))
    elif kind == "device":
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    elif kind == "folder":
        path.mkdir()
    elif kind == "circle":
        path.symlink_to("special")
    if kind.startswith("link"):
        link = tmp_path / "link"
        link.symlink_to("/dev/null" if "device" in kind else path)
        path = link
    return "/dev/stdout" if kind == "stdout" else path


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_no_file_is_not_written_to(mien, place, special, name):
    before = os.lstat(special)
    for force in ([], ["--force"]):
        done = mien(*words(WRITERS[name], place, special), *force, stdin=subprocess.DEVNULL)
        refused(done, f"--out = {special}: expected a file name, this is ")
        assert done.stdout == "" and ("--force" not in done.stderr or "which --force does not replace" in done.stderr)
    after = os.lstat(special)
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)


@pytest.mark.parametrize("name", WRITERS)
def test_a_link_is_written_through(mien, place, tmp_path, name):
    (tmp_path / "deep").mkdir()
    target, link = tmp_path / "deep" / "target", tmp_path / "link"
    link.symlink_to("deep/target")
    assert mien(*words(WRITERS[name], place, link)).returncode == 0  # it leads to nothing yet
    first = target.read_bytes()
    refused(mien(*words(WRITERS[name], place, link)), "exists already")
    target.write_text("old")
    assert mien(*words(WRITERS[name], place, link), "--force").returncode == 0
    assert link.is_symlink() and target.is_file() and not target.is_symlink()
    assert name in ("export", "report") or target.read_bytes() == first
    assert sorted(os.listdir(tmp_path)) == ["deep", "link"] and os.listdir(tmp_path / "deep") == ["target"]


@pytest.mark.parametrize("line, flag", [
    ("export {w}/crops-run --encoder {w}/talking.pt --out {w}/talking.pt", "--encoder"),
    ("submit {w}/crops-run --template {w}/form.txt --bank {w}/crops-bank --out {w}/form.txt", "--template"),
    ("predict {w}/crops-run --images {w}/crops --encoder {w}/talking.pt --out {w}/talking.pt", "--encoder"),
    ("predict {w}/crops-run --bank {w}/crops-bank --videos {w}/names --out {w}/names", "--videos"),
])
def test_what_a_command_reads_is_not_replaced(mien, place, line, flag):
    (place / "names").write_text("v1\n")
    before = tree(place)
    for force in ([], ["--force"]):
        refused(mien(*line.format(w=place).split(), *force))
    refused(mien(*line.format(w=place).split(), "--force"), f"is the file of {flag}, expected another one")
    assert tree(place) == before


@pytest.mark.parametrize("arguments", [
    "encode --images {w}/crops --encoder {pipe} --bank {w}/no",
    "inspect {pipe}",
    "export {w}/crops-run --encoder {pipe} --out {w}/no",
    "submit {w}/crops-run --template {pipe} --bank {w}/crops-bank --out {w}/no",
    "submit --check {pipe} --template {w}/form.txt",
    "evaluate --predictions {pipe} --annotations {w}/labels --task expr",
    "crop --video {pipe} --out {w}/no",
    "crop --video {w}/crops/v0/00001.jpg --detector-file {pipe} --out {w}/no",
    "predict {w}/crops-run --video {pipe} --encoder {w}/talking.pt --out {w}/no",
])
def test_a_pipe_that_cannot_be_read_is_refused_at_once(mien, place, tmp_path, arguments):
    os.mkfifo(tmp_path / "pipe")
    done = mien(*arguments.format(w=place, pipe=tmp_path / "pipe").split())
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ") and ("this is a pipe" in last or "not a file" in last), done.stderr
    assert not (place / "no").is_file()


READERS_OF_PIPES = [
    "encode --images {w}/crops --encoder {w}/talking.pt --bank {bank} --videos {pipe}",
    "predict {w}/crops-run --bank {w}/crops-bank --videos {pipe} --out {bank}",
    "train {pipe} bank={w}/crops-bank annotations={w}/labels --out {bank}",
]


@pytest.mark.parametrize("arguments", READERS_OF_PIPES)
def test_a_pipe_is_read_where_text_is_read(mien, place, tmp_path, arguments):
    text = "epochs: 1\n" if arguments.startswith("train") else "v1\n"
    (tmp_path / "text").write_text(text)
    command = " ".join(["mien", arguments]).format(w=place, pipe=f"<(cat {tmp_path / 'text'})", bank=tmp_path / "out")
    binary = os.environ.get("MIEN_BINARY") or ROOT / "build" / "release" / "mien"
    done = subprocess.run(["bash", "-c", command.replace("mien", str(binary), 1)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").exists()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("arguments", READERS_OF_PIPES)
def test_the_first_signal_ends_the_wait_for_a_pipe(mien_binary, place, tmp_path, arguments, sent):
    os.mkfifo(tmp_path / "pipe")
    command = [mien_binary, *arguments.format(w=place, pipe=tmp_path / "pipe", bank=tmp_path / "out").split()]
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = waiting.stderr.readline()
    assert f"{tmp_path / 'pipe'}: a pipe, waiting" in line
    waiting.send_signal(sent)
    begun = time.monotonic()
    assert waiting.wait(timeout=30) == 130 and time.monotonic() - begun < 20
    waiting.communicate()
    assert not (tmp_path / "out").exists()


# -- standard output --------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [
    "encode --images {w}/crops --encoder {w}/talking.pt --bank {out}",
    "encode --benchmark --encoder {w}/talking.pt",
    "inspect {w}/talking.pt --verify",
    "predict {w}/crops-run --images {w}/crops --encoder {w}/talking.pt --out {out}",
    "export {w}/crops-run --encoder {w}/talking.pt --out {out}",
])
def test_what_an_encoder_prints_goes_to_standard_error(mien, place, tmp_path, arguments):
    done = mien(*arguments.format(w=place, out=tmp_path / "out").split(), "--json")
    assert isinstance(result_json(done), dict)
    if not arguments.startswith(("inspect", "export")):
        assert "shape" in done.stderr
    text = mien(*arguments.format(w=place, out=tmp_path / "out2").split()).stdout
    assert text and "shape" not in text


@pytest.mark.parametrize("closed, out, log", [("1>&-", None, ""), ("2>&-", "{", None), ("1>&- 2>&-", None, None)])
def test_a_closed_stream_is_not_taken_for_a_file(mien_binary, place, tmp_path, closed, out, log):
    line = f"{mien_binary} predict {place}/crops-run --bank {place}/crops-bank --out {tmp_path}/rows.csv --json {closed}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == (0 if out else 2)
    assert done.stdout.startswith(out or "") and (out or not done.stdout)
    assert (tmp_path / "rows.csv").read_text().startswith("video,frame")
    assert "{" not in (tmp_path / "rows.csv").read_text()
    if log is not None:
        assert "standard output = (closed or full): cannot be written" in done.stderr


def test_a_full_standard_output_is_an_error(mien_binary):
    with open("/dev/full", "w") as full:
        done = subprocess.run([mien_binary, "doctor", "--json"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "standard output" in done.stderr
