"""mien predict through the binary: every row recomputed in numpy from the weights, the bank and the decisions."""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import (CONFIGS, EXPRESSIONS, UNITS, Projection, Synthetic, read_safetensors, refused, result_json, write_bank,
                     write_encoder, write_video)
from test_encode import make_videos

EXPR_COLUMNS = ["expression", *[f"p_{name}" for name in EXPRESSIONS]]
AU_COLUMNS = [*UNITS, *[f"p_{name}" for name in UNITS]]
VA_COLUMNS = ["valence", "arousal"]
CLOSE = 1e-6  # fp32 forward in another order
SAME = 1e-5


def forward(run, x):
    """{task: probabilities [n, C]} of the head in fp64 numpy, as numerics.md defines it."""
    tensors, metadata = read_safetensors(run / "best.safetensors")
    w = {name: value.astype(np.float64) for name, value in tensors.items()}
    h = np.asarray(x, np.float16).astype(np.float64)
    block = 0
    while f"trunk.{block}.linear.weight" in w:
        at = f"trunk.{block}"
        h = h @ w[f"{at}.linear.weight"].T + w[f"{at}.linear.bias"]
        h = (h - w[f"{at}.norm.running_mean"]) / np.sqrt(w[f"{at}.norm.running_var"] + 1e-5)
        h = np.maximum(h * w[f"{at}.norm.weight"] + w[f"{at}.norm.bias"], 0)
        block += 1
    out = {}
    for task in ("expr", "au", "va"):
        if f"heads.{task}.weight" in w:
            z = h @ w[f"heads.{task}.weight"].T + w[f"heads.{task}.bias"]
            powers = np.exp(z - z.max(1, keepdims=True))
            out[task] = {"expr": powers / powers.sum(1, keepdims=True), "au": 1 / (1 + np.exp(-z)), "va": np.tanh(z)}[task]
    return out, json.loads(metadata["mien"])


def at_frames(frames, values, wanted):
    return np.stack([np.interp(wanted, frames, column) for column in values.T], 1)


def box(values, h):
    return np.stack([values[max(0, i - h) : i + h + 1].mean(0) for i in range(len(values))])


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows, columns):
    return np.array([[float(row[c]) for c in columns] for row in rows])


@pytest.fixture(scope="module")
def world(mien, tmp_path_factory):
    """A run of all three tasks, an EXPR and an AU run of the same encoder, and a bank with everything that goes wrong."""
    w = tmp_path_factory.mktemp("predict")
    data = Synthetic(w / "data", seed=3, dim=8, rows_a_video=60, va=True)
    train = ["epochs=3", "batch_size=64", "head.layers=2", "head.dropout=0", "optimizer.lr=.01"]
    for config, name in (("multitask", "joint"), ("expr", "expr"), ("au", "au")):
        result_json(mien("train", CONFIGS / f"{config}.yaml", *data.arguments(), *train, "--out", w / name, "--json",
                         "--quiet"))
    rng = np.random.default_rng(7)
    videos = {"a,\"b": np.array([2, 3, 7, 12]), "c": np.arange(1, 41), "one": np.array([5])}
    embeddings = {name: rng.normal(size=(len(f), 8)).astype(np.float16) for name, f in videos.items()}
    bank = write_bank(w / "bank", {}, 8)
    failed = [{"frame": 4, "path": "x/00004.jpg", "reason": "truncated, or worse"},
              {"frame": 7, "path": "x/7.png", "reason": "duplicate frame number"},
              {"frame": 15, "path": "x/00015.jpg", "reason": "no image data"},
              {"frame": 2**40, "path": "x/1099511627776.jpg", "reason": "frame number above 2147483647"}]
    for name, frames in videos.items():
        write_video(bank, name, frames, embeddings[name], **({"failed": json.dumps(failed)} if "," in name else {}))
    write_video(bank, "lost", [], np.zeros((0, 8)), failed=json.dumps([{"frame": 3, "path": "p", "reason": "empty"}]))
    write_video(bank, "sampled", [1, 11, 31], embeddings["a,\"b"][:3], every="10",
                failed=json.dumps([{"frame": 21, "path": "p", "reason": "empty"}]))
    videos["sampled"], embeddings["sampled"] = np.array([1, 11, 31]), embeddings["a,\"b"][:3]
    return SimpleNamespace(path=w, data=data, run=w / "joint", bank=bank, videos=videos, embeddings=embeddings)


