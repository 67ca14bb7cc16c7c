# SPDX-License-Identifier: Apache-2.0
"""Verifiers of proofs, written from the texts alone (RFC 9162, C2SP, docs/protocol.md), to compare ours
with. Where our code climbs from a leaf with bits, these take the definitions apart from the root down.
"""
import base64
import hashlib
import re
import struct

import ed25519_reference as ed25519

TREE_SIZE_MAX = 2**63
SUITE = 1
BATCH_MAX = 1024
NOTE_BYTES_MAX = 16 * 1024
NOTE_SIGNATURES_MAX = 64
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def node(left, right):
    return sha256(b"\x01", left, right)


def leaf_hash(data):
    return sha256(b"\x00", data)


def split(n):
    """Largest power of two below n > 1."""
    return 1 << (n - 1).bit_length() - 1


class Refused(Exception):
    pass


def need(condition):
    if not condition:
        raise Refused()


def judged(function):
    def verdict(*arguments):
        try:
            function(*arguments)
            return True
        except Refused:
            return False
    return verdict


# Trees, RFC 9162 section 2.1


def root_by_path(leaf, index, size, path):
    """PATH(m, D_n) turned round: the last hash is the other half of the whole."""
    if size == 1:
        need(not path)
        return leaf
    need(path)
    k = split(size)
    if index < k:
        return node(root_by_path(leaf, index, k, path[:-1]), path[-1])
    return node(path[-1], root_by_path(leaf, index - k, size - k, path[:-1]))


@judged
def inclusion(leaf, index, size, path, root):
    need(size <= TREE_SIZE_MAX and index < size)
    need(root_by_path(leaf, index, size, path) == root)


def both_roots(m, n, path, known, old):
    """SUBPROOF(m, D_n, b) turned round: the roots of the first m and of all n."""
    if m == n:
        need(len(path) == (0 if known else 1))
        own = old if known else path[0]
        return own, own
    need(path)
    k = split(n)
    if m <= k:
        first, whole = both_roots(m, k, path[:-1], known, old)
        return first, node(whole, path[-1])
    first, whole = both_roots(m - k, n - k, path[:-1], False, old)
    return node(path[-1], first), node(path[-1], whole)


@judged
def consistency(first, second, first_root, second_root, path):
    need(first <= second <= TREE_SIZE_MAX)
    if first == second:
        need(not path and first_root == second_root)
    elif first == 0:  # every tree begins with the empty one
        need(not path and first_root == sha256(b""))
    else:
        need(both_roots(first, second, path, True, first_root) == (first_root, second_root))


def complete_subtrees(start, end):
    """The maximal complete subtrees of [start, end), as pairs (start, leaves)."""
    found = []
    while start < end:
        leaves = 1
        while start % (2 * leaves) == 0 and start + 2 * leaves <= end:
            leaves *= 2
        found.append((start, leaves))
        start += leaves
    return found


def root_of_pieces(start, end, pieces):
    """MTH of [start, end) from complete subtrees and leaves that cover it without a gap."""
    if (start, end - start) in pieces:
        return pieces[(start, end - start)]
    need(end - start > 1)
    k = split(end - start)
    return node(root_of_pieces(start, start + k, pieces), root_of_pieces(start + k, end, pieces))


def check_range(leaves, first, size, left, right, root):
    need(size <= TREE_SIZE_MAX and first + len(leaves) <= size)
    end = first + len(leaves)
    places_left, places_right = complete_subtrees(0, first), complete_subtrees(end, size)
    need(len(left) == len(places_left) and len(right) == len(places_right))
    pieces = dict(zip(places_left, left))
    pieces |= {(first + i, 1): leaf for i, leaf in enumerate(leaves)}
    pieces |= dict(zip(places_right, right))
    need((root_of_pieces(0, size, pieces) if size else sha256(b"")) == root)


range_of = judged(check_range)


# Batches


def text(value):
    data = value.encode()
    return struct.pack(">I", len(data)) + data


def key_id(key):
    return sha256(ED25519_SPKI, key)


def batch_statement(size, root, bus, agency):
    return (text("lienthong/batch/v1") + struct.pack(">H", SUITE) + text(bus) + text(agency) +
            struct.pack(">I", size) + root)


def take_batch(proof):
    """suite u16, key id 32, size u32, root 32, length u16, signature."""
    need(len(proof) >= 72)
    suite, key, size, root, length = struct.unpack(">H32sI32sH", proof[:72])
    need(suite == SUITE and 1 <= size <= BATCH_MAX)
    need(1 <= length <= 1024 and len(proof) == 72 + length)
    return key, size, root, proof[72:]


