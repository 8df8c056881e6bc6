"""A Python loop with nothing to spare: rows in memory, fused and batched updates, exact CVaR."""
import math

import torch
from torch import nn


def cvar(losses, alpha):
    """The mean of the worst share alpha; the last loss of the tail counts in part."""
    size = alpha * len(losses)
    tail = torch.topk(losses, math.ceil(size), sorted=True).values
    if size == len(tail):
        return tail.mean()
    return (tail[:-1].sum() + (size - len(tail) + 1) * tail[-1]) / size


class Trainer:
    """step(x, labels) is one SAM step of model; bf16 rounds the operands of matrix products."""

    def __init__(self, model, method, bf16=False):
        self.model, self.method, self.bf16 = model.train(), method, bf16
        self.parameters = [parameter for parameter in model.parameters()]
        self.saved = [torch.empty_like(parameter) for parameter in self.parameters]
        self.norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm1d)]
        self.momenta = [norm.momentum for norm in self.norms]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=method.lr, weight_decay=method.weight_decay, fused=True)

    def backward(self, x, labels):
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            scores = self.model(x)
        scores = scores.float() if self.bf16 else scores
        losses = nn.functional.cross_entropy(scores, labels, reduction="none")
        loss = cvar(losses, self.method.alpha)
        loss.backward()
        return loss.detach()

    def step(self, x, labels):
        """The loss before the step."""
        loss = self.backward(x, labels)
        self.climb()
        self.second_pass(x, labels)
        self.optimizer.step()
        return loss

    @torch.no_grad()
    def climb(self):
        """The weights move rho along the gradient; they are kept in saved."""
        gradients = [parameter.grad for parameter in self.parameters]
        norm = torch.stack(torch._foreach_norm(gradients)).norm().item()
        torch._foreach_copy_(self.saved, self.parameters)
        torch._foreach_add_(self.parameters, gradients, alpha=self.method.rho / (norm + 1e-12))

    def second_pass(self, x, labels):
        """The gradient there, with dropout drawn anew and running statistics left alone; the weights move back."""
        for norm in self.norms:
            norm.momentum = 0.0
        self.backward(x, labels)
        for norm, momentum in zip(self.norms, self.momenta):
            norm.momentum = momentum
        with torch.no_grad():
            torch._foreach_copy_(self.parameters, self.saved)


def batches(features, labels, size):
    """(x, labels) without end, in a new order every epoch; a rest smaller than size is left out."""
    while True:
        order = torch.randperm(len(labels))
        for rows in order[:len(order) - len(order) % size].split(size):
            yield features.index_select(0, rows), labels.index_select(0, rows)