def predicted(mien, world, out, *arguments, run=None):
    found = result_json(mien("predict", run or world.run, "--bank", world.bank, "--out", out, "--json", "--quiet",
                             *arguments))
    return read_csv(out), found


@pytest.fixture(scope="module")
def plain(mien, world):
    return predicted(mien, world, world.path / "plain.csv")


def of_video(rows, name):
    return [row for row in rows if row["video"] == name]


ROWS = {"a,\"b": range(1, 16), "c": range(1, 41), "lost": range(1, 4), "one": range(1, 6), "sampled": (1, 11, 21, 31)}


def test_the_columns_are_the_contracts_and_there_is_a_row_a_frame(world, plain):
    rows, found = plain
    assert list(rows[0]) == ["video", "frame", "face", *EXPR_COLUMNS, *AU_COLUMNS, *VA_COLUMNS, "seconds",
                             "reason"]
    assert [(row["video"], int(row["frame"])) for row in rows] == [(v, f) for v in sorted(ROWS) for f in ROWS[v]]
    without = sum(len(ROWS[v]) - len(world.videos.get(v, [])) for v in ROWS)
    assert found == {"rows": len(rows), "videos": 5, "frames_without_face": without, "interpolated_rows": without - 3,
                     "videos_without_embeddings": ["lost"], "output": str(world.path / "plain.csv")}


def test_face_and_reason(world, plain):
    rows, _ = plain
    for row in rows:
        has = int(row["frame"]) in world.videos.get(row["video"], [])
        assert row["face"] == str(int(has)) and bool(row["reason"]) == (not has) and row["seconds"] == ""
    reasons = {(row["video"], int(row["frame"])): row["reason"] for row in rows}
    assert reasons["a,\"b", 4] == "truncated, or worse" and reasons["a,\"b", 15] == "no image data"
    assert reasons["a,\"b", 7] == "" and reasons["a,\"b", 5] == reasons["one", 1] == "no image"
    assert reasons["sampled", 21] == "empty"
    assert reasons["lost", 3] == "empty; training prior" and reasons["lost", 1] == "no image; training prior"


def test_values_are_interpolated_and_decided_as_numpy_does(world, plain):
    rows, _ = plain
    for name, frames in world.videos.items():
        of = of_video(rows, name)
        p, _ = forward(world.run, world.embeddings[name])
        wanted = [int(row["frame"]) for row in of]
        for task, columns in (("expr", EXPR_COLUMNS[1:]), ("au", AU_COLUMNS[12:]), ("va", VA_COLUMNS)):
            expected = at_frames(frames, p[task], wanted)
            assert np.abs(numbers(of, columns) - expected).max() < CLOSE
        assert [row["expression"] for row in of] == [EXPRESSIONS[i] for i in numbers(of, EXPR_COLUMNS[1:]).argmax(1)]
        assert (numbers(of, UNITS) == (numbers(of, AU_COLUMNS[12:]) >= 0.5)).all()


def test_a_video_without_an_embedding_has_the_training_prior(world, plain):
    _, head = forward(world.run, world.embeddings["one"])
    counts, shares = np.array(head["expr_counts"]), np.array(head["au_shares"])
    for row in of_video(plain[0], "lost"):
        assert row["face"] == "0" and row["expression"] == EXPRESSIONS[counts.argmax()]
        assert np.allclose(numbers([row], EXPR_COLUMNS[1:]), counts / counts.sum(), atol=1e-7)
        assert np.allclose(numbers([row], AU_COLUMNS[12:]), shares, atol=1e-7)
        assert (numbers([row], UNITS) == (shares >= 0.5)).all()
        assert np.allclose(numbers([row], VA_COLUMNS), head["va_means"], atol=1e-7)


def test_numbers_read_back_as_the_same_float(plain):
    for row in plain[0]:
        for column in [*EXPR_COLUMNS[1:], *AU_COLUMNS[12:], *VA_COLUMNS]:
            text = row[column]
            assert float(text) in (float(np.float32(text)), float(repr(float(text))))
            assert np.float32(text) == np.float32(np.format_float_positional(np.float32(text), unique=True))
            assert len(text.lstrip("-0.").split("e")[0]) <= 9


def test_json_lines_say_the_same(mien, world, plain, tmp_path):
    result_json(mien("predict", world.run, "--bank", world.bank, "--out", tmp_path / "p.jsonl", "--format", "jsonl",
                     "--json", "--quiet"))
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert len(lines) == len(plain[0])
    for line, row in zip(lines, plain[0]):
        assert list(line) == list(row) and line["seconds"] is None
        for key, text in row.items():
            value = line[key]
            assert key == "seconds" or (value == text if isinstance(value, str) else float(text) == value)
        assert isinstance(line["frame"], int) and isinstance(line["AU4"], int) and isinstance(line["p_AU4"], float)


