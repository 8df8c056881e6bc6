"""What is said where somebody needs it: files that are taken for an encoder, lists without a name, YAML that means
something else, label files that are not read, paths in the home folder, features that cannot be imported."""

import json
import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from helpers import CONFIGS, HEADERS, ROOT, Projection, refused, result_json, tree, write_encoder
from test_encode import encoders, make_videos  # noqa: F401

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.filterwarnings("ignore::FutureWarning"),
              pytest.mark.filterwarnings("ignore::UserWarning")]


# -- encoders ---------------------------------------------------------------------------------------


def exported_program(path):
    torch.export.save(torch.export.export(torch.nn.Linear(4, 4), (torch.zeros(1, 4),)), path)


FOREIGN = {
    "a state_dict": (lambda p: torch.save(Projection(16, 8).state_dict(), p), "weights alone"),
    "a whole model, pickled": (lambda p: torch.save(Projection(16, 8), p), "weights alone"),
    "a checkpoint": (lambda p: torch.save({"epoch": 3, "state_dict": Projection(16, 8).state_dict()}, p), "weights alone"),
    "an old state_dict": (lambda p: torch.save(Projection(16, 8).state_dict(), p, _use_new_zipfile_serialization=False), "a Python pickle"),
    "a pickle": (lambda p: p.write_bytes(pickle.dumps({"a": np.zeros(3)})), "a Python pickle"),
    "an exported program": (exported_program, "torch.export (.pt2)"),
    "a Git LFS pointer": (lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 7\n"), "git lfs pull"),
    "weights in safetensors": (lambda p: save_file({"w": np.zeros((2, 2), np.float32)}, p), "weights alone (safetensors)"),
    "a web page": (lambda p: p.write_text("<!DOCTYPE html><html><body>Sign in</body></html>"), "a web page"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_no_encoder_says_what_it_is(mien, world, mtcnn, tmp_path, name):
    make, what = FOREIGN[name]
    path = tmp_path / "encoder.pt"
    make(path)
    refused(mien("encode", "--images", world / "images", "--encoder", path, "--bank", tmp_path / "bank"),
            f"--encoder = {path}", what, "expected")
    refused(mien("encode", "--benchmark", "--encoder", path), what)
    refused(mien("export", world / "run", "--encoder", path, "--out", tmp_path / "model.pt"), what)
    done = mien("inspect", path, "--json")
    assert done.returncode == 2 and what in json.loads(done.stdout)["problems"][0]
    if "safetensors" not in name and "page" not in name:  # which have another name as a detector
        assert mien("crop", "--video", path, "--detector-file", path, "--detector", "mtcnn", "--out", tmp_path / "o").returncode == 2
    assert not (tmp_path / "bank").exists()


class Huge(torch.nn.Module):
    """Finite, but beyond what half precision holds."""

    def forward(self, x):
        return x.flatten(1)[:, :8] * 1e6 + 1e6


def test_an_encoder_without_any_finite_embedding_is_an_error(mien, world, tmp_path):
    encoder = write_encoder(tmp_path / "huge.pt", Huge(), 16, 8, extra={})
    done = mien("encode", "--images", world / "images", "--encoder", encoder, "--bank", tmp_path / "bank", "--dtype", "fp32")
    assert done.returncode == 2 and done.stdout == ""
    assert "error: --encoder = test-encoder: gave no finite embedding of 2 images in fp32" in done.stderr.splitlines()[-1]


# -- lists and flags --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n", "\ufeff"])
def test_an_empty_list_of_videos_is_an_error(mien, world, encoders, tmp_path, text):  # noqa: F811
    names = tmp_path / "names.txt"
    names.write_text(text)
    out = ["--out", tmp_path / "rows.csv"]
    for line in (["encode", "--images", world / "images", "--encoder", encoders / "fast.pt", "--bank", tmp_path / "bank"],
                 ["predict", world / "run", "--bank", world / "data" / "bank", *out],
                 ["inspect", world / "data" / "bank", "--verify"]):
        refused(mien(*line, "--videos", names), f"--videos = {names}: holds no name")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["names.txt"]


def test_images_takes_several_roots(mien, encoders, tmp_path):  # noqa: F811
    for v, root in enumerate(("a", "b", "c")):
        make_videos(tmp_path / root, 1, frames=2)
        (tmp_path / root / "v0").rename(tmp_path / root / f"of-{root}")
    roots = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    command = ["encode", "--encoder", encoders / "fast.pt", "--json"]
    assert result_json(mien(*command, "--images", *roots, "--bank", tmp_path / "one"))["videos"] == 3
    assert result_json(mien(*command, "--images", roots[0], "--images", roots[1], roots[2], "--bank", tmp_path / "two"))["videos"] == 3
    verify = ["--verify", "--json"]
    for line in (["inspect", tmp_path / "one", *verify, "--images", *roots], ["inspect", "--images", *roots, tmp_path / "one", *verify],
                 ["inspect", *verify, "--images", roots[0], "--images", roots[1], "--images", roots[2], tmp_path / "one"]):
        assert result_json(mien(*line))["complete"] is True


def test_a_tilde_is_the_home_folder(mien, encoders, tmp_path):  # noqa: F811
    make_videos(tmp_path / "crops", 1, frames=2)
    env = os.environ | {"HOME": str(tmp_path)}
    done = mien("encode", "--images=~/crops", "--encoder", encoders / "fast.pt", "--bank=~/bank", env=env)
    assert done.returncode == 0 and (tmp_path / "bank" / "bank.json").exists(), done.stderr
    assert mien("inspect", "~/bank", "--verify", env=env).returncode == 0
    (tmp_path / "c.yaml").write_text("bank: ~/bank\nannotations: '~/labels'\nepochs: 1\n")
    shown = mien("train", tmp_path / "c.yaml", "--print-config", env=env).stdout
    assert f"{tmp_path}/bank" in shown and f"{tmp_path}/labels" in shown and "~" not in shown.replace("# ", "")
    for override in ("bank=~/bank", "bank=[~/bank,~/other]"):
        assert f"{tmp_path}/bank" in mien("train", CONFIGS / "expr.yaml", override, "--print-config", env=env).stdout


# -- YAML -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text, said", [
    ("epochs: 1\n---\nepochs: 2\n", "2 YAML documents"), ("---\nepochs: 1\n---\nseed: 3\n...\n---\nseed: 4\n", "3 YAML documents"),
    ("base: &b\n  rho: .1\nsam:\n  <<: *b\n", "<<"), ("<<: {epochs: 1}\n", "merge keys"), ("sam:\n  <<: {rho: .1}\n", "merge keys"),
    ("sam:\n\trho: .1\n", "c.yaml:2: is indented with a tab"), ("sam:\n  \trho: .1\n", "with a tab"), ("\tepochs: 1\n", "c.yaml:1: is indented with a tab"),
])
def test_yaml_that_would_mean_something_else_is_named(mien, world, tmp_path, text, said):
    (tmp_path / "c.yaml").write_text(text)
    done = mien("train", tmp_path / "c.yaml", f"bank={world / 'data' / 'bank'}", f"annotations={world / 'data' / 'annotations'}", "--dry-run")
    if said == "<<":
        refused(done)  # the anchor's own key is wrong already
    else:
        refused(done, said.replace("c.yaml:", f"{tmp_path / 'c.yaml'}:").replace(": is", " = ").split(" = ")[-1])
    (tmp_path / "grid.yaml").write_text(text)
    refused(mien("sweep", CONFIGS / "expr.yaml", tmp_path / "grid.yaml", "--out", tmp_path / "s", "--dry-run"))


@pytest.mark.parametrize("text", ["---\nepochs: 1\n", "epochs: 1\n...\n", "# a tab\tin a comment\nepochs: 1\t# here, too\n", "\t\nepochs: 1\n"])
def test_one_document_is_one_however_it_is_framed(mien, tmp_path, text):
    (tmp_path / "c.yaml").write_text(text)
    done = mien("train", tmp_path / "c.yaml", "--print-config")
    assert done.returncode == 0 and "epochs: 1" in done.stdout, done.stderr


# -- labels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("names, said", [
    (["103.csv"], "103.csv"), (["103.TXT", "104.txt.bak"], "103.TXT, 104.txt.bak"), (["more/103.txt"], "more/"),
    ([f"{n}.csv" for n in range(200, 208)], "200.csv, 201.csv, 202.csv, 203.csv, 204.csv and 3 more")])
