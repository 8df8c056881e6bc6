#!/usr/bin/env python3
"""Turns features that were computed elsewhere into a bank that every mien command reads.

FEATURES is HDF5 (.h5, .hdf5), .npy or .pt: an array [N,D] with the image of each row (--paths LIST, or texts beside
it in the file), an array [N,D] a video, or a vector [D] an image. A path's last two components count: the video and
the image, whose trailing digits are the frame number. Rows are read one video at a time and rounded to F16; a row
that is not finite, or too large for F16, is recorded as failed.
"""
import argparse
import sys
from pathlib import Path

from encoders.command import Parser, exit_code_of
from encoders.errors import InputError

EXAMPLE = """\
examples:
  import_features.py expr_train_clip.h5 expr_val_clip.h5 --paths expr_train.txt --paths expr_val.txt \\
                     --encoder-name clip-vit-l-14 --out banks/imported       (the published code's files)
  import_features.py features.npy --paths images.txt --encoder clip-vit-l-14.pt --out banks/clip-l14
  import_features.py videos.pt --encoder-name my-encoder --out banks/mine    ({video: tensor [N,D]})

LIST has a line an image, such as 102/00001.jpg; a longer path, and labels after it, are fine. Give training and
validation features in one command: they then share one encoder digest, which runs check.
"""
READERS = {".h5": "hdf5_file", ".hdf5": "hdf5_file", ".npy": "numpy_file", ".pt": "torch_file", ".pth": "torch_file"}


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("features", nargs="+", type=Path, metavar="FEATURES", help=".h5, .hdf5, .npy, .pt or .pth")
    parser.add_argument("--out", required=True, type=Path, metavar="BANK", help="the bank to make")
    parser.add_argument("--paths", action="append", default=[], type=Path, metavar="LIST",
                        help="text file, a line a row; once for each FEATURES, in their order")
    parser.add_argument("--dataset", metavar="NAME", help="HDF5: the dataset [N,D], where there are several")
    parser.add_argument("--encoder-name", metavar="NAME", help="what computed the features (needed without --encoder)")
    parser.add_argument("--encoder", type=Path, metavar="FILE",
                        help="its TorchScript archive, so that the bank fits with what mien encode makes")
    parser.add_argument("--image-size", type=int, default=224, metavar="S",
                        help="side that the encoder takes, for the record (default 224)")
    parser.add_argument("--first-frame", type=int, choices=(0, 1), metavar="0|1",
                        help="what the images' names call the first frame; the bank counts from 1, as labels do")
    parser.add_argument("--force", action="store_true", help="replace a bank that is there")
    return parser.parse_args(argv)


def check(arguments):
    """Raises InputError for arguments that are wrong whatever the files hold."""
    from feature_bank import bank
    for file in arguments.features:
        if file.suffix.lower() not in READERS:
            raise InputError("FEATURES", file, f"a file named {', '.join(READERS)}")
        if not file.is_file():
            raise InputError("FEATURES", file, "a file that exists")
    if arguments.paths and len(arguments.paths) != len(arguments.features):
        raise InputError("--paths", f"{len(arguments.paths)} lists",
                         f"{len(arguments.features)}, one for each FEATURES, or none")
    if not 1 <= arguments.image_size <= 4096:
        raise InputError("--image-size", arguments.image_size, "1 to 4096")
    bank.check_target(arguments.out, arguments.force)


def open_sources(arguments):
    """The layout of every FEATURES, all of one dimension."""
    import importlib

    from feature_bank.path_list import PathList
    lists = [PathList(path) for path in arguments.paths] or [None] * len(arguments.features)
    sources = []
    for file, paths in zip(arguments.features, lists):
        reader = importlib.import_module(f"feature_bank.{READERS[file.suffix.lower()]}")
        sources.append(reader.open_features(file, paths, arguments.dataset))
        if sources[-1].dim != sources[0].dim:
            raise InputError("FEATURES", file, f"{sources[0].dim} values a row, as {arguments.features[0]} has "
                             f"(it has {sources[-1].dim})")
    return sources


def describe_encoder(arguments, dim):
    from feature_bank import encoder_facts
    if arguments.encoder is not None:
        return encoder_facts.from_archive(arguments.encoder, arguments.encoder_name, arguments.image_size, dim)
    return encoder_facts.from_name(arguments.encoder_name, arguments.image_size, dim, arguments.features)


def import_features(arguments):
    """Writes the bank and prints its summary. Raises InputError."""
    check(arguments)
    from feature_bank.bank import BankWriter
    from feature_bank.index import index_videos
    from feature_bank.video_rows import counted_from_one, read_video
    sources = open_sources(arguments)
    encoder = describe_encoder(arguments, sources[0].dim)
    videos = index_videos(sources)
    frames = failed = 0
    try:
        with BankWriter(arguments.out, encoder, [str(file.resolve()) for file in arguments.features]) as bank:
            for video in sorted(videos):
                rows = counted_from_one(video, read_video(video, videos[video], sources), arguments.first_frame)
                bank.write(video, rows)
                frames, failed = frames + len(rows.frames), failed + len(rows.failed)
    except OSError as failure:
        raise InputError("--out", arguments.out, f"a place that can be written ({failure})") from None
    print(f"wrote {arguments.out}: {len(videos)} videos, {frames:,} frames, {failed:,} failed, {sources[0].dim} values "
          f"a frame, {encoder['name']} ({encoder['file_sha256'][:12]})\n"
          f"look at it: mien inspect {arguments.out} --verify")


def main(argv):
    return exit_code_of(lambda given: import_features(parse_arguments(given)), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
