"""Action units and expressions in the order of Aff-Wild2's label files."""
import numpy as np

ACTION_UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
EXPRESSIONS = ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other")
COLUMN = {unit: column for column, unit in enumerate(ACTION_UNITS)}

AU_THRESHOLD = 0.35  # intensity in [0,1] above which an action unit is labelled 1

VALENCE_WEIGHTS = {12: 0.75, 6: 0.35, 4: -0.40, 15: -0.55, 10: -0.35}
AROUSAL_WEIGHTS = {25: 2.0, 26: 2.0, 1: 2.0, 2: 2.0}  # every other action unit weighs 1
AROUSAL_SCALE, AROUSAL_OFFSET = 2.4, -0.2


def weight_vector(weights, otherwise):
    """The weights as float64 [12] in label order."""
    return np.array([weights.get(unit, otherwise) for unit in ACTION_UNITS])


def active(intensities):
    """AU labels, int [N,12] of 0 and 1, of intensities [N,12]."""
    return (intensities > AU_THRESHOLD).astype(int)


def valence_arousal(intensities):
    """Made-up valence and arousal, float [N,2] in [-1,1], of intensities [N,12].

    Valence: AU12 and AU6 raise it, AU4, AU15 and AU10 lower it. Arousal: the mean intensity, AU1, 2, 25 and 26
    counted twice, stretched and shifted. No study stands behind them: they give the files something learnable.
    """
    valence = intensities @ weight_vector(VALENCE_WEIGHTS, 0.0)
    arousal_weights = weight_vector(AROUSAL_WEIGHTS, 1.0)
    arousal = intensities @ arousal_weights / arousal_weights.sum() * AROUSAL_SCALE + AROUSAL_OFFSET
    return np.clip(np.stack([valence, arousal], 1), -1, 1)
