"""The result of scripts/bench/predict.py as two tables and as JSON: medians, and what part of mien's rate each is."""
import statistics
from dataclasses import asdict

from .processes import ENCODER, FACES, MIEN

STAGE_TITLES = {FACES: "decode, find, align", ENCODER: "encoder's forward"}


def median(numbers):
    return statistics.median(numbers) if numbers else None


def results(entries):
    """JSON objects of those who go the whole way, with ratio_to_mien."""
    mien = next(median(entry.rates) for entry in entries if entry.kind == MIEN)
    found = []
    for entry in entries:
        if entry.kind in STAGE_TITLES:
            continue
        rate = median(entry.rates)
        found.append({"contender": entry.kind, "label": entry.label, "frames_per_second": rate, "rates": entry.rates,
                      "ratio_to_mien": rate / mien if rate and mien else None, "start_seconds": median(entry.starts),
                      "encoder": entry.encoder, "note": entry.note,
                      "difference": asdict(entry.difference) if entry.difference else None})
    return found


def stages(entries):
    """JSON objects {label, stage, frames_per_second}: mien's commands, and what Python took within the whole."""
    found = []
    for entry in entries:
        rates = {entry.kind: entry.rates} if entry.kind in STAGE_TITLES else entry.stages
        for stage, numbers in rates.items():
            found.append({"contender": MIEN if entry.kind in STAGE_TITLES else entry.kind, "label": entry.label,
                          "stage": stage, "frames_per_second": median(numbers), "encoder": entry.encoder,
                          "note": entry.note})
    return found


def aligned(rows):
    """Lines of columns, the first one to the left."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return ["  " + "  ".join(text.rjust(width) if n else text.ljust(width)
                             for n, (text, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def number(value, places=1):
    return "" if value is None else f"{value:.{places}f}"


def whole_row(result):
    rate, far = result["frames_per_second"], result["difference"]
    cells = [result["label"], number(rate) if rate else result["note"].partition(":")[0],
             f"({result['ratio_to_mien']:.2f})" if result["ratio_to_mien"] else "", number(result["start_seconds"])]
    return cells + ([number(far["box"], 2), number(far["probability"], 4), str(far["only_one"])] if far else [""] * 3)


def stage_rows(found):
    rates = {}
    for one in found:
        rates.setdefault((one["label"], one["encoder"]), {})[one["stage"]] = one["frames_per_second"]
    return [["", *STAGE_TITLES.values(), ""], *([label, *(number(mine.get(stage)) for stage in STAGE_TITLES), encoder]
                                                for (label, encoder), mine in rates.items())]


def table(facts, found, of_stages):
    header = ["", "frames/s", "", "start, s", "box, px", "probability", "faces"]
    failures = dict.fromkeys(f"{one['label']}: {one['note']}" for one in [*found, *of_stages]
                             if one["note"].startswith("failed"))
    return "\n".join([
        f"{facts['processor']}, {facts['threads']} threads, torch {facts['torch']}, mien {facts['mien']}",
        f"{facts['video']}: {facts['frames']} frames of {facts['width']}x{facts['height']}, a face in "
        f"{facts['faces']}; {facts['encoder']} in fp32; medians of {facts['repeats']} repetitions that take turns",
        "",
        "from a video to a table (part of mien's; the start is not in the rate; largest differences from mien's table:",
        "box, probability, and in how many frames only one found a face)",
        *aligned([header, *map(whole_row, found)]),
        "",
        f"stages alone, frames/s; boxes that overlap are dropped by {facts['nms']}",
        *aligned(stage_rows(of_stages)), *failures])
