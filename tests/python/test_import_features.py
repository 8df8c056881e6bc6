"""scripts/import_features.py: features computed elsewhere become a bank that mien reads; anything else is refused."""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from helpers import CONFIGS, Projection, Synthetic, read_safetensors, refused, result_json, tree, write_encoder

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import import_features  # noqa: E402
from feature_bank import image_names, layouts  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
PATHS = ["b/00003.jpg", "a/00002.jpg", "b/00001.jpg", "a/00010.jpg", "c.d/7_left.png", "a/00001.jpg"]
VIDEOS = {"a": [1, 2, 10], "b": [1, 3], "c.d": [1]}  # 7_left has no number at its end
ROWS = {"a": [5, 1, 3], "b": [2, 0], "c.d": [4]}


@pytest.fixture
def run(capsys):
    """The script's main in this process, with the result in subprocess.run's form."""
    import subprocess

    def call(*arguments):
        code = import_features.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, captured.out, captured.err)

    return call


@pytest.fixture
def features():
    return np.random.default_rng(3).normal(size=(len(PATHS), 5)).astype(np.float32)


def write_list(folder, lines, name="paths.txt"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def write_h5(path, **datasets):
    """Datasets by name, `__` standing for `/`."""
    with h5py.File(path, "w") as file:
        for name, value in datasets.items():
            file[name.replace("__", "/")] = value
    return path


def imported(run, bank, *arguments):
    done = run(*arguments, "--out", bank)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"wrote {bank}: ") and f"mien inspect {bank}" in done.stdout
    return {path.name.removesuffix(".safetensors"): read_safetensors(path) for path in bank.glob("*.safetensors")}


def assert_holds(videos, features):
    """The bank has PATHS' rows: by video, ascending by frame, rounded to the nearest half."""
    assert sorted(videos) == sorted(VIDEOS)
    for video, frames in VIDEOS.items():
        arrays, metadata = videos[video]
        assert arrays["embeddings"].dtype == np.float16 and arrays["frames"].dtype == np.int32
        assert arrays["frames"].tolist() == frames
        np.testing.assert_array_equal(arrays["embeddings"], features[ROWS[video]].astype(np.float16))
        assert metadata["failed"] == "[]" and metadata["every"] == "1"


NAMED = ("--encoder-name", "their-clip")


# -------------------------------------------------------------------------------------------- an array with paths


def save_npy(folder, features):
    np.save(folder / "f.npy", features)
    return [folder / "f.npy", "--paths", write_list(folder, PATHS)]


def save_tensor(folder, features):
    torch.save(torch.tensor(features), folder / "f.pt")
    return [folder / "f.pt", "--paths", write_list(folder, PATHS)]


def save_old_tensor(folder, features):
    torch.save(torch.tensor(features), folder / "f.pth", _use_new_zipfile_serialization=False)
    return [folder / "f.pth", "--paths", write_list(folder, PATHS)]


def save_tensor_with_paths(folder, features):
    torch.save({"features": torch.tensor(features), "paths": PATHS}, folder / "f.pt")
    return [folder / "f.pt"]


def save_tensor_an_image(folder, features):
    torch.save({path: torch.tensor(row) for path, row in zip(PATHS, features)}, folder / "f.pt")
    return [folder / "f.pt"]


def save_published_h5(folder, features):
    labelled = [f"data/cropped_aligned/{path}\t{n},0,-1" for n, path in enumerate(PATHS)]
    return [write_h5(folder / "au_train.h5", train_features=features), "--paths", write_list(folder, labelled)]


def save_h5_with_paths(folder, features):
    return [write_h5(folder / "f.h5", train__features=features, train__paths=PATHS, train__au=["x"] * len(PATHS))]


def save_chunked_h5(folder, features):
    with h5py.File(folder / "f.hdf5", "w") as file:
        file.create_dataset("features", data=features, chunks=(2, 5), compression="gzip")
        file["images"] = np.array([path.encode() for path in PATHS])
    return [folder / "f.hdf5"]


def save_h5_an_image(folder, features):
    return [write_h5(folder / "f.h5", **dict(zip(PATHS, features)))]


@pytest.mark.parametrize("save", [
    save_npy, save_tensor, save_old_tensor, save_tensor_with_paths, save_tensor_an_image, save_published_h5,
    save_h5_with_paths, save_chunked_h5, save_h5_an_image])
