"""Progress on standard error: one rewritten line on a terminal, a line every 10 s elsewhere."""
import sys
import time

LINE_SECONDS, TERMINAL_SECONDS = 10, 0.2


class Progress:
    """Counts finished videos and their images; silent when quiet."""

    def __init__(self, videos, quiet, stream=sys.stderr):
        self.total, self.quiet, self.stream = videos, quiet, stream
        self.videos = self.images = 0
        self.terminal = stream.isatty()
        self.started = self.shown = time.monotonic()

    def add(self, images):
        """One more video with so many images is done."""
        self.videos += 1
        self.images += images
        now = time.monotonic()
        last = self.videos == self.total
        if not self.quiet and (last or now - self.shown >= (TERMINAL_SECONDS if self.terminal else LINE_SECONDS)):
            self.shown = now
            self.show(now - self.started, last)

    def show(self, seconds, last):
        rate = self.images / max(seconds, 1e-9)
        left = "" if last else f", {seconds / self.videos * (self.total - self.videos):.0f} s left"
        text = f"rendered {self.videos}/{self.total} videos, {self.images} images, {rate:.0f} images/s{left}"
        start, end = ("\r\x1b[K", "\n" if last else "") if self.terminal else ("", "\n")
        print(start + text, end=end, file=self.stream, flush=True)
