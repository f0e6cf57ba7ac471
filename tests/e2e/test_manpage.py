# SPDX-License-Identifier: ISC
"""docs/connect.1 says what the program is: options, variables, exit statuses, and recipes that ssh accepts."""
import os
import re
import shutil
import socket
import subprocess

import pytest

import runner

PAGE = os.path.join(runner.ROOT, "docs", "connect.1")
SOURCE = os.path.join(runner.ROOT, "src", "connect")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def section(name):
    """The lines of one section."""
    out, inside = [], False
    for line in read(PAGE).splitlines():
        if line.startswith(".Sh "):
            inside = line[4:].strip('"') == name
        elif inside:
            out.append(line)
    assert out, "the page has no section %s" % name
    return out


def program(name):
    path = shutil.which(name, path=runner.PATH)
    assert path, "%s is not installed" % name
    return path


def test_mandoc_has_no_warning():
    p = subprocess.run([program("mandoc"), "-T", "lint", "-W", "warning", PAGE], capture_output=True, text=True)
    assert (p.returncode, p.stdout) == (0, "")


# -- options

def options_of_page():
    """What has an item of its own in DESCRIPTION."""
    found = set()
    for line in section("DESCRIPTION"):
        m = re.match(r"\.It Fl (-[a-z0-9.-]+|[A-Za-z0-9])(\s|$)", line)
        assert m or not line.startswith(".It Fl"), line
        if m:
            found.add("-" + m.group(1))
    return found


def options_of_usage():
    r = runner.run("--help")
    assert r.rc == 0, r
    text = r.text + r.out.decode()
    found = set(re.findall(r"(--[a-z][a-z0-9.-]*)", text))
    clusters = re.findall(r"\[-([A-Za-z0-9]+)[\] ]", text)
    assert clusters, text
    for c in clusters:
        found |= {"-" + letter for letter in c}
    return found


def test_options_are_those_of_the_usage():
    page, usage = options_of_page(), options_of_usage()
    assert len(usage) > 20
    assert page == usage


def test_every_letter_of_the_page_is_accepted_and_no_other():
    page = options_of_page()
    for i in range(0x21, 0x7f):
        c = chr(i)
        if c in "-V":       # "--" ends the options; -V ends the program
            continue
        r = runner.run("-" + c, "arg", "localhost", "0")
        assert ("unknown option '-" in r.text) == ("-" + c not in page), r


def test_every_long_option_of_the_page_is_accepted():
    for o in sorted(x for x in options_of_page() if x.startswith("--")):
        r = runner.run(o, "1", "localhost", "0")
        assert "unknown option" not in r.text, r
    assert "unknown option '--no-such-option'" in runner.run("--no-such-option", "localhost", "0").text


def test_options_of_the_synopsis_are_described():
    text = "\n".join(section("SYNOPSIS"))
    letters = set()
    for m in re.finditer(r"^\.Op Fl ([A-Za-z0-9]+)((?: \| [A-Z0-9a-z])*)", text, re.M):
        letters |= set(m.group(1)) | set(m.group(2).replace("|", "").replace(" ", ""))
    assert {"-" + c for c in letters} == {o for o in options_of_page() if not o.startswith("--")}


# -- variables

def names_of_table():
    table = re.search(r"conf_params\[\] = \{\n(.*?)\n\};", read(SOURCE, "conf.c"), re.S).group(1)
    names = re.findall(r'\{"(\w+)", (?:true|false), NULL\}', table)
    assert len(names) == table.count("\n") + 1
    return set(names)


def names_of_page():
    text = "\n".join(section("ENVIRONMENT"))
    file, env = text.split("These are read from the environment only:")
    def names(s):
        found = re.findall(r"^\.It Ev (\w+)$", s, re.M)
        assert len(found) == len(set(found)), found
        return set(found)
    return names(file), names(env)


def test_parameters_are_those_of_the_table():
    assert names_of_page()[0] == names_of_table()


def test_other_variables_are_those_that_are_read():
    read_ones = set()
    for f in sorted(os.listdir(SOURCE)):
        if f.endswith(".c"):
            read_ones |= set(re.findall(r'getenv\("(\w+)"\)', read(SOURCE, f)))
    # execvp() looks into PATH; getenv(name) is for the table
    assert names_of_page()[1] == (read_ones | {"PATH"}) - names_of_table()


@pytest.mark.parametrize("name", sorted(names_of_table()))
def test_a_parameter_is_accepted_in_a_file(home, name):
    home.rc("%s = %s\n" % (name, "127.0.0.1:1" if name.endswith(("SERVER", "PROXY", "proxy")) else "none"))
    r = runner.run("-d", "-n", "localhost", "1", env=home.env)
    assert "unknown parameter" not in r.text, r
    assert re.search(r"^DEBUG: %s: " % name, r.text, re.M), r


