"""The script of a video: a row of episodes, each an expression, turned into action-unit trajectories."""
from dataclasses import dataclass

import cv2
import numpy as np

from .action_units import COLUMN, EXPRESSIONS

FRAMES_PER_EPISODE = 40
FRAMES_PER_SECOND = 30
# expression: (action units it always has, groups that it has with probability 1/2 each)
PROTOTYPES = {
    "Neutral": ((), ()),
    "Anger": ((4, 7), ((23,), (24,), (24,), (10,))),
    "Disgust": ((4, 10), ((15,), (25,), (7,))),
    "Fear": ((1, 2, 4, 7, 25), ((26,),)),
    "Happiness": ((6, 12), ((25,), (7,), (10,))),
    "Sadness": ((1, 4, 15), ((7,), (25,))),
    "Surprise": ((1, 2, 25, 26), ()),
}
# what "Other" can be: action units that form no prototype
OTHER = ((7, 10), (12, 25), (23,), (24,), (24, 15), (1, 2), (10, 25), (4, 25), (6, 7), (25, 26), (2, 12), (10, 12, 25),
         (7,), (12, 24), (24, 7))
DECK = {"Neutral": 13, "Anger": 5, "Disgust": 4, "Fear": 4, "Happiness": 8, "Sadness": 7, "Surprise": 5, "Other": 11}
# probability that an action unit turns up outside its prototypes, an episode; a third of it in Neutral
STRAY = {7: .10, 10: .08, 25: .12, 4: .03, 1: .03, 2: .02, 6: .03, 12: .03, 15: .02, 23: .03, 24: .05, 26: .02}
TALK_PROBABILITY = 0.3
DECK_STREAM = 7777  # keeps the shuffling of decks apart from every video's own random numbers


@dataclass(frozen=True)
class Script:
    """What N frames show: intensities float [N,12] in [0,1], upper-lid raise (AU5, never labelled) float [N],
    expression int [N]."""

    intensities: np.ndarray
    lid_raise: np.ndarray
    expression: np.ndarray


def smooth_noise(rng, samples, columns, period):
    """Zero-mean curves, float [samples,columns], deviation about 1, about one swing every `period` samples."""
    knots = rng.normal(size=(max(4, int(samples / period) + 4), columns))
    position = np.linspace(1, len(knots) - 2.001, samples)
    index, part = position.astype(int), (position % 1)[:, None]
    part = part * part * (3 - 2 * part)
    return knots[index] * (1 - part) + knots[index + 1] * part


def deal_episodes(seed, index, frames):
    """Names of the episodes of video `index`: its share of an endless row of shuffled decks.

    Every expression so turns up at its rate however many videos there are, and at least one episode a video.
    """
    deck = [name for name, count in DECK.items() for _ in range(count)]
    length = max(frames, FRAMES_PER_EPISODE)
    cards = range(index * length // FRAMES_PER_EPISODE, (index + 1) * length // FRAMES_PER_EPISODE)

    def card(position):
        order = np.random.default_rng([seed, DECK_STREAM, position // len(deck)]).permutation(len(deck))
        return deck[order[position % len(deck)]]

    return [card(position) for position in cards]


def draw_apex(rng, name, expressiveness):
    """One episode at its height: intensities [12] and the upper-lid raise."""
    intensities = np.zeros(12)
    always, groups = PROTOTYPES.get(name) or (OTHER[rng.integers(len(OTHER))], ())
    chosen = list(always) + [unit for group in groups if rng.random() < .5 for unit in group]
    if name == "Anger" and not {23, 24} & set(chosen):
        chosen.append(23 if rng.random() < .5 else 24)
    for unit in chosen:
        intensities[COLUMN[unit]] = min(1, rng.uniform(.45, 1) * expressiveness)
    for unit, probability in STRAY.items():
        if rng.random() < (probability / 3 if name == "Neutral" else probability):
            intensities[COLUMN[unit]] = max(intensities[COLUMN[unit]], rng.uniform(.2, .8))
    idle = intensities < .01
    intensities[idle] = np.abs(rng.normal(0, .07, idle.sum()))
    return intensities, rng.uniform(.3, .9) if name in ("Surprise", "Fear") else 0.


def draw_talk(rng, frames):
    """Mouth opening of someone who talks, float [frames] in [0,1]; all zero for one who does not."""
    if rng.random() >= TALK_PROBABILITY:
        return np.zeros(frames)
    turns = rng.uniform(2, 4) * np.arange(frames) / FRAMES_PER_SECOND
    return (.5 + .5 * np.sin(2 * np.pi * turns + rng.uniform(0, 6))) * rng.uniform(.4, .9)


def write_script(rng, frames, episodes, expressiveness):
    """The Script of `frames` frames that shows the named episodes in turn, each fading into the next.

    The label follows late, as an annotator's does, and action units start at slightly different times.
    """
    share = frames / len(episodes)
    starts = [0] + [int(share * (k + rng.uniform(-.25, .25))) for k in range(1, len(episodes))]
    time = np.arange(frames)[:, None]
    intensities, lid = np.zeros((frames, 12)), np.zeros(frames)
    expression, talk = np.zeros(frames, int), np.zeros(frames)
    annotator_lag = int(rng.integers(0, 5))
    before = draw_apex(rng, "Neutral", expressiveness)
    for k, (name, start) in enumerate(zip(episodes, starts)):
        now = draw_apex(rng, name, expressiveness)
        ramp = rng.integers(5, 11)
        weight = np.clip((time - start + rng.uniform(-3, 3, 12)) / ramp, 0, 1)
        weight = weight * weight * (3 - 2 * weight) if k else np.ones((frames, 12))
        on = time[:, 0] >= start
        intensities[on] = (before[0] * (1 - weight) + now[0] * weight)[on]
        lid[on] = (before[1] * (1 - weight[:, 0]) + now[1] * weight[:, 0])[on]
        expression[time[:, 0] >= start + (ramp // 2 + annotator_lag if k else 0)] = EXPRESSIONS.index(name)
        talk[on] = draw_talk(rng, frames)[on]
        before = now
    intensities = intensities * (1 + .12 * smooth_noise(rng, frames, 12, 12))
    return Script(add_talk(intensities, talk), lid, expression)


def add_talk(intensities, talk):
    """Talk parts the lips (AU25) and drops the jaw (AU26), a dropped jaw parts the lips, pressed lips (AU24) do not."""
    talk = cv2.GaussianBlur(talk[:, None], (1, 9), 2)[:, 0]
    parting = np.clip(1 - 1.5 * intensities[:, COLUMN[24]], 0, 1)
    lips, jaw = COLUMN[25], COLUMN[26]
    intensities[:, lips] = np.maximum(intensities[:, lips], talk) * parting
    intensities[:, jaw] = np.maximum(intensities[:, jaw], .5 * talk) * parting
    intensities[:, lips] = np.maximum(intensities[:, lips], .8 * intensities[:, jaw])
    return np.clip(intensities, 0, 1)
