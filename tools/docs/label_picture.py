"""A picture of the labelling page at work, on the example's rendered photograph."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
from tests.support.browser import browsing
from tests.support.deliveries import free_port
from tools.docs.own_data import EXAMPLE

DRAWN = Path("docs/images/label.jpg")
SIZE_WH = (1180, 760)


def draw_label_page(repository: Path) -> None:
    """Label one plate of the example, begin the next, and keep what the window shows."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shutil.copytree(repository / EXAMPLE / "plates", data / "plates")
        labels = data / "plates/labels.jsonl"
        line = json.loads(labels.read_text(encoding="utf-8"))
        line["plates"] = [plate | {"label": "reading", "confidence": 0.4} for plate in line["plates"]]
        labels.write_text(json.dumps(line | {"split": "unlabelled"}) + "\n", encoding="utf-8")
        port = free_port()
        command = [sys.executable, "-m", "lpr_train", "label", str(data), "--web", f"127.0.0.1:{port}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with browsing(Path(folder), SIZE_WH) as browser:
                browser.open(f"http://127.0.0.1:{port}/", "document.body?.dataset.ready")
                browser.press("Enter")
                browser.wait("document.body.dataset.ready.endsWith(' 1')")
                browser.type("sa 6 kha 8726")
                browser.wait("document.getElementById('rows').textContent.includes('zonal')")
                shot = Path(folder) / "shot.png"
                browser.screenshot(shot)
                cv2.imwrite(str(repository / DRAWN), cv2.imread(str(shot)), [cv2.IMWRITE_JPEG_QUALITY, 80])
        finally:
            process.terminate()
            process.communicate(timeout=60)


if __name__ == "__main__":
    draw_label_page(Path(__file__).resolve().parents[2])
