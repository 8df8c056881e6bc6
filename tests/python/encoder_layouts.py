"""Small image encoders as other people's archives hold them, with seeded random weights and a reference in float32.

Every writer is function(path, seed, ...) -> Archive. `reference` is the eager model on float32 [B,3,S,S], with the
weights that the file holds. Weights are drawn so that images give very different embeddings, and so that a wrong
activation or a wrong number of heads shows (see test_encoder_paths.py).
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import torch
from torch import nn

CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
EMBEDDING_DIM = 24


@dataclass(frozen=True)
class Archive:
    """info is the content of mien.json, None where the file has none; the rest says what is true of the encoder."""

    path: Path
    reference: Callable
    info: dict | None
    image_size: int
    model: nn.Module

    @property
    def preprocessing(self):
        return self.info or {"image_size": self.image_size, "mean": CLIP_MEAN, "std": CLIP_STD, "resize": "bicubic"}


def reference_of(model):
    @torch.no_grad()
    def reference(pixels):
        return model(pixels)

    return reference


def metadata(name, image_size, **changes):
    return {"name": name, "image_size": image_size, "embedding_dim": EMBEDDING_DIM, "mean": [0.5, 0.45, 0.4],
            "std": [0.25, 0.3, 0.28], "resize": "bicubic", "source": "a test", "weights_sha256": ""} | changes


def save(path, module, example, info, grad=False, after=lambda traced: traced):
    with warnings.catch_warnings(), torch.set_grad_enabled(grad):
        warnings.simplefilter("ignore")  # tracing warns of its own deprecation and of size checks
        traced = after(torch.jit.trace(module.eval(), example, check_trace=False))
        torch.jit.save(traced, str(path), _extra_files={"mien.json": json.dumps(info)} if info else {})
    return Path(path)


@torch.no_grad()
def draw_weights(model, seed):
    """Attention far from uniform; small values before an activation, where its kinds differ, large after it."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() > 1:
            inputs = parameter[0].numel() if not name.endswith(("proj", "projection")) else parameter.shape[0]
            parameter.copy_(noise * gain(name) / inputs**0.5)
        elif name.endswith("weight"):
            parameter.copy_(1 + 0.2 * noise)
        else:
            parameter.copy_(0.3 * noise)
    return model.eval()


def gain(name):
    gains = {"c_fc": 0.5, "fc1": 0.5, "c_proj": 8.0, "fc2": 8.0}
    return next((value for part, value in gains.items() if f".{part}." in name), 1.6)


# ----------------------------------------------------------------------- OpenAI's and OpenCLIP's vision transformer


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Float32LayerNorm(nn.LayerNorm):
    """Computes in float32 whatever comes in, and gives that type back."""

    def forward(self, x):
        return super().forward(x.type(torch.float32)).type(x.dtype)


class LayerScale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.gamma


class Block(nn.Module):
    def __init__(self, width, heads, activation, batch_first, layer_scale):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, batch_first=batch_first)
        self.ln_1 = Float32LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", activation())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))
        self.ln_2 = Float32LayerNorm(width)
        self.ls_1 = LayerScale(width) if layer_scale else nn.Identity()
        self.ls_2 = LayerScale(width) if layer_scale else nn.Identity()

    def forward(self, x, mask=None):
        y = self.ln_1(x)
        x = x + self.ls_1(self.attn(y, y, y, need_weights=False, attn_mask=mask)[0])
        return x + self.ls_2(self.mlp(self.ln_2(x)))


class Transformer(nn.Module):
    def __init__(self, width, heads, layers, activation, batch_first=False, layer_scale=False):
        super().__init__()
        self.resblocks = nn.ModuleList(
            Block(width, heads, activation, batch_first, layer_scale) for _ in range(layers))

    def forward(self, x, mask=None):
        for block in self.resblocks:
            x = block(x, mask)
        return x


