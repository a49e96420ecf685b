"""RabbitMQ and PostgreSQL of a test's own: in its folder, on free ports, on the files of edge/fleet."""

import base64
import hashlib
import json
import os
import pwd
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support.deliveries import answers, free_port, wait_until

RABBITMQ = Path("/usr/lib/rabbitmq/bin")
"""Where Debian's package has the commands that start a node as whoever calls them."""
USER, PASSWORD = "centre", "a password of no use elsewhere"


def postgresql_bin() -> Path | None:
    """The folder of PostgreSQL's server commands; None where it isn't installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def missing_servers() -> str:
    """Why tests with real servers can't run here; empty where they can."""
    if postgresql_bin() is None or not (RABBITMQ / "rabbitmq-server").exists():
        return "needs RabbitMQ and PostgreSQL (Debian: apt-get install rabbitmq-server postgresql)"
    return ""


class Postgres:
    """A PostgreSQL server; root starts it as the user `postgres`, as it doesn't run as root.

    A folder that has its data goes on with them.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        self.port = free_port()
        self.url = f"postgresql://lpr@127.0.0.1:{self.port}/lpr"
        self._data = folder / "data"
        self._settings = settings
        folder.mkdir(exist_ok=True)
        self._as: dict[str, Any] = {"cwd": folder}
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self._as |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        if not self._data.exists():
            locale = ("-E", "UTF8", "--locale=C.UTF-8")
            self._run("initdb", "-D", str(self._data), "-U", "lpr", "-A", "trust", *locale)
        self.start()
        with suppress(subprocess.CalledProcessError):  # it is there
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "lpr", "lpr")

    def start(self) -> None:
        """Start it, and wait until it takes connections; it repairs itself after a kill."""
        given = [f"listen_addresses=127.0.0.1 unix_socket_directories={self._data}", *self._settings]
        options = [word for text in given for setting in text.split() for word in ("-c", setting)]
        with (self._data.parent / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._command("postgres"), "-D", self._data, "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as,
            )
        ready = [str(self._command("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0 or self._process.poll() is not None, 120)
        assert self._process.poll() is None, (self._data.parent / "server.log").read_text()[-2000:]

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """A statement's rows."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(text)
            return list(found.fetchall()) if found.description else []

    @property
    def pid(self) -> int:
        """Of its main process."""
        return self._process.pid

    def kill(self) -> None:
        """End all its processes at once, without a shutdown: as a power cut does."""
        main = self._process.pid
        children = [int(child) for child in Path(f"/proc/{main}/task/{main}/children").read_text().split()]
        for process in (main, *children):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait(20)
        wait_until(lambda: all(map(_is_gone, children)))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(60)

    def _run(self, command: str, *arguments: str) -> None:
        with (self._data.parent / "commands.log").open("ab") as log:
            subprocess.run([self._command(command), *arguments], stdout=log, stderr=log, check=True, **self._as)

    def _command(self, name: str) -> Path:
        folder = postgresql_bin()
        assert folder is not None
        return folder / name


