"""What every command says to wrong input: exit 2, one line on standard error that names the thing, its value and what
was expected, and nothing written."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from helpers import (CONFIGS, EXPRESSIONS, Projection, Synthetic, refused, result_json, tree, write_bank,
                     write_encoder, write_labels, write_video)
from test_encode import make_videos

TEMPLATE = "image_location," + ",".join(EXPRESSIONS) + "\n"
COMMANDS = ["encode", "train", "evaluate", "submit", "inspect", "doctor"]


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def make_world(mien, w):
    """A folder with everything that is right, and copies with one thing wrong."""
    data = Synthetic(w / "data", seed=2, dim=8, rows_a_video=12)
    make_videos(w / "images", 1, frames=2)
    (w / "empty").mkdir()
    (w / "text.pt").write_text("no archive\n")
    write_encoder(w / "encoder.pt", Projection(16, 8), 16, 8, extra={})
    write_encoder(w / "lies.pt", Projection(16, 8), 16, 9, extra={})
    write_encoder(w / "nostd.pt", Projection(16, 8), 16, 8, extra={"std": [0, 1, 1]})
    result_json(mien("train", CONFIGS / "expr.yaml", *data.arguments(), "epochs=1", "batch_size=32", "--out",
                     w / "run", "--json", "--quiet"))
    for name, text in {"list.yaml": "- epochs\n", "syntax.yaml": "epochs: [1\n", "unknown.yaml": "sam: {roh: .1}\n",
                       "range.yaml": "head: {dropout: 2}\n", "type.yaml": "shuffle: 7\n"}.items():
        (w / name).write_text(text)
    save_file({"trunk.0.linear.weight": np.zeros((3, 3), np.float32)}, w / "small.safetensors")
    video = data.videos["train"]["102"]
    spoilt = video["x"].copy()
    spoilt[3, 2] = np.nan
    shutil.copytree(data.bank, w / "nan")
    write_video(w / "nan", "102", video["frames"], spoilt)
    shutil.copytree(data.bank, w / "version")
    edit(w / "version" / "bank.json", '"version": 1', '"version": 7')
    shutil.copytree(data.bank, w / "cut")
    (w / "cut" / "102.safetensors").write_bytes((data.bank / "102.safetensors").read_bytes()[:-20])
    shutil.copytree(data.bank, w / "nojson")
    (w / "nojson" / "bank.json").write_text("{")
    shutil.copytree(data.bank, w / "back")
    write_video(w / "back", "102", video["frames"][::-1], video["x"])
    write_bank(w / "strangers", {"nobody": ([1, 2], np.ones((2, 8)))}, 8, "other")
    shutil.copytree(data.annotations, w / "labels9")
    write_labels(w / "labels9", "expr", "train", "102", [0, 9, 1])
    shutil.copytree(w / "run", w / "damaged-run")
    (w / "damaged-run" / "best.safetensors").write_bytes(b"\0" * 100)
    for name, text in {"template.txt": TEMPLATE + "102/00001.jpg,\n102/00002.jpg,\n", "norows.txt": TEMPLATE,
                       "header.txt": "image,mood\n102/00001.jpg,\n", "empty.txt": "",
                       "value.txt": TEMPLATE + "102/00001.jpg,3\n102/00002.jpg,8\n",
                       "order.txt": TEMPLATE + "102/00002.jpg,3\n102/00001.jpg,3\n",
                       "short.txt": TEMPLATE + "102/00001.jpg,3\n",
                       "va.txt": "image_location,valence,arousal\n102/00001.jpg,\n",
                       "gap.txt": TEMPLATE + "102/00001.jpg,3\n\n102/00002.jpg,3\n"}.items():
        (w / name).write_text(text)


@pytest.fixture(scope="module")
def world(mien, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    make_world(mien, folder)
    return folder


# Arguments with {w} for the world, then what the message must hold.
ENCODE = "--images {w}/images --encoder {w}/encoder.pt --bank {w}/out"
TRAIN = "train {c}/expr.yaml bank={w}/data/bank annotations={w}/data/annotations epochs=1 --out {w}/out"
EVALUATE = "evaluate --annotations {w}/data/annotations --predictions {w}/value.txt"
SUBMIT = "submit {w}/run --template {w}/template.txt --out {w}/out"
CASES = {
    "encode": [
        ("encode --encoder {w}/encoder.pt --bank {w}/out", "--images"),
        ("encode --images {w}/images --bank {w}/out", "--encoder"),
        ("encode --images {w}/images --encoder {w}/encoder.pt", "--bank"),
        ("encode --images {w}/imagse --encoder {w}/encoder.pt --bank {w}/out", "imagse", "did you mean {w}/images?"),
        ("encode --images {w}/text.pt --encoder {w}/encoder.pt --bank {w}/out", "--images = {w}/text.pt", "folder"),
        ("encode --images {w}/empty --encoder {w}/encoder.pt --bank {w}/out", "{w}/empty", "no image"),
        ("encode --images {w}/images --encoder {w}/encodr.pt --bank {w}/out", "did you mean {w}/encoder.pt?"),
        ("encode --images {w}/images --encoder {w}/text.pt --bank {w}/out", "{w}/text.pt", "TorchScript"),
        ("encode --images {w}/images --encoder {w}/lies.pt --bank {w}/out", "8 values", "9"),
        ("encode --images {w}/images --encoder {w}/nostd.pt --bank {w}/out", "std = 0", "above 0"),
        (f"encode {ENCODE} --every 0", "--every = 0", "1 to"),
        (f"encode {ENCODE} --every two", "--every = two", "whole number"),
        (f"encode {ENCODE} --batch-size 0", "--batch-size = 0", "1 to"),
        (f"encode {ENCODE} --workers -1", "--workers = -1", "0 to"),
        (f"encode {ENCODE} --mean 1,2", "--mean = 1,2", "three numbers"),
        (f"encode {ENCODE} --std 1,0,1", "--std = 0", "above 0"),
        (f"encode {ENCODE} --image-size 5000", "--image-size = 5000", "4096"),
        (f"encode {ENCODE} --bach-size 4", "--bach-size", "did you mean --batch-size?"),
        (f"encode {ENCODE} --videos {{w}}/none.txt", "--videos = {w}/none.txt"),
        (f"encode {ENCODE} surplus", "surplus", "nothing more"),
        ("encode --images {w}/images --encoder {w}/encoder.pt --bank {w}/text.pt", "--bank = {w}/text.pt", "folder"),
        ("encode --images {w}/images --encoder {w}/encoder.pt --bank {w}/nojson", "bank", "nojson"),
        (f"encode {ENCODE} --device cpuu", "--device = cpuu", "did you mean cpu?"),
    ],
    "train": [
        ("train", "CONFIG", "YAML"),
        ("train {c}/exprr.yaml", "exprr.yaml", "did you mean {c}/expr.yaml?"),
        ("train {w}/list.yaml --out {w}/out", "{w}/list.yaml", "mapping"),
        ("train {w}/syntax.yaml --out {w}/out", "{w}/syntax.yaml"),
        ("train {w}/unknown.yaml --out {w}/out", "{w}/unknown.yaml", "sam.roh", "did you mean sam.rho?"),
        ("train {w}/range.yaml --out {w}/out", "{w}/range.yaml", "head.dropout", "= 2", "in [0, 1)"),
        ("train {w}/type.yaml --out {w}/out", "{w}/type.yaml", "shuffle", "= 7", "true or false"),
        (f"{TRAIN} epoch=3", "epoch", "did you mean epochs?"),
        (f"{TRAIN} rho=.1", "rho", "did you mean sam.rho?"),
        (f"{TRAIN} epochs=many", "epochs = many", "whole number"),
        (f"{TRAIN} batch_size=1", "batch_size = 1", "2"),
        (f"{TRAIN} loss.cvar.alpha=0", "loss.cvar.alpha = 0", "(0, 1]"),
        (f"{TRAIN} loss.cvar.pool=elements", "elements", "did you mean element?"),
        (f"{TRAIN} schedule.kind=cosin", "cosin", "did you mean cosine?"),
        (f"{TRAIN} tasks=[expr,expr]", "tasks = [expr, expr]", "once"),
        (f"{TRAIN} tasks=[exp]", "exp", "did you mean expr?"),
        (f"{TRAIN} tasks=[expr", "tasks = [expr", "list"),
        (f"{TRAIN} split.folds=3 split.fold=3", "split.fold = 3", "fold < split.folds"),
        (f"{TRAIN} optimizer.betas=[.9]", "optimizer.betas", "two"),
        (f"{TRAIN} schedule.min_lr=1", "schedule.min_lr = 1", "0.001"),
        (f"{TRAIN} select=au_f1", "select = au_f1", "task"),
        (f"{TRAIN} sam", "sam", "key=value"),
        (f"{TRAIN} init={{w}}/none.safetensors", "init = {w}/none.safetensors"),
        (f"{TRAIN} init={{w}}/small.safetensors", "small.safetensors"),
        (f"{TRAIN} bank={{w}}/data/bnk", "{w}/data/bnk"),
        (f"{TRAIN} bank={{w}}/strangers", "{w}/strangers", "labelled frames"),
        (f"{TRAIN} bank={{w}}/nan", "102.safetensors", "frame", "finite"),
        (f"{TRAIN} bank={{w}}/cut", "102.safetensors"),
        (f"{TRAIN} bank={{w}}/back", "102.safetensors", "frame"),
        (f"{TRAIN} bank={{w}}/version", "version = 7", "expected 1"),
        (f"{TRAIN} annotations={{w}}/data/annotation", "did you mean {w}/data/annotations?"),
        (f"{TRAIN} annotations={{w}}/labels9", "102.txt", "line 3", "9"),
        (f"{TRAIN} --forse", "--forse", "did you mean --force?"),
        (f"{TRAIN} --resume", "--out = {w}/out", "resume"),
        ("train {c}/expr.yaml bank={w}/data/bank annotations={w}/data/annotations --out {w}/run", "exists already"),
    ],
    "evaluate": [
        ("evaluate", "RUN", "--predictions"),
        ("evaluate {w}/run --predictions {w}/value.txt", "{w}/run", "either"),
        ("evaluate {w}/rnu", "{w}/rnu", "did you mean {w}/run?"),
        ("evaluate {w}/empty", "{w}/empty", "best.safetensors"),
        ("evaluate {w}/damaged-run", "best.safetensors"),
        ("evaluate {w}/run --split test", "--split = test", "train or validation"),
        ("evaluate {w}/run --split validaton", "did you mean validation?"),
        ("evaluate {w}/run --weights bst", "--weights = bst", "best or last"),
        ("evaluate {w}/run --bootstrap -1", "--bootstrap = -1", "0 to"),
        ("evaluate {w}/run --bank {w}/strangers", "{w}/strangers", "expected the encoder of the training"),
        ("evaluate {w}/run --bank {w}/data/bank --bank {w}/data/bank", "--bank = 2 banks", "expected 1"),
        ("evaluate {w}/run --annotations {w}/nowhere", "{w}/nowhere", "does not exist"),
        (EVALUATE, "--task", "expr"),
        ("evaluate --predictions {w}/value.txt --task expr", "--annotations"),
        (f"{EVALUATE} --task exprr", "exprr", "did you mean expr?"),
        (f"{EVALUATE} --task expr", "value.txt line 3", "8", "0 to 7"),
        (f"{EVALUATE} --task au", "value.txt", "expr"),
        (f"{EVALUATE} --task expr --au-invalid dropp", "did you mean drop?"),
        ("evaluate --annotations {w}/data/annotations --task expr --predictions {w}/valeu.txt", "valeu.txt"),
        ("evaluate {w}/run --al-frames", "did you mean --all-frames?"),
    ],
    "submit": [
        ("submit {w}/run --out {w}/out", "--template"),
        ("submit --template {w}/template.txt --out {w}/out", "RUN"),
        ("submit {w}/run --template {w}/template.txt", "--out"),
        ("submit {w}/run --template {w}/templat.txt --out {w}/out", "{w}/templat.txt"),
        ("submit {w}/run --template {w}/header.txt --out {w}/out", "header.txt line 1", "header"),
        ("submit {w}/run --template {w}/norows.txt --out {w}/out", "norows.txt", "row"),
        ("submit {w}/run --template {w}/empty.txt --out {w}/out", "empty.txt", "header"),
        ("submit {w}/run --template {w}/gap.txt --out {w}/out", "gap.txt line 3", "row"),
        ("submit {w}/run --template {w}/va.txt --out {w}/out", "va", "predicts expr"),
        ("submit {w}/run --template {w}/template.txt --out {w}/text.pt", "{w}/text.pt", "--force"),
        ("submit {w}/run --template {w}/template.txt --out {w}/no/where.txt", "{w}/no/where.txt", "folder"),
        ("submit {w}/rum --template {w}/template.txt --out {w}/out", "did you mean {w}/run?"),
        (f"{SUBMIT} --task au", "--task = au", "expr"),
        (f"{SUBMIT} --task exp", "exp", "did you mean expr?"),
        (f"{SUBMIT} --weights worst", "--weights = worst", "best or last"),
        (f"{SUBMIT} --bank {{w}}/strangers", "{w}/strangers", "expected the encoder"),
        (f"{SUBMIT} --bank {{w}}/cut", "102.safetensors"),
        ("submit --check {w}/value.txt --template {w}/template.txt", "value.txt line 3", "8", "0 to 7"),
        ("submit --check {w}/order.txt --template {w}/template.txt", "order.txt line 2", "102/00001.jpg"),
        ("submit --check {w}/short.txt --template {w}/template.txt", "short.txt line 3", "102/00002.jpg"),
        ("submit --check {w}/va.txt --template {w}/template.txt", "va.txt line 1"),
        ("submit --check {w}/none.txt --template {w}/template.txt", "{w}/none.txt"),
    ],
    "inspect": [
        ("inspect", "PATH"),
        ("inspect {w}/rnu", "did you mean {w}/run?"),
        ("inspect {w}/empty", "{w}/empty", "expected a bank"),
        ("inspect {w}/text.pt", "{w}/text.pt"),
        ("inspect {w}/nojson", "bank.json"),
        ("inspect {w}/version", "version = 7"),
        ("inspect {w}/cut", "102.safetensors"),
        ("inspect {w}/back", "102.safetensors", "frame"),
        ("inspect {w}/nan --verify", "102.safetensors", "frame", "finite"),
        ("inspect {w}/lies.pt --verify", "lies.pt", "9"),
        ("inspect {w}/nostd.pt", "std = 0"),
        ("inspect {w}/damaged-run", "best.safetensors"),
        ("inspect {w}/labels9", "102.txt", "line 3"),
        ("inspect {w}/value.txt", "line 3", "8"),
        ("inspect {w}/run --verfy", "did you mean --verify?"),
        ("inspect {w}/run {w}/data/bank", "{w}/data/bank", "nothing more"),
    ],
    "doctor": [
        ("doctor --device gpu", "--device = gpu", "cpu"),
        ("doctor --device cdua", "did you mean cuda?"),
        ("doctor --device cuda:x", "cuda:x"),
        ("doctor --device cuda:-1", "cuda:-1"),
        ("doctor --device cuda:99", "cuda:99"),
        ("doctor --threads -1", "--threads = -1", "expected 0 to"),
        ("doctor --threads many", "--threads = many", "whole number"),
        ("doctor --threads 1.5", "--threads = 1.5", "whole number"),
        ("doctor --threads 99999999999999999999", "--threads = 99999999999999999999"),
        ("doctor --threads", "--threads", "value"),
        ("doctor --jsn", "--jsn", "did you mean --json?"),
        ("doctor everything", "everything", "nothing more"),
        ("doctor --quiet --verbose", "--quiet", "--verbose"),
    ],
}
FLAT = [(command, *case) for command, cases in CASES.items() for case in cases]


@pytest.mark.parametrize("command, line, fragments", [(c, line, f) for c, line, *f in FLAT], ids=[c[1] for c in FLAT])
def test_bad_input_is_named_on_one_line_and_leaves_nothing(mien, world, command, line, fragments):
    before = tree(world)
    places = {"w": world, "c": CONFIGS}
    done = mien(*line.format(**places).split())
    refused(done, *[fragment.format(**places) for fragment in fragments])
    assert tree(world) == before and not (world / "out").exists() and not (world / "no").exists()
    if command != "inspect":
        assert done.stdout == ""


def test_every_command_has_at_least_ten_of_them():
    assert list(CASES) == COMMANDS and all(len(cases) >= 10 for cases in CASES.values())


@pytest.mark.parametrize("arguments, fragments", [
    (["trian"], ["command = trian", "did you mean train?"]), (["evalute", "x"], ["did you mean evaluate?"]),
    ([], ["command", "encode"]), (["--frobnicate"], ["--frobnicate"]), (["zebra"], ["zebra", "encode"])])
def test_unknown_commands_are_refused_with_the_nearest(mien, arguments, fragments):
    refused(mien(*arguments), *fragments)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_shows_an_example_and_the_common_flags(mien, command):
    done = mien(command, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert "Example" in done.stdout and f"mien {command}" in done.stdout
    for flag in ("--device", "--threads", "--quiet", "--verbose", "--json", "--version"):
        assert flag in done.stdout, flag


def test_help_lists_the_commands_and_version_tells_one_line(mien):
    overview = mien("--help")
    assert overview.returncode == 0 and all(f"\n  {name} " in overview.stdout for name in COMMANDS)
    for arguments in (["--version"], ["train", "--version"]):
        version = mien(*arguments)
        assert version.returncode == 0 and version.stdout.startswith("mien 0.") and version.stdout.count("\n") == 1


def test_errors_stay_one_line_when_json_is_asked_for(mien, world):
    done = mien("evaluate", world / "rnu", "--json")
    refused(done, "did you mean")
    assert done.stdout == ""


def test_an_invalid_path_is_still_described_as_json(mien, world):
    done = mien("inspect", world / "cut", "--json")
    refused(done, "102.safetensors")
    found = json.loads(done.stdout)
    assert found["kind"] == "bank" and found["valid"] is False and len(found["problems"]) == 1