def test_every_layout_with_a_path_a_row_gives_the_same_bank(run, tmp_path, features, save):
    videos = imported(run, tmp_path / "bank", *save(tmp_path, features), *NAMED)
    assert_holds(videos, features)
    assert json.loads(videos["c.d"][1]["names"]) == {"1": "7_left.png"}
    assert "names" not in videos["a"][1]


@pytest.mark.parametrize("line, path", [
    ("a/00001.jpg", "a/00001.jpg"), ("/data/x y/a/00001.JPEG 3", "/data/x y/a/00001.JPEG"),
    ("a/1.png,0.1,0.2", "a/1.png"), ("a.jpg.d/1.jpg\t-1", "a.jpg.d/1.jpg"), ("a/frame 1\t3", "a/frame 1"),
    ("a/1", "a/1")])
def test_labels_after_a_path_are_cut(line, path):
    assert image_names.path_of_line(line) == path


def test_lists_with_crlf_byte_order_mark_blank_lines_and_backslashes(run, tmp_path, features):
    listed = tmp_path / "paths.txt"
    text = "\r\n\r\n".join("D:\\data\\" + path.replace("/", "\\") for path in PATHS)
    listed.write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n")
    np.save(tmp_path / "f.npy", features)
    assert_holds(imported(run, tmp_path / "bank", tmp_path / "f.npy", "--paths", listed, *NAMED), features)


def test_training_and_validation_files_make_one_bank(run, tmp_path, features):
    first = write_h5(tmp_path / "train.h5", train_features=features[:4].astype(np.float64))
    second = write_h5(tmp_path / "val.h5", val_features=features[2:])
    videos = imported(run, tmp_path / "bank", first, second, "--paths", write_list(tmp_path, PATHS[:4], "train.txt"),
                      "--paths", write_list(tmp_path, PATHS[2:], "val.txt"), *NAMED)
    assert_holds(videos, features)  # rows 2 and 3 are in both, and equal
    info = json.loads((tmp_path / "bank" / "bank.json").read_text())
    assert info["sources"] == [str(first), str(second)]


# ------------------------------------------------------------------------------------------------ an array a video


def test_an_array_a_video_counts_frames_from_one(run, tmp_path):
    arrays = {name: np.random.default_rng(n).normal(size=(n, 4)) for n, name in enumerate(["x", "y z", "2-30"], 2)}
    torch.save({name: torch.tensor(value) for name, value in arrays.items()}, tmp_path / "v.pt")
    write_h5(tmp_path / "v.h5", **{f"features__{name}": value for name, value in arrays.items()})
    write_h5(tmp_path / "groups.h5", **{f"{name}__embeddings": value for name, value in arrays.items()})
    for file in ("v.pt", "v.h5", "groups.h5"):
        videos = imported(run, tmp_path / f"bank-{file}", tmp_path / file, *NAMED)
        assert sorted(videos) == sorted(arrays)
        for name, value in arrays.items():
            np.testing.assert_array_equal(videos[name][0]["embeddings"], value.astype(np.float16))
            assert videos[name][0]["frames"].tolist() == list(range(1, len(value) + 1))


def test_an_array_a_video_with_its_frames(run, tmp_path, features):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["one/clip"], file["one/frames"] = features, [9, 2, 4, 100, 3, 1]
        file["two/clip"], file["two/frames"], file["two/scores"] = features[:2], [5, 6], np.zeros(2)
    videos = imported(run, tmp_path / "bank", tmp_path / "v.h5", *NAMED)
    assert videos["one"][0]["frames"].tolist() == [1, 2, 3, 4, 9, 100]
    np.testing.assert_array_equal(videos["one"][0]["embeddings"], features[[5, 1, 4, 2, 0, 3]].astype(np.float16))
    assert videos["two"][0]["frames"].tolist() == [5, 6]


@pytest.mark.parametrize("count", [6, np.int64(6), np.float32(2), [3, 1, 2, 9, 8, 7]])
def test_frames_that_are_one_number_are_a_count(run, tmp_path, features, count):
    order = np.argsort(count) if np.ndim(count) else np.arange(6)
    frames = sorted(count) if np.ndim(count) else [1, 2, 3, 4, 5, 6]
    with h5py.File(tmp_path / "f.h5", "w") as file:
        for name in ("by_attribute", "other"):
            file[name] = features
            file[name].attrs["frames"] = count
        file["in_group/clip"], file["in_group/frames"] = features, count
        file["images/features"], file["images/frames/1"] = features, "a group"
    videos = imported(run, tmp_path / "bank", tmp_path / "f.h5", *NAMED)
    assert sorted(videos) == ["by_attribute", "images", "in_group", "other"]
    for name in ("by_attribute", "in_group"):
        assert videos[name][0]["frames"].tolist() == frames
        np.testing.assert_array_equal(videos[name][0]["embeddings"], features[order].astype(np.float16))
    assert videos["images"][0]["frames"].tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("frames", ["1,2,3,4,5,6", np.zeros((6, 1), int), np.arange(6.0), h5py.Empty("i4")])
