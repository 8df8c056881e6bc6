"""The whole pipeline through the binary on a small demo set; scores, metrics and submissions recomputed in numpy."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from helpers import CONFIGS, EXPRESSIONS, FOLDERS, ROOT, UNITS, read_safetensors, refused, result_json

EXACT = 1e-12
COMPOUNDS = {"Fearfully_Surprised": (3, 6), "Happily_Surprised": (4, 6), "Sadly_Surprised": (5, 6),
             "Disgustedly_Surprised": (2, 6), "Angrily_Surprised": (1, 6), "Sadly_Fearful": (5, 3),
             "Sadly_Angry": (5, 1)}  # formats.md, 3


@pytest.fixture(scope="module")
def world(mien, export_encoder, tmp_path_factory):
    """Demo data, a random tiny CLIP, a bank of all roots and a joint run."""
    w = tmp_path_factory.mktemp("pipeline")
    subprocess.run([sys.executable, ROOT / "scripts" / "make_demo_data.py", "--out", w / "data", "--train-videos", "12",
                    "--validation-videos", "6", "--test-videos", "4", "--frames", "24", "--seed", "3", "--quiet"],
                   check=True, timeout=200)
    encoder = export_encoder("random:clip-tiny:4", w / "tiny.pt")
    annotations = w / "data" / "6th_ABAW_Annotations"
    roots = [w / "data" / name for name in ("cropped_aligned", "cropped_aligned_new_50_vids")]
    encoded = result_json(mien("encode", "--images", roots[0], "--images", roots[1], "--encoder", encoder, "--bank",
                               w / "bank", "--json", "--quiet"))
    trained = result_json(mien("train", CONFIGS / "joint.yaml", f"bank={w / 'bank'}", f"annotations={annotations}",
                               "epochs=40", "batch_size=32", "head.dropout=.1", "optimizer.lr=.005",
                               "--out", w / "run", "--json", "--quiet"))
    return SimpleNamespace(path=w, data=w / "data", annotations=annotations, roots=roots, encoder=encoder,
                           bank=w / "bank", run=w / "run", encoded=encoded, trained=trained)


@pytest.fixture(scope="module")
def evaluated(mien, world):
    return result_json(mien("evaluate", world.run, "--json", "--quiet"))


def labels_of(world, task, split="Validation_Set"):
    """{(video, frame): [values]} of every row, by the text of the files."""
    rows = {}
    for path in sorted((world.annotations / FOLDERS[task] / split).glob("*.txt")):
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines()[1:] if line.strip()]
        for frame, line in enumerate(lines, 1):
            rows[path.stem, frame] = np.array([int(field) for field in line.split(",")])
    return rows


def probabilities(world, videos):
    """{video: (frames, {task: [n, C]})} from the cached scores of exactly these videos, those with embeddings."""
    have = {v for v in videos if (world.bank / f"{v}.safetensors").exists()
            and len(read_safetensors(world.bank / f"{v}.safetensors")[0]["frames"])}
    for path in sorted((world.run / "evaluation").glob("scores-*.safetensors")):
        arrays, metadata = read_safetensors(path)
        layout = json.loads(metadata["videos"])
        if {name for name, _ in layout} != have:
            continue
        assert arrays["expr"].dtype == np.float32 and arrays["expr"].shape == (len(arrays["frames"]), 8)
        assert arrays["au"].dtype == np.float32 and arrays["au"].shape == (len(arrays["frames"]), 12)
        expr, au = arrays["expr"].astype(np.float64), arrays["au"].astype(np.float64)
        powers = np.exp(expr - expr.max(1, keepdims=True))
        both = {"expr": powers / powers.sum(1, keepdims=True), "au": 1 / (1 + np.exp(-au))}
        ends = np.cumsum([count for _, count in layout])
        return {name: (arrays["frames"][end - count : end], {t: p[end - count : end] for t, p in both.items()})
                for (name, count), end in zip(layout, ends)}
    pytest.fail(f"no scores of {sorted(have)}")


def decided(world, task):
    """(truth, decision) of the labelled validation frames that have scores, and how many have none."""
    labels = labels_of(world, task)
    scores = probabilities(world, {v for t in ("expr", "au") for v, _ in labels_of(world, t)})
    truth, decision, keys, missing = [], [], [], 0
    for (video, frame), values in labels.items():
        if (values < 0).any():
            continue
        frames, of_task = scores.get(video, (np.array([]), None))
        at = np.flatnonzero(frames == frame)
        if not len(at):
            missing += 1
            continue
        p = of_task[task][at[0]]
        truth.append(values)
        decision.append([p.argmax()] if task == "expr" else (p >= 0.5).astype(int))
        keys.append((video, frame))
    return np.array(truth), np.array(decision), keys, missing


def assert_equals_scikit_learn(found, task, truth, decision):
    if task == "expr":
        truth, decision = truth[:, 0], decision[:, 0]
        per = f1_score(truth, decision, labels=range(8), average=None, zero_division=0)
        assert [found["per_class"][name] for name in EXPRESSIONS] == pytest.approx(list(per), abs=EXACT)
        assert found["accuracy"] == pytest.approx(accuracy_score(truth, decision), abs=EXACT)
        assert found["confusion"] == confusion_matrix(truth, decision, labels=range(8)).tolist()
    else:
        per = f1_score(truth, decision, average=None, zero_division=0)
        assert [found["per_au"][name] for name in UNITS] == pytest.approx(list(per), abs=EXACT)
    assert found["f1"] == pytest.approx(np.mean(per), abs=EXACT)


def test_encoding_takes_every_image_of_both_roots(world):
    images = [p for root in world.roots for p in root.glob("*/*.jpg") if not p.name.startswith("._")]
    assert world.encoded["frames"] + world.encoded["failed"] == len(images) > 300
    assert world.encoded["failed"] == 0 and world.encoded["skipped_videos"] == 0


def test_training_remembers_what_evaluate_measures(world, evaluated):
    best = world.trained["best"]
    for task in ("expr", "au"):
        assert evaluated["tasks"][task]["f1"] == pytest.approx(best[f"{task}_f1"], abs=EXACT)


@pytest.mark.parametrize("task", ["expr", "au"])
def test_evaluate_equals_scikit_learn_on_the_cached_scores(world, evaluated, task):
    truth, decision, keys, missing = decided(world, task)
    found = evaluated["tasks"][task]
    assert len(truth) > 50 and (found["frames"], found["videos"]) == (len(truth), len({v for v, _ in keys}))
    assert found["missing_frames"] == missing
    assert_equals_scikit_learn(found, task, truth, decision)
    low, high = found["ci95"]
    assert 0 <= low <= found["f1"] <= high <= 1 and low < high


def test_evaluate_names_its_split_and_sums_what_is_missing(world, evaluated, mien, tmp_path):
    assert set(evaluated) == {"split", "decisions", "in_sample", "tasks", "missing_frames", "scoring_seconds",
                              "weights_sha256"}
    assert evaluated["split"] == "validation" and set(evaluated["tasks"]) == {"expr", "au"}
    assert evaluated["missing_frames"] == sum(t["missing_frames"] for t in evaluated["tasks"].values()) > 0
    train = result_json(mien("evaluate", world.run, "--split", "train", "--bootstrap", 0, "--json", "--quiet"))
    assert train["split"] == "train" and train["tasks"]["expr"]["ci95"] is None
    shutil.copytree(world.run, tmp_path / "copy")  # keeps the scores of other weights apart
    last = result_json(mien("evaluate", tmp_path / "copy", "--weights", "last", "--bootstrap", 0, "--json", "--quiet"))
    assert last["tasks"]["expr"]["f1"] == pytest.approx(world.trained["last"]["expr_f1"], abs=EXACT)


@pytest.mark.parametrize("task", ["expr", "au"])
def test_a_prediction_file_of_the_same_decisions_scores_the_same(world, evaluated, mien, task, tmp_path):
    truth, decision, keys, missing = decided(world, task)
    header = "image_location," + ",".join(EXPRESSIONS if task == "expr" else UNITS)
    rows = [f"{v}/{f:05d}.jpg," + ",".join(map(str, d)) for (v, f), d in zip(keys, decision)]
    np.random.default_rng(1).shuffle(rows)
    (tmp_path / "p.txt").write_text("\r\n".join([header, *rows, "stranger/00001.jpg," + rows[0].split(",", 1)[1]]))
    found = result_json(mien("evaluate", "--predictions", tmp_path / "p.txt", "--annotations", world.annotations,
                             "--task", task, "--json", "--quiet"))
    assert found["tasks"][task]["f1"] == evaluated["tasks"][task]["f1"]
    assert found["tasks"][task]["ci95"] == evaluated["tasks"][task]["ci95"]
    assert (found["split"], found["missing_frames"]) == ("validation", missing)


def template(world, name):
    return world.data / "prediction_files_format" / f"CVPR_6th_ABAW_{name}_test_set_sample.txt"


def interpolated(scores, video, frame, task, prior):
    """numpy's own linear interpolation, the nearest value at the ends; the training prior without scores."""
    if video not in scores:
        return prior[task]
    frames, of_task = scores[video]
    return np.array([np.interp(frame, frames, column) for column in of_task[task].T])


