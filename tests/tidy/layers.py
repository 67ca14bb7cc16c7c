# SPDX-License-Identifier: Apache-2.0
"""Who may include whom, and who owns which library, as data.

A module is a folder. It may include itself, what is listed here, and nothing else; whoever
needs more changes this table in the same commit, with the reason.
"""

_SECURITY = {"security/keys", "security/proof", "security/seal", "security/registry",
             "security/policy"}
_LEAVES = {"bus/base", "bus/message"}

# bus/base and bus/message are open to everybody above them; `schemas` only to those that read or
# write FlatBuffers themselves.
MODULES = {
    "schemas": set(),
    "bus/base": set(),
    "bus/message": {"bus/base", "schemas"},
    "bus/outreach": _LEAVES | {"schemas"},
    "security/keys": _LEAVES | {"schemas"},
    "security/proof": _LEAVES | {"schemas", "security/keys"},
    "security/seal": _LEAVES | {"schemas", "security/keys"},
    "security/registry": _LEAVES | {"schemas", "security/keys"},
    "security/policy": _LEAVES | {"schemas", "security/keys", "security/registry"},
    "bus/wire": _LEAVES | {"schemas"},
    "bus/journal": _LEAVES | {"schemas"},
    # of the journal the interface alone: see INTERFACES
    "bus/core": _LEAVES | {"schemas", "bus/journal"} | _SECURITY,
    "bus/broker": _LEAVES | {"bus/core", "bus/wire", "bus/journal"} | _SECURITY,
    "bus/node": _LEAVES | {"bus/outreach", "bus/wire", "bus/journal"} | _SECURITY,
    "bus/audit": _LEAVES | {"bus/core", "bus/journal"} | _SECURITY,
    "adapters/codec": _LEAVES | {"bus/outreach", "schemas"},
    # The command line binds everything; see ANYTHING.
    "adapters/cli": set(),
    # Any other way in or out uses the node.
    "adapters": _LEAVES | {"bus/outreach", "bus/node", "adapters/codec"},
    # A program of one's own writes JSON and leaves sections to the codec.
    "examples": _LEAVES | {"bus/outreach", "bus/node", "adapters/codec"},
    "tests": set(),
}
ANYTHING = {"adapters/cli", "tests"}

# Of these modules the module named second may include the listed headers only.
INTERFACES = {("bus/core", "bus/journal"): {"bus/journal/journal.hpp"}}

_FLATBUFFERS = {name for name, allowed in MODULES.items() if "schemas" in allowed} | {"adapters/cli"}

# Beginning of a third-party include → modules that own it; None: everybody. The longest one counts.
THIRD_PARTY = {
    "fmt": None,
    "spdlog": {"bus/base"},
    "utf8proc.h": {"bus/base"},
    "unicode": {"bus/base"},
    "openssl": _SECURITY | {"adapters/http"},
    "p11-kit": {"security/keys"},
    "toml++": {"security/registry", "adapters/cli"},
    "zmq.h": {"bus/wire"},
    "lmdb.h": {"bus/journal"},
    "prometheus": {"bus/broker"},
    "flatbuffers": _FLATBUFFERS,
    "nlohmann": {"adapters", "adapters/codec", "adapters/cli"},
    "CLI": {"adapters", "adapters/cli"},
    "boost": {"adapters/http"},
    "boost/crc.hpp": {"bus/journal"},
    "gtest": {"tests"},
    "gmock": {"tests"},
}
# Headers that may show a third-party type to everybody.
OPEN_HEADERS = {"bus/base/log.hpp"}

# Of the C library, POSIX and Linux; any standard header of C++ has neither a dot nor a slash.
SYSTEM = {
    "arpa", "dirent.h", "dlfcn.h", "errno.h", "fcntl.h", "grp.h", "ifaddrs.h", "immintrin.h",
    "limits.h", "linux", "net", "netdb.h", "netinet", "nmmintrin.h", "poll.h", "pthread.h", "pwd.h",
    "sched.h", "signal.h", "spawn.h", "stdio.h", "stdlib.h", "string.h", "sys", "syslog.h",
    "sysexits.h", "termios.h", "time.h", "ucontext.h", "unistd.h", "x86intrin.h",
}


def third_party_of(name):
    """The key in THIRD_PARTY of a <…> include, or its first part if no module owns it; None for the
    standard library and the system."""
    parts = name.split("/")
    if parts[0] in SYSTEM or (len(parts) == 1 and "." not in name):
        return None
    for size in range(len(parts), 0, -1):
        if "/".join(parts[:size]) in THIRD_PARTY:
            return "/".join(parts[:size])
    return parts[0]


def module_of(path):
    """The module of a file or include, or None: the longest folder of the table that holds it."""
    parts = path.split("/")
    for size in (2, 1):
        if len(parts) > size and "/".join(parts[:size]) in MODULES:
            return "/".join(parts[:size])
    return None
