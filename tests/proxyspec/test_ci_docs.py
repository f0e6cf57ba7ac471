# SPDX-License-Identifier: ISC
"""docs/CI: both pipelines have the shape that their readers want, and every shell line of them is run, against real proxies.

The programs are those that `make install` puts into a folder of the test, as the image has them."""
import concurrent.futures
import os
import re
import shlex
import shutil
import socket
import subprocess
import xml.etree.ElementTree as xml

import pytest
import yaml
from conftest import BUILD, FAKEPROXY, ROOT, clean_env

DIR = ROOT / "docs/CI"
GITHUB = yaml.safe_load((DIR / "github-actions.yml").read_text())
GITLAB = yaml.safe_load((DIR / "gitlab-ci.yml").read_text())


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A project with docs/CI in it, and the installed programs first in PATH."""
    top = tmp_path_factory.mktemp("ci")
    out = top / "out"
    dockerfile = (DIR / "Dockerfile").read_text()
    install = re.search(r"^RUN (make install DESTDIR=/out)$", dockerfile, re.M)[1].replace("/out", str(out))
    subprocess.run(["sh", "-c", f"{install} BUILD={shlex.quote(str(BUILD))} PROGRAMS={shlex.quote(' '.join(f'{BUILD}/{p}' for p in ('connect', 'fakeproxy', 'proxyspec')))}"],
                   cwd=ROOT, check=True, stdout=subprocess.PIPE)
    assert sorted(os.listdir(out / "usr/local/bin")) == ["connect", "fakeproxy", "proxyspec"]

    def copy(name):
        work = top / name
        shutil.copytree(DIR, work / "docs/CI")
        return work, clean_env(PATH=f"{out}/usr/local/bin:{os.environ['PATH']}")

    return copy


def sh(script, where, **env):
    work, base = where
    return subprocess.run(["sh", "-e", "-c", script], cwd=work, env=dict(base, **env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)


def start(argv, port):
    """A proxy that says nothing when it is ready: ready when it accepts."""
    p = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        assert p.poll() is None, argv
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return p


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def github_scripts(job):
    return [s["run"] for s in GITHUB["jobs"][job]["steps"] if "run" in s]


@pytest.fixture(scope="module")
def results(tree):
    """Each job of both pipelines, at the same time: the server jobs against a microsocks each, and against a fakeproxy."""
    servers, urls = [], {}
    for name in ("github", "gitlab", "better"):
        port = free_port()
        fake = [FAKEPROXY, "-l", f"127.0.0.1:{port}", "socks5"]
        servers.append(start(fake if name == "better" else ["microsocks", "-i", "127.0.0.1", "-p", port], port))
        urls[name] = {"PROXY": f"socks5://127.0.0.1:{port}"}
    jobs = {
        "github server": ("\n".join(github_scripts("server")), urls["github"]),
        "github client": ("\n".join(github_scripts("client")), {}),
        "gitlab server": ("\n".join(GITLAB["server"]["script"]), urls["gitlab"]),
        "gitlab client": ("\n".join(GITLAB["client"]["script"]), {}),
        "better": ("\n".join(GITLAB["server"]["script"]), urls["better"]),
    }
    try:
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            where = {name: tree(name.replace(" ", "-")) for name in jobs}
            done = {name: pool.submit(sh, script, where[name], **env) for name, (script, env) in jobs.items()}
            yield {name: (f.result(), where[name][0]) for name, f in done.items()}
    finally:
        for p in servers:
            p.terminate()
            p.wait()


@pytest.mark.parametrize("job", ["github server", "github client", "gitlab server", "gitlab client"])
def test_jobs_pass(results, job):
    r, work = results[job]
    assert r.returncode == 0, r.stdout[-3000:]
    kind = job.split()[1]
    suite = xml.parse(work / f"{kind}.xml").getroot().find("testsuite")
    counts = {p.get("name"): int(p.get("value")) for p in suite.iter("property")}
    known = [x.split()[0] for x in (DIR / f"known-{kind}.txt").read_text().splitlines() if not x.startswith("#")]
    assert counts["PASS"] > 40 and counts["XFAIL"] == len(known) and counts["FAIL"] == counts["ERROR"] == counts["XPASS"] == 0
    assert "no trace has this id" not in r.stdout


def test_a_better_proxy_is_told(results):
    """Lines of the baseline that are not needed any more."""
    r, _ = results["better"]
    assert r.returncode == 1 and "XPASS  passes, although the baseline says otherwise" in r.stdout
    assert "socks5/method/split-every-octet\n        known   it takes one read for the whole greeting\n" in r.stdout


def test_a_worse_proxy_is_told(tree):
    """A worse one, of which nothing is known."""
    port = free_port()
    p = start([FAKEPROXY, "-l", f"127.0.0.1:{port}", "--bug", "s5-select-ver4", "socks5"], port)
    try:
        r = sh("\n".join(github_scripts("server")), tree("worse"), PROXY=f"socks5://127.0.0.1:{port}")
    finally:
        p.terminate()
        p.wait()
    assert r.returncode == 3 and "its sanity case sanity/first-and-last/socks5 ends with FAIL" in r.stdout


def test_github_shape():
    """What the reader of the file asks for; YAML has the key "on" for a truth value."""
    assert set(GITHUB) == {"name", True, "jobs"} and set(GITHUB[True]) == {"push", "pull_request"}
    assert set(GITHUB["jobs"]) == {"server", "client"}
    for name, job in GITHUB["jobs"].items():
        assert set(job) <= {"runs-on", "container", "services", "env", "steps"} and {"runs-on", "container", "steps"} <= set(job)
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step) and set(step) <= {"name", "uses", "run", "if", "with"}
            assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
        last = job["steps"][-1]
        assert last["if"] == "always()" and last["with"]["path"] in "".join(github_scripts(name))
    job = GITHUB["jobs"]["server"]
    assert [f"socks5://{s}:1080" for s in job["services"]] == [job["env"]["PROXY"]]
    assert all("image" in s for s in job["services"].values())


def test_gitlab_shape():
    assert set(GITLAB) == {"stages", "server", "client"}
    for name in ("server", "client"):
        job = GITLAB[name]
        assert set(job) <= {"stage", "image", "services", "variables", "script", "artifacts"} and job["stage"] in GITLAB["stages"]
        assert all(isinstance(x, str) for x in job["script"])
        assert all(isinstance(v, str) for v in job.get("variables", {}).values())
        assert job["artifacts"]["when"] == "always" and job["artifacts"]["reports"]["junit"] in job["script"][-1]
    assert [f"socks5://{s['alias']}:1080" for s in GITLAB["server"]["services"]] == [GITLAB["server"]["variables"]["PROXY"]]


def test_dockerfile():
    """Two stages of the same base, and what is copied is there and is all that the Makefile needs."""
    text = re.sub(r"\\\n", " ", (DIR / "Dockerfile").read_text())
    lines = [x.split(None, 1) for x in text.splitlines() if x.strip() and not x.startswith("#")]
    assert lines[0] == ["ARG", "BASE=debian:bookworm-slim"]
    assert [x[1] for x in lines if x[0] == "FROM"] == ["${BASE} AS build", "${BASE}"]
    assert {x[0] for x in lines} <= {"ARG", "FROM", "RUN", "COPY", "WORKDIR", "USER", "CMD"}
    for word, rest in lines:
        if word == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / p).exists() for p in rest.split()[:-1]), rest
    assert [x[1] for x in lines if x[0] == "RUN" and x[1].startswith("make")] == ["make -j2", "make install DESTDIR=/out"]


@pytest.mark.slow
def test_dockerfile_builds(tmp_path):
    """The build stage without docker: only what is copied, at the same places below a folder."""
    text = re.sub(r"\\\n", " ", (DIR / "Dockerfile").read_text())
    for rest in re.findall(r"^COPY (?!--from)(.*)$", text, re.M):
        *sources, to = rest.split()
        for s in sources:
            target = tmp_path / (to.lstrip("/") + ("/" + os.path.basename(s) if to.endswith("/") else ""))
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / s).is_dir() else shutil.copy)(ROOT / s, target)
    for run in re.findall(r"^RUN (make.*)$", text, re.M):
        p = subprocess.run(["sh", "-c", run.replace("/out", str(tmp_path / "out"))], cwd=tmp_path / "src", stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        assert p.returncode == 0, p.stdout[-3000:]
    r = subprocess.run([tmp_path / "out/usr/local/bin/proxyspec", "self"], cwd="/", stdout=subprocess.PIPE, text=True, env=clean_env())
    assert r.returncode == 0 and r.stdout.endswith(", 0 errors\n") and not r.stdout.startswith("0 ")


BLOCKS = re.findall(r"^```sh\n(.*?)^```$", (DIR / "README.md").read_text(), re.M | re.S)


def test_readme(tree):
    """Every block is run but the one that needs docker."""
    docker = [b for b in BLOCKS if b.startswith("docker ")]
    assert len(docker) == 1 and len(BLOCKS) == 3
    assert shlex.split(docker[0])[:4] == ["docker", "build", "-f", "docs/CI/Dockerfile"] and docker[0].count("\n") == 1
    where = tree("readme")
    for block in BLOCKS:
        if block in docker:
            continue
        r = sh(block, where)
        assert r.returncode == 0, r.stdout
    assert (where[0] / "known.txt").read_text() == "socks5/client/method/gssapi-supported FAIL why is it lived with?\n"
    r = sh("proxyspec client --profile connect --case 'socks5/client/method/*' --quiet --baseline known.txt", where)
    assert r.returncode == 0 and "XFAIL 1" in r.stdout
