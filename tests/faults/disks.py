# SPDX-License-Identifier: Apache-2.0
"""Disks that lose power, and disks that are full."""
import os
import shutil
import subprocess
import time

from campaign import Campaign, has, is_root
from network import join
from world import READER, need

IMAGE_BYTES = 96 * 1024 * 1024


def command(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


class Mounts:
    """What is mounted for a campaign; all of it goes when the campaign ends."""

    def __init__(self):
        self.places = []

    def mount(self, *words, at):
        command("mount", *words, at)
        self.places.append(at)

    def unmount(self, at):
        # Lazily: what a dead process had open is dropped with it.
        command("umount", "-l", at)
        self.places.remove(at)

    def close(self):
        for at in reversed(list(self.places)):
            subprocess.run(["umount", "-l", str(at)], check=False, capture_output=True)
        self.places.clear()


class PowerCuts(Campaign):
    """The homes of the broker and of the nodes lie each on an ext4 image of their own. All processes
    of a machine are killed and its image file is copied at once: what the kernel had not yet
    written to the disk is not in it. The copy is mounted, its processes start on it. The nodes on
    the other machine saw what was acknowledged, and would raise an alarm if it were gone."""

    name = "power"
    smoke = 2
    documented = 200
    runs_per_world = 10

    def __init__(self, context):
        super().__init__(context)
        self.mounts = Mounts()

    def skip_reason(self):
        if not is_root():
            return "mounting an image needs root"
        if not has("mkfs.ext4"):
            return "mkfs.ext4 is not there (Debian: e2fsprogs)"
        probe = self.context.directory("power-probe")
        try:
            self.format(probe / "image")
            at = probe / "at"
            at.mkdir()
            self.mounts.mount("-o", "loop", probe / "image", at=at)
            self.mounts.unmount(at)
        except (OSError, subprocess.CalledProcessError) as error:
            return f"no loop mounts: {getattr(error, 'stderr', error)}".strip()[:200]
        return None

    def format(self, image):
        with open(image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        command("mkfs.ext4", "-q", "-F", image)

    def machine(self, name):
        """(image, place) of a machine's homes: the broker's, or all nodes'."""
        images = self.world.directory.parent / f"{self.world.directory.name}-images"
        home = self.world.broker_home if name == "broker" else self.world.directory / "nodes"
        return images / name, home

    def make_world(self):
        world = self.world = self.context.world()
        for name in ("broker", "nodes"):
            image, home = self.machine(name)
            image.parent.mkdir(exist_ok=True)
            self.format(image)
            beside = home.with_name(home.name + "-made")
            home.rename(beside)
            home.mkdir(mode=0o700)
            self.mounts.mount("-o", "loop", image, at=home)
            home.chmod(0o700)
            shutil.copytree(beside, home, dirs_exist_ok=True)
            shutil.rmtree(beside)
            if (home / "lost+found").exists():
                (home / "lost+found").rmdir()
        os.sync()
        return world.start()

    def fresh(self):
        self.drop_images()
        return super().fresh()

    def close(self):
        super().close()
        self.drop_images()

    def drop_images(self):
        if self.world is not None:
            self.world.destroy()
            self.mounts.close()
            shutil.rmtree(self.machine("broker")[0].parent, ignore_errors=True)
            self.world = None
        self.mounts.close()

    def cut_power(self, name):
        world = self.world
        image, home = self.machine(name)
        world.kill(*(["broker"] if name == "broker" else world.slugs))
        after = image.with_suffix(".after")
        command("cp", "--sparse=always", image, after)  # now: without what is still in memory
        self.mounts.unmount(home)
        # A new name: while the old one is being written to behind our back, nobody reads it.
        image.unlink()
        after.rename(image)
        self.mounts.mount("-o", "loop", image, at=home)

    def run(self, case, seed, draw):
        world = self.world
        publishers = world.load(seed, files=4)
        time.sleep(draw.random() * 0.8)
        machines = draw.choice((["broker"], ["broker"], ["nodes"], ["broker", "nodes"],
                                ["nodes", "broker"]))
        for name in machines:
            self.cut_power(name)
        for name in machines:
            if name == "broker":
                world.audit(world.copy_data())
                world.start_one("broker")
            else:
                for slug in world.slugs:
                    world.start_one(slug)
        self.count_up("power cuts", len(machines))
        join(publishers)
        world.check()


class FullDisks(Campaign):
    """The broker's data, or a node's, lie on a small file system that is full from a random moment
    on, then has room again. Processes may end, with an error that says so."""

    name = "full"
    smoke = 2
    documented = 100
    runs_per_world = 10
    mount_bytes = 24 * 1024 * 1024

    def __init__(self, context):
        super().__init__(context)
        self.mounts = Mounts()

    def skip_reason(self):
        if not is_root():
            return "mounting a small file system needs root"
        probe = self.context.directory("full-probe")
        try:
            self.mounts.mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", at=probe)
            self.mounts.unmount(probe)
        except subprocess.CalledProcessError as error:
            return f"no tmpfs: {error.stderr.strip()[:200]}"
        return None

    def make_world(self):
        world = self.context.world()
        for home in (world.broker_home, *(world.node_home(slug) for slug in world.slugs)):
            (home / "data").mkdir(exist_ok=True)
            self.mounts.mount("-t", "tmpfs", "-o", f"size={self.mount_bytes}", "tmpfs",
                              at=home / "data")
        return world.start()

    def close(self):
        super().close()
        self.mounts.close()

    def run(self, case, seed, draw):
        world = self.world
        name = draw.choice(("broker", "broker", READER, "police"))
        home = world.broker_home if name == "broker" else world.node_home(name)
        ballast = home / "data" / "ballast"
        publishers = world.load(seed, files=4)
        time.sleep(draw.random() * 0.5)
        left = draw.choice((0, 4096, 20000, 200000))
        self.fill(ballast, left)
        time.sleep(draw.choice((0.3, 1.5)))
        process = world.process(name)
        if not process.alive():
            self.count_up("ended")
            self.says_why(world, name)
            if draw.random() < 0.5:  # it may not start either, and must not spoil anything
                try:
                    world.start_one(name)
                except Exception:  # what it says is looked at below, when there is room
                    self.count_up("does not start while full")
        ballast.unlink()
        world.ensure_running()
        join(publishers)
        world.check()
        if draw.random() < 0.3:
            world.audit_stopped()
            world.start_one("broker")

    def fill(self, ballast, left):
        stat = os.statvfs(ballast.parent)
        size = max(0, stat.f_bavail * stat.f_frsize - left)
        with open(ballast, "wb") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError:
                pass  # as full as it gets

    def says_why(self, world, name):
        log = world.log("broker" if name == "broker" else f"node-{name}").read_text()
        code = world.process(name).child.returncode
        need(code > 0, f"{name} ended by signal {-code} on a full disk")
        need("disk_full" in log or "code=io" in log or "No space left" in log,
             f"{name} ended and does not say that the disk is full: {log[-300:]}")


