"""Which rows of which file belong to a video, in a few bytes a row: features stay where they are."""
import sys
from array import array

from encoders.errors import InputError

from .image_names import check_video_name


class VideoIndex:
    """Parallel lists, an entry a row: the image's name, the number of its source, its row there."""

    def __init__(self):
        self.images, self.sources, self.rows = [], array("H"), array("q")

    def add(self, image, source, row):
        self.images.append(image)
        self.sources.append(source)
        self.rows.append(row)


def index_videos(sources):
    """{video: VideoIndex} over the layouts in sources. Raises InputError for a bad path or name, or no row at all."""
    videos = {}
    for number, source in enumerate(sources):
        for row, (video, image) in enumerate(source.images()):
            if video not in videos:
                check_video_name(video, f"{source.what}: video")
                videos[video] = VideoIndex()
            videos[video].add(sys.intern(image), number, row)  # 00001.jpg of every video is one text
    if not videos:
        raise InputError("FEATURES", "no row", "at least one")
    return videos
