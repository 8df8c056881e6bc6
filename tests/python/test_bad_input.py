"""What encode and train say to wrong input: exit 2, one line on standard error that names the thing, its value and
what was expected, and nothing written."""

import pytest

from bad_inputs import check_bad_input, flat

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


# Arguments with {w} for the world, then what the message must hold.
ENCODE = "--images {w}/images --encoder {w}/encoder.pt --bank {w}/out"
TRAIN = "train {c}/expr.yaml bank={w}/data/bank annotations={w}/data/annotations epochs=1 --out {w}/out"
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
        (f"encode {ENCODE} --dtype fp61", "--dtype = fp61", "fp32", "did you mean fp16?"),
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
        (f"{TRAIN} tasks=[expr,expr]", "tasks = expr", "once"),
        (f"{TRAIN} tasks=[exp]", "exp", "did you mean expr?"),
        (f"{TRAIN} tasks=[expr", "tasks = [expr", "list"),
        (f"{TRAIN} split.folds=3 split.fold=3", "split.fold = 3", "fold < split.folds"),
        (f"{TRAIN} optimizer.betas=[.9]", "optimizer.betas", "two"),
        (f"{TRAIN} schedule.min_lr=1", "schedule.min_lr = 1", "0.001"),
        (f"{TRAIN} select=au_f1", "select = au_f1", "expected one of f1, loss, expr_f1"),
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
        (f"{TRAIN} annotations={{w}}/labels9", "102.txt:3", "9"),
        (f"{TRAIN} --forse", "--forse", "did you mean --force?"),
        (f"{TRAIN} --resume", "--out = {w}/out", "resume"),
        ("train {c}/expr.yaml bank={w}/data/bank annotations={w}/data/annotations --out {w}/run", "exists already"),
    ],
}


@pytest.mark.parametrize("line, fragments", flat(CASES), ids=[line for line, _ in flat(CASES)])
def test_bad_input_is_named_on_one_line_and_leaves_nothing(mien, world, line, fragments):
    check_bad_input(mien, world, line, fragments)


def test_every_command_has_at_least_ten_of_them():
    assert all(len(cases) >= 10 for cases in CASES.values())
