#!/usr/bin/env python3
"""Verify a receipt with nothing but the standard library: verify.py LOG-KEY-FILE RECEIPT

Written from the documentation of package receipt, without its code: a stranger's second opinion.
It checks the log's signature on the head, every record's place in the tree, every opening, the
directories from the first on, and every personal signature. It exits 0 and prints what is proved,
or exits 1 and says why not.
"""
import base64, hashlib, re, sys

# Ed25519 (RFC 8032, section 5.1), for verification only.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    k, m = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = m - k, d - c, d + c, m + k
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, a):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


def point(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * ROOT % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, text, sig):
    a, r, s = point(key), point(sig[:32]), int.from_bytes(sig[32:], "little")
    if a is None or r is None or s >= L or len(sig) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + text).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def sha(b):
    return hashlib.sha256(b).digest()


class Bad(Exception):
    pass


def need(ok, why):
    if not ok:
        raise Bad(why)


def number(s):
    need(re.fullmatch(rb"0|[1-9][0-9]*", s) is not None, f"{s!r} is not a number")
    return int(s)


def b64(s, size):
    try:
        out = base64.b64decode(s, validate=True)
    except ValueError:
        raise Bad(f"{s!r} is not base64")
    need(len(out) == size and base64.b64encode(out) == s, f"{s!r} is not {size} bytes in base64")
    return out


class Reader:
    def __init__(self, rest):
        self.rest = rest

    def line(self):
        line, nl, self.rest = self.rest.partition(b"\n")
        need(nl, "the text ends inside a line")
        return line

    def literal(self, want):
        need(self.line() == want, f"a line {want!r} is missing")

    def optional(self, name):
        if not self.rest.startswith(name + b" "):
            return None
        value = self.line()[len(name) + 1 :]
        need(value, f"the line {name!r} has no value")
        return value

    def value(self, name):
        value = self.optional(name)
        need(value is not None, f"a line {name!r} is missing")
        return value

    def bytes(self, n):
        need(n <= len(self.rest), "the text is shorter than it says")
        out, self.rest = self.rest[:n], self.rest[n:]
        return out


def record(text):
    r = Reader(text)
    r.literal(b"openceir record 1")
    e = {"text": text, "index": number(r.value(b"index")), "time": r.value(b"time")}
    number(r.value(b"refuses"))
    number(r.value(b"releases"))
    r.optional(b"proposal")
    e["approvals"] = []
    while (a := r.optional(b"approval")) is not None:
        e["approvals"].append(a.split(b" "))
    r.literal(b"")
    e["digest"] = sha(r.rest)
    r.literal(b"openceir content 1")
    e["kind"] = r.value(b"kind")
    r.value(b"key")
    e["by"] = r.value(b"by")
    e["authority"] = number(r.optional(b"authority") or b"0")
    e["commitments"] = {b"effect": r.value(b"effect"), b"personal": r.optional(b"personal")}
    need(not r.rest, "something follows the content")
    return e


def fold(lo, hi, leaves, proof):
    """The root over places lo to hi, from the leaves known: (place, hash); proof is used up from the front."""
    if not leaves:
        need(proof, "a proof is too short")
        return proof.pop(0)
    if hi - lo == 1:
        return leaves[0][1]
    half = 1
    while half * 2 < hi - lo:
        half *= 2
    left = fold(lo, lo + half, [e for e in leaves if e[0] < lo + half], proof)
    right = fold(lo + half, hi, [e for e in leaves if e[0] >= lo + half], proof)
    return sha(b"\1" + left + right)


def root_of(size, leaves, proof):
    places = [e[0] for e in leaves]
    need(places == sorted(set(places)) and places and places[-1] < size, "leaves are out of order")
    root = fold(0, size, leaves, proof)
    need(not proof, "a proof is too long")
    return root


def lines_of(text):
    return re.findall(rb"[^\n]*\n|[^\n]+", text) or [b""]


def body(r, n):
    out = r.bytes(number(n))
    r.literal(b"")
    return out


def opening(r, part):
    """A body, whole or some of its lines, and the commitment that it opens."""
    whole = r.optional(part)
    if whole is not None:
        salt, _, n = whole.partition(b" ")
        salt, text = b64(salt, 32), body(r, n)
        lines = lines_of(text)
        count, proof = len(lines), []
        shown = [(i, sha(salt + i.to_bytes(8, "big"))[:16]) for i in range(count)]
    else:
        count = r.optional(part + b"-excerpt")
        if count is None:
            return None, None
        count, shown, proof = number(count), [], []
        while (line := r.optional(b"line")) is not None:
            at, _, salt = line.partition(b" ")
            shown.append((number(at), b64(salt, 16)))
        while (path := r.optional(b"path")) is not None:
            proof.append(b64(path, 32))
        text = body(r, r.value(b"body"))
        lines = lines_of(text)
        need(len(lines) == len(shown), "an excerpt has another number of lines than places")
    root = root_of(count, [(at, sha(b"\0" + salt + line)) for (at, salt), line in zip(shown, lines)], proof)
    return text, sha(count.to_bytes(8, "big") + root)