@pytest.mark.parametrize("place", ["attribute", "dataset"])
def test_frames_that_are_no_list_of_numbers_are_refused(run, tmp_path, features, frames, place):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["x/clip"], file["y"] = features, features
        if place == "dataset":
            file["x/frames"] = frames
        else:
            file["y"].attrs["frames"] = frames
    refused(run(tmp_path / "f.h5", *NAMED, "--out", tmp_path / "bank"), "frames = ", "[6] whole numbers")
    assert not (tmp_path / "bank").exists()


def test_dataset_chooses_among_several(run, tmp_path, features):
    file = write_h5(tmp_path / "f.h5", clip=features, resnet=features[:, :2])
    listed = write_list(tmp_path, PATHS)
    refused(run(file, "--paths", listed, *NAMED, "--out", tmp_path / "bank"), "--dataset NAME", "clip, resnet")
    refused(run(file, "--paths", listed, *NAMED, "--out", tmp_path / "bank", "--dataset", "vit"), "--dataset = vit")
    videos = imported(run, tmp_path / "bank", file, "--paths", listed, *NAMED, "--dataset", "clip")
    assert_holds(videos, features)


# --------------------------------------------------------------------------------------------------- what rows become


def test_halves_are_the_nearest_and_bfloat16_is_widened(run, tmp_path):
    values = torch.tensor([[1 + 2**-11, 1 + 3 * 2**-11, 65519.0], [2.0**-25, 3 * 2.0**-26, -65504.0]])
    torch.save({"v": values}, tmp_path / "v.pt")
    found = imported(run, tmp_path / "bank", tmp_path / "v.pt", *NAMED)["v"][0]["embeddings"]
    assert found.tolist() == [[1.0, 1 + 2**-9, 65504.0], [0.0, 2.0**-24, -65504.0]]  # ties go to even
    torch.save({"v": values.bfloat16()[:, :2]}, tmp_path / "w.pt")
    found = imported(run, tmp_path / "bank-w", tmp_path / "w.pt", *NAMED)["v"][0]["embeddings"]
    np.testing.assert_array_equal(found, values.bfloat16()[:, :2].float().numpy().astype(np.float16))


def test_rows_that_f16_cannot_hold_are_failed_with_their_reason(run, mien, tmp_path, features):
    features[0, 1], features[1, 2], features[4, 0] = np.nan, 65520, -np.inf
    bank = tmp_path / "bank"
    videos = imported(run, bank, *save_npy(tmp_path, features), *NAMED)
    reasons = {(video, entry["frame"]): (entry["path"], entry["reason"])
               for video, (_, metadata) in videos.items() for entry in json.loads(metadata["failed"])}
    assert reasons == {("b", 3): ("b/00003.jpg", "embedding is not finite"),
                       ("a", 2): ("a/00002.jpg", "embedding exceeds what F16 can hold"),
                       ("c.d", 1): ("c.d/7_left.png", "embedding is not finite")}
    assert videos["a"][0]["frames"].tolist() == [1, 10] and videos["c.d"][0]["embeddings"].shape == (0, 5)
    facts = result_json(mien("inspect", bank, "--verify", "--json"))
    assert (facts["valid"], facts["videos"], facts["frames"], facts["failed"]) == (True, 3, 3, 3)


def test_numbers_follow_the_rules_of_encode():
    frames, failed, named = image_names.number_frames(
        ["1.jpg", "00001.jpg", "x2.png", "cover.jpg", "99999999999.jpg", "00000.jpg"])
    assert frames == {0: "00000.jpg", 1: "00001.jpg", 2: "x2.png"} and not named
    assert failed == [(0, "cover.jpg", "no frame number in the name"), (1, "1.jpg", "duplicate frame number"),
                      (99999999999, "99999999999.jpg", "frame number above 2147483647")]
    frames, failed, named = image_names.number_frames(["b.jpg", "a.jpg", "Z.jpg", "1.jpg"])
    assert frames == {1: "1.jpg", 2: "Z.jpg", 3: "a.jpg", 4: "b.jpg"} and not failed and named


