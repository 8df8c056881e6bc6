"""Aff-Wild2's folder layout, label files and templates, with the irregularities that the real data has.

    plan         which videos there are: names, splits, tasks, missing frames, what is odd about each
    labels       label rows of a video, invalid values included
    annotations  the challenge folders of EXPR, AU and VA, and the multi-task lists
    test_set     lists of test videos and prediction templates
    images       rendered crops, and the clutter between them
    dataset      all of it, in one folder that appears whole or not at all
"""