def decisions(run, tasks, runs=()):
    entries = [{"path": "." if i == 0 else str(other), "weights": "best",
                "weights_sha256": hashlib.sha256((other / "best.safetensors").read_bytes()).hexdigest()}
               for i, other in enumerate([run, *runs])]
    (run / "decisions.json").write_text(json.dumps({"format": "mien-decisions", "version": 1, "runs": entries,
                                                    "tasks": tasks}))


BIAS = [0.5, -0.3, 0, 1, -2, 0.1, 0.7, -0.4]
LEVELS = [0.1, 0.9, 0.3, 0.5, 0.6, 0.2, 0.4, 0.7, 0.45, 0.35, 0.8, 0.25]
TUNED = {"expr": {"smoothing": {"kind": "box", "half_window": 3}, "bias": BIAS},
         "au": {"smoothing": {"kind": "box", "half_window": 2}, "thresholds": LEVELS},
         "va": {"smoothing": {"kind": "box", "half_window": 4}}}


def test_decisions_are_applied_unless_raw(mien, world, plain, tmp_path):
    run = shutil.copytree(world.run, tmp_path / "run")
    decisions(run, TUNED)
    rows, _ = predicted(mien, world, tmp_path / "p.csv", run=run)
    for name, frames in world.videos.items():
        of = of_video(rows, name)
        p, _ = forward(run, world.embeddings[name])
        every = np.arange(1, max(frames) + 1)
        wanted = [min(int(row["frame"]), max(frames)) - 1 for row in of]
        expr = box(at_frames(frames, p["expr"], every), 3)[wanted]
        au = box(at_frames(frames, p["au"], every), 2)[wanted]
        assert np.abs(numbers(of, EXPR_COLUMNS[1:]) - expr).max() < CLOSE
        assert np.abs(numbers(of, AU_COLUMNS[12:]) - au).max() < CLOSE
        va = box(at_frames(frames, p["va"], every), 4)[wanted]
        assert np.abs(numbers(of, VA_COLUMNS) - va).max() < CLOSE
        scores = np.log(numbers(of, EXPR_COLUMNS[1:])) + BIAS
        assert [row["expression"] for row in of] == [EXPRESSIONS[i] for i in scores.argmax(1)]
        assert (numbers(of, UNITS) == (numbers(of, AU_COLUMNS[12:]) >= np.array(LEVELS))).all()
    predicted(mien, world, tmp_path / "raw.csv", "--raw", run=run)
    assert (tmp_path / "raw.csv").read_bytes() == (world.path / "plain.csv").read_bytes()


def test_predict_and_submit_agree(mien, world, tmp_path):
    run = shutil.copytree(world.run, tmp_path / "run")
    decisions(run, TUNED)
    rows, _ = predicted(mien, world, tmp_path / "p.csv", run=run)
    form = "image_location," + ",".join(UNITS) + "\n"
    form += "".join(f"{row['video']}/{int(row['frame']):05d}.jpg,\n" for row in rows if "," not in row["video"])
    (tmp_path / "t.txt").write_text(form)
    result_json(mien("submit", run, "--template", tmp_path / "t.txt", "--bank", world.bank, "--out", tmp_path / "s.txt",
                     "--json", "--quiet"))
    submitted = [line.split(",", 1)[1] for line in (tmp_path / "s.txt").read_text().splitlines()[1:]]
    assert submitted == [",".join(row[u] for u in UNITS) for row in rows if "," not in row["video"]]


def test_neither_threads_nor_other_videos_change_a_number(mien, world, plain, tmp_path):
    columns = [*EXPR_COLUMNS[1:], *AU_COLUMNS[12:], *VA_COLUMNS]
    want = numbers(plain[0], columns)
    for threads in (1, 2):
        rows, _ = predicted(mien, world, tmp_path / f"{threads}.csv", "--threads", threads)
        assert np.abs(numbers(rows, columns) - want).max() <= SAME
    (tmp_path / "names").write_text("c\n\none\nc\n")
    rows, found = predicted(mien, world, tmp_path / "some.csv", "--videos", tmp_path / "names")
    expected = [row for row in plain[0] if row["video"] in ("c", "one")]
    assert found["videos"] == 2 and np.abs(numbers(rows, columns) - numbers(expected, columns)).max() <= SAME
    single = write_bank(tmp_path / "single", {"c": (world.videos["c"][:7], world.embeddings["c"][:7])}, 8)
    result_json(mien("predict", world.run, "--bank", single, "--out", tmp_path / "c.csv", "--json", "--quiet"))
    few = numbers(read_csv(tmp_path / "c.csv"), columns)
    assert len(few) == 7 and np.abs(few - numbers(of_video(plain[0], "c")[:7], columns)).max() <= SAME


