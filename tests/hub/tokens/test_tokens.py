"""Who may report for which node."""

import hashlib
import hmac
import subprocess
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_registry import InvalidValueError
from backend_registry.hub.tokens import Admission, DerivedTokens, NodeGate

SECRET = "a-secret-of-the-cluster"
NODE_IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", fullmatch=True)


def settings(secret_env=None, file=None):
    return SimpleNamespace(node_secret_env=secret_env, node_tokens_file=None if file is None else str(file))


def bearer(token):
    return f"Bearer {token}".encode()


def sha256(token):
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture
def derived():
    return NodeGate.open(settings("NODE_SECRET"), loopback=False, environ={"NODE_SECRET": SECRET})


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "tokens"
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        return path

    return write


def refused(call):
    with pytest.raises(InvalidValueError) as caught:
        call()
    return str(caught.value)


# --- derived tokens ----------------------------------------------------------------------------------------------------


def test_a_minted_token_is_what_anybody_with_the_secret_can_make():
    mac = hmac.new(SECRET.encode(), b"brn1.gpu-1", hashlib.sha256).hexdigest()
    assert DerivedTokens(SECRET).mint("gpu-1") == f"brn1.gpu-1.{mac}"


@given(NODE_IDS, NODE_IDS)
def prop_a_minted_token_is_that_of_its_node_and_of_no_other(one, other):
    gate = NodeGate(DerivedTokens(SECRET))
    token = bearer(DerivedTokens(SECRET).mint(one))
    assert gate.admits(one, token) is Admission.ADMITTED
    assert gate.admits(other, token) is (Admission.ADMITTED if one == other else Admission.OF_ANOTHER_NODE)


@given(NODE_IDS, st.data())
def prop_a_token_with_one_byte_changed_is_unknown(node_id, data):
    token = bytearray(DerivedTokens(SECRET).mint(node_id), "ascii")
    place = data.draw(st.integers(0, len(token) - 1))
    token[place] ^= data.draw(st.integers(1, 127))
    assert NodeGate(DerivedTokens(SECRET)).admits(node_id, b"Bearer " + bytes(token)) is Admission.UNKNOWN


@given(NODE_IDS, st.binary(max_size=2000))
def prop_whatever_else_is_presented_is_unknown(node_id, header):
    gate = NodeGate(DerivedTokens(SECRET), {hashlib.sha256(b"x" * 40).digest(): "a"})
    assert gate.admits(node_id, header) is Admission.UNKNOWN


def test_no_token_and_other_schemes_are_unknown(derived):
    token = DerivedTokens(SECRET).mint("a")
    for header in (None, b"", b"Bearer", b"Bearer ", token.encode(), b"Basic " + token.encode()):
        assert derived.admits("a", header) is Admission.UNKNOWN


def test_the_scheme_may_be_spelled_as_anybody_likes(derived):
    assert derived.admits("a", f"bEARER  {DerivedTokens(SECRET).mint('a')}".encode()) is Admission.ADMITTED


def test_the_token_of_another_secret_is_unknown(derived):
    assert derived.admits("a", bearer(DerivedTokens("another-secret-123").mint("a"))) is Admission.UNKNOWN


@pytest.mark.parametrize("node_id", ["", "a b", "-a", "a/b", "a" * 129, "ä"])
def test_nothing_is_minted_for_what_is_no_node_id(node_id):
    assert "node_id" in refused(lambda: DerivedTokens(SECRET).mint(node_id))


def test_the_secret_itself_is_no_token(derived):
    assert derived.admits("a", bearer(SECRET)) is Admission.UNKNOWN


def test_what_else_was_signed_with_the_secret_is_no_token(derived):
    mac = hmac.new(SECRET.encode(), b"other.a", hashlib.sha256).hexdigest()
    for node_id in ("a", "other.a", "r.a", ""):
        assert derived.admits(node_id, bearer(f"other.a.{mac}")) is Admission.UNKNOWN


def test_openssl_makes_the_same_token():
    mac = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", SECRET, "-r"], input=b"brn1.gpu-1", capture_output=True, check=True
    ).stdout.split()[0]
    assert DerivedTokens(SECRET).mint("gpu-1").endswith("." + mac.decode())


# --- a file of tokens --------------------------------------------------------------------------------------------------