def test_label_files_that_are_not_read_are_named(mien, world, tmp_path, names, said):
    shutil.copytree(world / "data" / "annotations", tmp_path / "labels")
    folder = tmp_path / "labels" / "EXPR_Recognition_Challenge" / "Train_Set"
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(HEADERS["expr"] + "\n1\n")
    for ignored in (".DS_Store", "._102.txt", "Thumbs.db"):
        (folder / ignored).write_text("x")
    command = ["train", CONFIGS / "expr.yaml", f"bank={world / 'data' / 'bank'}", f"annotations={tmp_path / 'labels'}", "--dry-run"]
    done = mien(*command)
    assert done.returncode == 0
    (line,) = [line for line in done.stderr.splitlines() if "not read" in line]
    assert line == f"warning: {folder}: not read, no <video>.txt: {said}"
    for path in folder.glob("*.txt"):
        path.unlink()
    refused(mien(*command), "expected one <video>.txt a video, found none, but " + said)


# -- imports ----------------------------------------------------------------------------------------


def import_features(*arguments):
    return subprocess.run([sys.executable, ROOT / "scripts" / "import_features.py", *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("tensor, said", [
    (torch.eye(4).to_sparse(), "a sparse tensor"), (torch.eye(4).to_sparse_csr(), "a sparse tensor"),
    (torch.quantize_per_tensor(torch.eye(4), .1, 0, torch.qint8), "a quantised tensor")])
@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: {"v": t}, lambda t: {"features": t, "paths": ["v/1.jpg"] * 4}])
def test_tensors_that_are_not_dense_are_refused(tmp_path, tensor, said, wrap):
    torch.save(wrap(tensor), tmp_path / "x.pt")
    (tmp_path / "list.txt").write_text("".join(f"v/{n}.jpg\n" for n in range(1, 5)))
    content = wrap(tensor)
    paths = ["--paths", tmp_path / "list.txt"] if isinstance(content, torch.Tensor) else []
    done = import_features(tmp_path / "x.pt", *paths, "--encoder-name", "e", "--out", tmp_path / "bank")
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert not (tmp_path / "bank").exists()


@pytest.mark.parametrize("line", ['"v/00002.jpg"', "'v/00002.jpg'", '"v/00002.jpg", 3', "'v/a b/00002.jpg' 1"])
def test_paths_in_quotes_are_refused(tmp_path, line):
    np.save(tmp_path / "x.npy", np.eye(2, dtype=np.float32))
    (tmp_path / "list.txt").write_text(f"v/00001.jpg\n{line}\n")
    done = import_features(tmp_path / "x.npy", "--paths", tmp_path / "list.txt", "--encoder-name", "e", "--out", tmp_path / "bank")
    assert done.returncode == 2 and "list.txt line 2" in done.stderr and "without quotes" in done.stderr
    assert not (tmp_path / "bank").exists()


def test_a_tree_is_left_as_it_is_by_what_is_refused(mien, world, tmp_path):
    before = tree(world)
    (tmp_path / "names").write_text("")
    mien("predict", world / "run", "--bank", world / "data" / "bank", "--videos", tmp_path / "names", "--out", world / "rows.csv")
    assert tree(world) == before