def bundle(r):
    r.literal(b"openceir bundle 1")
    size, entries = number(r.value(b"size")), []
    for _ in range(number(r.value(b"entries"))):
        e = record(r.bytes(number(r.value(b"record"))))
        for part in (b"effect", b"personal"):
            e[part], found = opening(r, part)
            if found is not None:
                need(found.hex().encode() == e["commitments"][part], f"record {e['index']}: the {part.decode()} is not the one committed to")
        entries.append(e)
    proof = [b64(r.line(), 32) for _ in range(number(r.value(b"proof")))]
    return size, entries, proof


def open_head(note, key_text):
    name, key_hash, key = key_text.split("+", 2)
    key = base64.b64decode(key)
    need(key[0] == 1 and sha(name.encode() + b"\n" + key)[:4].hex() == key_hash, "the log's key is not one")
    text, _, signatures = note.partition(b"\n\n")
    text += b"\n"
    for line in signatures.splitlines():
        mark, who, sig = line.decode().split(" ")
        sig = base64.b64decode(sig)
        if mark == "\u2014" and who == name and sig[:4].hex() == key_hash and signed(key[1:], text, sig[4:]):
            log, size, root, end = text.split(b"\n")
            need(log == name.encode() and end == b"", "the head is of another log")
            return number(size), b64(root, 32)
    raise Bad("the log has not signed the head")


def directory(body):
    persons, organisations, keys = {}, set(), set()
    for line in body.splitlines():
        f = line.split(b" ")
        if f[0] == b"organisation":
            organisations.add(f[1])
        else:
            need(f[1].split(b"/")[0] in organisations and f[2] not in keys, f"the directory's line {line!r}")
            keys.add(f[2])
            if f[0] == b"person":
                persons[f[1]] = b64(f[2], 32)
    return persons


def support(e, persons):
    """The persons who stand behind a record."""
    out = []
    for who, verdict, sig in e["approvals"]:
        author = e["by"] == b"person " + who
        need(who not in out, f"{who!r} signed twice")
        need(verdict == (b"asks" if author else b"approve"), f"{who!r} {verdict!r}")
        need(who in persons, f"{who!r} is not in the directory")
        text = b"openceir approval 1\n%s\n%s\n%s\n" % (verdict, who, e["digest"].hex().encode())
        need(signed(persons[who], text, b64(sig, 64)), f"the approval of {who!r} is forged")
        out.append(who)
    sort, _, name = e["by"].partition(b" ")
    need(sort != b"person" or name in out, "the author's signature is missing")
    return out


def verify(log_key, text):
    r = Reader(text)
    r.literal(b"openceir receipt 1")
    device = r.value(b"imei").decode()
    size, root = open_head(r.bytes(number(r.value(b"head"))), log_key)
    claimed, entries, proof = bundle(r)
    need(not r.rest and claimed == size, "the bundle is of another size than the head, or something follows it")
    need(root_of(size, [(e["index"], sha(b"\0" + e["text"])) for e in entries], proof) == root, "the records are not in the ledger")
    persons, policies = None, {}
    print(f"receipt for {device}, under the head of {size} records with the root {base64.b64encode(root).decode()}")
    for e in entries:
        following = None
        if e["kind"] == b"directory":
            need(e[b"effect"] is not None, "a directory is not shown")
            following = directory(e[b"effect"])
            if e["index"] == 0:
                persons = following
        need(persons is not None, "the directory that founds the log is missing")
        who = support(e, persons)
        organisations = {w.split(b"/")[0] for w in who}
        if e["kind"] in (b"directory", b"denominator"):
            need(len(organisations) >= 2, f"record {e['index']} needs two organisations")
        elif e["kind"] == b"measure" and e["authority"]:
            sort, _, rule = e["by"].partition(b" ")
            need(sort == b"rule" and policies.get(e["authority"], b"").startswith(b"rule " + rule + b"\n"), f"record {e['index']} rests on nothing")
        elif e["kind"] in (b"measure", b"policy"):
            need(who, f"nobody signed record {e['index']}")
        if e["kind"] == b"policy":
            policies[e["index"]] = e[b"effect"] or b""
        persons = following or persons
        if e["kind"] == b"measure":
            behind = ", ".join(w.decode() for w in who) or f"the policy of record {e['authority']}"
            print(f"record {e['index']}, {e['time'].decode()}, {e['by'].decode()}, signed by {behind}:")
            for part in (b"effect", b"personal"):
                if e[part] is not None:
                    print("  " + e[part].decode().strip())


def main():
    try:
        verify(open(sys.argv[1]).read().strip(), open(sys.argv[2], "rb").read())
    except (Bad, ValueError, IndexError, UnicodeDecodeError, RecursionError) as why:
        print(f"this receipt proves nothing: {why}")
        sys.exit(1)


main()