def _is_gone(process: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return True


def definitions(example: Path, users: tuple[str, ...]) -> dict[str, Any]:
    """The example's queues, and users who may do everything; rabbitmqctl would take seconds for each of these."""
    salt = b"salt"
    hashed = base64.b64encode(salt + hashlib.sha256(salt + PASSWORD.encode()).digest()).decode()
    own = [{"name": user, "password_hash": hashed, "tags": []} for user in users]
    may = [{"user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"} for user in users]
    known: dict[str, Any] = json.loads((example / "definitions.json").read_text())
    return known | {"users": own, "permissions": may}


class Rabbit:
    """A RabbitMQ node on the settings of edge/fleet/rabbitmq; without TLS, unless that is asked for."""

    def __init__(
        self,
        folder: Path,
        example: Path,
        devices: tuple[str, ...] = ("device",),
        epmd_port: int | None = None,
        peer: "Rabbit | None" = None,
        has_tls: bool = False,
    ) -> None:
        """Start it.

        Args:
            folder: of its own.
            example: `edge/fleet/rabbitmq`.
            devices: users that devices log in as.
            epmd_port: of the port mapper that the nodes of a cluster share; None for one of its own.
            peer: a node whose cluster it joins.
            has_tls: whether devices and consumers come by TLS only; then `authority` signs for `localhost`.
        """
        self._folder = folder
        self._has_tls = has_tls
        self.amqp_port, self.mqtt_port, dist_port = (free_port() for _ in range(3))
        scheme, host = ("amqps", "localhost") if has_tls else ("amqp", "127.0.0.1")
        self.url = f"{scheme}://{USER}@{host}:{self.amqp_port}"
        self.name = f"lpr{self.amqp_port}@localhost"
        folder.mkdir()
        if has_tls:
            subprocess.run([example.parent / "certificates", "localhost", folder], check=True, capture_output=True)
        (folder / "home").mkdir()
        cookie = folder / "home" / ".erlang.cookie"
        cookie.write_text("A" * 20)
        cookie.chmod(0o400)
        (folder / "rabbitmq.conf").write_text(
            self._settings(example) + _joining([peer.name, self.name] if peer else [])
        )
        (folder / "definitions.json").write_text(json.dumps(definitions(example, (USER, *devices))))
        (folder / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")
        self.environment = os.environ | {
            "HOME": str(folder / "home"),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_DIST_PORT": str(dist_port),
            "ERL_EPMD_PORT": str(epmd_port or free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until devices and consumers can connect."""
        log = (self._folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            [RABBITMQ / "rabbitmq-server"], env=self.environment, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        wait_until(lambda: self._is_up() or self._process is None or self._process.poll() is not None, 180)
        assert self._process.poll() is None, (self._folder / "server.log").read_text()[-2000:]

    @property
    def authority(self) -> Path:
        """The certificate that devices and consumers trust."""
        return self._folder / "ca.crt"

    @property
    def pid(self) -> int:
        """Of the script that waits for its virtual machine, or of that machine."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End its virtual machine without a shutdown."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        wait_until(lambda: not answers(self.amqp_port) and not answers(self.mqtt_port))

    def stop(self) -> None:
        self.kill()
        with suppress(OSError):
            subprocess.run(["epmd", "-kill"], env=self.environment, capture_output=True, check=False)

    def control(self, *arguments: str) -> str:
        """What rabbitmqctl prints."""
        command = [str(RABBITMQ / "rabbitmqctl"), "--quiet", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _is_up(self) -> bool:
        return answers(self.amqp_port) and answers(self.mqtt_port)

    def _settings(self, example: Path) -> str:
        """The example's settings, with listeners and files of this node, and with room for small disks."""
        own, other = ("ssl", "tcp") if self._has_tls else ("tcp", "ssl")
        changed = {
            f"listeners.{other}": f"listeners.{other} = none",
            f"mqtt.listeners.{other}": f"mqtt.listeners.{other} = none",
            f"listeners.{own}": f"listeners.{own}.default = 127.0.0.1:{self.amqp_port}",
            f"mqtt.listeners.{own}": f"mqtt.listeners.{own}.default = 127.0.0.1:{self.mqtt_port}",
            "load_definitions": f"load_definitions = {self._folder / 'definitions.json'}",
            "disk_free_limit.absolute": "disk_free_limit.absolute = 50MB",
        }
        kept = []
        for line in (example / "rabbitmq.conf").read_text().splitlines():
            key = line.partition("=")[0].strip().removesuffix(".default")
            if self._has_tls or not key.startswith("ssl_options"):
                kept.append(changed.get(key, line).replace("/etc/rabbitmq/lpr/", f"{self._folder}/"))
        return "\n".join(kept) + "\n"


def _joining(nodes: list[str]) -> str:
    """Settings with which a node joins those of the list at its first start."""
    if not nodes:
        return ""
    listed = "".join(f"cluster_formation.classic_config.nodes.{at} = {name}\n" for at, name in enumerate(nodes, 1))
    return f"cluster_formation.peer_discovery_backend = classic_config\n{listed}"
