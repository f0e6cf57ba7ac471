# SPDX-License-Identifier: ISC
"""ci/quotes: a quotation that does not stand in its document is found; line and page breaks do not matter."""
import pathlib, subprocess

QUOTES = pathlib.Path(__file__).resolve().parents[2] / "ci/quotes"
DOCUMENT = """   The server MUST
   close the

Author                      Standards Track                     [Page 3]
\f
RFC 4711                    A Protocol                    March 1999

   connection, at once.
"""


def quotes(tmp, spec, requirement="", document="rfc4711.txt"):
    (tmp / "doc").mkdir()
    (tmp / "fix").mkdir()
    (tmp / "doc" / document).write_text(DOCUMENT)
    (tmp / "fix/a.pxt").write_text(f"case: a\nspec: {spec}\n\nC> 00\n")
    (tmp / "fix/REQUIREMENTS").write_text(requirement)
    r = subprocess.run([QUOTES, "--fixtures", tmp / "fix", tmp / "doc"], stdout=subprocess.PIPE, text=True)
    return r.returncode, r.stdout


def test_a_quotation_that_stands(tmp_path):
    rc, out = quotes(tmp_path, 'RFC4711 §1 "MUST close the connection, at ... once" MUST')
    assert rc == 0 and "1 quotations checked, 0 wrong" in out


def test_a_wrong_quotation(tmp_path):
    rc, out = quotes(tmp_path, 'RFC4711 §1 "MUST close a connection" MUST')
    assert rc == 1 and 'a.pxt:2: RFC4711 does not say "MUST close a connection"' in out


def test_words_left_out_keep_their_order(tmp_path):
    assert quotes(tmp_path, 'RFC4711 §1 "at once ... MUST close" MUST')[0] == 1


def test_a_wrong_quotation_of_a_requirement(tmp_path):
    rc, out = quotes(tmp_path, 'RFC4711 §1 "close the connection" MUST', 'A-1\tS\tMUST\tnow\ttext\t4711 §1 "may close"\n')
    assert rc == 1 and 'REQUIREMENTS:1: RFC4711 does not say "may close"' in out


def test_a_document_that_is_missing(tmp_path):
    rc, out = quotes(tmp_path, 'RFC4711 §1 "close" MUST', document="rfc1.txt")
    assert rc == 3 and "0 quotations checked" in out and "RFC4711 (1)" in out