# -- several runs -----------------------------------------------------------------------------------


def test_several_runs_are_averaged_and_each_task_is_there(mien, world, tmp_path):
    done = mien("predict", world.run, world.path / "expr", "--bank", world.bank, "--out", tmp_path / "p.csv", "--json",
                "--quiet")
    result_json(done)
    rows = of_video(read_csv(tmp_path / "p.csv"), "c")
    joint, expr = (forward(world.path / name, world.embeddings["c"])[0] for name in ("joint", "expr"))
    assert np.abs(numbers(rows, EXPR_COLUMNS[1:]) - (joint["expr"] + expr["expr"]) / 2).max() < CLOSE
    assert np.abs(numbers(rows, AU_COLUMNS[12:]) - joint["au"]).max() < CLOSE


def test_runs_of_different_tasks_bring_their_own_decisions(mien, world, tmp_path):
    expr, au = (shutil.copytree(world.path / name, tmp_path / name) for name in ("expr", "au"))
    decisions(expr, {"expr": TUNED["expr"]})
    decisions(au, {"au": TUNED["au"]})
    result_json(mien("predict", expr, au, "--bank", world.bank, "--out", tmp_path / "p.csv", "--json", "--quiet"))
    rows = of_video(read_csv(tmp_path / "p.csv"), "c")
    p = forward(expr, world.embeddings["c"])[0] | forward(au, world.embeddings["c"])[0]
    assert np.abs(numbers(rows, EXPR_COLUMNS[1:]) - box(p["expr"], 3)).max() < CLOSE
    assert np.abs(numbers(rows, AU_COLUMNS[12:]) - box(p["au"], 2)).max() < CLOSE
    assert (numbers(rows, UNITS) == (numbers(rows, AU_COLUMNS[12:]) >= np.array(LEVELS))).all()


def test_a_tuned_blend_names_its_runs(mien, world, tmp_path):
    joint, expr = (shutil.copytree(world.path / name, tmp_path / name) for name in ("joint", "expr"))
    decisions(joint, {"expr": TUNED["expr"] | {"weights": [0.25, 0.75]}}, [expr])
    outputs = []
    for runs in ([joint], [joint, expr]):
        result_json(mien("predict", *runs, "--bank", world.bank, "--out", tmp_path / "p.csv", "--force", "--json",
                         "--quiet"))
        outputs.append((tmp_path / "p.csv").read_text())
    assert outputs[0] == outputs[1]
    rows = of_video(read_csv(tmp_path / "p.csv"), "c")
    p = [forward(run, world.embeddings["c"])[0]["expr"] for run in (joint, expr)]
    assert np.abs(numbers(rows, EXPR_COLUMNS[1:]) - box(0.25 * p[0] + 0.75 * p[1], 3)).max() < CLOSE
    shutil.copytree(world.path / "expr", tmp_path / "third")
    arguments = ["--bank", world.bank, "--out", tmp_path / "q.csv"]
    refused(mien("predict", joint, tmp_path / "third", *arguments), "joint", "decisions.json", "--raw")
    refused(mien("predict", joint, joint, *arguments), "twice")
    assert not (tmp_path / "q.csv").exists()
    assert mien("predict", joint, tmp_path / "third", "--raw", *arguments).returncode == 0


# -- images -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures(mien, world):
    """Crops, an encoder, and a run on its embeddings."""
    w = world.path / "pictures"
    make_videos(w / "crops", 3, frames=13)
    video = sorted(p for p in (w / "crops").iterdir() if p.is_dir())[0]
    images = sorted(video.glob("*.jpg"))
    images[4].write_bytes(images[4].read_bytes()[:200])
    images[6].unlink()
    encoder = write_encoder(w / "encoder.pt", Projection(16, 8, depth=2, width=64), 16, 8, extra={})
    shutil.copytree(world.run, w / "run")
    result_json(mien("encode", "--images", w / "crops", "--encoder", encoder, "--bank", w / "bank", "--json", "--quiet"))
    digest = json.loads((w / "bank" / "bank.json").read_text())["encoder"]["file_sha256"]
    from safetensors.numpy import save_file
    tensors, metadata = read_safetensors(w / "run" / "best.safetensors")
    head = json.loads(metadata["mien"])
    head["inputs"][0]["sha256"] = digest  # the run was trained on made-up embeddings
    save_file(tensors, w / "run" / "best.safetensors", metadata={"mien": json.dumps(head)})
    return SimpleNamespace(path=w, crops=w / "crops", encoder=encoder, run=w / "run", bank=w / "bank", video=video.name,
                           cut=images[4].name)


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


