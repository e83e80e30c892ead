"""A verifier written from docs/formats alone, in another language, with nothing but its standard
library: python3 stranger.py DIRECTORY, where the directory holds the files that the test wrote. It
prints one line for each thing it believes and ends with status 1 at the first it does not."""
import base64, hashlib, os, struct, sys

# Ed25519, RFC 8032 §5.1 and §6.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def root(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0, "no point of the curve"
    return P - x if x & 1 != sign else x


def point(b):
    n = int.from_bytes(b, "little")
    y = n & (1 << 255) - 1
    return root(y, n >> 255), y


def add(a, b):
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + t, P - 2, P) % P,
            (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, P - 2, P) % P)


def times(n, p):
    q = (0, 1)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


BASE = (root(4 * pow(5, P - 2, P) % P, 0), 4 * pow(5, P - 2, P) % P)


def signed(key, text, sig):
    s = int.from_bytes(sig[32:], "little")
    h = int.from_bytes(hashlib.sha512(sig[:32] + key + text).digest(), "little") % L
    return len(sig) == 64 and s < L and times(s, BASE) == add(point(sig[:32]), times(h, point(key)))


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# Notes and heads.
def note(msg, vkey):
    name, hash_, key = vkey.strip().split("+", 2)
    raw = base64.b64decode(key)
    assert raw[0] == 1 and sha(name.encode(), b"\n", raw)[:4].hex() == hash_, "the key is not that of its name"
    text, _, sigs = msg.partition(b"\n\n")
    text += b"\n"
    for line in sigs.decode().splitlines():
        dash, who, sig = line.split(" ")
        sig = base64.b64decode(sig)
        if dash == "\u2014" and who == name and sig[:4].hex() == hash_:
            assert signed(raw[1:], text, sig[4:]), "the note's signature is false"
            return text.decode(), name
    raise AssertionError("the log has not signed it")


# Texts.
class Text:
    def __init__(self, b):
        self.b = b

    def line(self):
        line, _, self.b = self.b.partition(b"\n")
        return line.decode()

    def value(self, name):
        got, _, value = self.line().partition(" ")
        assert got == name, f"{got} where {name} should be"
        return value

    def maybe(self, name):
        return self.value(name) if self.b.startswith(name.encode() + b" ") else None

    def take(self, n):
        out, self.b = self.b[:int(n)], self.b[int(n):]
        assert len(out) == int(n), "it is cut short"
        return out


def fields(text, repeated=()):
    out = {}
    for line in text.decode().splitlines():
        name, _, value = line.partition(" ")
        if name in repeated:
            out.setdefault(name, []).append(value)
        else:
            out[name] = value
    return out


class Entry:
    def __init__(self, t):
        self.bytes = t.take(t.value("record"))
        head, _, content = self.bytes.partition(b"\n\n")
        self.record, self.content, self.text = fields(head, ["approval"]), fields(content), content
        self.index = int(self.record["index"])
        self.body = {}
        for part in "effect", "personal":
            body, commitment = opening(t, part)
            if body is not None:
                assert commitment.hex() == self.content[part], "not the body committed to"
                self.body[part] = body


def opening(t, part):
    whole, some = t.maybe(part), t.maybe(part + "-excerpt")
    if whole:
        salt, n = whole.split(" ")
        salt, body, path = base64.b64decode(salt), t.take(n), []
        lines = lines_of(body)
        leaves = {i: sha(b"\0", sha(salt, i.to_bytes(8, "big"))[:16], line) for i, line in enumerate(lines)}
        size = len(lines)
    elif some:
        size, shown, path = int(some), [], []
        while line := t.maybe("line"):
            shown.append(line.split(" "))
        while hash_ := t.maybe("path"):
            path.append(base64.b64decode(hash_))
        body = t.take(t.value("body"))
        lines = lines_of(body)
        assert len(lines) == len(shown), "an excerpt with too few places"
        leaves = {int(i): sha(b"\0", base64.b64decode(salt), line) for (i, salt), line in zip(shown, lines)}
    else:
        return None, None
    assert t.line() == "", "no line feed after the body"
    return body, sha(size.to_bytes(8, "big"), fold(size, leaves, path))


