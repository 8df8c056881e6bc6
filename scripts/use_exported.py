#!/usr/bin/env python3
"""A model of `mien export` on images of faces: use_exported.py MODEL.pt FACE.jpg [...]"""
import json, sys

import numpy, torch
from PIL import Image

extra = {"mien.json": ""}
model = torch.jit.load(sys.argv[1], map_location="cpu", _extra_files=extra)
names = json.loads(extra["mien.json"])["names"]
for path in sys.argv[2:]:
    crop = torch.from_numpy(numpy.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)
    answer = model(crop[None])  # uint8 [B, 3, H, W]; see names for the columns
    print(path, {task: dict(zip(names[task], answer[task][0].tolist())) for task in names})
