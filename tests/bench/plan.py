# SPDX-License-Identifier: Apache-2.0
"""What is measured: systems and load points. A full cross product would take a day; each point
answers a question, and the questions that aims are stated for are asked of every system."""

import dataclasses

import servers


@dataclasses.dataclass(frozen=True)
class System:
    name: str      # of the row
    program: str   # bench_<program>
    mode: str
    server: type
    marked: str = ""  # what has to be known when it is compared


@dataclasses.dataclass(frozen=True)
class Point:
    name: str
    size: int
    in_flight: int
    publishers: int
    consumers: int


EARLY = "acknowledges before it syncs"

SYSTEMS = (
    System("lienthong", "ours", "wire", servers.NoServer),
    System("lienthong-outbox", "ours", "outbox", servers.NoServer),
    System("postgresql", "postgres", "plain", servers.Postgres),
    System("postgresql-tls", "postgres", "tls", servers.Postgres),
    System("redis", "redis", "", servers.Redis),
    System("rabbitmq-quorum", "rabbitmq", "", servers.Rabbit),
    System("nats-jetstream", "nats", "", servers.Nats, EARLY),
    System("nats-signed", "nats", "signed", servers.Nats, EARLY),
    System("mosquitto-qos1", "mosquitto", "", servers.Mosquitto, EARLY),
    System("limit-lmdb", "limits", "lmdb", servers.NoServer, "no network, one writer"),
    System("limit-fdatasync", "limits", "fdatasync", servers.NoServer, "no network, one writer"),
    System("limit-zeromq-curve", "limits", "zeromq", servers.NoServer, "stores nothing"),
)

# Every system: the point that throughput aims are stated for, and the one for latency.
MAIN = Point("1KiB x1000 p10 c1", 1024, 1000, 10, 1)
ONE = Point("1KiB x1 p1 c1", 1024, 1, 1, 1)
# Every system that has publishers and consumers.
SMALL = Point("256B x1000 p10 c1", 256, 1000, 10, 1)
MIDDLE = Point("1KiB x100 p10 c1", 1024, 100, 10, 1)
ALONE = Point("1KiB x1000 p1 c1", 1024, 1000, 1, 1)
MANY = Point("1KiB x1000 p50 c1", 1024, 1000, 50, 1)
READERS = Point("1KiB x1000 p10 c10", 1024, 1000, 10, 10)

POINTS = (MAIN, ONE, SMALL, MIDDLE, ALONE, MANY, READERS)
# One writer, and nobody who reads: more publishers would be another question.
SINGLE = {"limit-lmdb", "limit-fdatasync"}


def points_of(system):
    if system.name in SINGLE:
        return (ALONE, ONE)
    return POINTS


@dataclasses.dataclass(frozen=True)
class Effort:
    repetitions: int
    warm_seconds: float
    seconds: float
    points: tuple
    growth: tuple
    growth_seconds: float
    nodes: int


FULL = Effort(3, 2, 8, POINTS, (10_000, 100_000, 1_000_000), 10, 2000)
# A smoke: that every program runs and says something. Nothing of it is a measurement to be cited
# without its load.
QUICK = Effort(1, 0.5, 1.5, (MAIN, ONE, ALONE), (10_000,), 2, 200)
