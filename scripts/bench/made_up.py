"""What data sets that a benchmark makes up have in common: the facts of an encoder that is none, label files."""
EXPRESSIONS = ["Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"]
UNITS = [f"AU{n}" for n in (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)]
CHALLENGES = {"expr": "EXPR_Recognition_Challenge", "au": "AU_Detection_Challenge", "va": "VA_Estimation_Challenge"}
HEADERS = {"expr": ",".join(EXPRESSIONS), "au": ",".join(UNITS), "va": "valence,arousal"}
TRAIN, VALIDATION = "Train_Set", "Validation_Set"


def encoder_info(dim):
    """As bank.json has it, of embeddings that are random numbers."""
    return {"name": "random", "image_size": 224, "embedding_dim": dim, "mean": [.5] * 3, "std": [.5] * 3,
            "resize": "bicubic", "source": "random numbers", "weights_sha256": "0" * 64, "file_sha256": "0" * 64}


def write_labels(annotations, task, split, video, rows):
    """Aff-Wild2's file of a video; rows is a list of lists of numbers."""
    path = annotations / CHALLENGES[task] / split / f"{video}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADERS[task], *(",".join(map(str, row)) for row in rows)]) + "\n")
