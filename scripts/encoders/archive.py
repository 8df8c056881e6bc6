"""Writing an Encoder as a TorchScript archive, and proving that the file computes what the model does."""
import io
import json
import os
import tempfile
import warnings
from pathlib import Path

import torch

from .spec import weights_sha256

METADATA_FILE = "mien.json"
CHECKED_BATCHES = (1, 5)
TRACED_BATCH = 2
TOLERANCE = 1e-5


class ParityError(RuntimeError):
    """The written archive does not reproduce the eager model: a bug, never the user's input."""


def write_archive(encoder, path):
    """Traces the encoder, checks the archive's bytes as loaded again on the CPU, then puts them at path.

    Returns (metadata dict, largest relative error). The file appears whole or not at all; an existing one is
    replaced. Raises ParityError, and OSError from the file system.
    """
    metadata = encoder.metadata()
    content = traced_bytes(encoder, metadata)
    error = check_parity(content, encoder, metadata)
    replace_file(Path(path), content)
    return metadata, error


@torch.inference_mode(False)
def traced_bytes(encoder, metadata):
    """The archive as bytes: unfrozen (parameters keep their names), float32, any batch size."""
    buffer = io.BytesIO()
    example = probe(encoder, TRACED_BATCH)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # tracing warns of its own deprecation and of size checks in Python
        traced = torch.jit.trace(encoder.module, example, check_trace=False)
        torch.jit.save(traced, buffer, _extra_files={METADATA_FILE: json.dumps(metadata, indent=2)})
    return buffer.getvalue()


def probe(encoder, batch):
    """A repeatable input float [batch,3,S,S] with the range of normalised pixels."""
    generator = torch.Generator().manual_seed(batch)
    return torch.randn(batch, 3, encoder.image_size, encoder.image_size, generator=generator)


def check_parity(content, encoder, metadata):
    """Largest relative error ||file - eager|| / ||eager|| over single embeddings; raises ParityError above 1e-5."""
    extra = {METADATA_FILE: ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = torch.jit.load(io.BytesIO(content), map_location="cpu", _extra_files=extra)
    if json.loads(extra[METADATA_FILE]) != metadata:
        raise ParityError("the metadata in the archive differs from what was written")
    if weights_sha256(loaded.state_dict()) != metadata["weights_sha256"]:
        raise ParityError("the weights in the archive differ from the model's")
    worst = 0.0
    for batch in CHECKED_BATCHES:
        pixels = probe(encoder, batch)
        with torch.no_grad():
            expected, got = encoder.module(pixels), loaded(pixels)
        if got.shape != (batch, encoder.embedding_dim) or got.dtype != torch.float32:
            raise ParityError(f"batch {batch}: got {got.dtype} {tuple(got.shape)}")
        error = ((got - expected).norm(dim=1) / expected.norm(dim=1)).max().item()
        if not error <= TOLERANCE:  # a NaN fails too
            raise ParityError(f"batch {batch}: relative error {error:.1e} is above {TOLERANCE:.0e}")
        worst = max(worst, error)
    return worst


def replace_file(path, content):
    """Writes content beside path and renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
