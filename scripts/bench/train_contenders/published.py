"""The published trainer's way: a file opened for every row, CVaR by a search, weights cloned at every step."""
import h5py
import torch
from scipy import optimize
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Rows(Dataset):
    """The rows of an HDF5 file, which is opened anew for each."""

    def __init__(self, path):
        self.path = path
        with h5py.File(path, "r") as file:
            self.labels = file["labels"][:]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, row):
        with h5py.File(self.path, "r") as file:
            return torch.from_numpy(file["features"][row]), int(self.labels[row])


def batches(path, size):
    """(x, labels) without end, in a new order every epoch."""
    loader = DataLoader(Rows(path), batch_size=size, shuffle=True, num_workers=0, drop_last=True)
    while True:
        yield from loader


def cvar(losses, alpha):
    """min over t of t + mean(max(l - t, 0)) / alpha, where t is searched by evaluations."""
    detached = losses.detach()

    def value(level):
        return level + (detached - level).clamp_min(0).mean().item() / alpha

    level = optimize.fminbound(value, detached.min().item() - 1000, detached.max().item())
    return level + (losses - level).clamp_min(0).mean() / alpha


class Trainer:
    """step(x, labels) is one SAM step of model; running statistics see both passes."""

    def __init__(self, model, method):
        self.model, self.method = model.train(), method
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=method.lr, weight_decay=method.weight_decay)

    def backward(self, x, labels):
        self.optimizer.zero_grad()
        losses = nn.functional.cross_entropy(self.model(x), labels, reduction="none")
        loss = cvar(losses, self.method.alpha)
        loss.backward()
        return loss.item()

    def step(self, x, labels):
        loss = self.backward(x, labels)
        parameters = list(self.model.parameters())
        norm = torch.norm(torch.stack([parameter.grad.norm(p=2) for parameter in parameters]), p=2)
        before = [parameter.detach().clone() for parameter in parameters]
        with torch.no_grad():
            for parameter in parameters:
                parameter.add_(parameter.grad * (self.method.rho / (norm + 1e-12)))
        self.backward(x, labels)
        for parameter, kept in zip(parameters, before):
            parameter.data = kept
        self.optimizer.step()
        return loss
