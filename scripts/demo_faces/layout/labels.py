"""Label rows of a video, as its annotation files state them."""
from dataclasses import dataclass

import numpy as np

from ..action_units import active, valence_arousal
from ..video import describe_video

INVALID_EXPRESSION, INVALID_AU, INVALID_VA = -1, -1, -5
LABEL_STREAM = 5


@dataclass(frozen=True)
class Labels:
    """By frame: expression int [N], action units int [N,12], valence and arousal float [N,2]; invalid values as in
    the files (-1, -1, -5)."""

    expression: np.ndarray
    action_units: np.ndarray
    valence_arousal: np.ndarray

    def of(self, task):
        """The array of one task, always [N,K]."""
        return {"EXPR": self.expression[:, None], "AU": self.action_units, "VA": self.valence_arousal}[task]


def label_video(video, difficulty):
    """The labels of a video: true by construction, then invalid on purpose in places."""
    script = describe_video(video.seed, video.index, video.frames, difficulty)[2]
    labels = Labels(script.expression.copy(), active(script.intensities),
                    np.round(valence_arousal(script.intensities), 3) + 0.)  # + 0 turns -0 into 0
    invalidate(labels, video, np.random.default_rng([video.seed, video.index, LABEL_STREAM]))
    return labels


def invalidate(labels, video, rng):
    """Puts invalid values where annotators left some: runs of frames, single frames, single action units."""
    kind = video.index % 4
    if not video.has_valid_expression:
        labels.expression[:] = INVALID_EXPRESSION
    elif kind == 2:
        labels.expression[draw_run(rng, video.frames)] = INVALID_EXPRESSION
    if kind == 0:
        labels.action_units[draw_run(rng, video.frames)] = INVALID_AU
    elif kind == 3:
        rows = rng.choice(video.frames, size=max(1, video.frames // 20), replace=False)
        for row in rows:
            labels.action_units[row, rng.choice(12, size=rng.integers(1, 4), replace=False)] = INVALID_AU
    if kind == 1:
        labels.valence_arousal[draw_run(rng, video.frames)] = INVALID_VA


def draw_run(rng, frames):
    """A contiguous tenth of the frames, as a slice."""
    length = max(1, frames // 10)
    start = int(rng.integers(0, frames - length + 1))
    return slice(start, start + length)


def file_rows(labels, video, task):
    """The rows of the video's file, [rows,K]: what exceeds the frames repeats the last label."""
    values = labels.of(task)
    return values[np.minimum(np.arange(video.rows(task)), video.frames - 1)]