def test_numbers_of_thousands_of_digits(run, mien, tmp_path):
    huge, small = f"{'9' * 5000}.jpg", f"{'0' * 5000}4.jpg"
    torch.save({f"v/{name}": torch.arange(3.0) for name in (huge, small, "1.jpg")}, tmp_path / "f.pt")
    arrays, metadata = imported(run, tmp_path / "bank", tmp_path / "f.pt", *NAMED)["v"]
    assert arrays["frames"].tolist() == [1, 4]
    assert json.loads(metadata["failed"]) == [
        {"frame": 2**63 - 1, "path": f"v/{huge}", "reason": "frame number above 2147483647"}]
    facts = result_json(mien("inspect", tmp_path / "bank", "--verify", "--json"))
    assert (facts["valid"], facts["frames"], facts["failed"]) == (True, 2, 1)


def test_frames_equal_those_of_mien_encode(run, mien, tmp_path):
    """The same folder, encoded by mien and listed for an import: the same frames, names and failures."""
    from PIL import Image

    names = {"plain": ["00002.jpg", "1.jpg", "00001.jpg", "cover.jpg", "99999999999.jpg", f"{'9' * 200}.jpg",
                       f"{'0' * 200}7.jpg", f"{2**63}.png", f"{2**63 - 1}.png"],
             "words": ["left.png", "right.png", "up.jpg", "1.jpg"]}
    paths = [f"{video}/{name}" for video, files in names.items() for name in files]
    for path in paths:
        (tmp_path / "root" / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (200, 10, 90)).save(tmp_path / "root" / path)
    archive = write_encoder(tmp_path / "e.pt", Projection(8, 4), 8, 4, extra={})
    result_json(mien("encode", "--images", tmp_path / "root", "--encoder", archive, "--bank", tmp_path / "encoded",
                     "--json", "--quiet"))
    np.save(tmp_path / "f.npy", np.ones((len(paths), 4), np.float32))
    videos = imported(run, tmp_path / "bank", tmp_path / "f.npy", "--paths", write_list(tmp_path, paths),
                      "--encoder", archive)
    for video, (arrays, metadata) in videos.items():
        expected, encoded = read_safetensors(tmp_path / "encoded" / f"{video}.safetensors")
        assert arrays["frames"].tolist() == expected["frames"].tolist()
        assert json.loads(metadata.get("names", "0")) == json.loads(encoded.get("names", "0"))
        brief = [[(entry["frame"], Path(entry["path"]).name, entry["reason"]) for entry in json.loads(m["failed"])]
                 for m in (metadata, encoded)]
        assert brief[0] == brief[1] and (brief[0] or video == "words")


def test_one_image_with_two_different_rows_is_refused(run, tmp_path, features):
    np.save(tmp_path / "f.npy", features)
    listed = write_list(tmp_path, [*PATHS[:5], "other/root/b/00003.jpg"])
    done = run(tmp_path / "f.npy", "--paths", listed, *NAMED, "--out", tmp_path / "bank")
    refused(done, "b/00003.jpg", "row 6 differs from row 1")
    assert not (tmp_path / "bank").exists()
    features[5] = features[0]
    np.save(tmp_path / "f.npy", features)
    videos = imported(run, tmp_path / "bank", tmp_path / "f.npy", "--paths", listed, *NAMED)
    assert videos["b"][0]["frames"].tolist() == [1, 3]


# ------------------------------------------------------------------------------------------------- the bank as a whole


def test_mien_inspects_and_trains_on_an_imported_bank(run, mien, tmp_path):
    data = Synthetic(tmp_path, seed=5, dim=12, rows_a_video=40)
    listed, rows = [], []
    for side in data.videos.values():
        for video, content in side.items():
            listed += [f"cropped_aligned/{video}/{frame:05d}.jpg" for frame in content["frames"]]
            rows.append(content["x"])
    order = np.random.default_rng(0).permutation(len(listed))  # rows of a video lie apart
    file = write_h5(tmp_path / "f.h5", train_features=np.concatenate(rows)[order])
    bank = tmp_path / "imported"
    imported(run, bank, file, "--paths", write_list(tmp_path, [listed[i] for i in order]), *NAMED)
    for path in bank.glob("*.safetensors"):
        ours, theirs = read_safetensors(path)[0], read_safetensors(data.bank / path.name)[0]
        assert all(np.array_equal(ours[key], theirs[key]) for key in ("embeddings", "frames"))
    facts = result_json(mien("inspect", bank, "--verify", "--json"))
    assert (facts["kind"], facts["valid"], facts["frames"]) == ("bank", True, len(listed))
    assert facts["encoder"]["name"] == "their-clip" and "are assumed, not what" in facts["encoder"]["source"]
    result_json(mien("train", CONFIGS / "expr.yaml", f"bank={bank}", f"annotations={data.annotations}", "epochs=1",
                     "--out", tmp_path / "run", "--json", "--quiet"))


