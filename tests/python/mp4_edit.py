"""Small MP4 files with known time stamps and rotation: written by OpenCV, then edited box by box."""
import struct

import cv2

PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def write_clip(path, frames, rate=25.0):
    """frames: uint8 RGB pictures of one size."""
    height, width = frames[0].shape[:2]
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, (width, height))
    assert out.isOpened()
    for frame in frames:
        out.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    out.release()
    return path


def rewritten(data, edit):
    """The boxes of data with every leaf replaced by edit(kind, content); parents grow with them."""
    out, at = b"", 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        content = data[at + 8:at + size]
        content = rewritten(content, edit) if kind in PARENTS else edit(kind, content)
        out += struct.pack(">I4s", len(content) + 8, kind) + content
        at += size
    return out


def edit_file(path, edit):
    data = path.read_bytes()
    assert data.index(b"moov") > data.index(b"mdat"), "growing moov would move the pictures"
    path.write_bytes(rewritten(data, edit))


def set_durations(path, seconds):
    """Each frame's duration: a variable frame rate."""
    def timescale(kind, content):
        if kind == b"mdhd":
            scales.append(struct.unpack(">I", content[12:16])[0])
        return content

    scales = []
    rewritten(path.read_bytes(), timescale)
    entries = b"".join(struct.pack(">II", 1, round(s * scales[0])) for s in seconds)
    table = struct.pack(">II", 0, len(seconds)) + entries

    def change(kind, content):
        if kind == b"edts":  # its one entry would end the clip at the old length
            return content[:16] + struct.pack(">I", 1 << 28) + content[20:]
        return table if kind == b"stts" else content
    edit_file(path, change)


def set_quarter_turn(path):
    """To be shown turned by 90 degrees clockwise, as a phone held upright says it."""
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)

    def turn(kind, content):
        return content[:40] + matrix + content[76:] if kind == b"tkhd" else content
    edit_file(path, turn)


def blank_pictures(path):
    """The file opens and tells its frames; none of them can be decoded."""
    edit_file(path, lambda kind, content: bytes(len(content)) if kind == b"mdat" else content)
