"""A bank on disk, as shared by every command of mien: bank.json and one <video>.safetensors a video."""
import json
import os
import shutil
import tempfile
from pathlib import Path

from safetensors.numpy import save_file

from encoders.errors import InputError

BANK_FILE = "bank.json"


def check_target(out, force):
    """Raises InputError where out must not be replaced: only a bank ever is, and only by force."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError("--out", out, "a folder, not a file or a link")
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / BANK_FILE).is_file():
        raise InputError("--out", out, "an empty or new folder (this one holds something that is not a bank)")
    if not force:
        raise InputError("--out", out, "an empty or new folder (or --force to replace the bank in it)")


class BankWriter:
    """Use as a context: the bank is built in a hidden folder beside out and takes its place at the end, or never."""

    def __init__(self, out, encoder, sources):
        self.out, self.encoder, self.sources = Path(os.path.abspath(out)), encoder, sources

    def __enter__(self):
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(dir=self.out.parent, prefix=f".{self.out.name}.building-"))
        os.chmod(self.folder, 0o755)
        return self

    def write(self, video, rows):
        """One video's file from its VideoRows."""
        metadata = {"failed": json.dumps(rows.failed, ensure_ascii=False), "every": "1"}
        if rows.names:
            metadata["names"] = json.dumps({str(frame): name for frame, name in rows.names.items()},
                                           ensure_ascii=False)
        path = self.folder / f"{video}.safetensors"
        save_file({"embeddings": rows.embeddings, "frames": rows.frames}, path, metadata=metadata)
        os.chmod(path, 0o644)

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.write_facts()
                replace_folder(self.folder, self.out)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def write_facts(self):
        """bank.json; without `compute`, which an import cannot know."""
        facts = {"format": "mien-bank", "version": 1, "encoder": self.encoder,
                 "embedding_dim": self.encoder["embedding_dim"], "dtype": "F16", "sources": self.sources}
        (self.folder / BANK_FILE).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def replace_folder(new, out):
    """Puts the folder new at out; what was there is deleted only after the new one is in place."""
    old = new.with_name(new.name + ".old")
    had_content = out.exists()
    if had_content:
        os.rename(out, old)
    try:
        os.rename(new, out)
    except OSError:
        if had_content:
            os.rename(old, out)
        raise
    if had_content:
        shutil.rmtree(old)