def from_images(mien, p, out, *arguments):
    result_json(mien("predict", p.run, "--images", p.crops, "--encoder", p.encoder, "--out", out, "--json", "--quiet",
                     *arguments))
    return read_csv(out)


def test_images_give_what_their_bank_gives_and_leave_nothing_else(mien, pictures, tmp_path):
    rows = from_images(mien, pictures, tmp_path / "images.csv")
    result_json(mien("predict", pictures.run, "--bank", pictures.bank, "--out", tmp_path / "bank.csv", "--json",
                     "--quiet"))
    assert (tmp_path / "images.csv").read_bytes() == (tmp_path / "bank.csv").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["bank.csv", "images.csv"]
    of = of_video(rows, pictures.video)
    assert [row["face"] for row in of] == list("1111010" + "1" * 6)
    assert of[6]["reason"] == "no image" and of[4]["reason"] not in ("", "no image")


def test_neither_batches_nor_threads_nor_company_change_a_number(mien, pictures, tmp_path):
    columns = [*EXPR_COLUMNS[1:], *AU_COLUMNS[12:], *VA_COLUMNS]
    want = from_images(mien, pictures, tmp_path / "0.csv")
    assert np.ptp(numbers(want, columns), axis=0).max() > 1e-3  # images differ by more than the tolerance
    for i, arguments in enumerate((["--batch-size", 1], ["--batch-size", 7, "--threads", 1], ["--threads", 2],
                                   ["--workers", 3, "--batch-size", 64])):
        rows = from_images(mien, pictures, tmp_path / f"{i + 1}.csv", *arguments)
        assert np.abs(numbers(rows, columns) - numbers(want, columns)).max() <= SAME, arguments
    (tmp_path / "names").write_text(pictures.video + "\n")
    alone = from_images(mien, pictures, tmp_path / "alone.csv", "--videos", tmp_path / "names")
    expected = of_video(want, pictures.video)
    assert np.abs(numbers(alone, columns) - numbers(expected, columns)).max() <= SAME


def test_every_takes_the_sampled_images(mien, pictures, tmp_path):
    rows = from_images(mien, pictures, tmp_path / "p.csv", "--every", 5)
    assert [int(row["frame"]) for row in of_video(rows, pictures.video)] == [1, 6, 12]  # of a list without the 7th


def test_a_wrong_encoder_is_refused_before_anything_is_encoded(mien, pictures, tmp_path):
    other = write_encoder(tmp_path / "other.pt", Projection(16, 8, seed=1), 16, 8, extra={})
    done = mien("predict", pictures.run, "--images", pictures.crops, "--encoder", other, "--out", tmp_path / "p.csv",
                "--quiet")
    refused(done, "other.pt", "expected the encoder of the training")
    assert os.listdir(tmp_path) == ["other.pt"]


# -- memory -------------------------------------------------------------------------------------------


LAUNCHER = """import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))"""


def peak(binary, *arguments):
    """MiB that the process held at most; a small launcher, since a child counts what its parent held at the fork."""
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, binary, *map(str, arguments)], capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_memory_does_not_grow_with_the_videos(mien_binary, world, tmp_path):
    frames = np.arange(1, 2001)
    x = np.random.default_rng(1).normal(size=(2000, 8))
    sizes = []
    for count in (2, 150):
        bank = write_bank(tmp_path / f"bank{count}", {"0": (frames, x)}, 8)
        for i in range(1, count):
            os.link(bank / "0.safetensors", bank / f"{i}.safetensors")
        sizes.append(peak(mien_binary, "predict", world.run, "--bank", bank, "--out", tmp_path / f"{count}.csv",
                          "--threads", 1))
    with open(tmp_path / "150.csv") as file:
        assert sum(1 for _ in file) == 1 + 150 * 2000
    assert sizes[1] < sizes[0] + 25, sizes  # the rows alone hold 300,000 x 38 numbers