def test_the_digest_without_an_archive_covers_name_and_content(run, tmp_path, features):
    digests = set()
    for n, (name, values) in enumerate([("x", features), ("y", features), ("x", features + 1), ("x", features)]):
        np.save(tmp_path / "f.npy", values)
        imported(run, tmp_path / str(n), tmp_path / "f.npy", "--paths", write_list(tmp_path, PATHS),
                 "--encoder-name", name)
        info = json.loads((tmp_path / str(n) / "bank.json").read_text())
        assert "compute" not in info and info["dtype"] == "F16" and info["version"] == 1
        digests.add(info["encoder"]["file_sha256"])
    assert len(digests) == 3


def test_with_the_archive_mien_encode_goes_on_with_the_bank(run, mien, tmp_path, features):
    from PIL import Image

    archive = write_encoder(tmp_path / "e.pt", Projection(8, 5), 8, 5, name="known", extra={})
    bank = tmp_path / "bank"
    imported(run, bank, *save_npy(tmp_path, features), "--encoder", archive)
    info = json.loads((bank / "bank.json").read_text())["encoder"]
    assert info["name"] == "known" and info["file_sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    (tmp_path / "root" / "new").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "root" / "new" / "00001.png")
    found = result_json(mien("encode", "--images", tmp_path / "root", "--encoder", archive, "--bank", bank, "--json",
                             "--quiet"))
    assert found["frames"] == 1 and (bank / "a.safetensors").exists() and (bank / "new.safetensors").exists()


def test_an_existing_folder_is_replaced_by_force_only_and_only_if_it_is_a_bank(run, tmp_path, features):
    arguments = [*save_npy(tmp_path, features), *NAMED, "--out", tmp_path / "bank"]
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "mine.txt").write_text("mine")
    refused(run(*arguments, "--force"), "not a bank")
    (tmp_path / "bank" / "mine.txt").unlink()
    assert run(*arguments).returncode == 0
    (tmp_path / "bank" / "stale.safetensors").write_text("stale")
    before = tree(tmp_path / "bank")
    refused(run(*arguments), "--force")
    assert tree(tmp_path / "bank") == before
    assert run(*arguments, "--force").returncode == 0
    assert not (tmp_path / "bank" / "stale.safetensors").exists()
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_rows_are_read_a_video_at_a_time_in_runs():
    class Watched:
        shape, dtype = (1000, 3), np.dtype("float32")

        def __init__(self):
            self.slices = []

        def __getitem__(self, rows):
            self.slices.append((rows.start, rows.stop))
            return np.repeat(np.arange(rows.start, rows.stop, dtype=np.float32)[:, None], 3, 1)

    watched = Watched()
    found = layouts.read_runs(watched, np.array([3, 4, 5, 90, 92, 93]))
    assert watched.slices == [(3, 6), (90, 91), (92, 94)] and found[:, 0].tolist() == [3, 4, 5, 90, 92, 93]


# ------------------------------------------------------------------------------------------------------------ refusals


def broken(folder, name, content=b"nonsense"):
    (folder / name).write_bytes(content)
    return [folder / name, *NAMED]