def expected_row(kind, scores, video, frame, prior):
    if kind == "AU":
        return (interpolated(scores, video, frame, "au", prior) >= 0.5).astype(int).tolist()
    p = interpolated(scores, video, frame, "expr", prior)
    if kind == "Expr":
        return [int(p.argmax())]
    return [int(np.argmax([p[a] + p[b] for a, b in COMPOUNDS.values()]))]


@pytest.mark.parametrize("kind", ["Expr", "AU", "CE"])
def test_a_submission_fills_the_template_with_interpolated_decisions(world, mien, kind, tmp_path):
    form, out = template(world, kind), tmp_path / "predictions.txt"
    found = result_json(mien("submit", world.run, "--template", form, "--bank", world.bank, "--out", out, "--json",
                             "--quiet"))
    asked, given = (path.read_text().splitlines() for path in (form, out))
    assert given[0] == asked[0] and len(given) == len(asked) and out.read_bytes().endswith(b"\n")
    locations = [line.split(",")[0] for line in asked[1:]]
    videos = {location.split("/")[0] for location in locations}
    scores = probabilities(world, videos)
    head = json.loads(read_safetensors(world.run / "best.safetensors")[1]["mien"])
    counts = np.array(head["expr_counts"])
    prior = {"expr": counts / counts.sum(), "au": np.array(head["au_shares"])}
    filled = 0
    for location, line in zip(locations, given[1:]):
        name, *values = line.split(",")
        video, frame = location.split("/")[0], int(location.split("/")[1].split(".")[0])
        assert name == location and list(map(int, values)) == expected_row(kind, scores, video, frame, prior), line
        filled += video in scores and frame not in scores[video][0]
    without = sorted(videos - set(scores))
    assert (found["task"], found["rows"], found["videos"]) == (kind.lower(), len(locations), len(videos))
    assert found["interpolated_rows"] == filled and found["videos_without_embeddings"] == without
    assert kind == "CE" or filled and without  # the demo set has such rows, and such a video
    checked = mien("submit", "--check", out, "--template", form)
    assert checked.returncode == 0 and checked.stderr == ""
    assert len({tuple(line.split(",")[1:]) for line in given[1:]}) > 1


