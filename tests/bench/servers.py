# SPDX-License-Identifier: Apache-2.0
"""The peers' servers, as Debian ships them: each in a data directory of its own on the disk that ours
uses, on a free port of loopback, with the durability that its row names. Each is ended by its pid."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

READY_SECONDS = 90
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


class ServerFailed(Exception):
    """A server did not start; its log is in the text."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.stdout or done.stderr else ""


def package_version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip()


class Server:
    """Started when entered, ended when left. `pid` is the root of its processes."""

    package = ""
    user = None  # servers that refuse to run as root run as this user

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / type(self).__name__.lower()
        self.port = free_port()
        self.process = None

    def __enter__(self):
        self.folder.mkdir(parents=True)
        self.give(self.folder)
        self.prepare()
        with open(self.folder / "server.log", "wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=self.folder,
                                            env=self.environment(), start_new_session=True,
                                            **self.as_user())
        until = time.monotonic() + READY_SECONDS
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > until:
                text = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                self.__exit__()
                raise ServerFailed(f"{type(self).__name__}: {text}")
            time.sleep(0.1)
        self.after_start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)  # its own session: nobody else's
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self):
        return self.process.pid

    def as_user(self):
        if self.user is None or os.geteuid() != 0:
            return {}
        row = pwd.getpwnam(self.user)
        return {"user": row.pw_uid, "group": row.pw_gid, "extra_groups": []}

    def give(self, path):
        if self.user is not None and os.geteuid() == 0:
            shutil.chown(path, self.user, self.user)

    def prepare(self):
        """Files that the server reads."""

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {**os.environ, "HOME": str(self.folder)}

    def ready(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def after_start(self):
        """What needs a running server."""

    def end(self):
        self.process.send_signal(signal.SIGTERM)

    def endpoint(self, _mode):
        return str(self.port)


class Postgres(Server):
    package = "postgresql-15"
    user = "postgres"
    data = property(lambda self: self.folder / "data")

    def prepare(self):
        subprocess.run([PG_BIN / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres",
                        "-E", "UTF8", "--no-locale"], check=True, stdout=subprocess.DEVNULL,
                       cwd=self.folder, **self.as_user())
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", self.data / "server.key", "-out", self.data / "server.crt"],
                       check=True, stderr=subprocess.DEVNULL, **self.as_user())
        (self.data / "server.key").chmod(0o600)
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"""
listen_addresses = '127.0.0.1'
port = {self.port}
unix_socket_directories = '{self.folder}'
ssl = on
synchronous_commit = on
fsync = on
full_page_writes = on
max_connections = 120
shared_buffers = 256MB
max_wal_size = 4GB
""")

    def command(self):
        return [PG_BIN / "postgres", "-D", self.data]

    def ready(self):
        return subprocess.run([PG_BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                               str(self.port)], check=False).returncode == 0

    def end(self):
        self.process.send_signal(signal.SIGINT)  # fast: does not wait for clients

    def endpoint(self, mode):
        tls = "require" if mode == "tls" else "disable"
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres sslmode={tls}"


class Redis(Server):
    package = "redis-server"

    def command(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir",
                str(self.folder), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                "--protected-mode", "yes"]


class Rabbit(Server):
    package = "rabbitmq-server"

    def prepare(self):
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nloopback_users.guest = true\n"
            "log.console = true\nlog.file = false\n")
        (self.folder / "enabled_plugins").write_text("[].\n")
        self.distribution_port = free_port()

    def command(self):
        return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]

    def environment(self):
        where = str(self.folder)
        return {**os.environ, "HOME": where,
                "RABBITMQ_NODENAME": f"bench{self.port}@localhost",
                "RABBITMQ_MNESIA_BASE": where + "/mnesia", "RABBITMQ_LOG_BASE": where + "/log",
                "RABBITMQ_CONFIG_FILE": where + "/rabbitmq.conf",
                "RABBITMQ_ENABLED_PLUGINS_FILE": where + "/enabled_plugins",
                "RABBITMQ_PID_FILE": where + "/pid",
                "RABBITMQ_DIST_PORT": str(self.distribution_port),
                "ERL_EPMD_PORT": str(self.epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1"}

    def __enter__(self):
        # A name server of its own, in the foreground: no daemon stays behind.
        self.epmd_port = free_port()
        self.epmd = subprocess.Popen(["epmd", "-port", str(self.epmd_port), "-address",
                                      "127.0.0.1"], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return super().__enter__()
        except BaseException:
            self.end_epmd()
            raise

    def __exit__(self, *arguments):
        super().__exit__(*arguments)
        self.end_epmd()

    def end_epmd(self):
        if self.epmd.poll() is None:
            self.epmd.terminate()
            self.epmd.wait()


class Nats(Server):
    package = "nats-server"

    def command(self):
        return ["nats-server", "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd",
                str(self.folder / "store")]


class Mosquitto(Server):
    package = "mosquitto"
    user = "mosquitto"

    def prepare(self):
        (self.folder / "data").mkdir()
        self.give(self.folder / "data")
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {self.folder}/data/\nautosave_interval 1000\n"
            "autosave_on_changes true\nmax_queued_messages 0\nmax_queued_bytes 0\n"
            "max_inflight_messages 1000\nset_tcp_nodelay true\n")

    def command(self):
        return ["mosquitto", "-c", str(self.folder / "mosquitto.conf")]


class NoServer:
    """Ours and the limits start what they need themselves; they get a scratch folder."""

    package = ""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "own"
        self.pid = 0

    def __enter__(self):
        self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def endpoint(self, _mode):
        return str(self.folder)


PEERS = (Postgres, Redis, Rabbit, Nats, Mosquitto)


def versions():
    made = {one.package: package_version(one.package) for one in PEERS}
    for library in ("liblmdb0", "libzmq5", "libssl3", "libpq5", "libhiredis0.14", "librabbitmq4",
                    "libmosquitto1", "erlang-base"):
        made[library] = package_version(library)
    return made
