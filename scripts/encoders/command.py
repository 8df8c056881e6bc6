"""What every script's command line shares: complaints on one line, and the exit codes."""
import argparse
import sys

from .errors import InputError


class Parser(argparse.ArgumentParser):
    """argparse whose complaints are one line, in the project's form; given is the list that it parses."""

    given = ()

    def error(self, message):
        raise InputError("arguments", " ".join(self.given) or "(none)", f"{message}; see --help")


def exit_code_of(action, argv):
    """Runs action(argv): 0; 2 and one line for an InputError; 130 for Ctrl-C."""
    try:
        action(argv)
    except InputError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
