"""Made the files beside it with mien 0.1.0 (commit b2289bf): a bank, labels of all tasks, a run.

usage: make_kept_run.py MIEN FOLDER. Never run again: what counts is that an old run goes on working.
"""
import json, pathlib, subprocess, sys, os
import numpy as np
from safetensors.numpy import save_file
mien, root = sys.argv[1], pathlib.Path(sys.argv[2])
rng = np.random.default_rng(7)
D, bank, labels = 8, root / "bank", root / "annotations"
bank.mkdir(parents=True)
encoder = {"embedding_dim": D, "file_sha256": "0" * 64, "image_size": 32, "mean": [.5, .5, .5], "std": [.5, .5, .5],
           "name": "made-up", "resize": "bilinear", "source": "a test", "weights_sha256": "1" * 64}
(bank / "bank.json").write_text(json.dumps({"format": "mien-bank", "version": 1, "encoder": encoder, "embedding_dim": D,
                                             "dtype": "F16", "sources": []}, indent=2))
EXPR = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
AU = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
folders = {"EXPR_Recognition_Challenge": EXPR, "AU_Detection_Challenge": AU, "VA_Estimation_Challenge": "valence,arousal"}
mix = rng.normal(size=(D, 22))
for split, names in (("Train_Set", ["a_left", "a_right", "b", "c"]), ("Validation_Set", ["d", "e"])):
    for name in names:
        n = int(rng.integers(18, 30))
        x = rng.normal(size=(n, D))
        s = x @ mix
        keep = np.sort(rng.permutation(n)[: n - 3])
        save_file({"embeddings": x[keep].astype(np.float16), "frames": (keep + 1).astype(np.int32)},
                  str(bank / f"{name}.safetensors"), metadata={"failed": "[]", "every": "1"})
        for folder, header in folders.items():
            lines = [header]
            for i in range(n):
                if folder.startswith("EXPR"):
                    lines.append(str(-1 if rng.random() < .1 else int(s[i, :8].argmax())))
                elif folder.startswith("AU"):
                    row = (s[i, 8:20] > .8).astype(int)
                    if rng.random() < .1: row[int(rng.integers(12))] = -1
                    lines.append(",".join(map(str, row)))
                else:
                    lines.append("-5,-5" if rng.random() < .1 else ",".join(f"{v:.3f}" for v in np.tanh(s[i, 20:] / 3)))
            path = labels / folder / split / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines) + "\n")
config = root / "config-as-given.yaml"
config.write_text("""# A config of mien 0.1.0, with every spelling that changed since.
tasks: [expr, au, va]
head: {layers: 1, width: 8, dropout: .2}
loss:
  va: mse
  cvar: {alpha: .7, pool: per_au}
  class_weights: balanced
  auc: {weight: .1}
  task_weighting: learned
select: va_ccc
ema: .9
epochs: 3
batch_size: 16
optimizer: {lr: .01}
""")
run = lambda *a: subprocess.run([mien, *map(str, a)], check=True, cwd=root)
run("train", config, f"bank={bank}", f"annotations={labels}", "--out", root / "run")
run("tune", root / "run", "--bootstrap", "20")
out = subprocess.run([mien, "evaluate", str(root / "run"), "--json", "--bootstrap", "50"], check=True, capture_output=True, text=True).stdout
(root / "evaluate.json").write_text(out)
run("predict", root / "run", "--bank", bank, "--out", root / "predictions.csv")
for task, header, width in (("expr", "image_location," + EXPR, 1), ("au", "image_location," + AU, 12), ("va", "image_location,valence,arousal", 2)):
    rows = [header] + [f"{v}/{i:05d}.jpg," for v in ("e", "d") for i in range(1, 21)]
    (root / f"template-{task}.txt").write_text("\n".join(rows) + "\n")
    run("submit", root / "run", "--template", root / f"template-{task}.txt", "--bank", bank, "--out", root / f"submission-{task}.txt")