@pytest.mark.parametrize("make, fragments", [
    (lambda d, f: [d / "none.npy", *NAMED], ["none.npy", "exists"]),
    (lambda d, f: broken(d, "f.csv"), ["f.csv", ".h5"]),
    (lambda d, f: broken(d, "f.npy"), ["f.npy", "a .npy file"]),
    (lambda d, f: broken(d, "f.h5"), ["f.h5", "a whole HDF5 file"]),
    (lambda d, f: broken(d, "f.pt"), ["f.pt", "saved by torch.save"]),
    (lambda d, f: save_npy(d, f)[:1] + [*NAMED], ["--paths LIST"]),
    (lambda d, f: save_published_h5(d, f)[:1] + [*NAMED], ["train_features", "--paths LIST"]),
    (lambda d, f: save_npy(d, f), ["--encoder-name = (missing)"]),
    (lambda d, f: [*save_npy(d, f[:4]), *NAMED], ["6 paths", "4, a path for each row"]),
    (lambda d, f: [*save_npy(d, f), "--paths", d / "paths.txt", *NAMED], ["--paths = 2 lists", "1, one for each"]),
    (lambda d, f: [*save_npy(d, f.astype(np.int32)), *NAMED], ["int32", "floating-point"]),
    (lambda d, f: [*save_npy(d, f[0]), *NAMED], ["[N, D]"]),
    (lambda d, f: [save_npy(d, f)[0], "--paths", d / "no.txt", *NAMED], ["no.txt", "readable text file"]),
    (lambda d, f: [save_npy(d, f)[0], "--paths", write_list(d, ["00001.jpg"] * 6), *NAMED],
     ["path 1", "<video>/<image>"]),
    (lambda d, f: [*save_npy(d, f), *NAMED, "--image-size", "0"], ["--image-size = 0"]),
    (lambda d, f: [*save_npy(d, f), "--encoder", write_list(d, ["x"], "e.pt")], ["e.pt", "a TorchScript archive"]),
    (lambda d, f: [*save_npy(d, f), "--encoder", write_encoder(d / "e.pt", Projection(8, 9), 8, 9, extra={})],
     ["5 values", "9"]),
    (lambda d, f: [*save_npy(d, f), "--encoder", write_encoder(d / "e.pt", Projection(8, 5), 8, 5, extra={}), *NAMED],
     ["their-clip", "test-encoder"]),
    (lambda d, f: [write_h5(d / "f.h5", x__features=f, x__frames=[1, 2]), *NAMED], ["frames", "[6] whole numbers"]),
    (lambda d, f: [write_h5(d / "f.h5", x__features=f, y__features=f[:, :3]), *NAMED], ["y", "3 values"]),
    (lambda d, f: [write_h5(d / "f.h5", **{"a/1.jpg": f[0], "a/2.jpg": f[0][:2]}), *NAMED], ["a/2.jpg", "2 values"]),
    (lambda d, f: [write_h5(d / "f.h5", labels=[1, 2]), *NAMED], ["floating-point datasets"]),
])
def test_refusals_name_what_is_wrong(run, tmp_path, features, make, fragments):
    refused(run(*make(tmp_path, features), "--out", tmp_path / "bank"), *fragments)
    assert not (tmp_path / "bank").exists() and list(tmp_path.glob(".*")) == []


def archive_with(folder, changes):
    """Not an encoder, only its mien.json: `...` as a value leaves the key out."""
    info = {"name": "known", "image_size": 8, "embedding_dim": 5, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 1],
            "resize": "bilinear", "source": "a test", "weights_sha256": "ab", "more": [1]} | changes
    with zipfile.ZipFile(folder / "e.pt", "w") as archive:
        archive.writestr("e/extra/mien.json", json.dumps({k: v for k, v in info.items() if v is not ...}))
    return folder / "e.pt"


@pytest.mark.parametrize("key, value", [
    *((key, ...) for key in ("name", "image_size", "embedding_dim", "mean", "std", "resize")),
    *((key, value) for key in ("name", "source", "weights_sha256", "resize") for value in (None, 5, ["bicubic"])),
    *((key, value) for key in ("image_size", "embedding_dim") for value in (None, "8", 0, -8, 8.5, True, [8])),
    *((key, value) for key in ("mean", "std")
      for value in (None, 0.5, "0.5", [0.5] * 2, [0.5] * 4, [0.5, "0.5", 0.5], [0.5, True, 0.5], {"0": 1},
                    [0.5, float("nan"), 0.5], [float("inf")] * 3, [10**400] * 3)),
    ("std", [0.5, 0, 0.5]), ("std", [0.5, 0.5, -0.5]), ("image_size", 4097), ("resize", "nearest")])
def test_an_archive_s_mien_json_that_mien_would_refuse_is_refused_by_its_key(run, tmp_path, features, key, value):
    archive = archive_with(tmp_path, {key: value})
    shown = "(missing)" if value is ... else json.dumps(value)
    refused(run(*save_npy(tmp_path, features), "--encoder", archive, "--out", tmp_path / "bank"),
            f"{archive}: mien.json: {key} = {shown}: ")
    assert not (tmp_path / "bank").exists()