def test_check_names_the_first_offending_line(world, mien, tmp_path):
    form, out = template(world, "Expr"), tmp_path / "p.txt"
    assert mien("submit", world.run, "--template", form, "--bank", world.bank, "--out", out, "--quiet").returncode == 0
    good = out.read_text().splitlines()
    swapped = good[:6] + [good[7], good[6]] + good[8:]
    for lines, number in ((swapped, 7), (good[:-1], len(good)), ([*good, good[-1]], len(good) + 1),
                          ([*good[:4], good[4].split(",")[0] + ",9", *good[5:]], 5)):
        out.write_text("\n".join(lines) + "\n")
        refused(mien("submit", "--check", out, "--template", form), f"line {number}")
    out.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(good).encode())  # as other tools leave it
    assert mien("submit", "--check", out, "--template", form).returncode == 0


def test_scores_are_computed_once_and_reused(world, mien, evaluated):
    files = sorted((world.run / "evaluation").glob("scores-*.safetensors"))
    before = {path: path.stat().st_mtime_ns for path in files}
    again = result_json(mien("evaluate", world.run, "--json", "--quiet"))
    assert {k: v for k, v in again.items() if k != "scoring_seconds"} == \
           {k: v for k, v in evaluated.items() if k != "scoring_seconds"}
    assert {path: path.stat().st_mtime_ns for path in files} == before


