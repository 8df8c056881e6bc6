"""CLIP image encoders: OpenAI's by name, any local checkpoint in transformers' layout, and seeded random ones.

The embedding is `image_embeds` of transformers' CLIPVisionModelWithProjection: projected, not L2-normalised.
"""
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from .errors import InputError
from .spec import Encoder

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
MODEL_TYPES = ("clip", "clip_vision_model")
PILLOW_RESAMPLE = {2: "bilinear", 3: "bicubic"}


@dataclass(frozen=True)
class Architecture:
    """Shape of a CLIP vision transformer; hub is the checkpoint's name on the Hugging Face hub, if it has one."""

    image_size: int
    patch_size: int
    width: int
    layers: int
    heads: int
    embedding_dim: int
    hub: str = ""


ARCHITECTURES = {
    "clip-vit-b-32": Architecture(224, 32, 768, 12, 12, 512, "openai/clip-vit-base-patch32"),
    "clip-vit-b-16": Architecture(224, 16, 768, 12, 12, 512, "openai/clip-vit-base-patch16"),
    "clip-vit-l-14": Architecture(224, 14, 1024, 24, 16, 768, "openai/clip-vit-large-patch14"),
    "clip-vit-l-14-336": Architecture(336, 14, 1024, 24, 16, 768, "openai/clip-vit-large-patch14-336"),
    "clip-tiny": Architecture(48, 16, 32, 2, 2, 24),
}
PRETRAINED = tuple(name for name, architecture in ARCHITECTURES.items() if architecture.hub)


class ImageEmbedding(torch.nn.Module):
    """float [B,3,S,S] -> image_embeds [B,D] of a CLIPVisionModelWithProjection."""

    def __init__(self, clip):
        super().__init__()
        self.clip = clip

    def forward(self, pixels):
        return self.clip(pixel_values=pixels).image_embeds


def vision_model_class():
    """transformers' class, with its chatter switched off. Raises InputError where transformers is missing."""
    try:
        import transformers
    except ImportError:
        raise InputError("python package", "transformers", "installed, for every CLIP encoder "
                         "(pip install transformers)") from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers.CLIPVisionModelWithProjection


def wrap(clip, name, source, resize="bicubic", mean=MEAN, std=STD):
    config = clip.config
    return Encoder(ImageEmbedding(clip.float()).eval(), name, config.image_size, config.projection_dim,
                   tuple(mean), tuple(std), resize, source)


def random_clip(name, seed):
    """ARCHITECTURES[name] with random weights, a function of seed alone; its name is `random:<name>:<seed>`."""
    model_class = vision_model_class()
    shape = ARCHITECTURES[name]
    config = model_class.config_class(
        image_size=shape.image_size, patch_size=shape.patch_size, hidden_size=shape.width,
        intermediate_size=4 * shape.width, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        projection_dim=shape.embedding_dim)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        clip = model_class(config)
    source = f"random weights, seed {seed}, torch {torch.__version__}: not pretrained"
    return wrap(clip, f"random:{name}:{seed}", source)


def pretrained_clip(name):
    """OpenAI's checkpoint from the Hugging Face hub or its local cache. Raises InputError when neither has it."""
    model_class = vision_model_class()
    hub = ARCHITECTURES[name].hub
    try:
        clip = model_class.from_pretrained(hub, dtype=torch.float32)
    except Exception as failure:  # whatever the hub, the cache or the network raises: the user needs one answer
        raise InputError("MODEL", name, f"the weights of {hub} from the Hugging Face hub ({type(failure).__name__} on "
                         "loading them); without a network, copy that repository's config.json, "
                         "preprocessor_config.json and weights into a folder and give the folder as MODEL") from None
    return wrap(clip, name, f"huggingface.co/{hub}")


def read_json(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as failure:
        raise InputError("file", path, f"readable JSON ({failure})") from None
    if not isinstance(content, dict):
        raise InputError("file", path, "a JSON object")
    return content


def edge(size):
    """The side in pixels of a preprocessor's size entry: a number, {"shortest_edge": n} or {"height": n}."""
    return size if isinstance(size, int) else size.get("shortest_edge", size.get("height"))


def local_preprocessing(folder, image_size):
    """(resize, mean, std) of the folder's preprocessor_config.json; CLIP's own where it has none."""
    path = folder / "preprocessor_config.json"
    if not path.exists():
        return "bicubic", MEAN, STD
    config = read_json(path)
    resample = config.get("resample", 3)
    if resample not in PILLOW_RESAMPLE:
        raise InputError(f"{path}: resample", resample, "2 (bilinear) or 3 (bicubic)")
    for key in ("size", "crop_size"):
        if edge(config.get(key, image_size)) != image_size:
            raise InputError(f"{path}: {key}", config[key], f"{image_size}, the model's image_size")
    return PILLOW_RESAMPLE[resample], config.get("image_mean", MEAN), config.get("image_std", STD)


def local_clip(folder):
    """A CLIP checkpoint in transformers' layout; its name is the folder's. Raises InputError for anything else."""
    folder = Path(folder)
    config_path = folder / "config.json"
    if not config_path.is_file():
        raise InputError("MODEL", folder, "a folder in transformers' layout (it has no config.json)")
    model_type = read_json(config_path).get("model_type")
    if model_type not in MODEL_TYPES:
        raise InputError(f"{config_path}: model_type", model_type, f"one of {', '.join(MODEL_TYPES)}")
    try:
        clip, report = vision_model_class().from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, output_loading_info=True)
    except InputError:
        raise
    except Exception as failure:  # transformers and safetensors raise many kinds for a broken checkpoint
        raise InputError("MODEL", folder, f"a complete CLIP checkpoint ({failure})") from None
    if report["missing_keys"] or report.get("mismatched_keys"):
        lacking = sorted(map(str, report["missing_keys"] or report["mismatched_keys"]))
        raise InputError("MODEL", folder, f"weights for the whole vision tower and projection (no {lacking[0]})")
    resize, mean, std = local_preprocessing(folder, clip.config.image_size)
    return wrap(clip, folder.resolve().name, f"local folder {folder.resolve().name}", resize, mean, std)