def lines_of(body):
    lines = body.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] or len(lines) == 1 else [])


def fold(size, leaves, proof):
    """The root of a tree, from the leaves known by place and the roots of the subtrees without them."""
    proof = list(proof)

    def part(lo, hi, known):
        if not known:
            return proof.pop(0)
        if hi - lo == 1:
            return leaves[lo]
        mid = lo + (1 << (hi - lo - 1).bit_length() - 1)
        left = part(lo, mid, [i for i in known if i < mid])
        return sha(b"\1", left, part(mid, hi, [i for i in known if i >= mid]))

    top = part(0, size, sorted(leaves))
    assert not proof, "hashes are left over"
    return top


def bundle(t):
    assert t.line() == "openceir bundle 1"
    size = int(t.value("size"))
    entries = [Entry(t) for _ in range(int(t.value("entries")))]
    proof = [base64.b64decode(t.line()) for _ in range(int(t.value("proof")))]
    leaves = {e.index: sha(b"\0", e.bytes) for e in entries}
    top = fold(size, leaves, proof)
    return size, top, entries


def approvals(entries):
    keys = None
    for e in entries:
        new = None
        if e.content["kind"] == "directory":
            new = {}
            for line in e.body["effect"].decode().splitlines():
                f = line.split(" ")
                if f[0] == "person":
                    new[f[1]] = base64.b64decode(f[2])
        keys = keys or new
        author = e.content["by"].split(" ")
        people = [a.split(" ")[0] for a in e.record.get("approval", [])]
        assert people == sorted(set(people)), "somebody signed twice"
        assert author[0] != "person" or author[1] in people, "the author has not signed"
        for a in e.record.get("approval", []):
            who, verdict, sig = a.split(" ")
            assert verdict == ("asks" if author == ["person", who] else "approve"), "a verdict that does not count"
            text = f"openceir approval 1\n{verdict}\n{who}\n{sha(e.text).hex()}\n".encode()
            assert signed(keys[who], text, base64.b64decode(sig)), f"the signature of {who} is false"
        keys = new or keys


def receipt(path, vkey):
    t = Text(open(path, "rb").read())
    assert t.line() == "openceir receipt 1"
    device = t.value("imei")
    head, name = note(t.take(t.value("head")), vkey)
    who, size, top, _ = head.split("\n")
    assert who == name
    n, got, entries = bundle(t)
    assert t.b == b"" and n == int(size) and base64.b64encode(got).decode() == top, "the records are not in the tree"
    approvals(entries)
    last = [e for e in entries if device.encode() in e.body["effect"]][-1]
    print("receipt:", last.body["effect"].decode().strip())


# Lists.
GROUNDS = ("stolen lost duplicate not-allocated not-registered not-approved barred fraud court test protected "
           "mode non-identifying").split()
CLASSES = "override special pair exempt listed".split()


def order(line):
    f = line.split(" ")
    extra = dict(zip(f[4::2], f[5::2]))
    lo, _, hi = f[1].partition("-")
    if len(lo) == 8:
        lo, hi = lo + "000000", lo + "999999"
    sub = extra.get("subscriber", "imsi-0")
    sort, _, number = sub.partition("-")
    number = int(number) if sort == "imsi" else int(number) | 1 << 62 if sort == "msisdn" else int(number, 16)
    return int(lo), int(hi or lo), CLASSES.index(f[0]), number, int(extra.get("version", 255)), GROUNDS.index(f[3])


