"""A run's head as PyTorch sees it: embeddings in, probabilities out."""
import json

import torch
from safetensors import safe_open
from torch import nn

from bench.made_up import EXPRESSIONS, UNITS

TASKS = ("expr", "au")
NAMES = {"expr": [f"p_{name}" for name in EXPRESSIONS], "au": [f"p_{name}" for name in UNITS]}


def read(path):
    """(tensors by name, what the file says of itself)"""
    with safe_open(str(path), "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["mien"])


def block(tensors, prefix):
    """Linear, BatchNorm and ReLU; nothing drops out in evaluation."""
    weight = tensors[f"{prefix}.linear.weight"]
    linear, norm = nn.Linear(weight.shape[1], weight.shape[0]), nn.BatchNorm1d(weight.shape[0])
    linear.load_state_dict({name: tensors[f"{prefix}.linear.{name}"] for name in ("weight", "bias")})
    norm.load_state_dict({name: tensors[f"{prefix}.norm.{name}"]
                          for name in ("weight", "bias", "running_mean", "running_var")}, strict=False)
    return [linear, norm, nn.ReLU()]


def output(tensors, task):
    weight = tensors[f"heads.{task}.weight"]
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    linear.load_state_dict({name: tensors[f"heads.{task}.{name}"] for name in ("weight", "bias")})
    return linear


class Normalize(nn.Module):
    """What the run does to embeddings first: none, standardize or l2."""

    def __init__(self, kind, tensors):
        super().__init__()
        self.kind = kind
        self.mean, self.std = tensors.get("input.mean"), tensors.get("input.std")

    def forward(self, x):
        if self.kind == "standardize":
            return (x - self.mean) / self.std
        return nn.functional.normalize(x) if self.kind == "l2" else x


class Head(nn.Module):
    """[B, D] -> {task: probabilities [B, 8 or 12]}; the tasks of the file that are in TASKS."""

    def __init__(self, path):
        super().__init__()
        tensors, said = read(path)
        self.normalize = Normalize(said["normalize"], tensors)
        parts = [part for i in range(said["layers"]) for part in block(tensors, f"trunk.{i}")]
        self.trunk = nn.Sequential(*parts)
        self.tasks = [task for task in said["tasks"] if task in TASKS]
        self.heads = nn.ModuleDict({task: output(tensors, task) for task in self.tasks})
        self.eval().requires_grad_(False)

    def forward(self, embeddings):
        hidden, answers = self.trunk(self.normalize(embeddings)), {}
        for task, head in self.heads.items():
            logits = head(hidden)
            answers[task] = torch.softmax(logits, 1) if task == "expr" else torch.sigmoid(logits)
        return answers
