"""Label tables that are damaged: exit 2 and one line that names the file and the line, or what to do."""

import json
import time

import numpy as np
import pytest
from safetensors.numpy import save_file

TASKS = ("tasks=[{name: emotion, kind: classes, labels: [neutral, happy, sad]}, {name: units, kind: binary, "
         "labels: [AU1, AU2]}, {name: pain, kind: continuous, labels: [pspi], range: [0, 16]}]")
HEADER = "video,frame,split,group,weight,emotion,AU1,AU2,pspi"
ROWS = [f"{video},{frame},{'train' if video != 'd' else 'validation'},p{video},1,{['neutral', 'happy', '2'][frame % 3]},"
        f"{frame % 2},{'' if frame == 3 else 1},{frame / 2}" for video in "abcd" for frame in range(1, 9)]


def with_cell(row, column, value):
    """The table with one cell replaced; line numbers count from 1, the header is line 1."""
    cells = ROWS[row].split(",")
    cells[HEADER.split(",").index(column)] = value
    return table(HEADER, ROWS[:row] + [",".join(cells)] + ROWS[row + 1:])


def table(header, rows):
    return "\n".join([header, *rows]) + "\n"


BAD_CELLS = {
    "emotion": ["hapy", "3", "-1", "1.5", "1e99", "happy sad", "\x1b[31m", "x" * 500],
    "AU1": ["2", "-1", "0.5", "maybe", "11", "1,5"],
    "pspi": ["16.01", "-0.1", "17", "much", "inf", "1e400", "0x10"],
    "frame": ["-1", "1.5", "", "first", "2147483648", "1e12", "00001.jpg"],
    "split": ["training set", "", "3", "validaton"],
    "weight": ["-1", "heavy", "inf", "1e10"],
    "video": [""],
}
HEADERS = {
    "a misspelt frame": HEADER.replace("frame", "fram"),
    "no names of rows": HEADER.replace("video", "clip").replace("frame", "number"),
    "a column twice": HEADER.replace("AU2", "AU1"),
    "no task's column": "video,frame,split,group,weight,a,b,c,d",
    "a misspelt task": HEADER.replace("emotion", "emotoin"),
}
WHOLES = {
    "an empty file": "",
    "a header alone": HEADER + "\n",
    "only blank lines": "\n\n\n",
    "zero bytes": HEADER + "\n" + "a,1\0\0\0\0\n",
    "binary": "\x89PNG\r\n\x1a\n" + "\0" * 100,
    "a field too few": table(HEADER, ROWS[:3] + ["a,4,train,pa,1,happy,1,1"] + ROWS[4:]),
    "a field too many": table(HEADER, ROWS[:3] + ["a,4,train,pa,1,happy,1,1,2,9"] + ROWS[4:]),
    "an open quote": table(HEADER, ROWS[:3] + ['"a,4,train,pa,1,happy,1,1,2'] + ROWS[4:]),
    "text behind a quote": table(HEADER, ROWS[:3] + ['"a"b,4,train,pa,1,happy,1,1,2'] + ROWS[4:]),
    "a contradiction": table(HEADER, [*ROWS, "a,1,train,pa,1,sad,1,1,2"]),
    "cut in the middle of a row": table(HEADER, ROWS)[:-40],
    "no validation": table(HEADER, [row for row in ROWS if "validation" not in row]),
    "no training": table(HEADER, [row for row in ROWS if "validation" in row]),
    "no label at all": table(HEADER, [",".join(row.split(",")[:5] + [""] * 4) for row in ROWS]),
    "weights of 0": table(HEADER, [",".join(row.split(",")[:4] + ["0"] + row.split(",")[5:]) for row in ROWS]),
    "other videos": table(HEADER, ["z" + row for row in ROWS]),
    "JSON": json.dumps([{"video": "a", "frame": 1}] * 3, indent=1),
    "HTML": "<!doctype html>\n<html><body>404</body></html>\n",
    "UTF-16": table(HEADER, ROWS).encode("utf-16"),
}
CASES = {f"{column} = {value[:20]!r}": with_cell(4, column, value) for column, values in BAD_CELLS.items()
         for value in values}
CASES |= {name: table(header, ROWS) for name, header in HEADERS.items()} | WHOLES
# Damage to one cell, or to one row, is told with its line.
WITH_LINE = {name for name in CASES if " = " in name} | {
    "a field too few", "a field too many", "an open quote", "text behind a quote", "a contradiction",
    "cut in the middle of a row"}


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank")
    encoder = {"embedding_dim": 4, "file_sha256": "0" * 64, "image_size": 32, "mean": [.5] * 3, "std": [.5] * 3,
               "name": "made-up", "resize": "bilinear", "source": "a test", "weights_sha256": "1" * 64}
    (folder / "bank.json").write_text(json.dumps(
        {"format": "mien-bank", "version": 1, "encoder": encoder, "embedding_dim": 4, "dtype": "F16", "sources": []}))
    random = np.random.default_rng(0)
    for video in "abcd":
        save_file({"embeddings": random.normal(size=(8, 4)).astype(np.float16),
                   "frames": np.arange(1, 9, dtype=np.int32)}, str(folder / f"{video}.safetensors"),
                  metadata={"failed": "[]", "every": "1"})
    return folder


def write(file, content):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def train(mien, bank, labels):
    (labels.parent / "config.yaml").write_text("epochs: 1\nhead: {layers: 1}\n")
    return mien("train", labels.parent / "config.yaml", f"bank={bank}", f"annotations={labels}", TASKS, "--out",
                labels.parent / "run")


def test_there_are_enough_cases_and_the_table_itself_is_whole(mien, bank, tmp_path):
    assert len(CASES) >= 60
    done = train(mien, bank, write(tmp_path / "labels.csv", table(HEADER, ROWS)))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_table_is_refused_in_one_line(mien, bank, tmp_path, name):
    labels = write(tmp_path / "labels.csv", CASES[name])
    start = time.monotonic()
    done = train(mien, bank, labels)
    assert time.monotonic() - start < 10, "2 s on an idle machine"
    assert done.returncode == 2, done.stdout + done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and "\x1b" not in errors[0] and len(errors[0]) < 1000, done.stderr
    assert str(labels) in errors[0] or "weight" in errors[0] or "bank" in errors[0], errors[0]
    if name in WITH_LINE:
        assert "labels.csv:" in errors[0] and errors[0].split("labels.csv:")[1][0].isdigit(), errors[0]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("value,meant", [("hapy", "happy"), ("nuetral", "neutral")])
def test_a_near_miss_is_suggested(mien, bank, tmp_path, value, meant):
    done = train(mien, bank, write(tmp_path / "labels.csv", with_cell(4, "emotion", value)))
    assert f"labels.csv:6: emotion = {value}" in done.stderr and f"did you mean {meant}?" in done.stderr