def test_a_bank_has_of_mien_json_what_mien_records(run, mien, tmp_path, features):
    for n, changes in enumerate([{}, {"source": ..., "weights_sha256": ...}]):
        archive, bank = archive_with(tmp_path, changes), tmp_path / f"bank{n}"
        imported(run, bank, *save_npy(tmp_path, features), "--encoder", archive)
        found = json.loads((bank / "bank.json").read_text())["encoder"]
        assert ("more" in found, "source" in found) == (False, not n) and found["std"] == [0.2, 0.25, 1]
        assert result_json(mien("inspect", bank, "--verify", "--json"))["encoder"]["name"] == "known"


def save_arrays(folder, features, name):
    torch.save({"good": torch.tensor(features), name: torch.tensor(features)}, folder / "f.pt")
    return [folder / "f.pt"]


def save_vectors(folder, features, name):
    torch.save({f"{name}/{n}.jpg": torch.tensor(row) for n, row in enumerate(features)}, folder / "f.pt")
    return [folder / "f.pt"]


def save_rows(folder, features, name):
    torch.save({"features": torch.tensor(features), "paths": ["good/1.jpg"] * 5 + [f"{name}/1.jpg"]}, folder / "f.pt")
    return [folder / "f.pt"]


@pytest.mark.parametrize("save", [save_arrays, save_vectors, save_rows])
@pytest.mark.parametrize("name, shown", [
    ("", None), (".", None), ("..", None), (".hidden", None), ("a\0b", "a\\x00b"), ("a\nb", "a\\nb"), ("\x7f", "\\x7f"),
    ("a\x85", "a\\x85"), ("\udcff", "\\udcff"), ("v" * 250, "243 bytes")])
def test_a_name_that_is_no_file_s_in_the_bank_is_refused(run, tmp_path, features, save, name, shown):
    arguments = save(tmp_path, features[[0] * 6], name)
    refused(run(*arguments, *NAMED, "--out", tmp_path / "d" / "bank"), "f.pt", shown or name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.pt"]


@pytest.mark.parametrize("name", ["../../esc", "a/b", "/no-such-folder/esc", "a/", "/"])
def test_a_key_with_a_slash_is_no_video(run, tmp_path, features, name):
    refused(run(*save_arrays(tmp_path, features, name), *NAMED, "--out", tmp_path / "d" / "bank"), f"video = {name}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.pt"]


def test_a_group_of_hdf5_named_like_the_folder_above_is_no_video(run, tmp_path, features):
    refused(run(write_h5(tmp_path / "f.h5", **{"x/../features": features, "y/features": features}), *NAMED, "--out",
                tmp_path / "bank"), "video = ..: ")
    assert not (tmp_path / "bank").exists()


@pytest.mark.parametrize("name", ["a b", "a\\b", "ü…", "a.b.", "v" * 243, "-x", "a..b"])
def test_any_other_name_is_a_video(run, mien, tmp_path, features, name):
    assert name in imported(run, tmp_path / "bank", *save_arrays(tmp_path, features, name), *NAMED)
    assert result_json(mien("inspect", tmp_path / "bank", "--verify", "--json"))["videos"] == 2


def test_an_image_s_name_with_a_line_end_is_refused(run, tmp_path, features):
    torch.save({"a/1\n.jpg": torch.tensor(features[0])}, tmp_path / "f.pt")
    refused(run(tmp_path / "f.pt", *NAMED, "--out", tmp_path / "bank"), "a/1\\n.jpg")


def test_code_inside_a_pt_file_does_not_run(run, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    torch.save({"a": Trap()}, tmp_path / "f.pt")
    refused(run(tmp_path / "f.pt", *NAMED, "--out", tmp_path / "bank"), "saved by torch.save")
    assert not (tmp_path / "ran").exists()


def test_without_h5py_the_error_says_what_to_install(run, tmp_path, features, monkeypatch):
    arguments = save_published_h5(tmp_path, features)
    monkeypatch.setitem(sys.modules, "h5py", None)
    refused(run(*arguments, *NAMED, "--out", tmp_path / "bank"), "pip install h5py")


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit) as ended:
        import_features.main(["--help"])
    assert ended.value.code == 0 and "--paths expr_train.txt" in capsys.readouterr().out
