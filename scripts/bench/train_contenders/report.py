"""The result of scripts/bench/train.py as a table and as JSON: medians, and mien's multiple of each."""
import statistics

from . import model, products
from .processes import LABELS, MIEN, PEAK


def median(entry):
    return statistics.median(entry.rates) if entry.rates else None


def place(entry):
    return entry.dtype, entry.threads, entry.batch


def results(entries, dim, width):
    """JSON objects, one an entry but those of the peak, which mien's products are held against."""
    medians = {(entry.kind, *place(entry)): median(entry) for entry in entries}
    found = []
    for entry in entries:
        if entry.kind == PEAK:
            continue
        rate, mien, peak = (medians.get((kind, *place(entry))) for kind in (entry.kind, MIEN, PEAK))
        flops = products.step_flops(entry.batch, dim, width, model.LAYERS, model.CLASSES, 2)
        share = flops * rate / peak if entry.kind == MIEN and rate and peak else None
        found.append({"contender": entry.kind, "label": LABELS[entry.kind], "precision": entry.dtype,
                      "threads": entry.threads, "batch": entry.batch, "steps_per_second": rate, "rates": entry.rates,
                      "mien_multiple": mien / rate if rate and mien else None, "step_flops": flops,
                      "peak_flops_per_second": peak, "products_share": share, "note": entry.note})
    return found


def rate_cell(result):
    rate = result["steps_per_second"]
    return result["note"].partition(":")[0] if rate is None else f"{rate:.1f}"


def multiple_cell(result):
    return f"x{result['mien_multiple']:.2f}" if result["mien_multiple"] else ""


def share_cell(result):
    return f"{result['products_share']:.0%}" if result["products_share"] else ""


def row(mine, kinds):
    """One precision, thread count and batch size: mien, and for each of kinds its rate and mien's multiple of it."""
    mien = mine[MIEN]
    cells = [mien["precision"], str(mien["threads"]), str(mien["batch"]), rate_cell(mien)]
    for kind in kinds:
        cells += [rate_cell(mine[kind]), multiple_cell(mine[kind])]
    return [*cells, share_cell(mien)]


def table(facts, found):
    kinds = [kind for kind in dict.fromkeys(r["contender"] for r in found) if kind != MIEN]
    places = {}
    for result in found:
        at = result["precision"], result["threads"], result["batch"]
        places.setdefault(at, {})[result["contender"]] = result
    header = ["", "threads", "batch", MIEN, *(cell for kind in kinds for cell in (kind, "")), "products"]
    rows = [header, *(row(mine, kinds) for mine in places.values())]
    widths = [max(len(line[n]) for line in rows) for n in range(len(header))]
    lines = ["  ".join(text.rjust(width) for text, width in zip(line, widths)).rstrip() for line in rows]
    failures = dict.fromkeys(f"{r['contender']}, {r['precision']}, {r['threads']} threads, batch {r['batch']}: "
                             f"{r['note']}" for r in found if r["note"].startswith("failed"))
    return "\n".join([
        f"{facts['processor']}, torch {facts['torch']}, mien {facts['mien']}",
        f"{facts['rows']} rows of {facts['dim']} values, 3 layers of {facts['width']}, CVaR, SAM; "
        f"medians of {facts['repeats']} repetitions that take turns",
        "",
        "steps/s (xN: mien is N times as fast; products: what a step's matrix products take at the measured",
        f"peak of torch.mm, {products.PEAK_SIZE} squared, as a share of mien's step; above 100% mien multiplies faster)",
        *(f"  {line}" for line in lines), *failures])