def test_a_multi_task_file_is_scored_on_the_multi_task_list(mien, tmp_path):
    """16 fields a row; VA, EXPR and AU mask themselves apart; a duplicated row counts once (formats.md, 2 and 3)."""
    rng = np.random.default_rng(6)
    rows, predictions = ["image,valence,arousal,expression,aus"], ["image,valence,arousal,expression,aus"]
    truth, answers = [], []
    for i in range(150):
        va, expr, au = rng.uniform(-1, 1, 2).round(4), rng.integers(0, 8), rng.integers(0, 2, 12)
        guess = (np.clip(va + rng.normal(0, 0.4, 2), -1, 1).round(4), rng.choice([expr, rng.integers(0, 8)]),
                 np.where(rng.random(12) < 0.7, au, 1 - au))
        va, expr = (va if rng.random() > 0.1 else np.array([-5, -5])), (expr if rng.random() > 0.2 else -1)
        au = au if rng.random() > 0.2 else np.full(12, -1)
        name = f"v{i % 7}/{i + 1:05d}.jpg"
        rows.append(",".join(map(str, [name, *va, expr, *au])))
        predictions.append(",".join(map(str, [name, *guess[0], guess[1], *guess[2]])))
        truth.append((va, expr, au))
        answers.append(guess)
    (tmp_path / "validation_set_annotations.txt").write_text("\n".join([*rows, rows[5]]) + "\n")
    (tmp_path / "training_set_annotations.txt").write_text("\n".join(rows) + "\n")
    (tmp_path / "p.txt").write_text("\n".join(predictions) + "\n")
    found = result_json(mien("evaluate", "--predictions", tmp_path / "p.txt", "--annotations", tmp_path, "--task",
                             "mtl", "--json", "--quiet"))["tasks"]
    va, guessed = (np.array([row[0] for row in part], float) for part in (truth, answers))
    known = (va != -5).all(1)
    a, b = va[known], guessed[known]
    ccc = 2 * ((a - a.mean(0)) * (b - b.mean(0))).mean(0) / (a.var(0) + b.var(0) + (a.mean(0) - b.mean(0)) ** 2)
    expr, chosen = np.array([row[1] for row in truth]), np.array([row[1] for row in answers])
    known = expr >= 0
    f1 = f1_score(expr[known], chosen[known], labels=range(8), average="macro", zero_division=0)
    au, units = np.array([row[2] for row in truth]), np.array([row[2] for row in answers])
    known = au[:, 0] >= 0
    au_f1 = f1_score(au[known], units[known], average="macro", zero_division=0)
    assert [found["va"]["valence"], found["va"]["arousal"]] == pytest.approx(list(ccc), abs=EXACT)
    assert found["expr"]["f1"] == pytest.approx(f1, abs=EXACT)
    assert found["au"]["f1"] == pytest.approx(au_f1, abs=EXACT)
    assert found["mtl"]["p"] == pytest.approx(found["va"]["ccc"] + f1 + au_f1, abs=1e-9)
