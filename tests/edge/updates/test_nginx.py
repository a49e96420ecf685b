"""Model updates from the web server that docs name, on the settings of edge/fleet/nginx."""

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.deliveries import answers, free_port, wait_until
from tests.support.model_repository import Device, Publisher

pytest.importorskip("tuf", reason="needs pip install 'lpr[update]'")
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian: apt-get install nginx-light)")


@contextmanager
def nginx(example: Path, served: Path, folder: Path) -> Iterator[str]:
    """Nginx on the example's settings, but without TLS and with its files in a folder; gives the URL."""
    port = free_port()
    kept = [line for line in example.read_text().splitlines() if "ssl_certificate" not in line]
    site = "\n".join(kept).replace("listen 443 ssl", f"listen 127.0.0.1:{port}").replace("/srv/lpr-models", str(served))
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    as_root = "user root;\n" if os.getuid() == 0 else ""  # else it becomes a user that may not look here
    settings = folder / "nginx.conf"
    settings.write_text(
        f"{as_root}daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}{site}\n}}\n"
    )
    server = subprocess.Popen([str(NGINX), "-e", folder / "error.log", "-c", settings], cwd=folder)
    try:
        wait_until(lambda: answers(port) or server.poll() is not None)
        assert server.poll() is None, (folder / "error.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def test_updates_by_nginx(tmp_path: Path, repository: Path) -> None:
    """A device takes releases that nginx serves, and keeps its own while nginx is away; nothing else is served."""
    publisher = Publisher(tmp_path / "publisher")
    publisher.publish()
    (publisher.folder / "other.txt").write_text("not for devices")
    example = repository / "edge" / "fleet" / "nginx" / "lpr-models.conf"
    with nginx(example, publisher.folder, tmp_path) as url:
        device = Device(tmp_path / "device", url, publisher.root)
        device.ask()
        assert (device.state.release, device.works()) == (1, True)
        device.slots.accept("it is the first")
        publisher.publish()
        device.ask()
        assert (device.state.release, device.works()) == (2, True)
        with urllib.request.urlopen(f"{url}/metadata/timestamp.json", timeout=10) as answer:
            assert answer.headers["Cache-Control"] == "no-cache"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}/other.txt", timeout=10)
    assert "can't be reached" in device.ask()
    assert (device.state.release, device.works()) == (2, True)
