# SPDX-License-Identifier: Apache-2.0
"""Networks that are slow, lose, repeat, are cut, or look open and are not."""
import os
import subprocess
import time

from campaign import Campaign, has, is_root
from proxy import Proxy
from world import need, set_endpoints


def join(publishers, seconds=240):
    for publisher in publishers:
        publisher.join(seconds)
        need(not publisher.is_alive(), "a publisher does not come to its end")


class Proxied(Campaign):
    """Between nodes and broker stands a proxy of this process: blocks arrive late or byte by byte,
    connections end, or one way of them is dead while the other lives."""

    name = "proxy"
    smoke = 3
    documented = 200
    runs_per_world = 10
    kinds = ("delay", "slow", "stall", "deaf", "mute", "cut", "refuse")

    def make_world(self):
        world = self.context.world()
        world.start_broker()
        self.proxies = []
        for endpoint in (world.control, world.data):
            self.proxies.append(Proxy(("127.0.0.1", int(endpoint.rsplit(":", 1)[1]))))
        for slug in world.slugs:
            set_endpoints(world.node_home(slug) / "node.toml",
                          *(f"tcp://127.0.0.1:{proxy.port}" for proxy in self.proxies))
        world.start_nodes(world.slugs)
        return world

    def close(self):
        super().close()
        for proxy in getattr(self, "proxies", []):
            proxy.close()

    def cases(self, count, seed):
        for number in range(count):
            yield self.kinds[number % len(self.kinds)], seed + number

    def run(self, case, seed, draw):
        publishers = self.world.load(seed, files=3)
        for _ in range(draw.choice((1, 3))):
            time.sleep(draw.random() * 0.3)
            for proxy in draw.choice((self.proxies, self.proxies[:1], self.proxies[1:])):
                proxy.set(case, seconds=draw.choice((0.05, 0.3, 1.0)),
                          rate=draw.choice((2000, 20000, 200000)))
            time.sleep(draw.choice((0.1, 0.5, 1.5)) if case != "cut" else 0.05)
            for proxy in self.proxies:
                proxy.set("pass")
        join(publishers)
        self.world.check()


class Namespaces(Campaign):
    """Broker and nodes in network namespaces of their own, with a cable between them that is
    pulled, slow, lossy, reorders and repeats, or is dead one way."""

    name = "netns"
    smoke = 2
    documented = 200
    runs_per_world = 10
    # tbf drops what does not fit into its queue. netem is not in every kernel.
    shaping = {"slow": "tbf rate 256kbit burst 4kb latency 400ms",
               "drops": "tbf rate 128kbit burst 3kb limit 4kb",
               "loss": "netem loss 20%", "delay": "netem delay 150ms 100ms",
               "reorder": "netem delay 20ms reorder 30% 50%", "repeat": "netem duplicate 30%"}
    plain_kinds = ("down", "deaf", "mute", "slow", "drops")
    netem_kinds = ("loss", "delay", "reorder", "repeat")

    def __init__(self, context):
        super().__init__(context)
        tag = os.getpid() % 100000
        self.spaces = (f"ltb{tag}", f"ltn{tag}")
        self.links = (f"vb{tag}", f"vn{tag}")

    def ip(self, *words, check=True):
        return subprocess.run(words, check=check, capture_output=True, text=True)

    def skip_reason(self):
        if not is_root():
            return "network namespaces need root"
        if not has("ip") or not has("tc"):
            return "ip or tc is not there (Debian: iproute2)"
        try:
            self._make_spaces()
        except subprocess.CalledProcessError as error:
            self._drop_spaces()
            return f"no network namespaces: {error.stderr.strip()[:200]}"
        return None

    def _make_spaces(self):
        for space in self.spaces:
            self.ip("ip", "netns", "add", space)
        self.ip("ip", "link", "add", self.links[0], "netns", self.spaces[0], "type", "veth",
                "peer", "name", self.links[1], "netns", self.spaces[1])
        for number, (space, link) in enumerate(zip(self.spaces, self.links), 1):
            self.inside(number - 1, "ip", "addr", "add", f"10.213.7.{number}/24", "dev", link)
            self.inside(number - 1, "ip", "link", "set", link, "up")
            self.inside(number - 1, "ip", "link", "set", "lo", "up")
        self.emulates = self.inside(0, "tc", "qdisc", "add", "dev", self.links[0], "root",
                                    "netem", "delay", "0ms", check=False).returncode == 0
        if self.emulates:
            self.calm()

    def inside(self, which, *words, check=True):
        return self.ip("ip", "netns", "exec", self.spaces[which], *words, check=check)

    def _drop_spaces(self):
        for space in self.spaces:
            self.ip("ip", "netns", "del", space, check=False)

    def close(self):
        super().close()
        self._drop_spaces()

    def cases(self, count, seed):
        kinds = self.plain_kinds + (self.netem_kinds if self.emulates else ())
        if not self.emulates:
            self.context.say("netns: tc has no netem here: no loss by chance, no reordering")
        for number in range(count):
            yield kinds[number % len(kinds)], seed + number

    def make_world(self):
        world = self.context.world()
        port = world.control.rsplit(":", 1)[1], world.data.rsplit(":", 1)[1]
        world.control, world.data = (f"tcp://10.213.7.1:{one}" for one in port)
        set_endpoints(world.broker_home / "broker.toml", world.control, world.data)
        for slug in world.slugs:
            set_endpoints(world.node_home(slug) / "node.toml", world.control, world.data)
        wrap = [("ip", "netns", "exec", space) for space in self.spaces]
        return world.start(broker={"wrap": wrap[0]}, nodes={"wrap": wrap[1]})

    def disturb(self, case):
        if case == "down":
            self.inside(0, "ip", "link", "set", self.links[0], "down")
        elif case in ("deaf", "mute"):  # frames of one side go to a card that is not there
            side = 0 if case == "deaf" else 1
            self.inside(side, "ip", "neigh", "replace", f"10.213.7.{2 - side}", "lladdr",
                        "02:00:00:00:00:01", "dev", self.links[side], "nud", "permanent")
        else:
            for side in (0, 1):
                self.inside(side, "tc", "qdisc", "add", "dev", self.links[side], "root",
                            *self.shaping[case].split())

    def calm(self):
        for side in (0, 1):
            self.inside(side, "tc", "qdisc", "del", "dev", self.links[side], "root", check=False)
            self.inside(side, "ip", "neigh", "del", f"10.213.7.{2 - side}", "dev",
                        self.links[side], check=False)
        self.inside(0, "ip", "link", "set", self.links[0], "up")

    def run(self, case, seed, draw):
        publishers = self.world.load(seed, files=3)
        try:
            for _ in range(draw.choice((1, 2))):
                time.sleep(draw.random() * 0.3)
                self.disturb(case)
                time.sleep(draw.choice((0.3, 1.0, 3.0)))
                self.calm()
        finally:
            self.calm()
        join(publishers)
        self.world.check()
