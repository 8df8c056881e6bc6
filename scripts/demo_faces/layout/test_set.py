"""What participants get for the test videos: lists of names, and templates whose values are empty."""
from ..action_units import EXPRESSIONS
from . import plan
from .annotations import (HEADERS, MULTITASK, MULTITASK_HEADER, MULTITASK_STEP, image_name, with_repeats,
                          write_text)

NAME_LISTS = "names_of_videos_in_each_test_set"
TEMPLATES = "prediction_files_format"
MULTITASK_TEST_LIST = "MTL_Challenge_test_set_release.txt"
COMPOUNDS = ("Fearfully_Surprised", "Happily_Surprised", "Sadly_Surprised", "Disgustedly_Surprised",
             "Angrily_Surprised", "Sadly_Fearful", "Sadly_Angry")
# task: (list of names, template, names of the template's value columns)
RELEASES = {
    "EXPR": ("EXPR_Recognition_Challenge", "Expr", ",".join(EXPRESSIONS)),
    "AU": ("AU_Detection_Challenge", "AU", HEADERS["AU"]),
    "VA": ("VA_Estimation_Challenge", "VA", HEADERS["VA"]),
    "CE": ("CE_Recognition_Challenge", "CE", ",".join(COMPOUNDS)),
}


def listed_videos(videos, task):
    """The test videos of a task: all for EXPR, a third for CE; AU and VA leave one in six out, never the last."""
    test = [video for video in videos if video.split == plan.TEST]
    last = len(test) - 1
    keep = {
        "EXPR": lambda index: True,
        "AU": lambda index: index % 6 != 2 or index == last,
        "VA": lambda index: index % 6 != 4 or index == last,
        "CE": lambda index: index % 3 == 0 and index != last,
    }[task]
    return [video for video in test if keep(video.index)]


def template_text(header, videos, step=1):
    """A row a frame of every video, with or without an image, values empty, some rows twice."""
    rows = [image_name(video, frame) + "," for video in videos for frame in range(0, video.frames, step)]
    return "\n".join([header, *with_repeats(rows)]) + "\n"


def write_test_set(folder, videos):
    """Name lists and templates of EXPR, AU, VA and CE, and the multi-task list."""
    for task, (challenge, short, columns) in RELEASES.items():
        listed = listed_videos(videos, task)
        names = "".join(f"{video.name}\n" for video in listed)
        write_text(folder / NAME_LISTS / f"{challenge}_test_set_release.txt", names)
        write_text(folder / TEMPLATES / f"CVPR_6th_ABAW_{short}_test_set_sample.txt",
                   template_text(f"image_location,{columns}", listed))
    test = [video for video in videos if video.split == plan.TEST]
    write_text(folder / MULTITASK / MULTITASK_TEST_LIST, template_text(MULTITASK_HEADER, test, MULTITASK_STEP))
