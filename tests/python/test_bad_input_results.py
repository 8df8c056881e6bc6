"""What evaluate, submit, inspect, doctor and the command line itself say to wrong input: exit 2, one line on standard
error that names the thing, its value and what was expected, and nothing written."""

import json

import pytest

from bad_inputs import check_bad_input, flat
from helpers import refused

COMMANDS = ["crop", "encode", "train", "sweep", "tune", "evaluate", "compare", "predict", "submit", "export", "flatness",
            "report", "inspect", "doctor"]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


# Arguments with {w} for the world, then what the message must hold.
EVALUATE = "evaluate --annotations {w}/data/annotations --predictions {w}/value.txt"
SUBMIT = "submit {w}/run --template {w}/template.txt --out {w}/out"
CASES = {
    "evaluate": [
        ("evaluate", "RUN", "--predictions"),
        ("evaluate {w}/run --predictions {w}/value.txt", "value.txt line 3", "0 to 7"),
        ("evaluate {w}/run --predictions {w}/va.txt --task va", "va.txt line 2", "expected 3"),
        ("evaluate {w}/run --predictions {w}/units.txt --task au", "--task = au", "a task of the run: expr"),
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
        (EVALUATE, "value.txt line 3", "0 to 7"),
        ("evaluate --predictions {w}/value.txt --task expr", "--annotations"),
        (f"{EVALUATE} --task exprr", "exprr", "did you mean expr?"),
        (f"{EVALUATE} --task expr", "value.txt line 3", "8", "0 to 7"),
        (f"{EVALUATE} --task au", "value.txt", "expr"),
        ("evaluate {w}/run --au-invalid dropp", "did you mean drop?"),
        ("evaluate --annotations {w}/data/annotations --task expr --predictions {w}/valeu.txt", "valeu.txt"),
        ("evaluate {w}/run --al-frames", "did you mean --all-frames?"),
    ],
    "export": [
        ("export", "RUN = (nothing)"),
        ("export {w}/run", "--encoder = (nothing)", "trained on"),
        ("export {w}/run --encoder {w}/encoder.pt", "--out = (nothing)"),
        ("export {w}/rnu --encoder {w}/encoder.pt --out {w}/out", "{w}/rnu", "did you mean {w}/run?"),
        ("export {w}/empty --encoder {w}/encoder.pt --out {w}/out", "{w}/empty", "best.safetensors"),
        ("export {w}/damaged-run --encoder {w}/encoder.pt --out {w}/out", "best.safetensors"),
        ("export {w}/run --encoder {w}/encodr.pt --out {w}/out", "encodr.pt", "did you mean"),
        ("export {w}/run --encoder {w}/text.pt --out {w}/out", "text.pt", "expected a TorchScript archive"),
        ("export {w}/run --encoder {w}/encoder.pt --out {w}/out", "encoder.pt", "expected the encoder of the training"),
        ("export {w}/run --encoder {w}/encoder.pt --out {w}/no/out", "{w}/no"),
        ("export {w}/run --encoder {w}/encoder.pt --out {w}/out --weights bst", "--weights = bst", "best or last"),
        ("export {w}/run --encoder {w}/encoder.pt --out {w}/out --mean 1,2", "--mean = 1,2", "three numbers"),
        ("export {w}/run --encodr {w}/encoder.pt", "did you mean --encoder?"),
    ],
    "tune": [
        ("tune", "RUN = (nothing)"),
        ("tune {w}/rnu", "{w}/rnu", "did you mean {w}/run?"),
        ("tune {w}/empty", "{w}/empty", "best.safetensors"),
        ("tune {w}/damaged-run", "best.safetensors"),
        ("tune {w}/run {w}/run", "{w}/run", "twice"),
        ("tune {w}/run {w}/rnu", "{w}/rnu"),
        ("tune {w}/run --folds 1", "--folds = 1", "2 to"),
        ("tune {w}/run --folds many", "--folds = many", "whole number"),
        ("tune {w}/run --seed -1", "--seed = -1"),
        ("tune {w}/run --bootstrap -1", "--bootstrap = -1"),
        ("tune {w}/run --ingredients smooting", "did you mean smoothing?"),
        ("tune {w}/run --ingredients smoothing,", "--ingredients", "levels"),
        ("tune {w}/run --weights worst", "--weights = worst", "best or last"),
        ("tune {w}/run --bank {w}/strangers", "{w}/strangers", "expected the encoder"),
        ("tune {w}/run --annotations {w}/nowhere", "{w}/nowhere"),
        ("tune {w}/run --ingredient levels", "did you mean --ingredients?"),
    ],
    "compare": [
        ("compare", "RUN", "two runs"),
        ("compare {w}/run", "RUN = {w}/run", "two runs"),
        ("compare {w}/run {w}/rnu", "did you mean {w}/run?"),
        ("compare {w}/run {w}/damaged-run", "best.safetensors"),
        ("compare {w}/run --predictions {w}/value.txt", "value.txt line 3", "0 to 7"),
        ("compare {w}/run --predictions {w}/value.txt --task expr", "value.txt line 3", "0 to 7"),
        ("compare {w}/run --predictions {w}/units.txt --task au", "units.txt = au", "a task that {w}/run has"),
        ("compare {w}/run --predictions {w}/nothing.txt --task expr", "nothing.txt"),
        ("compare --predictions {w}/short.txt --predictions {w}/short.txt --task expr", "--annotations"),
        ("compare {w}/run {w}/run --split tran", "did you mean train?"),
        ("compare {w}/run {w}/run --weights bst", "--weights = bst"),
        ("compare {w}/run {w}/run --bootstrap x", "--bootstrap = x"),
        ("compare {w}/run {w}/run --au-invalid no", "--partly-known = no", "drop or mask"),
        ("compare {w}/run {w}/run --annotations {w}/nowhere", "{w}/nowhere"),
        ("compare {w}/run {w}/run --al-frames", "there is no such option"),
    ],
    "predict": [
        ("predict --bank {w}/data/bank --out {w}/out", "RUN = (nothing)"),
        ("predict {w}/rnu --bank {w}/data/bank --out {w}/out", "{w}/rnu", "did you mean {w}/run?"),
        ("predict {w}/damaged-run --bank {w}/data/bank --out {w}/out", "best.safetensors"),
        ("predict {w}/run --out {w}/out", "--bank = (nothing)", "--images"),
        ("predict {w}/run --bank {w}/data/bank --images {w}/images --out {w}/out", "--bank", "either"),
        ("predict {w}/run --bank {w}/data/bank", "--out = (nothing)"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/text.pt", "{w}/text.pt", "--force"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/no/where.csv", "{w}/no/where.csv", "folder"),
        ("predict {w}/run --bank {w}/strangers --out {w}/out", "{w}/strangers", "expected the encoder"),
        ("predict {w}/run --bank {w}/empty --out {w}/out", "{w}/empty", "bank.json"),
        ("predict {w}/run --bank {w}/nan --out {w}/out", "102.safetensors", "finite"),
        ("predict {w}/run --bank {w}/cut --out {w}/out", "102.safetensors"),
        ("predict {w}/run --bank {w}/data/bank --bank {w}/data/bank --out {w}/out", "--bank = 2 banks", "expected 1"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/out --format tsv", "--format = tsv", "csv or jsonl"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/out --format jsnl", "did you mean jsonl?"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/out --weights bst", "--weights = bst"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/out --videos {w}/nowhere", "{w}/nowhere"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/out --videos {w}/text.pt", "no archive", "bank"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/out --every 2", "--every", "--images"),
        ("predict {w}/run --bank {w}/data/bank --out {w}/out --encoder {w}/encoder.pt", "--encoder", "--images"),
        ("predict {w}/run --images {w}/images --out {w}/out", "--encoder = (nothing)"),
        ("predict {w}/run --images {w}/nothing --encoder {w}/encoder.pt --out {w}/out", "--encoder", "training"),
        ("predict {w}/run --images {w}/images --encoder {w}/text.pt --out {w}/out", "text.pt"),
        ("predict {w}/run --images {w}/images --encoder {w}/encoder.pt --out {w}/out --every 0", "--every = 0"),
        ("predict {w}/run --images {w}/images --encoder {w}/encoder.pt --out {w}/out --batch-size x", "--batch-size = x"),
        ("predict {w}/run --images {w}/images --encoder {w}/encoder.pt --out {w}/out --workers -1", "--workers = -1"),
        ("predict {w}/run {w}/run --bank {w}/data/bank --out {w}/out", "twice"),
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
        ("submit {w}/run --template {w}/empty --out {w}/out", "{w}/empty", "no .txt file"),
        ("submit {w}/run --template {w}/labels9 --out {w}/out", "{w}/labels9", "no .txt file"),
        ("submit {w}/run --template {w} --out {w}/out", "line 1", "annotations' header"),
        ("submit {w}/run {w}/run --template {w}/template.txt --out {w}/out", "twice"),
        ("submit {w}/run {w}/rum --template {w}/template.txt --out {w}/out", "{w}/rum"),
        ("submit --check {w}/empty --template {w}/template.txt", "{w}/empty"),
        ("submit --check {w}/value.txt --template {w}/template.txt", "value.txt line 3", "8", "0 to 7"),
        ("submit --check {w}/order.txt --template {w}/template.txt", "order.txt line 2", "102/00001.jpg"),
        ("submit --check {w}/short.txt --template {w}/template.txt", "short.txt line 3", "102/00002.jpg"),
        ("submit --check {w}/va.txt --template {w}/template.txt", "va.txt line 1"),
        ("submit --check {w}/none.txt --template {w}/template.txt", "{w}/none.txt"),
        ("submit --check {w}/units.txt --template {w}/units.txt --task expr", "--task = expr", "au"),
        ("submit --check {w}/short.txt --template {w}/data/bank/bank.json", "bank.json line 1"),
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
        ("inspect {w}/labels9", "102.txt:3", "9"),
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
        ("doctor --threads -1", "--threads = -1", "expected 0"),
        ("doctor --threads many", "--threads = many", "whole number"),
        ("doctor --threads 1.5", "--threads = 1.5", "whole number"),
        ("doctor --threads 99999999999999999999", "--threads = 99999999999999999999"),
        ("doctor --threads", "--threads", "value"),
        ("doctor --jsn", "--jsn", "did you mean --json?"),
        ("doctor everything", "everything", "nothing more"),
        ("doctor --quiet --verbose", "--quiet", "--verbose"),
    ],
}


@pytest.mark.parametrize("line, fragments", flat(CASES), ids=[line for line, _ in flat(CASES)])
def test_bad_input_is_named_on_one_line_and_leaves_nothing(mien, world, line, fragments):
    check_bad_input(mien, world, line, fragments)


def test_every_command_has_at_least_ten_of_them():
    assert all(len(cases) >= 10 for cases in CASES.values())


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