def test_variables_named_as_not_read_are_not_read(home):
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "DISPLAY"):
        assert ".Li " + name in "\n".join(section("ENVIRONMENT"))
        assert not any('"%s"' % name in read(SOURCE, f) for f in os.listdir(SOURCE) if f.endswith(".c"))
        home.rc("%s = x\n" % name)
        assert "unknown parameter `%s'" % name in runner.run("-n", "localhost", "1", env=home.env).text


# -- statuses

def test_exit_statuses_are_those_of_the_program():
    enum = re.search(r"enum status \{(.*?)\};", read(SOURCE, "say.h"), re.S).group(1)
    have = {int(n) for n in re.findall(r"ST_\w+ = (\d+)", enum)}
    page = [int(n) for n in re.findall(r"^\.It (\d+)$", "\n".join(section("EXIT STATUS")), re.M)]
    assert len(have) == enum.count("ST_") > 5
    assert page == sorted(have)


# -- messages

def test_sentences_of_connect_c_are_those_of_the_program():
    text = "\n".join(section("DIAGNOSTICS"))
    lines = [x.replace("\\&", "").replace(" ,", "").strip() for x in re.findall(r"^\.Ql (.*)$", text, re.M)]
    code = "".join(read(SOURCE, f) for f in ("shake.c", "socks5.c", "socks4.c"))
    for words in ("failed to begin relaying via SOCKS.", "failed to begin relaying via HTTP.",
                  "failed to begin relaying via telnet."):
        assert words in lines, lines
        assert words in code or re.sub("HTTP|telnet", "%s", words) in code
    for n, words in re.findall(r"^\.It (\d+)\n([^:\n]+)", text, re.M):
        assert re.search(r'case %s:\n\s*return "%s"' % (n, re.escape(words)), code), (n, words)


# -- examples

def unescape(line):
    return line.replace("\\&", "").replace("\\e", "\\")


def recipes():
    """(hosts, text) of each example that a comment marks as ssh_config."""
    out, lines = [], read(PAGE).splitlines()
    for i, line in enumerate(lines):
        if line.startswith('.\\" ssh_config: '):
            assert lines[i + 1].startswith(".Bd -literal"), lines[i + 1]
            end = lines.index(".Ed", i)
            out.append((line.split(": ", 1)[1].split(), "\n".join(map(unescape, lines[i + 2:end])) + "\n"))
    return out


def test_every_ssh_config_in_the_page_is_marked():
    text = read(PAGE)
    assert len(recipes()) == len(re.findall(r"^\.Bd -literal[^\n]*\nHost ", text, re.M)) >= 5


@pytest.mark.parametrize("hosts,text", recipes())
def test_recipes_are_accepted_by_ssh(tmp_path, hosts, text):
    f = tmp_path / "config"
    f.write_text(text)
    wanted = re.findall(r"^ +ProxyCommand (.*)$", text, re.M)
    seen = []
    for h in hosts:
        p = subprocess.run([program("ssh"), "-G", "-F", str(f), h], capture_output=True, text=True)
        assert p.returncode == 0, p.stderr
        got = re.findall(r"^proxycommand (.*)$", p.stdout, re.M)
        assert len(got) == 1 and got[0] in wanted, (h, got)
        seen.append(got[0])
    assert set(seen) == set(wanted), "an entry that no host of the mark uses"


@pytest.mark.parametrize("hosts,text", recipes())
def test_recipes_are_accepted_by_connect(hosts, text):
    """Each connect in a recipe, with host and port filled in, has no error of usage."""
    import shlex
    n = 0
    for command in re.findall(r"^ +ProxyCommand (.*)$", text, re.M):
        words = shlex.split(command.replace("%h", "127.0.0.1").replace("%p", "22"))
        if "connect" not in words:
            continue
        n += 1
        args = words[words.index("connect") + 1:]
        # no port: every word before it is judged, and nothing is connected to; -F wants a socket as standard output
        mine, its = socket.socketpair()
        with mine, its:
            r = runner.run(*args[:-1], "no-such-service", env={"SOCKS5_SERVER": "127.0.0.1:1"}, stdout=its)
        errors = [x for x in r.lines if x.startswith(("ERROR: ", "FATAL: "))]
        assert r.rc == 2 and errors == [
            "ERROR: 'no-such-service' is neither a port from 1 to 65535 nor a service name",
            "ERROR: You must specify the destination port correctly."], r
    assert n > 0
