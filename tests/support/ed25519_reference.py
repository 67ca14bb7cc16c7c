# SPDX-License-Identifier: Apache-2.0
"""Ed25519 written from the text of RFC 8032 section 5.1 with Python's integers, to compare ours with.

For tests alone: it takes as long as its secrets decide. Points are extended coordinates (X, Y, Z, T),
x = X/Z, y = Y/Z, xy = T/Z. Multiples come from a table of 64 rows for each point, so that thousands of
signatures of a few keys are judged in a reasonable time.
"""
import functools
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    """5.1.4; complete, so it doubles as well."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def negated(p):
    return (-p[0] % P, p[1], p[2], -p[3] % P)


def maybe_x(y, sign):
    """5.1.3, steps 2 to 4."""
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    return P - x if x % 2 != sign else x


def maybe_point(encoded):
    number = int.from_bytes(encoded, "little")
    y, sign = number % 2**255, number >> 255
    x = maybe_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def encoded(p):
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = (maybe_x(4 * pow(5, P - 2, P) % P, 0), 4 * pow(5, P - 2, P) % P, 1, None)
BASE = (BASE[0], BASE[1], 1, BASE[0] * BASE[1] % P)


@functools.lru_cache(maxsize=16)
def table(point):
    """Row i: the multiples of 16**i, from 0 to 15."""
    rows = []
    for _ in range(64):
        row = [NEUTRAL]
        for _ in range(15):
            row.append(add(row[-1], point))
        rows.append(row)
        point = add(row[-1], point)
    return rows


def times(number, point):
    result = NEUTRAL
    for row in table(point):
        result = add(result, row[number % 16])
        number //= 16
    return result


def hashed(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def secrets_of(seed):
    digest = hashlib.sha512(seed).digest()
    number = int.from_bytes(digest[:32], "little")
    number = number % 2**254 // 8 * 8 + 2**254
    return number, digest[32:]


def public_key(seed):
    return encoded(times(secrets_of(seed)[0] % L, BASE))


def sign(seed, message):
    number, prefix = secrets_of(seed)
    r = hashed(prefix, message)
    first = encoded(times(r, BASE))
    k = hashed(first, public_key(seed), message)
    return first + ((r + k * number) % L).to_bytes(32, "little")


def verifies(key, message, signature):
    """5.1.7 without the cofactor, and with s below L: one signature is no other one."""
    point = maybe_point(key)
    if point is None or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    k = hashed(signature[:32], key, message)
    return encoded(add(times(s, BASE), times(k, negated(point)))) == signature[:32]
