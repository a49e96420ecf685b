"""The HTTP interfaces against requests that schemathesis makes of their description, right and wrong ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.edge.http_api.test_http_api import TOKEN, serving

from lpr_edge.vision.pipeline import PlatePipeline

EXAMPLES = 25
"""Of each operation and kind of request."""


@pytest.mark.slow
def test_schemathesis_finds_nothing(plate_reader: PlatePipeline, repository: Path, tmp_path: Path) -> None:
    """All checks of schemathesis hold for all operations: statuses, types, schemas, wrong requests, methods, tokens."""
    with serving(plate_reader, TOKEN) as server:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{server.port}/openapi.json"),
            *("--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "1"),
            *("--header", f"Authorization: Token {TOKEN}", "--no-color", "--request-timeout", "120"),
        ]
        environment = os.environ | {
            "SCHEMATHESIS_HOOKS": "tests.support.picture_formats",
            "PYTHONPATH": str(repository),
        }
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert re.search(r"Operations:\s+(\d+) selected / \1 total", done.stdout)
    assert "No issues found" in done.stdout
