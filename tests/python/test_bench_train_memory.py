"""scripts/bench/train_memory.py: mien train holds one copy of the embeddings and at most 400 MB beside it."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "train_memory.py"


def test_one_copy_of_the_embeddings_and_400_megabytes(mien_binary):
    """500 MB of them: a second copy, or a bank that stays mapped, would be seen."""
    done = subprocess.run([sys.executable, SCRIPT, mien_binary, "--gigabytes", ".5", "--dim", "2048", "--threads", "1",
                           "--json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert 490 < found["embeddings_mb"] < 510 and found["peak_mb"] > found["embeddings_mb"]
    assert found["beyond_one_copy_mb"] < 400
