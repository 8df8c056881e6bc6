"""From the MODEL argument to an Encoder."""
import difflib
from pathlib import Path

from .errors import InputError

EFFICIENTNET = "efficientnet-lite0"
RANDOM_PREFIX = "random:"
MAX_SEED = 2**63 - 1


def known_names():
    """Every MODEL name that is not a folder, pretrained ones first."""
    from . import clip
    return [EFFICIENTNET, *clip.PRETRAINED, *(RANDOM_PREFIX + name for name in clip.ARCHITECTURES)]


def unknown(model):
    """The InputError for a MODEL that is neither a name nor a folder, with the nearest name when one is near."""
    names = known_names()
    near = difflib.get_close_matches(model, names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else ""
    return InputError("MODEL", model, f"one of {', '.join(names)} (random ones also with :SEED), or a folder in "
                      f"transformers' layout{hint}")


def parse_seed(model, text, flag):
    """The seed of `random:NAME:SEED`, of --seed, or 0; giving both with different values is an error."""
    if text is None:
        return 0 if flag is None else flag
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise InputError("MODEL", model, f"an integer from 0 to {MAX_SEED} after the second colon")
    if flag is not None and flag != int(text):
        raise InputError("--seed", flag, f"{text}, as in MODEL {model}, or left out")
    return int(text)


def load(model, seed=None):
    """The Encoder that MODEL names. seed (int or None) belongs to random models only. Raises InputError."""
    from . import clip, efficientnet_lite
    if model.startswith(RANDOM_PREFIX):
        name, _, text = model.removeprefix(RANDOM_PREFIX).partition(":")
        if name not in clip.ARCHITECTURES:
            raise unknown(model)
        return clip.random_clip(name, parse_seed(model, text or None, seed))
    if seed is not None:
        raise InputError("--seed", seed, f"left out: {model} is not a random model")
    if model == EFFICIENTNET:
        return efficientnet_lite.efficientnet_lite0()
    if model in clip.PRETRAINED:
        return clip.pretrained_clip(model)
    if Path(model).is_dir():
        return clip.local_clip(model)
    raise unknown(model)