class VisionTransformer(nn.Module):
    """Names as OpenAI and OpenCLIP use them; pool is `class` or `average`."""

    def __init__(self, *, image_size, patch, width, heads, layers, activation=QuickGELU, batch_first=False,
                 layer_scale=False, pool="class"):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty((image_size // patch) ** 2 + 1, width))
        self.ln_pre = Float32LayerNorm(width)
        self.transformer = Transformer(width, heads, layers, activation, batch_first, layer_scale)
        self.ln_post = Float32LayerNorm(width)
        self.proj = nn.Parameter(torch.empty(width, EMBEDDING_DIM))
        self.batch_first, self.pool = batch_first, pool

    def forward(self, x):
        x = self.conv1(x)
        x = x.reshape(x.shape[0], x.shape[1], -1).permute(0, 2, 1)
        ground = torch.zeros(x.shape[0], 1, x.shape[-1], dtype=x.dtype, device=x.device)
        x = torch.cat([self.class_embedding.to(x.dtype) + ground, x], dim=1)
        x = self.ln_pre(x + self.positional_embedding.to(x.dtype))
        x = self.transformer(x) if self.batch_first else self.transformer(x.permute(1, 0, 2)).permute(1, 0, 2)
        x = self.ln_post(x[:, 0, :] if self.pool == "class" else x[:, 1:].mean(1))
        return x @ self.proj


class WholeCLIP(nn.Module):
    """Both towers as OpenAI's file has them; heads are width / 64."""

    TEXT_WIDTH, CONTEXT, VOCABULARY = 64, 7, 50

    def __init__(self, image_size, patch, width, layers, activation=QuickGELU, heads=None):
        super().__init__()
        self.visual = VisionTransformer(image_size=image_size, patch=patch, width=width, heads=heads or width // 64,
                                        layers=layers, activation=activation)
        self.transformer = Transformer(self.TEXT_WIDTH, self.TEXT_WIDTH // 64, 1, QuickGELU)
        self.token_embedding = nn.Embedding(self.VOCABULARY, self.TEXT_WIDTH)
        self.positional_embedding = nn.Parameter(torch.empty(self.CONTEXT, self.TEXT_WIDTH))
        self.ln_final = Float32LayerNorm(self.TEXT_WIDTH)
        self.text_projection = nn.Parameter(torch.empty(self.TEXT_WIDTH, EMBEDDING_DIM))
        self.logit_scale = nn.Parameter(torch.ones([]))
        for name, value in (("input_resolution", image_size), ("context_length", self.CONTEXT),
                            ("vocab_size", self.VOCABULARY)):
            self.register_buffer(name, torch.tensor(value))

    @property
    def dtype(self):
        return self.visual.conv1.weight.dtype

    def encode_image(self, image):
        return self.visual(image.type(self.dtype))

    def encode_text(self, text):
        x = (self.token_embedding(text) + self.positional_embedding).type(self.dtype)
        mask = torch.full((self.CONTEXT, self.CONTEXT), float("-inf"), device=x.device).triu(1)
        x = self.ln_final(self.transformer(x.permute(1, 0, 2), mask.type(x.dtype)).permute(1, 0, 2))
        return x[torch.arange(x.shape[0]), text.argmax(dim=-1)] @ self.text_projection

    def forward(self, image, text):
        images, texts = self.encode_image(image), self.encode_text(text)
        images, texts = (x / x.norm(dim=-1, keepdim=True) for x in (images, texts))
        per_image = self.logit_scale.exp() * images @ texts.t()
        return per_image, per_image.t()


def halve(model):
    """Half precision where OpenAI's files have it: convolution, linears, attention and projections, nothing else."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, nn.MultiheadAttention)):
            for parameter in module.parameters(recurse=False):
                parameter.data = parameter.data.half()
        for name in ("proj", "text_projection"):
            if isinstance(getattr(module, name, None), nn.Parameter):
                getattr(module, name).data = getattr(module, name).data.half()
    return model


def openai_model(seed=0, activation=QuickGELU, heads=None):
    """Its weights are what a half holds, in float32."""
    with torch.no_grad():
        return halve(draw_weights(WholeCLIP(48, 16, 128, 3, activation, heads), seed)).float()


def write_openai(path, seed=0):
    """The whole model: `encode_image`, a `forward` of two inputs, halves, and CUDA baked into code and storages."""
    model = openai_model(seed)
    traced_model = halve(openai_model(seed))
    image = torch.randn(2, 3, 48, 48)
    text = torch.randint(0, WholeCLIP.VOCABULARY, (2, WholeCLIP.CONTEXT))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace_module(
            traced_model, {"forward": (image, text), "encode_image": image, "encode_text": text}, check_trace=False)
        torch.jit.save(traced, str(path))
    bake_cuda(path)
    return Archive(Path(path), reference_of(model.visual), None, 48, model.visual)


def bake_cuda(path):
    """Rewrites the archive as one that was traced and saved on a GPU."""
    reader = torch._C.PyTorchFileReader(str(path))
    records = {name: reader.get_record(name) for name in reader.get_all_records()}
    del reader
    writer = torch._C.PyTorchFileWriter(str(path))  # keeps entries stored and tensors aligned
    for name, content in records.items():
        if name in ("version", "byteorder") or name.startswith(".data/"):
            continue  # the writer's own
        if name.startswith("code/") and name.endswith(".py"):
            content = content.replace(b'torch.device("cpu")', b'torch.device("cuda:0")')
        if name.endswith("data.pkl"):
            content = content.replace(pickled("cpu"), pickled("cuda:0"))
        writer.write_record(name, content, len(content))
    writer.write_end_of_file()


def pickled(text):
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


class Prefixed(nn.Module):
    def __init__(self, visual):
        super().__init__()
        self.visual = visual

    def forward(self, x):
        return self.visual(x)


def openclip_model(seed=0, activation=nn.GELU, heads=2, **options):
    """Width 64 with heads of 32: their number is nowhere in the weights."""
    return draw_weights(VisionTransformer(image_size=32, patch=8, width=64, heads=heads, layers=3,
                                          activation=activation, batch_first=True, **options), seed)


def write_openclip(path, seed=0, prefix=False, activation=nn.GELU, grad=False, **options):
    """OpenCLIP's `model.visual`, traced. grad: whether autograd was on, which changes how attention is traced."""
    model = openclip_model(seed, activation, **options)
    info = metadata("openclip", 32)
    save(path, Prefixed(model) if prefix else model, torch.randn(2, 3, 32, 32), info, grad)
    return Archive(Path(path), reference_of(model), info, 32, model)


# ----------------------------------------------------------------------------------------------- transformers' layout


def transformers_model(seed=0, activation="quick_gelu", heads=2):
    import transformers

    config = transformers.CLIPVisionConfig(
        image_size=40, patch_size=8, hidden_size=64, intermediate_size=256, num_hidden_layers=2,
        num_attention_heads=heads, projection_dim=EMBEDDING_DIM, hidden_act=activation)
    return draw_weights(transformers.CLIPVisionModelWithProjection(config), seed)


class ImageEmbeds(nn.Module):
    def __init__(self, clip):
        super().__init__()
        self.clip = clip

    def forward(self, pixels):
        return self.clip(pixel_values=pixels).image_embeds


def write_transformers(path, seed=0, activation="quick_gelu", nameless=False):
    """nameless: frozen before it was saved, so that weights are constants of the graph without a name."""
    model = ImageEmbeds(transformers_model(seed, activation)).eval()
    info = metadata("frozen" if nameless else "transformers", 40)
    save(path, model, torch.randn(2, 3, 40, 40), info, after=torch.jit.freeze if nameless else lambda traced: traced)
    return Archive(Path(path), reference_of(model), info, 40, model)


def write_nameless(path, seed=0):
    return write_transformers(path, seed, nameless=True)


# ------------------------------------------------------------------------------------------------- no CLIP at all


class PostNormBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.fc1, self.fc2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.heads = heads

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.query_key_value(x).reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
        x = self.norm1(x + self.output((weights @ v).transpose(1, 2).reshape(batch, tokens, width)))
        return self.norm2(x + self.fc2(nn.functional.gelu(self.fc1(x), approximate="tanh")))


class PostNormViT(nn.Module):
    """Norms after the sums, no class token, mean of the tokens, the other GELU."""

    def __init__(self):
        super().__init__()
        self.patch_embed = nn.Conv2d(3, 64, 8, stride=8)
        self.position = nn.Parameter(torch.empty(1, 16, 64))
        self.blocks = nn.ModuleList(PostNormBlock(64, 4) for _ in range(2))
        self.head = nn.Linear(64, EMBEDDING_DIM)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2) + self.position
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(1))


def write_post_norm_vit(path, seed=0):
    model = draw_weights(PostNormViT(), seed)
    info = metadata("post-norm", 32, resize="bilinear")
    save(path, model, torch.randn(2, 3, 32, 32), info)
    return Archive(Path(path), reference_of(model), info, 32, model)


class ConvolutionalNet(nn.Module):
    """Grouped and strided convolutions with BatchNorm, a shortcut, global pooling."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6())
        self.middle = nn.Sequential(
            nn.Conv2d(16, 32, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU6(),
            nn.Conv2d(32, 32, 5, 1, 2, groups=32, bias=False), nn.BatchNorm2d(32), nn.ReLU6(),
            nn.Conv2d(32, 16, 1, bias=False), nn.BatchNorm2d(16))
        self.last = nn.Sequential(nn.Conv2d(16, EMBEDDING_DIM, 3, 2, 1), nn.BatchNorm2d(EMBEDDING_DIM))

    def forward(self, x):
        x = self.stem(x)
        return self.last(x + self.middle(x)).mean((2, 3))


def write_convolutional(path, seed=0):
    model = draw_weights(ConvolutionalNet(), seed)
    generator = torch.Generator().manual_seed(seed + 1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.copy_(torch.randn(module.num_features, generator=generator) * 0.3)
            module.running_var.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
    info = metadata("convolutional", 48)
    save(path, model, torch.randn(2, 3, 48, 48), info)
    return Archive(Path(path), reference_of(model), info, 48, model)