def test_a_file_names_the_token_of_each_node(write):
    path = write(f"# who may report\n\nb {sha256('token-b')}\na  {sha256('token-a')}\n")
    gate = NodeGate.open(settings(file=path), loopback=False, environ={})
    assert gate.admits("a", bearer("token-a")) is Admission.ADMITTED
    assert gate.admits("b", bearer("token-a")) is Admission.OF_ANOTHER_NODE
    assert gate.admits("c", bearer("token-a")) is Admission.OF_ANOTHER_NODE
    assert gate.admits("a", bearer("token-c")) is Admission.UNKNOWN
    assert gate.admits("a", bearer(sha256("token-a"))) is Admission.UNKNOWN


def test_both_kinds_of_token_hold_side_by_side(write):
    both = settings("NODE_SECRET", write(f"a {sha256('token-a')}\n"))
    gate = NodeGate.open(both, loopback=False, environ={"NODE_SECRET": SECRET})
    assert gate.admits("a", bearer("token-a")) is Admission.ADMITTED
    assert gate.admits("a", bearer(DerivedTokens(SECRET).mint("a"))) is Admission.ADMITTED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no token in it"),
        ("# nothing\n", "has no token in it"),
        (b"\xff\xfe", "is not text in UTF-8"),
        ("\na\n", "line 2 has not two words"),
        (f"a {sha256('x')} more\n", "line 1 has not two words"),
        (f"a/b {sha256('x')}\n", "line 1 begins with what is not the id of a node"),
        ("a hunter2-hunter2\n", "line 1 has no SHA-256"),
        (f"a {sha256('x').upper()}\n", "line 1 has no SHA-256"),
        (f"a {sha256('x')}\n#\na {sha256('y')}\n", "line 3 is about the same node as line 1"),
        (f"a {sha256('x')}\nb {sha256('x')}\n", "line 2 has the same token as line 1"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line_and_never_repeated(write, text, said):
    told = refused(lambda: NodeGate.open(settings(file=write(text)), loopback=True, environ={}))
    assert told.startswith(f"hub.node_tokens_file: {said}")
    assert "hunter2" not in told


def test_a_file_that_is_not_there_is_refused(tmp_path):
    told = refused(lambda: NodeGate.open(settings(file=tmp_path / "none"), loopback=True, environ={}))
    assert "cannot be read: No such file" in told


# --- whether tokens are needed -----------------------------------------------------------------------------------------


def test_on_loopback_nodes_may_go_without_tokens():
    gate = NodeGate.open(settings(), loopback=True, environ={})
    assert not gate.needed
    assert gate.admits("a", None) is Admission.ADMITTED


def test_on_loopback_tokens_are_asked_for_if_there_are_any():
    gate = NodeGate.open(settings("NODE_SECRET"), loopback=True, environ={"NODE_SECRET": SECRET})
    assert gate.admits("a", None) is Admission.UNKNOWN


def test_beyond_loopback_a_hub_does_not_go_without():
    told = refused(lambda: NodeGate.open(settings(), loopback=False, environ={}))
    assert "node_secret_env" in told
    assert "node_tokens_file" in told


@pytest.mark.parametrize(("value", "said"), [("", "is not set"), ("fifteen-letters", "fewer than 16")])
def test_a_secret_that_is_none_is_refused_and_not_repeated(value, said):
    told = refused(lambda: NodeGate.open(settings("NODE_SECRET"), loopback=True, environ={"NODE_SECRET": value}))
    assert said in told
    assert "NODE_SECRET" in told
    assert not value or value not in told


def test_sixteen_characters_are_enough():
    assert NodeGate.open(settings("NODE_SECRET"), loopback=False, environ={"NODE_SECRET": "x" * 16}).needed


def test_nothing_that_looks_at_a_gate_finds_a_secret(derived, write):
    listed = NodeGate.open(settings(file=write(f"a {sha256('token-a')}\n")), loopback=True, environ={})
    for gate in (derived, listed):
        seen = repr(vars(gate)) + repr({name: vars(part) for name, part in vars(gate).items() if hasattr(part, "__dict__")})
        assert SECRET not in seen
        assert "token-a" not in seen


def test_tokens_are_compared_in_constant_time(derived, write, monkeypatch):
    compared = []
    monkeypatch.setattr(
        "backend_registry.hub.tokens.hmac.compare_digest", lambda *pair: compared.append(pair) or pair[0] == pair[1]
    )
    derived.admits("a", bearer("brn1.a." + "0" * 64))
    NodeGate.open(settings(file=write(f"a {sha256('token-a')}\n")), loopback=True, environ={}).admits("a", bearer("x"))
    assert len(compared) == 2
