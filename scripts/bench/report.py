"""The result as a table and as JSON: medians, and what part of mien's rate each is."""
import platform
import statistics
from pathlib import Path

from .contenders import MIEN

TITLES = {"files": "from files to embeddings on disk, images/s (part of mien's)",
          "encoder": "encoder alone, images/s (part of mien's)"}


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def median(entry):
    return statistics.median(entry.rates) if entry.rates else None


def results(entries):
    """JSON objects, one an entry, with ratio_to_mien at the same dtype and batch size."""
    reference = {(e.group, e.dtype, e.batch): median(e) for e in entries if e.kind == MIEN}
    found = []
    for entry in entries:
        rate, mien = median(entry), reference.get((entry.group, entry.dtype, entry.batch))
        found.append({"group": entry.group, "contender": entry.kind, "label": entry.label, "dtype": entry.dtype,
                      "batch": entry.batch, "images_per_second": rate, "rates": entry.rates,
                      "ratio_to_mien": rate / mien if rate and mien else None, "note": entry.note})
    return found


def cell(result):
    if result["images_per_second"] is None:
        return result["note"].partition(":")[0]
    ratio = result["ratio_to_mien"]
    return f"{result['images_per_second']:.1f}" + (f" ({ratio:.2f})" if ratio else "")


def group_lines(group, found):
    """A row a contender and dtype, a column a batch size."""
    mine = [result for result in found if result["group"] == group]
    columns = list(dict.fromkeys(result["batch"] for result in mine))
    rows = [["", "", *("" if batch is None else f"B{batch}" for batch in columns)]]
    for label, dtype in dict.fromkeys((result["label"], result["dtype"]) for result in mine):
        cells = {r["batch"]: cell(r) for r in mine if (r["label"], r["dtype"]) == (label, dtype)}
        rows.append([label, dtype, *(cells.get(batch, "") for batch in columns)])
    if columns == [None]:
        rows = rows[1:]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) if n < 2 else text.rjust(width)
                       for n, (text, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    failures = dict.fromkeys(f"  {r['label']}, {r['dtype']}: {r['note']}" for r in mine
                             if r["note"].startswith("failed"))
    return [TITLES[group], *(f"  {line}" for line in lines), *failures]


def table(facts, found):
    head = [f"{facts['processor']}, {facts['threads']} threads, torch {facts['torch']}, mien {facts['mien']}",
            f"{facts['encoder']}: {facts['image_size']} pixels, {facts['embedding_dim']} values; "
            f"medians of {facts['repeats']} repetitions that take turns"]
    for group in TITLES:
        if any(result["group"] == group for result in found):
            head += ["", *group_lines(group, found)]
    return "\n".join(head)
