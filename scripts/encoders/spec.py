"""What an encoder file is made of: a module in evaluation mode and the facts that travel with it."""
import hashlib
from dataclasses import dataclass

import torch

RESIZE_METHODS = ("bicubic", "bilinear")


@dataclass(frozen=True)
class Encoder:
    """A module forward(float32 [B,3,S,S]) -> float32 [B,D] with its preprocessing.

    mean and std are RGB triples on values in [0,1]; resize is one of RESIZE_METHODS (Pillow's arithmetic);
    source says in words where the weights come from.
    """

    module: torch.nn.Module
    name: str
    image_size: int
    embedding_dim: int
    mean: tuple
    std: tuple
    resize: str
    source: str

    def metadata(self):
        """The content of the archive's `mien.json`, as a dict in its fixed key order."""
        return {
            "name": self.name,
            "image_size": self.image_size,
            "embedding_dim": self.embedding_dim,
            "mean": list(self.mean),
            "std": list(self.std),
            "resize": self.resize,
            "source": self.source,
            "weights_sha256": weights_sha256(self.module.state_dict()),
        }


def weights_sha256(state_dict):
    """SHA-256, in hexadecimal, of the weights alone: any archive that holds the same tensors has the same one.

    Parameters and floating-point buffers in the order of their names' bytes; each adds the UTF-8 text
    `<name> <dtype> <d0>x<d1>x...` and a line feed (dtype without `torch.`; a scalar's shape is empty), then its
    row-major, little-endian bytes. Integer buffers (counters, position numbers) are bookkeeping and stay out.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(state_dict.items()):
        if not tensor.is_floating_point():
            continue
        shape = "x".join(str(n) for n in tensor.shape)
        digest.update(f"{name} {str(tensor.dtype).removeprefix('torch.')} {shape}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
