"""The published method restated in plain PyTorch, apart from the C++: what numerics.md says.

An MLP trunk, CVaR by scanning the definition's minimum over the losses themselves, SAM with a
fresh gradient at w + rho g / |g|, AdamW. Dropout off. Everything on the CPU, any dtype.
"""

import math

import numpy as np
import torch
from torch import nn

SCORES = {"expr": 8, "au": 12, "va": 2}


class Trunk(nn.Module):
    """layers x (Linear, BatchNorm1d, ReLU), then one Linear a task. `log_variances`: s of learned task weights."""

    log_variances = None

    def __init__(self, dim, width, layers, tasks):
        super().__init__()
        sizes = [dim] + [width] * layers
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(layers))
        self.heads = nn.ModuleDict({task: nn.Linear(sizes[-1], SCORES[task]) for task in tasks})

    def forward(self, x):
        for linear, norm in zip(self.linears, self.norms):
            x = torch.relu(norm(linear(x)))
        return {task: head(x) for task, head in self.heads.items()}

    def named_arrays(self):
        """Arrays under the names of the weight files."""
        arrays = {}
        for i, (linear, norm) in enumerate(zip(self.linears, self.norms)):
            arrays |= {
                f"trunk.{i}.linear.weight": linear.weight,
                f"trunk.{i}.linear.bias": linear.bias,
                f"trunk.{i}.norm.weight": norm.weight,
                f"trunk.{i}.norm.bias": norm.bias,
                f"trunk.{i}.norm.running_mean": norm.running_mean,
                f"trunk.{i}.norm.running_var": norm.running_var,
            }
        for task, head in self.heads.items():
            arrays |= {f"heads.{task}.weight": head.weight, f"heads.{task}.bias": head.bias}
        return {name: tensor.detach().numpy().copy() for name, tensor in arrays.items()}


def make_trunk(seed, dim, width, layers, tasks, dtype):
    torch.manual_seed(seed)
    trunk = Trunk(dim, width, layers, tasks).to(dtype)
    for linear in [*trunk.linears, *trunk.heads.values()]:
        nn.init.kaiming_uniform_(linear.weight, mode="fan_in", nonlinearity="relu")
    return trunk


def cvar(losses, alpha):
    """min over t of t + mean(max(l - t, 0)) / alpha; the minimum is at one of the losses."""
    if losses.numel() == 0:
        return losses.sum()
    values = losses.flatten()
    with torch.no_grad():
        wide = values.double()  # flat near the minimum: single precision picks a neighbour
        excess = (wide[None] - wide[:, None]).clamp_min(0)
        best = torch.argmin(wide + excess.mean(1) / alpha)
    t = values[best]  # part of the graph: its own loss carries the rest of the weight
    return t + (values - t).clamp_min(0).mean() / alpha


def is_known(task, labels):
    """Rows (EXPR, VA) or elements (AU) with a label."""
    return (labels != -5).all(1) if task == "va" else labels >= 0


def ccc(truth, predicted):
    """Lin's concordance of two columns, with population moments."""
    off = (truth - truth.mean()) * (predicted - predicted.mean())
    spread = truth.var(correction=0) + predicted.var(correction=0)
    return 2 * off.mean() / (spread + (truth.mean() - predicted.mean()) ** 2)


def concordance_loss(logits, labels):
    known = is_known("va", labels)
    if known.sum() < 2:
        return logits.sum() * 0
    truth, predicted = labels[known].double(), torch.tanh(logits[known].double())
    parts = [1 - ccc(truth[:, d], predicted[:, d]) for d in range(2)]
    return (sum(parts) / 2).to(logits.dtype)


def task_loss(task, logits, labels, alpha):
    if task == "va":
        return concordance_loss(logits, labels)
    if task == "expr":
        known = labels >= 0
        losses = nn.functional.cross_entropy(logits[known], labels[known], reduction="none")
    else:
        known = labels >= 0
        losses = nn.functional.binary_cross_entropy_with_logits(
            logits[known], labels[known].to(logits.dtype), reduction="none"
        )
    return cvar(losses, alpha)


def total_loss(trunk, x, labels, alpha):
    logits = trunk(x)
    losses = [task_loss(task, logits[task], labels[task], alpha) for task in logits]
    if trunk.log_variances is None:
        return sum(losses)
    return sum(torch.exp(-s) * loss + s for s, loss in zip(trunk.log_variances, losses))


def learn_task_weights(trunk, weights):
    """From here on the tasks' losses are weighted by exp(-s), s trained from -log(weight)."""
    dtype = next(trunk.parameters()).dtype
    trunk.log_variances = torch.tensor([-math.log(w) for w in weights], dtype=dtype, requires_grad=True)