def check_batch_signature(taken, key, bus, agency):
    claimed, size, root, signature = taken
    need(claimed == key_id(key))
    need(ed25519.verifies(key, batch_statement(size, root, bus, agency), signature))


def mth(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(mth(leaves[:k]), mth(leaves[k:]))


@judged
def batch(proof, key, bus, agency, headers):
    taken = take_batch(proof)
    need(len(headers) == taken[1] and mth(headers) == taken[2])
    check_batch_signature(taken, key, bus, agency)


@judged
def member(proof, key, bus, agency, header, index, path):
    taken = take_batch(proof)
    need(inclusion(header, index, taken[1], path, taken[2]))
    check_batch_signature(taken, key, bus, agency)


# Heads and receipts

NAME = re.compile(rb"[a-z0-9-]{1,32}")
NOTE_NAME = re.compile(rb"[!-*,-~]+")
NUMBER = re.compile(rb"0|[1-9][0-9]*")
DIGEST = re.compile(rb"[0-9a-f]{64}")
EXTENSIONS = (b"time ", b"epoch ", b"administrators ", b"registry ", b"policy ", b"procedure ")


def canonical_base64(data):
    try:
        decoded = base64.b64decode(data, validate=True)
    except ValueError as fault:
        raise Refused() from fault
    need(base64.b64encode(decoded) == data)
    return decoded


def number(data, limit):
    need(NUMBER.fullmatch(data) is not None and int(data) <= limit)
    return int(data)


def take_signature(line):
    need(line.startswith("\u2014 ".encode()))
    name, _, encoded = line[4:].partition(b" ")
    need(NOTE_NAME.fullmatch(name) is not None)
    decoded = canonical_base64(encoded)
    need(len(decoded) > 4)
    return name, decoded[:4], decoded[4:]


def take_note(note):
    """C2SP signed-note: a text, an empty line, signature lines; the text with its last newline."""
    need(len(note) <= NOTE_BYTES_MAX)
    need(not any((c < 0x20 and c != 0x0a) or c == 0x7f for c in note))
    body, empty_line, signatures = note.rpartition(b"\n\n")
    need(empty_line and signatures.endswith(b"\n"))
    lines = signatures[:-1].split(b"\n")
    need(len(lines) <= NOTE_SIGNATURES_MAX)
    return body + b"\n", [take_signature(line) for line in lines]


def take_checkpoint(body):
    """C2SP tlog-checkpoint with our extension lines: origin, size, root."""
    need(body.endswith(b"\n"))
    lines = body[:-1].split(b"\n")
    need(len(lines) == 3 + len(EXTENSIONS))
    need(NAME.fullmatch(lines[0]) is not None)
    root = canonical_base64(lines[2])
    need(len(root) == 32)
    for line, prefix in zip(lines[3:], EXTENSIONS):
        need(line.startswith(prefix))
    number(lines[3][len(b"time "):], 2**63 - 1)
    number(lines[4][len(b"epoch "):], 2**64 - 1)
    for line, prefix in zip(lines[5:], EXTENSIONS[2:]):
        need(DIGEST.fullmatch(line[len(prefix):]) is not None)
    return lines[0].decode(), number(lines[1], TREE_SIZE_MAX), root


def note_key_hash(name, key):
    return sha256(name.encode(), b"\n\x01", key)[:4]


def take_head(note, bus, key):
    body, signatures = take_note(note)
    origin, size, root = take_checkpoint(body)
    need(origin == bus)
    own = [signature for name, key_hash, signature in signatures
           if name == bus.encode() and key_hash == note_key_hash(bus, key)]
    need(own)
    for signature in own:
        need(ed25519.verifies(key, body, signature))
    return size, root


def entry_leaf(bus, position, time, epoch, content, proof):
    """A message's leaf: label, bus, position, time, kind 1, epoch, digests."""
    return leaf_hash(text("lienthong/leaf/v1") + text(bus) +
                     struct.pack(">QqBQ", position, time, 1, epoch) + content + proof)


@judged
def receipt(note, key, bus, accepted, first, time, epoch, proof, left, right):
    size, root = take_head(note, bus, key)
    if not accepted:
        return
    need(first + len(accepted) <= size)
    leaves = [entry_leaf(bus, first + i, time, epoch, header, proof)
              for i, header in enumerate(accepted)]
    check_range(leaves, first, size, left, right, root)
