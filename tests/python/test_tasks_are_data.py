"""Tasks are values: only what reads and writes the challenge's own files speaks of the challenge's."""

import re

from helpers import ROOT

# Folders that may: labels and prediction files of the challenge, and its submission.
MAY = ("src/data/", "include/mien/data/", "src/submission/", "include/mien/submission/")
WORD = re.compile(r"(?<![A-Za-z])(expr|au|va)(?![A-Za-z])|k(Expr|Au|Va)(?![a-z])", re.IGNORECASE)


TEMPLATE = re.compile(r"CVPR_6th_ABAW_\w+_test_set_sample\.txt")  # a file of the challenge, in examples


def places(text):
    """(line number, line) of each line that names a task of the challenge."""
    lines = enumerate(text.splitlines(), 1)
    return [(number, line) for number, line in lines if WORD.search(TEMPLATE.sub("", line))]


def test_only_the_challenge_s_own_code_names_its_tasks():
    found = []
    for base in ("src", "include"):
        for path in sorted((ROOT / base).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in (".cpp", ".h") and not name.startswith(MAY):
                found += [f"{name}:{number}: {line.strip()}" for number, line in places(path.read_text())]
    assert not found, "\n".join(found)


def test_the_scan_sees_words_and_parts_of_names():
    for line in ("// the EXPR task", "double au_f1 = 0;", "Task::kVa", '"expr"', "per_au"):
        assert places(line), line
    for line in ("auto value = expression;", "evaluate(variance);", "caution", "kAuto"):
        assert not places(line), line