class _FrozenStatistics:
    """Batch statistics are used, running statistics stay as they are."""

    def __init__(self, trunk):
        self.norms = trunk.norms

    def __enter__(self):
        self.saved = [(n.running_mean.clone(), n.running_var.clone()) for n in self.norms]

    def __exit__(self, *_):
        for norm, (mean, var) in zip(self.norms, self.saved):
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(var)


def drop_rounding(trunk):
    """A Linear's bias before BatchNorm has no gradient but rounding, which AdamW blows up to steps
    of the learning rate's size; in single precision it is taken out, so that what is compared is
    the method."""
    for linear in trunk.linears:
        linear.bias.grad.zero_()


def cvar_level(task, logits, labels, alpha):
    """The smallest of the losses in the tail: the ceil(alpha n)-th largest."""
    known = labels >= 0
    if task == "expr":
        losses = nn.functional.cross_entropy(logits[known], labels[known], reduction="none")
    else:
        losses = nn.functional.binary_cross_entropy_with_logits(
            logits[known], labels[known].to(logits.dtype), reduction="none"
        )
    largest_first = losses.flatten().sort(descending=True).values
    return float(largest_first[math.ceil(alpha * len(largest_first)) - 1])


def described(trunk, x, labels, alpha):
    """{level.<task>: its CVaR level} at w, which leaves no trace."""
    with torch.no_grad(), _FrozenStatistics(trunk):
        logits = trunk(x)
        return {f"level.{task}": cvar_level(task, logits[task], labels[task], alpha) for task in logits if task != "va"}


def sam_step(trunk, optimizer, x, labels, alpha, rho, adaptive=False, log=None):
    """One step; gives the loss at w. A list `log` gets {norm, level.<task>, sharpness} of it."""
    trunk.train()
    parameters = list(trunk.parameters())  # of the head: log variances are not perturbed
    optimizer.zero_grad()
    loss = total_loss(trunk, x, labels, alpha)
    loss.backward()
    if log is not None:
        norm = math.sqrt(sum(float(p.grad.double().square().sum()) for p in parameters))
        log.append({"norm": norm} | described(trunk, x, labels, alpha))
    if rho > 0:
        scales = [p.detach().abs() if adaptive else torch.ones_like(p) for p in parameters]
        norm = math.sqrt(
            sum(float((s * p.grad).double().square().sum()) for s, p in zip(scales, parameters))
        )
        kept = [p.detach().clone() for p in parameters]
        with torch.no_grad():
            for p, s in zip(parameters, scales):
                p += rho / (norm + 1e-12) * s * s * p.grad
        optimizer.zero_grad()
        with _FrozenStatistics(trunk):
            perturbed = total_loss(trunk, x, labels, alpha)
            perturbed.backward()
        if log is not None:
            log[-1]["sharpness"] = perturbed.item() - loss.item()
        with torch.no_grad():
            for p, before in zip(parameters, kept):
                p.copy_(before)
    if x.dtype == torch.float32:
        drop_rounding(trunk)
    optimizer.step()
    return loss.item()


def train(trunk, x, labels, *, batch_size, steps, alpha, rho, adaptive=False, rate=None, every=1, decay=1e-4,
          log=None, after_step=None):
    """`steps` steps over consecutive batches; rate(step) -> learning rate, 1e-3 by default. `alpha` a number, or
    alpha(step). Each `every`-th is sharpness-aware, the others are plain; `decay`: of the weights; after_step()
    follows each."""
    groups = [{"params": list(trunk.parameters()), "weight_decay": decay}]
    if trunk.log_variances is not None:
        groups.append({"params": [trunk.log_variances], "weight_decay": 0})
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    starts = list(range(0, len(x), batch_size))
    losses = []
    for step in range(steps):
        begin = starts[step % len(starts)]
        rows = slice(begin, begin + batch_size)
        if rate:
            for group in optimizer.param_groups:
                group["lr"] = rate(step)
        batch = {task: values[rows] for task, values in labels.items()}
        radius = rho if step % every == 0 else 0
        level = alpha(step) if callable(alpha) else alpha
        losses.append(sam_step(trunk, optimizer, x[rows], batch, level, radius, adaptive, log))
        if after_step:
            after_step()
    return np.array(losses)


def compared_tensors(names):
    """All but those that only rounding moves: a Linear's bias before BatchNorm and the running
    mean that goes with it. They are compared by their effect on the output in evaluation mode."""
    return [n for n in names if not n.endswith(("linear.bias", "norm.running_mean"))]


def relative_gap(a, b):
    """Largest difference relative to the tensor's largest element."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))
