"""A headless Chromium that opens a file: what its DOM holds, how large charts are, what its console says."""

import html
import json
import pathlib
import re
import shutil
import subprocess

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Asked of the page itself, after it was laid out; the answer is read from the dumped DOM.
QUESTION = """
<script>
addEventListener("load", () => {
  const boxes = [...document.querySelectorAll("svg.chart, .thumbnails img")].map(e => {
    const box = e.getBoundingClientRect();
    return {name: (e.getAttribute("aria-label") || e.alt || "").slice(0, 60), width: box.width, height: box.height,
            open: !e.closest("details:not([open])"), whole: e.tagName !== "IMG" || e.naturalWidth > 0};
  });
  const texts = [...document.querySelectorAll("svg.chart text")].filter(e => !e.closest("details:not([open])"))
    .map(e => e.getBoundingClientRect()).filter(b => b.width > 0).map(b => b.height);
  const answer = {boxes, text: document.body.innerText, overflow: document.documentElement.scrollWidth - innerWidth,
                  smallest_text: Math.min(...texts), inner_width: innerWidth, dark: matchMedia("(prefers-color-scheme: dark)").matches};
  const out = document.createElement("script");
  out.type = "application/json"; out.id = "answer"; out.textContent = JSON.stringify(answer).replaceAll("<", "\\\\u003c");
  top.document.body.append(out);
});
</script>
"""


def browser():
    for name in NAMES:
        if found := shutil.which(name):
            return found
    pytest.fail(f"needs one of {NAMES} (scripts/build.sh installs chromium)")


def chromium(page, folder, *arguments, width=1280, height=900):
    done = subprocess.run(
        [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
         "--disable-extensions", "--disable-background-networking", "--disable-component-update",
         "--enable-logging=stderr", "--v=0", f"--user-data-dir={folder / 'profile'}", f"--window-size={width},{height}",
         "--virtual-time-budget=5000", *arguments, pathlib.Path(page).resolve().as_uri()],
        capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def console(done):
    """Lines that the page wrote or caused: errors of scripts, styles, images, refused requests."""
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def asked(page, folder, width=1280, height=900):
    """The answer to QUESTION, and the console. In a frame, as a window is never narrower than 500 pixels."""
    probe = folder / f"asked-{page.name}"
    text = page.read_text()
    assert text.count("</body>") == 1
    inner = html.escape(text.replace("</body>", QUESTION + "</body>"))
    probe.write_text(f'<!doctype html><html><head><link rel="icon" href="data:,"></head><body style="margin:0"><iframe '
                     f'style="border:0;width:{width}px;height:{height}px" srcdoc="{inner}"></iframe></body></html>')
    done = chromium(probe, folder, "--dump-dom")
    found = re.search(r'<script type="application/json" id="answer">(.*?)</script>', done.stdout, re.DOTALL)
    assert found, done.stdout[-500:] + done.stderr[-1000:]
    return json.loads(found[1]), console(done)