def digest(table):  # table: line -> act
    lines = sorted(table, key=order)
    one = lambda l: order(l)[0] == order(l)[1]
    d = lambda ls: sha(*(f"{table[l]} {l}\n".encode() for l in ls))
    out = [b"openceir table 1\n", d([l for l in lines if not one(l)])]
    for tac in sorted({order(l)[0] // 10**6 for l in lines if one(l)}):
        out += [b"%08d" % tac, d([l for l in lines if one(l) and order(l)[0] // 10**6 == tac])]
    return sha(*out).hex()


def manifest(path, vkey):
    text, _ = note(open(path + ".note", "rb").read(), vkey)
    lines = text.splitlines()
    assert lines[0] == "openceir list 1"
    m = dict(l.split(" ") for l in lines[1:9])
    body = open(path, "rb").read()
    chunks = [sha(body[i:i + 2**20]).hex() for i in range(0, len(body), 2**20)]
    assert len(body) == int(m["length"]) and chunks == lines[9:], "the file is not the one signed"
    return m, body


def proved(m, t):
    n, got, entries = bundle(t)
    assert n == int(m["size"]) and base64.b64encode(got).decode() == m["root"], "the acts are not in the tree"
    return entries


def said(entries, act, op):
    e = next(e for e in entries if e.index == act)
    assert e.content["kind"] == "measure" and op in e.body["effect"].decode().splitlines(), f"nobody decided {op!r}"


def snapshot(path, vkey):
    m, b = manifest(path, vkey)
    assert b[:8] == b"OCEIRSN1"
    sec = [b[o:o + n] for o, n in struct.iter_unpack("<QQ", b[8:120])]
    shapes = [s.split(" ") for s in sec[0].decode().splitlines()]
    acts = [a for a, in struct.iter_unpack("<Q", sec[5])]
    table = {}

    def put(shape, subject, act, who=None, over=0):
        f = list(shapes[shape])
        f[1] = subject
        if who:  # an IMSI: the example has no others
            set_aside = [g for i, g in enumerate(GROUNDS) if over >> i + 1 & 1]
            f[4:4] = ["subscriber", "imsi-%015d" % who, "overrides", ",".join(set_aside)]
        table[" ".join(f)] = acts[act]

    rows = list(struct.iter_unpack("<III32s", sec[1]))
    devices = list(struct.iter_unpack("<II", sec[2]))
    pairs = list(struct.iter_unpack("<IIQII", sec[3]))
    for (tac, d, p, _), (_, d2, p2, _) in zip(rows, rows[1:]):
        for a, act in devices[d:d2]:
            put(a >> 20, "%08d%06d" % (tac, a & 0xfffff), act)
        for a, act, who, over, _ in pairs[p:p2]:
            put(a >> 20, "%08d%06d" % (tac, a & 0xfffff), act, who, over)
    for lo, hi, shape, act in struct.iter_unpack("<QQII", sec[4]):
        tac = lo % 10**6 == 0 and hi == lo + 10**6 - 1
        put(shape, "%08d" % (lo // 10**6) if tac else "%014d-%014d" % (lo, hi), act)
    assert digest({}) == m["before"] and digest(table) == m["after"], "not the table that the manifest names"
    entries = proved(m, Text(sec[6]))
    approvals(entries)
    for line, act in table.items():
        said(entries, act, "set " + line)
    print(f"snapshot: {len(table)} lines")
    return table, entries


def delta(path, vkey, table, before):
    m, b = manifest(path, vkey)
    t = Text(b)
    assert t.line() == "openceir delta 1"
    ops = [t.line().split(" ", 1) for _ in range(int(t.value("ops")))]
    for _ in range(int(t.value("growth"))):
        t.line()
    entries = proved(m, t)
    approvals([e for e in before if e.content["kind"] == "directory"] + entries)
    assert digest(table) == m["before"], "it does not begin where we stand"
    for act, op in ops:
        said(entries, int(act), op)
        verb, line = op.split(" ", 1)
        if verb == "set":
            table[line] = int(act)
        else:
            del table[line]
    assert digest(table) == m["after"], "not the table that the manifest names"
    print(f"delta: {len(ops)} operation, {len(table)} lines are left")


try:
    at = lambda name: os.path.join(sys.argv[1], name)
    key = open(at("key")).read()
    receipt(at("receipt"), key)
    delta(at("delta"), key, *snapshot(at("snapshot"), key))
except (AssertionError, ValueError, KeyError, IndexError, StopIteration) as e:
    print("refused:", e)
    sys.exit(1)
