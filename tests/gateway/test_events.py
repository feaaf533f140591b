"""Where events end, whatever the chunks are in which they come."""

from hypothesis import given
from hypothesis import strategies as st

from backend_registry.gateway.events import WholeEvents, begins_with_error

texts = st.text(st.sampled_from("ab:{} \n\r"), max_size=40).map(str.encode)


@given(chunks=st.lists(texts.filter(bool)))
def test_any_cutting_gives_the_same_bytes_and_only_whole_events(chunks):
    events = WholeEvents()
    ready = [events.feed(chunk) for chunk in chunks]
    assert all(not part or part.endswith((b"\n\n", b"\r\n\r\n")) for part in ready)
    rest = events.rest()
    assert b"".join(ready) + rest == b"".join(chunks)
    assert b"\n\n" not in rest


def test_half_an_event_waits_for_its_other_half():
    events = WholeEvents()
    assert events.feed(b"data: 1\n\nda") == b"data: 1\n\n"
    assert events.feed(b"ta: 2\n") == b""
    assert events.feed(b"\n") == b"data: 2\n\n"
    assert events.rest() == b""


def test_endless_event_is_not_held_back_for_ever():
    events = WholeEvents()
    held = 0
    for _ in range(100):
        passed = events.feed(b"x" * 1000)
        if passed:
            break
        held += 1000
    assert held <= 65_536


def test_done_is_noticed_also_when_it_comes_in_pieces():
    events = WholeEvents()
    events.feed(b"data: 1\n\ndata: [DO")
    assert not events.done
    events.feed(b"NE]\n\n")
    assert events.done


def test_only_an_error_in_the_first_event_is_an_error():
    assert begins_with_error(b'data: {"error": {"message": "x"}}\n\n')
    assert begins_with_error(b'event: error\r\ndata: {"message": "x"}\r\n\r\n')
    assert begins_with_error(b'event: x\ndata: {"type": "error", "code": "overloaded"}\n\n')
    assert begins_with_error(b'data: {"error": null, "choices": []}\n\n') is False
    assert begins_with_error(b'data: {"choices": []}\n\ndata: {"error": 1}\n\n') is False
    assert begins_with_error(b'data: {"error": \n\n') is False
    assert begins_with_error(b'data: ["error"]\n\n') is False
    assert begins_with_error(b"data: [DONE]\n\n") is False


def test_comments_are_no_events():
    assert begins_with_error(b': hello "error"\n\n: again\n\n') is None
    assert begins_with_error(b': hello\n\ndata: {"error": 1}\n\n') is True
    assert begins_with_error(b":\n\n" * 50_000) is False
