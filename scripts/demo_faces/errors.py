"""The one error that a user of the script can cause."""


class InputError(Exception):
    """A wrong argument: shown as `error: <what> = <value>: <expected>`, exit code 2."""

    def __init__(self, what, value, expected):
        super().__init__(f"{what} = {value}: {expected}")
