"""What a bank says of the encoder that made its embeddings: known from its archive, or as far as the user knows."""
import hashlib
import json
import sys
import zipfile
from pathlib import Path

from encoders.clip import MEAN, STD
from encoders.errors import InputError

METADATA_ENTRY = "/extra/mien.json"


def is_text(value):
    return isinstance(value, str)


def is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def are_numbers(value):
    return isinstance(value, list) and len(value) == 3 and all(
        isinstance(number, (int, float)) and not isinstance(number, bool) and abs(number) <= sys.float_info.max
        for number in value)


REQUIRED = {  # as mien itself requires them in an archive's mien.json and in bank.json
    "name": (is_text, "a text"),
    "image_size": (lambda value: is_whole(value) and 1 <= value <= 4096, "a whole number of 1 to 4096"),
    "embedding_dim": (lambda value: is_whole(value) and value > 0, "a whole number of at least 1"),
    "mean": (are_numbers, "three numbers"),
    "std": (lambda value: are_numbers(value) and min(value) > 0, "three numbers above 0"),
    "resize": (lambda value: value in ("bicubic", "bilinear"), "bicubic or bilinear"),
}
OPTIONAL = {"source": (is_text, "a text"), "weights_sha256": (is_text, "a text")}


def file_sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def archive_metadata(path):
    """The mien.json inside a TorchScript archive, or None where it has none. Raises InputError for other files."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if name.endswith(METADATA_ENTRY)]
            metadata = json.loads(archive.read(inside[0])) if inside else None
    except (OSError, zipfile.BadZipFile, ValueError) as failure:
        raise InputError("--encoder", path, f"a TorchScript archive ({failure})") from None
    if metadata is not None and not isinstance(metadata, dict):
        raise InputError("--encoder", path, "a mien.json inside that holds a JSON object")
    return metadata


def checked(metadata, path):
    """What a bank records of an archive's mien.json. Raises InputError for the first key that is missing or wrong."""
    facts = {}
    for key, (fits, expected) in (REQUIRED | OPTIONAL).items():
        if key not in metadata and key in OPTIONAL:
            continue
        if key not in metadata or not fits(metadata[key]):
            value = json.dumps(metadata[key], ensure_ascii=False) if key in metadata else "(missing)"
            raise InputError(f"{path}: mien.json: {key}", value, expected)
        facts[key] = metadata[key]
    return facts


def from_archive(path, name, image_size, dim):
    """Facts of the archive itself, so that the bank is one with what `mien encode` makes with that file."""
    metadata = archive_metadata(path)
    if metadata is None:
        metadata = assumed_facts(required(name, f"{path} has no mien.json"), image_size, dim, Path(path).name)
    facts = checked(metadata, path)
    if name is not None and name != facts["name"]:
        raise InputError("--encoder-name", name, f"{facts['name']}, as {path} says, or left out")
    if facts["embedding_dim"] != dim:
        raise InputError("--encoder", path, f"an encoder of {dim} values, as the features have (its mien.json says "
                         f"{facts['embedding_dim']})")
    return {**facts, "file_sha256": file_sha256(path)}


def from_name(name, image_size, dim, files):
    """Facts without the archive. The digest covers the name and the files, so that no other import, and nothing that
    `mien encode` computes, is ever taken for the same encoder. Size, mean, std and resize are CLIP's: nobody knows
    the real ones, nothing is computed with them, and `source` says so."""
    required(name, "without --encoder FILE")
    digest = hashlib.sha256(name.encode())
    for file in files:
        digest.update(f"\n{file_sha256(file)}".encode())
    source = (f"imported from {', '.join(Path(file).name for file in files)}; image_size, mean, std and resize are "
              "assumed, not what the features were made with")
    return {**assumed_facts(name, image_size, dim, source), "file_sha256": digest.hexdigest()}


def required(name, why):
    if name is None:
        raise InputError("--encoder-name", "(missing)", f"the encoder's name, {why}")
    return name


def assumed_facts(name, image_size, dim, source):
    """CLIP's preprocessing, for an encoder that says nothing of its own."""
    return {"name": name, "image_size": image_size, "embedding_dim": dim, "mean": list(MEAN), "std": list(STD),
            "resize": "bicubic", "source": source, "weights_sha256": ""}
