"""An encoder is a function of its image: what was traced or saved in training mode, is noisy, keeps a state or looks at
the rest of the batch is refused with that reason wherever an encoder is loaded, and nothing is recommended of it."""

import json
import warnings
from typing import List

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import refused, result_json
from test_encode import make_videos

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # torch.jit
              pytest.mark.filterwarnings("ignore::FutureWarning")]
SIDE, DIM = 16, 8
INFO = {"name": "odd", "image_size": SIDE, "embedding_dim": DIM, "mean": [.5] * 3, "std": [.25] * 3,
        "resize": "bicubic", "source": "a test", "weights_sha256": ""}


class Net(nn.Module):
    """Two convolutions and a linear layer, with `middle` between them."""

    def __init__(self, middle=None, last=None):
        super().__init__()
        torch.manual_seed(1)
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.middle = middle if middle is not None else nn.Identity()
        self.second = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.project = nn.Linear(8 * 4 * 4, DIM)
        self.last = last if last is not None else nn.Identity()

    def forward(self, x):
        x = F.relu(self.second(F.relu(self.middle(self.first(x)))))
        return self.last(self.project(x.flatten(1)))


class Function(nn.Module):
    """A function of [B, D] as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class ForgottenFlag(nn.Module):
    def forward(self, x):
        return F.dropout(x, .3)


class Noise(nn.Module):
    def forward(self, x):
        return x + .01 * torch.randn_like(x)


class Bernoulli(nn.Module):
    def forward(self, x):
        return x * torch.bernoulli(torch.full_like(x, .9))


class Attention(nn.Module):
    def forward(self, x):
        x = x.unsqueeze(1).unsqueeze(1)
        return F.scaled_dot_product_attention(x, x, x, dropout_p=.2).flatten(1)


class CountingBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        return x + .01 * self.calls


class LateCounter(nn.Module):
    """Changes only after a hundred batches."""

    calls: int

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x * 2 if self.calls > 100 else x


class UnreadCounter(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        return x


class RunningMean(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(DIM))

    def forward(self, x):
        self.mean.mul_(.9).add_(.1 * x.mean(0))
        return x - self.mean


class Remembering(nn.Module):
    seen: List[torch.Tensor]

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(x.mean(0))
        return x - self.seen[0]


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(DIM, DIM, num_layers=2, dropout=.5, batch_first=True)

    def forward(self, x):
        return self.lstm(x.unsqueeze(1))[0][:, 0]


def traced(module, train=False):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(module.train(train), torch.randn(2, 3, SIDE, SIDE), check_trace=False)


def scripted(module, train=False):
    return torch.jit.script(module.train(train))


def function(f):
    return lambda: traced(Net(last=Function(f)))


def transformer(train):
    layer = nn.TransformerEncoderLayer(DIM, 2, 16, dropout=.1, batch_first=True)
    return traced(Net(last=nn.Sequential(nn.Unflatten(1, (1, DIM)), layer, nn.Flatten())), train)


def frozen(module):
    return torch.jit.freeze(module.eval())


# name -> (archive, what the refusal says)
REFUSED = {
    "dropout, traced in training mode": (lambda: traced(Net(last=nn.Dropout(.5)), True), "training mode: dropout is on"),
    "dropout of whole channels": (lambda: traced(Net(nn.Dropout2d(.5)), True), "training mode: dropout is on"),
    "alpha dropout": (lambda: traced(Net(last=nn.AlphaDropout(.2)), True), "training mode: dropout is on"),
    "dropout so small that it is hardly seen": (lambda: traced(Net(last=nn.Dropout(1e-6)), True), "dropout is on"),
    "a forgotten flag, scripted": (lambda: scripted(Net(last=ForgottenFlag())), "training mode: dropout is on"),
    "attention with dropout": (lambda: traced(Net(last=Attention())), "training mode: dropout is on"),
    "a transformer in training mode": (lambda: transformer(True), "training mode: dropout is on"),
    "an LSTM in training mode": (lambda: traced(Net(last=Lstm()), True), "training mode: dropout is on"),
    "random leaks": (lambda: traced(Net(nn.RReLU()), True), "training mode: noise is on"),
    "BatchNorm, traced in training mode": (lambda: traced(Net(nn.BatchNorm2d(8)), True), "training mode: BatchNorm"),
    "BatchNorm of vectors": (lambda: traced(Net(last=nn.BatchNorm1d(DIM)), True), "training mode: BatchNorm"),
    "BatchNorm without statistics": (lambda: traced(Net(nn.BatchNorm2d(8, track_running_stats=False))), "BatchNorm normalises by the batch"),
    "the same, scripted": (lambda: scripted(Net(nn.BatchNorm2d(8, track_running_stats=False))), "BatchNorm normalises by the batch"),
    "noise": (lambda: traced(Net(last=Noise())), "adds noise (randn_like)"),
    "noise, scripted": (lambda: scripted(Net(last=Noise())), "adds noise (randn_like)"),
    "random masks": (lambda: scripted(Net(last=Bernoulli())), "adds noise (bernoulli)"),
    "a counting buffer": (lambda: scripted(Net(last=CountingBuffer())), "its attribute calls"),
    "a counting buffer, traced": (lambda: traced(Net(last=CountingBuffer())), "its attribute calls"),
    "a counter that shows late": (lambda: scripted(Net(last=LateCounter())), "its attribute calls"),
    "a running mean": (lambda: scripted(Net(last=RunningMean())), "its attribute mean"),
    "a list that grows": (lambda: scripted(Net(last=Remembering())), "its attribute seen"),
    "centred by the batch": (function(lambda x: x - x.mean(0)), "alone than beside others"),
    "softmax over the batch": (function(lambda x: x.softmax(0)), "alone than beside others"),
    "relative to the first": (function(lambda x: x - .1 * x[:1]), "alone than beside others"),
    "relative to the last": (function(lambda x: x - .1 * x[-1:]), "alone than beside others"),
    "by the place in the batch": (function(lambda x: x * torch.arange(1, x.shape[0] + 1).unsqueeze(1)), "alone than beside others"),
    "scaled by the batch": (function(lambda x: x / x.abs().max()), "alone than beside others"),
    "no number": (function(lambda x: x * float("nan")), "no finite number"),
}

ACCEPTED = {
    "plain": lambda: traced(Net()),
    "scripted and saved in training mode, which eval() mends": lambda: scripted(Net(nn.BatchNorm2d(8), nn.Dropout(.5)), True),
    "BatchNorm with statistics": lambda: traced(Net(nn.BatchNorm2d(8), nn.BatchNorm1d(DIM))),
    "norms of the image itself": lambda: traced(Net(nn.InstanceNorm2d(8), nn.LayerNorm(DIM)), True),
    "group norm": lambda: traced(Net(nn.GroupNorm(2, 8))),
    "dropout of nothing": lambda: traced(Net(last=nn.Dropout(0)), True),
    "a transformer": lambda: transformer(False),
    "an LSTM": lambda: traced(Net(last=Lstm())),
    "half precision inside": function(lambda x: (x.bfloat16() * 1.7).float()),
    "no number for black images": function(lambda x: x / (x.abs() > 0)),
    "BatchNorm that freezing took out of training mode": lambda: frozen(traced(Net(nn.BatchNorm2d(8)), True)),
    "a counter that nobody reads": lambda: scripted(Net(last=UnreadCounter())),
    "frozen": lambda: frozen(traced(Net(nn.BatchNorm2d(8)))),
}


def save(module, path):
    torch.jit.save(module, str(path), _extra_files={"mien.json": json.dumps(INFO)})
    return path


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    return make_videos(tmp_path_factory.mktemp("crops") / "crops", 1, frames=2)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_function_of_its_image_is_refused(mien, crops, tmp_path, name):
    make, reason = REFUSED[name]
    archive = save(make(), tmp_path / "odd.pt")
    for dtype in ("auto", "fp32"):
        refused(mien("encode", "--images", crops, "--encoder", archive, "--bank", tmp_path / "bank", "--dtype", dtype),
                f"--encoder = {archive}", reason)
    refused(mien("encode", "--benchmark", "--encoder", archive), reason)
    assert not (tmp_path / "bank").exists()
    done = mien("inspect", archive, "--verify", "--json")
    assert done.returncode == 2 and reason in json.loads(done.stdout)["problems"][0]


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_function_of_its_image_is_taken(mien, crops, tmp_path, name):
    archive = save(ACCEPTED[name](), tmp_path / "fine.pt")
    for dtype in ("auto", "fp32"):
        done = mien("encode", "--images", crops, "--encoder", archive, "--bank", tmp_path / dtype, "--dtype", dtype, "--json")
        assert result_json(done)["failed"] == 0
        assert "warning" not in done.stderr, done.stderr


def quantised():
    return torch.ao.quantization.quantize_dynamic(Net(last=nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, DIM))), {nn.Linear})


@pytest.mark.parametrize("make", [lambda: traced(quantised()), lambda: scripted(quantised())])
def test_quantisation_by_the_batch_is_named_and_not_recommended(mien, crops, tmp_path, make):
    archive = save(make(), tmp_path / "small.pt")
    done = mien("encode", "--images", crops, "--encoder", archive, "--bank", tmp_path / "bank", "--dtype", "fp32", "--json")
    assert result_json(done)["frames"] == 2
    (warning,) = [line for line in done.stderr.splitlines() if line.startswith("warning")]
    assert "scale of its quantisation from the batch (quantized::linear_dynamic)" in warning and str(archive) in warning
    found = result_json(mien("encode", "--benchmark", "--encoder", archive, "--json"))
    assert found["chosen"] is None and found["fastest"] is None
    assert all("quantisation" in rate["problem"] or "differs" in rate["problem"] or "fails" in rate["problem"] or
               "cosine" in rate["problem"] for rate in found["rates"])
    text = mien("encode", "--benchmark", "--encoder", archive)
    assert "recommends none" in text.stdout and "would choose" not in text.stdout


@pytest.mark.parametrize("name", ["dropout, traced in training mode", "noise", "centred by the batch"])
def test_predict_and_export_refuse_it_as_well(mien, world, crops, tmp_path, name):
    """The run's bank is said to be of this archive, so that the encoder is the only thing to refuse."""
    make, reason = REFUSED[name]
    archive = save(make(), tmp_path / "odd.pt")
    run = run_on(mien, world, archive, tmp_path)
    rows = ["--out", tmp_path / "rows.csv"]
    refused(mien("predict", run, "--images", crops, "--encoder", archive, *rows), reason)
    refused(mien("predict", run, "--video", crops / "v0" / "00001.jpg", "--encoder", archive, *rows), reason)
    refused(mien("export", run, "--encoder", archive, "--out", tmp_path / "model.pt"), reason)
    assert not (tmp_path / "rows.csv").exists() and not (tmp_path / "model.pt").exists()


def run_on(mien, world, archive, folder):
    import hashlib
    import shutil

    from helpers import CONFIGS

    bank = folder / "bank-of-it"
    shutil.copytree(world / "data" / "bank", bank)
    info = json.loads((bank / "bank.json").read_text())
    info["encoder"] |= INFO | {"file_sha256": hashlib.sha256(archive.read_bytes()).hexdigest()}
    (bank / "bank.json").write_text(json.dumps(info))
    result_json(mien("train", CONFIGS / "expr.yaml", f"bank={bank}", f"annotations={world / 'data' / 'annotations'}",
                     "epochs=1", "--out", folder / "run", "--json", "--quiet"))
    return folder / "run"
