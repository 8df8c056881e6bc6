"""For test_bad_input*.py and test_inspect.py: a folder with all that mien takes, right and with one thing wrong."""

import shutil

import numpy as np
from safetensors.numpy import save_file

from helpers import CONFIGS, EXPRESSIONS, UNITS, Projection, Synthetic, result_json, write_bank, write_encoder, write_labels
from helpers import refused, write_video
from test_encode import make_videos

TEMPLATE = "image_location," + ",".join(EXPRESSIONS) + "\n"


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
                       "units.txt": f"image_location,{','.join(UNITS)}\n102/00001.jpg{',0' * 12}\n",
                       "va.txt": "image_location,valence,arousal\n102/00001.jpg,\n",
                       "gap.txt": TEMPLATE + "102/00001.jpg,3\n\n102/00002.jpg,3\n"}.items():
        (w / name).write_text(text)


def check_bad_input(mien, world, line, fragments):
    """Runs the line; asserts the refusal, and that neither output nor anything on standard output came."""
    places = {"w": world, "c": CONFIGS}
    done = mien(*line.format(**places).split())
    written = [path for path in (world / "out", world / "no", world / "run" / "evaluation") if path.exists()]
    for path in written:  # so that one failure does not bring the next
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    refused(done, *[fragment.format(**places) for fragment in fragments])
    assert not written
    assert line.startswith("inspect") or done.stdout == ""


def flat(cases):
    return [(line, fragments) for of_command in cases.values() for line, *fragments in of_command]
