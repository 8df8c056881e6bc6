"""`mien report`: one page that holds the numbers, from disk alone, opened by a parser and by headless Chromium."""

import base64
import hashlib
import html.parser
import json
import re
import shutil

import numpy as np
import pytest

from browser import asked
from helpers import CONFIGS, Synthetic, refused, result_json, write_video

VOID = {"meta", "link", "img", "br", "hr", "input"}
SHAPES = {"path", "rect", "circle", "line"}


class Page(html.parser.HTMLParser):
    """Balanced tags, ids, links, text; fails on what a browser would have to mend."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts, self.urls, self.ids = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []
        self.text = "".join(self.texts)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.urls += [v for k, v in attributes if k in ("href", "src", "xlink:href")]
        self.ids += [v for k, v in attributes if k == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in SHAPES
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    def sections(self):
        return [attributes.get("id") for tag, attributes in self.tags if tag == "section"]


def is_png(uri):
    return base64.b64decode(uri.split(",", 1)[1]).startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    data = Synthetic(tmp_path_factory.mktemp("data"), seed=41, dim=8, rows_a_video=30)
    images = data.bank.parent / "images"
    png = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
    for side in data.videos.values():
        for name, video in side.items():
            (images / name).mkdir(parents=True)
            for frame in video["frames"]:
                (images / name / f"{frame:05}.png").write_bytes(png)
    info = json.loads((data.bank / "bank.json").read_text())
    (data.bank / "bank.json").write_text(json.dumps(info | {"sources": [str(images)]}))
    return data


def train(mien, data, out, *keys):
    result_json(mien("train", CONFIGS / "joint.yaml", *data.arguments(), "epochs=4", "batch_size=64", *keys, "--out",
                     out, "--json", "--quiet", "--threads", 1))
    return out


@pytest.fixture(scope="module")
def runs(mien, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    a = train(mien, data, folder / "joint <a> & 'b'")
    b = train(mien, data, folder / "plain", "sam.rho=0", "loss.cvar.alpha=1")
    result_json(mien("evaluate", a, "--json", "--quiet"))
    result_json(mien("flatness", a, "--surface", 5, "--json", "--quiet", "--threads", 1))
    decide(a)  # after the evaluation, which is of raw scores
    return a, b


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def decide(run):
    """decisions.json and tune.json as `mien tune` leaves them."""
    weights = digest_of(run / "best.safetensors")
    smoothing = {"kind": "box", "half_window": 40}
    (run / "decisions.json").write_text(json.dumps({
        "format": "mien-decisions", "version": 1, "runs": [{"path": ".", "weights": "best", "weights_sha256": weights}],
        "tasks": {"expr": {"smoothing": smoothing}, "au": {"smoothing": smoothing, "thresholds": [0.3] * 12}}}))
    (run / "evaluation" / "tune.json").write_text(json.dumps(TUNED | {
        "weights": "best", "weights_sha256": weights, "decisions_sha256": digest_of(run / "decisions.json")}))


TUNED = {"expr": {"raw_f1": 0.41, "in_sample_f1": 0.4711, "in_sample_ci95": [0.4, 0.5], "out_of_fold_f1": 0.4431,
                  "out_of_fold_ci95": [0.39, 0.49], "gain": 0.0331, "gain_ci95": [0.01, 0.05], "frames": 100, "videos": 4,
                  "ingredients": {"smoothing+levels": {"in_sample_f1": 0.45, "out_of_fold_f1": 0.4321, "gain": 0.0221,
                                                "gain_ci95": None, "kept": True}}}}


@pytest.fixture(scope="module")
def page(mien, runs):
    done = mien("report", runs[0], "--json", "--quiet")
    found = result_json(done)
    assert found["report"] == str(runs[0] / "report.html") and found["bytes"] == (runs[0] / "report.html").stat().st_size
    return runs[0] / "report.html"


def digits(value):
    return f"{value:.4f}"


def expected_numbers(evaluation):
    for task, parts in (("expr", "per_class"), ("au", "per_au")):
        result = evaluation["tasks"][task]
        yield digits(result["f1"])
        yield digits(result["baseline"]["f1"])
        yield from (f"{end:.3f}" for end in result["ci95"])
        for name, value in result[parts].items():
            yield digits(value)
            yield from (f"{end:.3f}" for end in result[f"{parts}_ci95"][name])
    yield digits(evaluation["tasks"]["expr"]["accuracy"])


def test_the_page_holds_every_metric_to_the_printed_digits(page, runs):
    text = Page(page.read_text()).text
    evaluation = json.loads((runs[0] / "evaluation" / "validation.json").read_text())
    numbers = list(expected_numbers(evaluation))
    assert len(numbers) > 60
    assert [number for number in numbers if number not in text] == []
    confusion = np.array(evaluation["tasks"]["expr"]["confusion"])
    for truth, row in enumerate(confusion):
        if row.sum():
            assert f"{100 * row[truth] / row.sum():.1f} %" in text
    flatness = json.loads((runs[0] / "evaluation" / "flatness.json").read_text())
    for value in (flatness["loss"], flatness["sharpness"]["ascent"], flatness["hessian_top_eigenvalue"],
                  flatness["hessian_trace"]):
        assert (digits(value) if abs(value) >= 0.001 else f"{value:.2e}") in text
    assert "+0.0331" in text and "0.4431" in text and "0.4711" in text


def evaluation_of(run):
    return json.loads((run / "evaluation" / "validation.json").read_text())


def test_the_numbers_are_of_the_decisions_in_force(mien, page, runs):
    kept = evaluation_of(runs[0])  # was of raw scores before the report
    assert kept["in_sample"] and kept["decisions"]["expr"]["smoothing"]["half_window"] == 40
    now = result_json(mien("evaluate", runs[0], "--json", "--quiet"))
    assert [kept["tasks"][t]["f1"] for t in ("expr", "au")] == [now["tasks"][t]["f1"] for t in ("expr", "au")]
    raw = result_json(mien("evaluate", runs[0], "--raw", "--json", "--quiet"))["tasks"]
    assert raw["expr"]["f1"] != kept["tasks"]["expr"]["f1"]
    text = Page(page.read_text()).text
    for words in ("tuned decisions are applied", "a little optimistic", "smoothing+biases", "before decisions",
                  "before smoothing and blending", "the RMSE", "weightsbest"):
        assert words in text, words


def test_results_of_other_weights_or_decisions_are_dropped_or_remade(mien, runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs[0], run)
    (run / "decisions.json").write_text((run / "decisions.json").read_text().replace("0.3", "0.4"))
    done = mien("report", run)
    assert done.returncode == 0 and "tune.json is left out" in done.stderr and "flatness.json" not in done.stderr
    parsed = Page((run / "report.html").read_text())
    assert "flatness" in parsed.sections() and "decisions" not in parsed.sections() and "0.4431" not in parsed.text
    assert evaluation_of(run)["decisions"]["au"]["thresholds"] == [0.4] * 12
    # The best weights are others now, as after --resume; decisions.json is of the old ones.
    shutil.copy(runs[1] / "best.safetensors", run / "best.safetensors")
    done = mien("report", run)
    assert done.returncode == 0 and "mien tune again" in done.stderr
    for name in ("validation.json", "flatness.json", "tune.json"):
        assert f"{name} is left out" in done.stderr
    parsed = Page((run / "report.html").read_text())
    assert {"flatness", "decisions", "calibration"}.isdisjoint(parsed.sections())
    assert "No run has been evaluated" in parsed.text
    (run / "decisions.json").unlink()
    result_json(mien("report", run, "--json", "--quiet"))
    assert evaluation_of(run)["weights_sha256"] == digest_of(run / "best.safetensors")
    assert digits(evaluation_of(run)["tasks"]["au"]["f1"]) in Page((run / "report.html").read_text()).text


def test_a_bank_that_is_given_is_what_is_evaluated(mien, runs, data, tmp_path):
    run, bank = tmp_path / "run", tmp_path / "bank"
    shutil.copytree(runs[1], run)
    shutil.copytree(data.bank, bank)
    rng = np.random.default_rng(3)
    for name, video in data.videos["validation"].items():
        write_video(bank, name, video["frames"], rng.permutation(video["x"]))
    kept = result_json(mien("evaluate", run, "--json", "--quiet"))
    found = result_json(mien("evaluate", run, "--bank", bank, "--json", "--quiet"))
    assert found["tasks"]["expr"]["f1"] != kept["tasks"]["expr"]["f1"]
    result_json(mien("report", run, "--bank", bank, "--json", "--quiet"))
    text = Page((run / "report.html").read_text()).text
    assert [number for number in expected_numbers(found) if number not in text] == []
    assert f"{digits(kept['tasks']['au']['f1'])} [" not in text  # with its interval; a curve has the number too
    assert evaluation_of(run)["tasks"]["expr"]["f1"] == kept["tasks"]["expr"]["f1"]


def test_without_its_bank_a_run_is_reported_by_its_kept_numbers(mien, runs, data, tmp_path):
    bank, run = tmp_path / "bank", tmp_path / "run"
    shutil.copytree(data.bank, bank)
    result_json(mien("train", CONFIGS / "joint.yaml", f"bank={bank}", f"annotations={data.annotations}", "epochs=1",
                     "--out", run, "--json", "--quiet"))
    kept = result_json(mien("evaluate", run, "--json", "--quiet"))
    shutil.rmtree(bank)
    done = mien("report", run)
    assert done.returncode == 0 and "its kept numbers may be older" in done.stderr and str(bank) in done.stderr
    assert digits(kept["tasks"]["au"]["f1"]) in Page((run / "report.html").read_text()).text


def test_always_positive_is_what_scikit_learn_says(page, runs, data):
    from sklearn.metrics import f1_score

    _, labels = data.rows("validation", ["au"])
    truth = labels["au"].numpy()
    truth = truth[(truth >= 0).all(1)]
    expected = f1_score(truth, np.ones_like(truth), average="macro", zero_division=0)
    assert digits(expected) in Page(page.read_text()).text


def test_the_page_needs_nothing_but_itself(page):
    text = page.read_text()
    parsed = Page(text)
    for url in parsed.urls:
        assert url.startswith(("#", "data:")), url
    assert not re.search(r"https?://|@import|url\(|<script|//cdn", text)
    for target in (url for url in parsed.urls if url.startswith("#")):
        assert target[1:] in parsed.ids
    assert len(parsed.ids) == len(set(parsed.ids))
    assert text.startswith("<!doctype html>") and len(text) < 3e6
    assert "prefers-color-scheme: dark" in text and "@media print" in text


def test_every_part_of_a_whole_run_is_there(page):
    parsed = Page(page.read_text())
    assert parsed.sections() == ["numbers", "curves", "classes", "precision-recall", "timelines", "decisions",
                                 "flatness", "provenance"] or "calibration" in parsed.sections()
    for words in ("Loss surface", "Confusion", "best video", "worst video", "Learning rate", "labels_sha256"[:6],
                  "AU12", "Happiness", "sam:"):
        assert words in parsed.text or any(words in (a.get("aria-label") or "") for _, a in parsed.tags), words
    charts = [a for tag, a in parsed.tags if tag == "svg" and "chart" in a.get("class", "")]
    assert len(charts) > 30
    assert all(a["role"] == "img" and a["tabindex"] == "0" and len(a["aria-label"]) > 3 for a in charts)
    assert all(len(a["viewbox"].split()) == 4 for a in charts)
    images = [a for tag, a in parsed.tags if tag == "img"]
    assert len(images) >= 12 and all(is_png(a["src"]) and a["alt"].startswith("frame ") for a in images)


def test_what_a_user_named_is_escaped(page, runs):
    text = page.read_text()
    assert "joint <a>" not in text and "joint &lt;a&gt; &amp; &#39;b&#39;" in text
    assert runs[0].name in Page(text).text


def test_several_runs_stand_side_by_side_and_lack_what_they_lack(mien, runs, tmp_path):
    out = tmp_path / "both.html"
    done = mien("report", *runs, "--out", out)
    assert done.returncode == 0 and str(out) in done.stdout
    assert (runs[1] / "evaluation" / "validation.json").exists()  # evaluated first
    parsed = Page(out.read_text())
    for run in runs:
        evaluation = json.loads((run / "evaluation" / "validation.json").read_text())
        for number in expected_numbers(evaluation):
            assert number in parsed.text
        assert parsed.text.count(run.name) > 5
    assert "plain: not tuned" in parsed.text
    colours = {a["class"] for tag, a in parsed.tags if tag == "path"}
    assert any("s0" in c for c in colours) and any("s1" in c for c in colours)


def test_a_run_without_bank_labels_or_evaluation_is_still_reported(mien, runs, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.yaml", "metrics.csv"):
        shutil.copy(runs[1] / name, bare)
    done = mien("report", bare)
    assert done.returncode == 0, done.stderr
    assert "no scores of" in done.stderr
    parsed = Page((bare / "report.html").read_text())
    assert parsed.sections() == ["numbers", "curves", "provenance"]
    assert "No run has been evaluated" in parsed.text
    (bare / "metrics.csv").unlink()
    assert mien("report", bare, "--quiet").returncode == 0
    assert Page((bare / "report.html").read_text()).sections() == ["numbers", "provenance"]


@pytest.mark.parametrize("arguments, fragments", [
    ([], ["RUN", "(nothing)"]),
    (["{t}/none"], ["RUN = {t}/none"]),
    (["{t}"], ["RUN = {t}", "config.yaml"]),
    (["{a}", "{t}/none"], ["{t}/none"]),
    (["{a}", "--out", "{t}/there.html"], ["--out = {t}/there.html", "--force"]),
    (["{a}", "--out", "{t}/none/page.html"], ["--out", "{t}/none"]),
    (["{a}", "--bank", "{t}/none"], ["{t}/none"]),
    (["{a}", "--annotations", "{t}/none"], ["{t}/none"]),
    (["{cut}"], ["validation.json", "damaged"]),
    (["{csv}"], ["metrics.csv:2", "cells"]),
    (["{word}"], ["metrics.csv:2", "number"]),
    (["{a}", "--ot", "x"], ["--ot", "did you mean --out?"]),
])
def test_bad_input_is_named_on_one_line(mien, runs, tmp_path, arguments, fragments):
    (tmp_path / "there.html").write_text("mine")
    places = {"t": tmp_path, "a": runs[1]}
    for name in ("cut", "csv", "word"):
        places[name] = tmp_path / name
        (tmp_path / name / "evaluation").mkdir(parents=True)
        shutil.copy(runs[1] / "config.yaml", tmp_path / name)
    (tmp_path / "cut" / "evaluation" / "validation.json").write_text('{"tasks": ')
    (tmp_path / "csv" / "metrics.csv").write_text("epoch,lr\n1\n")
    (tmp_path / "word" / "metrics.csv").write_text("epoch,lr\n1,fast\n")
    before = (runs[1] / "report.html").exists()
    done = mien("report", *[a.format(**places) for a in arguments])
    refused(done, *[f.format(**places) for f in fragments])
    assert (tmp_path / "there.html").read_text() == "mine" and (runs[1] / "report.html").exists() == before


def test_chromium_would_notice_an_error_a_broken_image_and_a_chart_without_size(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text("<!doctype html><body><svg class=chart style='width:0;height:0' aria-label=c></svg>"
                    "<div class=thumbnails><img alt=x src='data:image/png;base64,AAAA'></div>"
                    "<script>nothing.at.all()</script></body>")
    answer, console = asked(page, tmp_path)
    assert any("nothing is not defined" in line for line in console)
    assert [(box["width"], box["whole"]) for box in answer["boxes"]][0] == (0, True)
    assert not answer["boxes"][1]["whole"] and answer["inner_width"] == 1280


@pytest.mark.parametrize("width", [1280, 390])
def test_chromium_draws_every_chart_without_a_word_on_the_console(mien, page, runs, tmp_path, width):
    answer, console = asked(page, tmp_path, width=width)
    assert console == [] and answer["inner_width"] == width
    charts = answer["boxes"]
    assert len(charts) > 30
    for box in charts:
        if box["open"]:
            assert box["width"] > 60 and box["height"] > 60 and box["whole"], box
    evaluation = json.loads((runs[0] / "evaluation" / "validation.json").read_text())
    for task in ("expr", "au"):
        assert digits(evaluation["tasks"][task]["f1"]) in answer["text"]
    assert answer["overflow"] <= 0  # tables and timelines scroll inside, never the page
    assert answer["smallest_text"] >= 7
