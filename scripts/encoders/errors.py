"""The one error that a user of a script can cause."""
import re

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, bytes that are not UTF-8


class InputError(Exception):
    """A wrong argument or unusable model: shown as `error: <what> = <value>: <expected>`, exit code 2.

    `what` names the argument or file, `value` is what was given, `expected` what would have been accepted.
    """

    def __init__(self, what, value, expected):
        super().__init__(f"{visible(what)} = {visible(value)}: {visible(one_line(expected))}")


def visible(text):
    """The text with what would not print, line ends included, as escapes."""
    return UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], str(text))


def one_line(text):
    """The text with every run of white space, line ends included, as one blank."""
    return " ".join(str(text).split())
