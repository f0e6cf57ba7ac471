# SPDX-License-Identifier: ISC
"""What ci/bench found: tables, a drawing, and what of it is wanted."""
import statistics

BASE = "connect-proxy"
OURS, STATIC, PASS = "connect", "connect static", "connect -F"
WAYS = ["down pipe", "up pipe", "down pair", "up pair"]


def values(rows, key):
    return [r[key] for r in rows if r is not None]


def quartiles(v):
    if len(v) < 2:
        return v[0], v[0], v[0]
    return tuple(statistics.quantiles(v, n=4, method="inclusive"))


def ratios(ours, other, key):
    """Within each round."""
    return [a[key] / b[key] for a, b in zip(ours, other) if a is not None and b is not None]


def ratio(got, name, other, key):
    """Median and quartiles of name's figure over other's; None if there is none."""
    if name not in got or other not in got:
        return None
    v = ratios(got[name], got[other], key)
    return quartiles(v) if v else None


def shown(q, digits=2):
    return "-" if q is None else "%.*f [%.*f-%.*f]" % (digits, q[1], digits, q[0], digits, q[2])


def inverse(q):
    return None if q is None else (1 / q[2], 1 / q[1], 1 / q[0])


def judge(res):
    """What is wanted of connect, and whether it is so."""
    out = []

    def want(what, got, op, bound):
        if got is None:
            return
        met = got <= bound if op == "<=" else got >= bound
        out.append({"what": what, "got": got, "op": op, "bound": bound, "met": met})

    def mid(q):
        return None if q is None else q[1]
    for proto, got in res.get("start", {}).items():
        want("start %s, connect / connect-proxy" % proto, mid(ratio(got, OURS, BASE, "total_us")), "<=", 1.0)
        want("start %s, static / connect-proxy" % proto, mid(ratio(got, STATIC, BASE, "total_us")), "<=", 0.75)
    least = {"down pipe": 0.80, "down pair": 0.80, "up pipe": 0.50, "up pair": 0.70}
    for way, got in res.get("bulk", {}).items():
        speed = {n: mid(inverse(ratio(got, n, "direct", "seconds"))) for n in got}
        want("bulk %s, connect / direct" % way, speed.get(OURS), ">=", least[way])
        want("processor time %s, connect / connect-proxy" % way, mid(ratio(got, OURS, BASE, "cpu")), "<=", 0.20)
        if way == "up pipe":
            others = [n for n in got if n not in (OURS, STATIC, PASS, "direct", "nc.openbsd -F")]
            faster = [mid(ratio(got, n, OURS, "seconds")) for n in others]
            want("bulk up pipe, connect / the fastest other relay", min(f for f in faster if f is not None), ">=", 1.0)
        if way == "up pair":
            want("bulk up pair, connect / proxytunnel", mid(ratio(got, "proxytunnel", OURS, "seconds")), ">=", 1.0)
        want("bulk %s, connect -F / direct" % way, speed.get(PASS), ">=", 0.90)
    ping = res.get("ping", {})
    for key in ("median_us", "p99_us"):
        want("ping-pong %s, connect / connect-proxy" % key, mid(ratio(ping, OURS, BASE, key)), "<=", 1.0)
        want("ping-pong %s, direct / connect -F" % key, mid(ratio(ping, "direct", PASS, key)), ">=", 0.90)
    idle = res.get("idle", {})
    if OURS in idle:
        want("idle PSS, connect / connect-proxy", idle[OURS]["pss_kb"] / idle[BASE]["pss_kb"], "<=", 1.0)
        want("idle wake-ups a second", idle[OURS]["wakeups"], "<=", 0)
    if STATIC in idle:
        want("idle PSS, static, kB", idle[STATIC]["pss_kb"], "<=", 60)
    return out


def table(title, head, rows):
    widths = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    print("\n### %s\n" % title)
    for n, r in enumerate([head, *rows]):
        cells = [str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(r, widths))]
        print("| " + " | ".join(cells) + " |")
        if n == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")


def failed(rows):
    return sum(r is not None and r.get("status", 0) not in (0, 1) for r in rows)


def print_start(res):
    for proto, got in res.items():
        rows = []
        for name, rs in got.items():
            v = values(rs, "total_us")
            if v:
                rows.append([name, len(v), "%.0f" % statistics.median(v), shown(ratio(got, name, BASE, "total_us")),
                             "%.0f" % statistics.median(values(rs, "greeting_us")),
                             shown(ratio(got, name, BASE, "cpu")), "%.0f" % statistics.median(values(rs, "faults"))])
        table("start, %s handshake, first line, end (connect-proxy = 1)" % proto,
              ["tool", "n", "us", "ratio", "us to first line", "cpu ratio", "page faults"], rows)


