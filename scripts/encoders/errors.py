"""The one error that a user of the exporter can cause."""


class InputError(Exception):
    """A wrong argument or unusable model: shown as `error: <what> = <value>: <expected>`, exit code 2.

    `what` names the argument or file, `value` is what was given, `expected` what would have been accepted.
    """

    def __init__(self, what, value, expected):
        super().__init__(f"{what} = {value}: {one_line(expected)}")


def one_line(text):
    """The text with every run of white space, line ends included, as one blank."""
    return " ".join(str(text).split())
