# SPDX-License-Identifier: Apache-2.0
"""A proxy of TCP connections in this process that does to them what bad networks do: it takes the
network cases where namespaces are not to be had, and some that they cannot do at all."""
import selectors
import socket
import threading
import time

BLOCK = 65536
MODES = ("pass", "delay", "slow", "stall", "deaf", "mute", "cut", "refuse")


class _Pair:
    """One connection through the proxy. `held`: what was read and not yet passed on, per side."""

    def __init__(self, near, far):
        self.sockets = (near, far)
        self.held = [[], []]  # for the socket of this index: (not before, bytes)

    def close(self):
        for one in self.sockets:
            one.close()


class Proxy:
    """Listens on loopback and connects to `target`. Modes:
    pass    as it comes
    delay   each block is passed on `seconds` later
    slow    at most `rate` bytes a second each way, in pieces of some bytes
    stall   nothing is passed on in either way, and no connection ends: a black hole
    deaf    what the broker sends does not arrive     (half open)
    mute    what the node sends does not arrive       (half open)
    cut     all connections end at once; new ones are taken as in pass
    refuse  all connections end, new ones end as soon as they are made"""

    def __init__(self, target):
        self.target = target
        self.mode, self.seconds, self.rate = "pass", 0.2, 4096
        self.passed = 0
        self._cut = False
        self._ending = False
        self._pairs = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def set(self, mode, seconds=None, rate=None):
        self.seconds = seconds or self.seconds
        self.rate = rate or self.rate
        if mode in ("cut", "refuse"):
            self._cut = True
        self.mode = "pass" if mode == "cut" else mode

    def close(self):
        self._ending = True
        self._thread.join(10)
        self._listener.close()

    def _work(self):
        while not self._ending:
            if self._cut:
                self._cut = False
                self._drop_all()
            readable = [one for pair in self._pairs for one in pair.sockets
                        if self._reads(pair, one)]
            with selectors.DefaultSelector() as selector:
                selector.register(self._listener, selectors.EVENT_READ)
                for one in readable:
                    selector.register(one, selectors.EVENT_READ)
                ready = {key.fileobj for key, _ in selector.select(0.01)}
            if self._listener in ready:
                self._accept()
            for pair in list(self._pairs):
                self._serve(pair, ready)
        self._drop_all()

    def _drop_all(self):
        for pair in self._pairs:
            pair.close()
        self._pairs.clear()

    def _accept(self):
        near, _ = self._listener.accept()
        if self.mode == "refuse":
            near.close()
            return
        try:
            far = socket.create_connection(self.target, timeout=2)
        except OSError:
            near.close()
            return
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(5)
        self._pairs.append(_Pair(near, far))

    def _reads(self, pair, one):
        side = pair.sockets.index(one)
        if self.mode == "stall" or (self.mode == "mute" and side == 0) or (
                self.mode == "deaf" and side == 1):
            return False
        return sum(len(block) for _, block in pair.held[1 - side]) < 4 * BLOCK

    def _serve(self, pair, ready):
        try:
            for side in (0, 1):
                if pair.sockets[side] in ready:
                    block = pair.sockets[side].recv(BLOCK)
                    if not block:
                        raise ConnectionError
                    later = self.seconds if self.mode == "delay" else 0
                    pair.held[1 - side].append((time.monotonic() + later, block))
            for side in (0, 1):
                self._pass_on(pair, side)
        except OSError:
            pair.close()
            self._pairs.remove(pair)

    def _pass_on(self, pair, side):
        blocked = ("stall", "mute" if side == 1 else "deaf")
        while pair.held[side] and self.mode not in blocked:
            not_before, block = pair.held[side][0]
            if not_before > time.monotonic():
                return
            pair.held[side].pop(0)
            if self.mode != "slow":
                pair.sockets[side].sendall(block)
                self.passed += len(block)
                continue
            piece = max(1, self.rate // 100)  # select() waits a hundredth of a second
            pair.sockets[side].sendall(block[:piece])
            self.passed += len(block[:piece])
            if block[piece:]:
                pair.held[side].insert(0, (time.monotonic() + 0.01, block[piece:]))
            return