def print_bulk(res, octets):
    for way, got in res.items():
        rows = []
        for name, rs in got.items():
            sec, cpu = values(rs, "seconds"), values(rs, "cpu")
            if sec:
                rows.append([name, "%.2f" % (octets / statistics.median(sec)), shown(inverse(ratio(got, name, "direct", "seconds"))),
                             shown(inverse(ratio(got, name, BASE, "seconds")), 1), "%.3f" % (statistics.median(cpu) / octets),
                             "-" if name == "direct" else shown(ratio(got, name, BASE, "cpu")),
                             "%.3f" % (statistics.median(values(rs, "all_cpu")) / octets),
                             "%.0f" % (statistics.median(values(rs, "switches")) / octets),
                             "%d" % statistics.median(values(rs, "rss_kb"))])
        table("bulk %s" % way, ["tool", "GiB/s", "ratio to direct", "to connect-proxy", "relay cpu s/GiB", "cpu ratio", "all cpu",
                                "switches/GiB", "peak RSS kB"], rows)


def print_all(res):
    octets = 0.25 if res["quick"] else 1
    print("kernel %s, %d processors, load before %.1f, after %.1f, %s priority%s" % (
        res["kernel"], res["cpus"], res["load_before"][0], res["load_after"][0], "real-time" if res["first"] else "ordinary",
        ", quick" if res["quick"] else ""))
    if res["load_before"][0] > 0.5:
        print("something else runs here: figures of time are not worth much")
    print_start(res.get("start", {}))
    print_bulk(res.get("bulk", {}), octets)
    if res.get("calls"):
        table("system calls a GiB", ["tool", *WAYS], [[n, *(c.get(w, "-") for w in WAYS)] for n, c in res["calls"].items()])
    if res.get("ping"):
        got = res["ping"]
        rows = [[n, "%.1f" % statistics.median(values(rs, "median_us")), shown(ratio(got, n, BASE, "median_us")),
                 "%.1f" % statistics.median(values(rs, "p99_us")), shown(ratio(got, n, BASE, "p99_us")),
                 "-" if n == "direct" else shown(ratio(got, n, BASE, "cpu"))] for n, rs in got.items() if values(rs, "median_us")]
        table("ping-pong, 64 octets, everything on one processor", ["tool", "median us", "ratio", "p99 us", "ratio", "cpu ratio"], rows)
    if res.get("idle"):
        table("idle sessions", ["tool", "PSS kB", "RSS kB", "wake-ups/s"],
              [[n, "%.0f" % i["pss_kb"], "%.0f" % i["rss_kb"], "%.2f" % i["wakeups"]] for n, i in res["idle"].items()])
    table("wanted", ["what", "got", "", "bound", ""],
          [[w["what"], "%.2f" % w["got"], w["op"], "%.2f" % w["bound"], "met" if w["met"] else "MISSED"] for w in res["wanted"]])


def bars(x, y, title, rows):
    """Horizontal bars with what they stand for; the height of it all."""
    top = max(v for _, v in rows) or 1
    out = ['<text x="%d" y="%d" font-weight="bold">%s</text>' % (x, y, title)]
    for i, (name, v) in enumerate(rows):
        at = y + 10 + 17 * i
        colour = "#1f5f99" if name.startswith("connect") and name != BASE else "#888888" if name == "direct" else "#c8a060"
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (x + 105, at + 11, name))
        out.append('<rect x="%d" y="%d" width="%.1f" height="13" fill="%s"/>' % (x + 110, at, 200 * v / top, colour))
        out.append('<text x="%.1f" y="%d">%.2f</text>' % (x + 114 + 200 * v / top, at + 11, v))
    return out, 17 * len(rows) + 40


def svg(res):
    charts = []
    octets = 0.25 if res["quick"] else 1
    for way, got in res.get("bulk", {}).items():
        charts.append(("bulk %s, GiB/s" % way, [(n, octets / statistics.median(values(rs, "seconds")))
                                                for n, rs in got.items() if values(rs, "seconds")]))
    for proto, got in res.get("start", {}).items():
        charts.append(("start %s, ms" % proto, [(n, statistics.median(values(rs, "total_us")) / 1000)
                                                for n, rs in got.items() if values(rs, "total_us")]))
    if res.get("ping"):
        charts.append(("ping-pong of 64 octets, us", [(n, statistics.median(values(rs, "median_us")))
                                                      for n, rs in res["ping"].items() if values(rs, "median_us")]))
    body, heights = [], [20, 20]
    for title, rows in charts:
        column = heights.index(min(heights))
        part, height = bars(10 + 400 * column, heights[column], title, rows)
        body += part
        heights[column] += height
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="820" height="%d" font-family="sans-serif" font-size="11">\n%s\n</svg>\n'
            % (max(heights), "\n".join(body)))
