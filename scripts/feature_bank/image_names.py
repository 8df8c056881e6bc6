"""From the path of an image to its video, name and frame number, by the rules of `mien encode`."""
import re

from encoders.errors import UNPRINTABLE, InputError

LAST_FRAME, MAX_INT64 = 2**31 - 1, 2**63 - 1
LONGEST_NAME = 255 - len(".safetensors")  # bytes
IMAGE_AT_START = re.compile(r"(.+?\.(?:jpe?g|png))(?=$|[\s,])", re.IGNORECASE)


def path_of_line(line):
    """The path that a list's line begins with; what follows an image's name (labels, after a blank or comma) is cut.

    A line without an image's suffix is a path up to its first tab.
    """
    found = IMAGE_AT_START.match(line)
    return found[1] if found else line.partition("\t")[0].strip()


def split_path(path, where):
    """(video, image) of a path: its last two components. where says for the message what the path stands in."""
    separator = "\\" if "\\" in path and "/" not in path else "/"
    parts = path.rsplit(separator, 2)
    if len(parts) < 2 or not parts[-1] or not parts[-2] or parts[-2].startswith(".") or UNPRINTABLE.search(parts[-1]):
        raise InputError(where, path or "(empty)", "a path that ends in <video>/<image>, such as 102/00001.jpg, and "
                         "has no control character")
    return parts[-2], parts[-1]


def check_video_name(name, what):
    """Raises InputError for a name that cannot be a file's, or that would be one outside the bank or hidden in it."""
    if not name or name.startswith(".") or "/" in name or UNPRINTABLE.search(name):
        raise InputError(what, name or "(empty)", "a video's name: no / or control character in it, no dot at its "
                         "start")
    if len(name.encode()) > LONGEST_NAME:
        raise InputError(what, name, f"a video's name of at most {LONGEST_NAME} bytes")


def number_in(image):
    """The number that an image's name ends with before its suffix, at most MAX_INT64, or None."""
    stem = image.rpartition(".")[0] if "." in image else image
    digits = stem[len(stem.rstrip("0123456789")):]
    if not digits:
        return None
    digits = digits.lstrip("0") or "0"
    return min(int(digits), MAX_INT64) if len(digits) < 20 else MAX_INT64  # int() refuses thousands of digits


def number_frames(images):
    """({frame: image} ascending, [(frame, image, reason)] of those refused, are the names kept) of distinct names.

    Most names decide: where more of them lack a number than have one, all are numbered from 1 in byte order.
    """
    numbered = sorted((number, image.encode(), image) for image in images
                      if (number := number_in(image)) is not None)
    others = sorted(image for image in images if number_in(image) is None)
    if len(numbered) < len(others):
        return dict(enumerate(sorted(images, key=str.encode), 1)), [], True
    frames, refused = {}, [(0, image, "no frame number in the name") for image in others]
    for number, _, image in numbered:
        if number > LAST_FRAME:
            refused.append((number, image, f"frame number above {LAST_FRAME}"))
        elif number in frames:
            refused.append((number, image, "duplicate frame number"))
        else:
            frames[number] = image
    return frames, refused, False
