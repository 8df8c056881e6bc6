"""The text file of --paths: a line an image, blank lines ignored."""
from encoders.errors import InputError

from .image_names import path_of_line


class PathList:
    """The paths of the file in order, read anew on every iteration; name is what messages call it."""

    def __init__(self, path):
        self.path, self.name = path, f"--paths {path}"
        self.length = sum(1 for _ in self)

    def __len__(self):
        return self.length

    def __iter__(self):
        try:
            with open(self.path, encoding="utf-8-sig") as file:
                for number, line in enumerate(file, 1):
                    if line := line.strip():
                        if line[0] in "\"'":
                            raise InputError(f"{self.name} line {number}", line, "a path without quotes")
                        yield path_of_line(line)
        except (OSError, UnicodeDecodeError) as failure:
            raise InputError("--paths", self.path, f"a readable text file, a line an image ({failure})") from None
