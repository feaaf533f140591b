"""Where a node may be asked: what the operator set, or what the node announces within what the operator allows."""

import asyncio
import json
import socket

import pytest
from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from backend_registry import InvalidValueError
from backend_registry.config import UrlPattern
from backend_registry.hub.node_places import NodeNotAskedError, NodePlaces
from tests.hub.nodes.asking import TOKEN, ask, refused, root, settings
from tests.web.running import RunningApp

ENTRY = {"id": "b1", "name": "b1", "kind": "vllm", "status": "available"}


@pytest.fixture
def node():
    hosts = []

    async def handler(request):
        hosts.append(request.headers["host"])
        return Response(json.dumps([ENTRY]))

    running = RunningApp(lambda: [Route("/{path:path}", handler)])
    running.hosts = hosts
    with running:
        yield running


class Names:
    """Looks names up in what the test says; each look gives the next answer."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __call__(self, host, port):
        self.asked.append((host, port))
        if not self.answers:
            raise socket.gaierror
        return self.answers.pop(0)


def place(config, announced, *addresses, node_id="n1"):
    """The place that is found, with a name that has these addresses."""
    return asyncio.run(NodePlaces(config, {"TOKEN": TOKEN}, Names(list(addresses))).of(node_id, announced))


# --- the list --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "url", "allowed"),
    [
        ("http://10.0.0.0/8:8484", "http://10.1.2.3:8484", True),
        ("http://10.0.0.0/8:8484", "http://10.1.2.3:8484/prefix/", True),
        ("http://10.0.0.0/8:8484", "http://11.1.2.3:8484", False),
        ("http://10.0.0.0/8:8484", "http://10.1.2.3:8485", False),
        ("http://10.0.0.0/8:8484", "https://10.1.2.3:8484", False),
        ("http://10.0.0.0/8:8484", "http://10.1.2.3", False),
        ("http://10.0.0.0/8", "http://10.1.2.3", True),
        ("http://10.0.0.0/8", "http://10.1.2.3:80", True),
        ("https://10.0.0.0/8", "https://10.1.2.3:443", True),
        ("http://10.0.0.0/8:*", "http://10.1.2.3:1", True),
        ("http://10.0.0.7:8484", "http://10.0.0.7:8484", True),
        ("http://10.0.0.7:8484", "http://10.0.0.8:8484", False),
        ("http://[fd00::/8]:8484", "http://[fd12::1]:8484", True),
        ("http://[fd00::/8]:8484", "http://[fe80::1]:8484", False),
        ("http://10.0.0.0/8:8484", "http://[::ffff:10.1.2.3]:8484", True),
        ("http://[::/0]:8484", "http://[::ffff:127.0.0.1]:8484", False),
        ("http://127.0.0.0/8:8484", "http://127.0.0.1:8484", True),
    ],
)
def test_an_announced_address_has_to_lie_in_the_list(pattern, url, allowed):
    config = settings(node_url_allow=[pattern])
    if allowed:
        assert place(config, url).urls
    else:
        with refused(409, "node_url_not_allowed", "hub.node_url_allow", "hub.node_urls"):
            place(config, url)


@pytest.mark.parametrize(
    ("pattern", "url", "allowed"),
    [
        ("http://gpu-1.lan:8484", "http://gpu-1.lan:8484", True),
        ("http://gpu-1.lan:8484", "http://GPU-1.LAN:8484", True),
        ("http://gpu-1.lan:8484", "http://gpu-1.lan.:8484", True),
        ("http://gpu-1.lan:8484", "http://gpu-2.lan:8484", False),
        ("http://gpu-1.lan:8484", "http://a.gpu-1.lan:8484", False),
        ("https://*.nodes.example", "https://a.nodes.example", True),
        ("https://*.nodes.example", "https://a.b.nodes.example", True),
        ("https://*.nodes.example", "https://nodes.example", False),
        ("https://*.nodes.example", "https://.nodes.example", False),
        ("https://*.nodes.example", "https://evilnodes.example", False),
        ("https://*.nodes.example", "https://a.nodes.example.evil.test", False),
        ("https://*.nodes.example", "https://a.nodes.example:8443", False),
        ("https://*.nodes.example", "http://a.nodes.example:443", False),
    ],
)
def test_an_announced_name_has_to_be_in_the_list(pattern, url, allowed):
    config = settings(node_url_allow=[pattern])
    if allowed:
        assert place(config, url, "10.9.9.9").urls
    else:
        names = Names()
        with refused(409, "node_url_not_allowed"):
            asyncio.run(NodePlaces(config, {}, names).of("n1", url))
        assert names.asked == []


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "",
            "*",
            "http://",
            "http://*",
            "http://*:80",
            "ftp://10.0.0.1",
            "10.0.0.0/8",
            "http://me:pw@host",
            "http://host/path",
        ),
        *("http://host:0", "http://host:65536", "http://host:", "http://10.0.0.1/8", "http://10.0.0.0/33", "http://10.0.0.256"),
        *(
            "http://[fd00::/129]",
            "http://[fd00::1/8]",
            "http://a..b",
            "http://*.*.b",
            "http://a*.b",
            "http://127.1",
            "http://h?x",
        ),
    ],
)
def test_a_pattern_that_means_nothing_is_refused_without_being_repeated(pattern):
    with pytest.raises(InvalidValueError, match="write scheme://host:port") as caught:
        UrlPattern.parse(pattern)
    assert "me:pw" not in str(caught.value)
    with pytest.raises(ValidationError, match="entry 2"):
        settings(node_url_allow=["http://10.0.0.1:1", pattern])


# --- what is announced -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        *(
            "gpu",
            "ftp://127.0.0.1",
            "http://",
            "http://127.0.0.1:99999",
            "http://me:hunter22@127.0.0.1:1",
            "http://127.0.0.1:1?a=b",
        ),
        *(
            "http://127.0.0.1:1#x",
            "http://127.0.0.1\\@evil:1",
            "http://127.0.0.1%2f:1",
            "http://[::1",
            "http://a b",
            "http://ä:1",
        ),
        *("http://[fe80::1%25eth0]:1", "file:///etc/passwd", "http://127.0.0.1:1/\r\nx: y"),
    ],
)
def test_an_announced_url_that_is_no_plain_one_is_refused_without_being_repeated(url):
    config = settings(node_url_allow=["http://127.0.0.0/8:*", "http://[::/0]:*"])
    with refused(409, "node_url_unusable", "report.node_url") as caught:
        place(config, url, "127.0.0.1")
    assert "hunter22" not in caught.value.detail


@pytest.mark.parametrize("announced", [None, ""])
def test_a_node_that_is_nowhere_is_not_asked(announced):
    with refused(409, "node_url_unknown", "report.node_url", "hub.node_urls"):
        place(settings(node_url_allow=["http://127.0.0.0/8:*"]), announced)


def test_without_a_list_no_announced_url_is_asked(node):
    with refused(409, "node_url_not_allowed"):
        ask(settings(), root(node))
    assert node.hosts == []


def test_an_announced_url_in_the_list_is_asked(node):
    assert [entry.id for entry in ask(settings(node_url_allow=[f"http://127.0.0.1:{node.port}"]), root(node))] == ["b1"]


def test_what_the_operator_has_set_goes_before_what_the_node_announces(node):
    config = settings(node_urls={"n1": {"url": root(node)}}, node_url_allow=["http://127.0.0.0/8:*"])
    assert len(ask(config, "http://127.0.0.2:1")) == 1


def test_a_url_of_another_node_does_not_count(node):
    with refused(409, "node_url_unknown"):
        ask(settings(node_urls={"n2": {"url": root(node)}}))


def test_a_token_of_its_own_does_not_make_a_url_allowed(node):
    config = settings(node_urls={"n1": {"token_env": "TOKEN"}})
    with refused(409, "node_url_not_allowed"):
        ask(config, root(node), environ={"TOKEN": TOKEN})
    assert node.hosts == []


# --- what names stand for --------------------------------------------------------------------------------------------


def test_what_was_checked_is_what_is_connected_to(node):
    # A name that means something harmless when it is looked at, and something else a moment later.
    names = Names(["127.0.0.1"], ["127.0.0.66"], ["127.0.0.66"])
    config = settings(node_url_allow=["http://127.0.0.1/32:*"])
    assert len(ask(config, f"http://node.example:{node.port}", resolve=names)) == 1
    assert names.asked == [("node.example", node.port)]
    assert node.hosts == [f"node.example:{node.port}"]


def test_a_name_that_leads_out_of_the_networks_is_not_connected_to(node):
    config = settings(node_url_allow=["http://10.0.0.0/8:*"])
    with refused(409, "node_url_not_allowed"):
        ask(config, f"http://node.example:{node.port}", resolve=Names(["127.0.0.1"]))
    assert node.hosts == []


def test_of_several_addresses_only_those_in_the_networks_are_tried():
    config = settings(node_url_allow=["http://10.0.0.0/8:*"])
    found = place(config, "http://node.example:1/x", "127.0.0.1", "10.0.0.1", "192.0.2.1", "10.0.0.2")
    assert [str(url) for url in found.urls] == ["http://10.0.0.1:1/x", "http://10.0.0.2:1/x"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "0.0.0.0", "fe80::1", "224.0.0.1", "::ffff:127.0.0.1"]
)
def test_a_name_in_the_list_does_not_lead_to_this_machine_or_its_link(address):
    with refused(409, "node_url_not_allowed"):
        place(settings(node_url_allow=["http://*.nodes.example:1"]), "http://a.nodes.example:1", address)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1"])
def test_odd_spellings_of_an_address_are_names_and_checked_as_such(node, host):
    with refused(409, "node_url_not_allowed"):
        ask(settings(node_url_allow=["http://10.0.0.0/8:*"]), f"http://{host}:{node.port}")
    assert node.hosts == []


def test_the_next_address_is_tried_when_nobody_listens_at_the_first(node):
    config = settings(node_urls={"n1": {"url": f"http://node.example:{node.port}"}})
    assert len(ask(config, resolve=Names(["127.0.0.2", "127.0.0.1"]))) == 1


def test_a_certificate_has_to_be_for_the_name_and_not_for_the_address():
    config = settings(node_urls={"n1": {"url": "https://node.example:8443/p"}, "n2": {"url": "https://10.0.0.1"}})
    named = place(config, None, "10.0.0.9", "fd00::9")
    assert (named.server_name, named.host) == ("node.example", "node.example:8443")
    assert [str(url) for url in named.urls] == ["https://10.0.0.9:8443/p", "https://[fd00::9]:8443/p"]
    literal = place(config, None, node_id="n2")
    assert (literal.server_name, literal.host) == (None, "10.0.0.1")


def test_a_name_that_has_very_many_addresses_is_not_tried_for_ever():
    config = settings(node_urls={"n1": {"url": "http://node.example"}})
    assert len(place(config, None, *(f"10.0.0.{number}" for number in range(200))).urls) == 4


def test_whether_a_node_may_be_asked_is_known_without_asking():
    places = NodePlaces(settings(node_urls={"n1": {"url": "http://a"}, "n2": {"token_env": "T"}}), {})
    assert [places.any_for(node, url) for node, url in (("n1", None), ("n2", "http://b"), ("n3", "http://b"))] == [
        True,
        False,
        False,
    ]
    allowing = NodePlaces(settings(node_url_allow=["http://10.0.0.0/8"]), {})
    assert [allowing.any_for("n1", url) for url in (None, "http://b")] == [False, True]


def test_refusals_are_of_one_kind():
    assert issubclass(NodeNotAskedError, Exception)
    assert NodeNotAskedError("why", "code").status == 409
