"""The challenge folders with a file a video, and the multi-task lists."""
from ..action_units import ACTION_UNITS, EXPRESSIONS
from . import plan
from .labels import INVALID_AU, INVALID_EXPRESSION, INVALID_VA, file_rows

ANNOTATIONS = "6th_ABAW_Annotations"
CHALLENGES = {"EXPR": "EXPR_Recognition_Challenge", "AU": "AU_Detection_Challenge", "VA": "VA_Estimation_Challenge"}
SETS = {plan.TRAIN: "Train_Set", plan.VALIDATION: "Validation_Set"}
HEADERS = {"EXPR": ",".join(EXPRESSIONS), "AU": ",".join(f"AU{unit}" for unit in ACTION_UNITS), "VA": "valence,arousal"}
MULTITASK = "multitask"
MULTITASK_LISTS = {plan.TRAIN: "training_set_annotations.txt", plan.VALIDATION: "validation_set_annotations.txt"}
MULTITASK_HEADER = "image,valence,arousal,expression,aus"
MULTITASK_STEP = 4  # every how many frames the multi-task lists have a row
REPEAT_STEP = 50  # every how many rows one is repeated
NOTHING_VALID = [INVALID_VA] * 2 + [INVALID_EXPRESSION] + [INVALID_AU] * len(ACTION_UNITS)


def number(value):
    """A label as the files write it: integers plain, others with up to three decimals."""
    return f"{value:g}" if value == int(value) else f"{value:.3f}".rstrip("0")


def file_text(rows, task, quirk):
    """Header and rows of one annotation file, with its quirk (see plan) applied."""
    comma = ", " if quirk == plan.BLANKS_AFTER_COMMAS else ","
    lines = [HEADERS[task]] + [comma.join(number(value) for value in row) for row in rows.tolist()]
    if quirk == plan.TRAILING_BLANK_LINE:
        lines.append("")
    end = "\r\n" if quirk == plan.CRLF else "\n"
    return end.join(lines) + end


def write_text(path, text):
    """Writes UTF-8 without translating line ends; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def write_challenges(folder, videos, labels):
    """One file a video and task; labels maps a video's name to its Labels."""
    for video in videos:
        for task in video.tasks:
            path = folder / ANNOTATIONS / CHALLENGES[task] / SETS[video.split] / f"{video.name}.txt"
            write_text(path, file_text(file_rows(labels[video.name], video, task), task, video.quirk(task)))


def image_name(video, frame):
    """`video/00001.jpg` of a 0-based frame."""
    return f"{video.name}/{frame + 1:05d}.jpg"


def with_repeats(rows):
    """The rows with every 50th one doubled in place (the first one always) and the second repeated at the end."""
    repeated = [row for position, row in enumerate(rows) for row in [row] * (2 if position % REPEAT_STEP == 0 else 1)]
    return repeated + rows[1:2]


def multitask_values(video, labels, frame):
    """The 15 values of a row; a task for which the video is not labelled is invalid."""
    values = []
    for task, invalid in (("VA", NOTHING_VALID[:2]), ("EXPR", NOTHING_VALID[2:3]), ("AU", NOTHING_VALID[3:])):
        values += labels.of(task)[frame].tolist() if task in video.tasks else invalid
    return values


def multitask_frames(video):
    """The frames (0-based) of a multi-task list: sparse, and only frames with an image."""
    return [frame for frame in range(0, video.frames, MULTITASK_STEP) if not video.missing[frame]]


def write_multitask(folder, videos, labels):
    """The training and validation lists: rows of 16 fields, some of them twice."""
    for split, file_name in MULTITASK_LISTS.items():
        rows = []
        for video in (v for v in videos if v.split == split):
            for frame in multitask_frames(video):
                values = multitask_values(video, labels[video.name], frame)
                if values != NOTHING_VALID:
                    rows.append(",".join([image_name(video, frame), *map(number, values)]))
        write_text(folder / MULTITASK / file_name, "\n".join([MULTITASK_HEADER, *with_repeats(rows)]) + "\n")
