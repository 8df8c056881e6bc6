"""Options that the measurements share, and their complaints."""
from encoders.errors import InputError


def listed(flag, text, known):
    """The parts of a list, each among known; each a number of 1 or more where known is int."""
    parts = text.split(",")
    for part in parts:
        if known is int and not (part.isdecimal() and int(part) > 0):
            raise InputError(flag, text, "numbers of 1 or more, such as 1,16,32")
        if known is not int and part not in known:
            raise InputError(flag, text, f"some of {','.join(known)}")
    return [int(part) for part in parts] if known is int else parts


def check_numbers(numbers, seconds, mien):
    """Raises InputError; numbers are pairs of a flag and its whole number."""
    for flag, value in numbers:
        if not 1 <= value <= 100_000:
            raise InputError(flag, value, "1 to 100000")
    if not 0 < seconds <= 3600:
        raise InputError("--seconds", seconds, "above 0, at most 3600")
    if not mien.is_file():
        raise InputError("--mien", mien, "the program that scripts/build.sh makes")
