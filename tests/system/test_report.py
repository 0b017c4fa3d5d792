"""A report in a real browser."""

import re
import shutil

import pytest

from tests.support import command

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEASURE = "<script>document.title = `${document.documentElement.scrollWidth} of ${innerWidth} pixels`</script></body>"


@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: `apt-get install chromium`")
def test_a_browser_shows_a_report_as_it_was_written_and_on_a_phone_nothing_sticks_out(gradmq, finished, tmp_path):
    page, measured = tmp_path / "report.html", tmp_path / "measured.html"
    assert gradmq("report", finished, "-o", page).end() == 0
    written = page.read_text()
    measured.write_text(written.replace("</body>", MEASURE).replace("<details>", "<details open>"))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'browser'}"]
    shown = command.run(CHROMIUM, *options, "--window-size=390,800", "--dump-dom", measured.as_uri())
    assert shown.returncode == 0, shown.stderr
    text = shown.stdout
    assert re.findall(r'<section id="(\w+)"', text) == ["learning", "mistakes", "weights", "work", "origin"]
    # What a browser finds wrong it corrects: elements that are closed too early, or not at all.
    for tag in ("svg", "table", "tr", "td", "figure", "img", "rect", "path", "text", "details", "section"):
        assert len(re.findall(rf"<{tag}\b", text)) == len(re.findall(rf"<{tag}\b", written)), tag
    needed, there = map(int, re.findall(r"<title>(\d+) of (\d+) pixels</title>", text)[0])
    assert needed <= there <= 500
