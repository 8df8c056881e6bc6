"""Seeded renderer of schematic faces with true action units, and the writer of Aff-Wild2's layout around it.

    action_units   names, order and thresholds of the labels
    episodes       what a video shows: action-unit intensities and expression, frame by frame
    appearance     who is in it and how it was filmed
    drawing        one frame from these
    video          a whole video
    layout         splits, names, label files, templates and irregularities as in Aff-Wild2
"""
import cv2

cv2.setNumThreads(1)  # the work is spread over processes
