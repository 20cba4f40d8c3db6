"""The one door to the network: bounded, patient where it helps, and plain about what went wrong."""

from __future__ import annotations

import gzip
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from rpde_server import Answer, Server, serve

from geomap.web import Web, WebError, WebLimits, _retry_after

QUICK = WebLimits(tries=3, first_wait_seconds=1.0, silence_seconds=2.0, most_bytes=10_000, most_wait_seconds=30.0)


@pytest.fixture
def server():
    with serve() as found:
        yield found


class Waits(list):
    """Instead of sleeping: how long each wait would have been."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


def answers(server: Server, *given: Answer) -> None:
    """One after the other, the last again and again."""
    left = list(given)
    server.route = lambda path: left.pop(0) if len(left) > 1 else left[0]


def refused(web: Web, url: str, **asked: bool) -> WebError:
    with pytest.raises(WebError) as error:
        web.get(url, **asked)
    assert error.value.exit_code == 3 and len(error.value.faults) == 1
    return error.value


def test_a_page_is_given_as_it_is(server, waits):
    answers(server, Answer(b"hello", headers={"X-Told": "yes"}))
    with Web(QUICK, sleep=waits) as web:
        page = web.get(f"{server.url}/a?b=1")
    assert (page.body, page.status, page.headers["x-told"]) == (b"hello", 200, "yes")
    assert server.asked == ["/a?b=1"] and waits == []


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_with_longer_waits(server, waits, status):
    answers(server, Answer(status=status), Answer(status=status), Answer(b"now"))
    with Web(QUICK, sleep=waits) as web:
        assert web.get(server.url).body == b"now"
    assert waits == [1.0, 2.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_what_does_not_pass_is_not_asked_again(server, waits, status):
    answers(server, Answer(status=status))
    with Web(QUICK, sleep=waits) as web:
        error = refused(web, server.url)
    assert error.status == status and str(status) in str(error) and not error.passing
    assert len(server.asked) == 1 and waits == []


def test_after_the_last_try_it_says_what_happened(server, waits):
    answers(server, Answer(status=503))
    with Web(QUICK, sleep=waits) as web:
        error = refused(web, server.url)
    assert len(server.asked) == 3 and waits == [1.0, 2.0]
    assert error.passing and "503" in str(error) and "Try again later" in str(error)


@pytest.mark.parametrize(("told", "waited"), [("7", 7.0), ("0", 0.0), ("86400", 30.0), ("soon", 1.0), ("-5", 1.0)])
def test_retry_after_is_heard_and_capped(server, waits, told, waited):
    answers(server, Answer(status=429, headers={"Retry-After": told}), Answer(b"ok"))
    with Web(QUICK, sleep=waits) as web:
        web.get(server.url)
    assert waits == [waited]


def test_retry_after_may_be_a_date():
    later = datetime.now(UTC) + timedelta(seconds=20)
    assert 15 < _retry_after(format_datetime(later, usegmt=True)) <= 20
    assert _retry_after(format_datetime(later - timedelta(hours=1), usegmt=True)) == 0
    assert _retry_after("") is None


def test_a_server_that_stalls_is_given_up(server, waits):
    answers(server, Answer(b"x" * 10, stall_s=5.0))
    with Web(WebLimits(tries=1, silence_seconds=0.2), sleep=waits) as web:
        error = refused(web, server.url)
    assert error.passing and "stopped answering" in str(error)


def test_a_body_that_is_cut_short_is_asked_again(server, waits):
    answers(server, Answer(b"x" * 100, cut=40), Answer(b"whole"))
    with Web(QUICK, sleep=waits) as web:
        assert web.get(server.url).body == b"whole"
    assert len(server.asked) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_over_the_limit_is_not_taken(server, packed):
    body = b"a" * 20_000
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answers(server, Answer(gzip.compress(body) if packed else body, headers=headers))
    with Web(QUICK) as web:
        assert "larger than" in str(refused(web, server.url))
    assert len(server.asked) == 1


def test_a_packed_body_is_unpacked_and_a_damaged_one_refused(server):
    answers(server, Answer(gzip.compress(b"inside"), headers={"Content-Encoding": "gzip"}))
    with Web(QUICK) as web:
        assert web.get(server.url).body == b"inside"
        answers(server, Answer(b"no gzip", headers={"Content-Encoding": "gzip"}))
        assert "cannot be read" in str(refused(web, server.url))


def test_a_body_packed_another_way_is_not_unpacked(server):
    answers(server, Answer(b"x", headers={"Content-Encoding": "br"}))
    with Web(QUICK) as web:
        assert "packed as 'br'" in str(refused(web, server.url))


def test_redirects_are_followed_but_not_for_ever(server):
    server.route = lambda path: (
        Answer(status=302, headers={"Location": f"{path}a"}) if len(path) < 4 else Answer(b"end")
    )
    with Web(QUICK) as web:
        page = web.get(f"{server.url}/")
        assert page.body == b"end" and page.url == f"{server.url}/aaa"
        server.route = lambda path: Answer(status=302, headers={"Location": "/round"})
        assert "leads on more than 5 times" in str(refused(web, f"{server.url}/"))


def test_a_redirect_to_another_host_is_followed_only_where_that_may_be(server):
    with serve() as other:
        answers(other, Answer(b"there"))
        answers(server, Answer(status=301, headers={"Location": f"{other.url}/x"}))
        with Web(QUICK) as web:
            assert web.get(server.url).body == b"there"
            assert f"another host, {other.url}/x" in str(refused(web, server.url, same_host=True))


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://host/x", "http://user:word@127.0.0.1/"])
def test_a_redirect_to_what_is_no_page_is_refused(server, to):
    answers(server, Answer(status=302, headers={"Location": to}))
    with Web(QUICK) as web:
        error = refused(web, server.url)
    assert "word@" not in str(error) and not error.passing


@pytest.mark.parametrize(
    "url", ["", "feed", "ftp://x.org/", "https://", "http://[::1", "https://a b.org/", "https://x\n/"]
)
def test_an_address_that_is_none(url):
    with Web(QUICK) as web:
        assert "no address of the web" in str(refused(web, url))


def test_a_password_in_an_address_is_neither_sent_nor_shown(server):
    with Web(QUICK) as web:
        error = refused(web, server.url.replace("http://", "http://me:secret@"))
    assert "secret" not in str(error) and server.asked == []


def test_nobody_there_is_told_at_once_and_in_words(waits):
    with serve() as gone:
        pass
    with Web(QUICK, sleep=waits) as web:
        error = refused(web, gone.url)
    assert error.unreachable and error.passing and "no connection can be made" in str(error)
    assert len(waits) == 2


def test_the_time_of_all_tries_is_bounded(server):
    now = [0.0]
    answers(server, Answer(status=503, headers={"Retry-After": "20"}))
    with Web(
        WebLimits(tries=50, seconds=50.0), clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s)
    ) as web:
        refused(web, server.url)
    assert now[0] <= 50 and len(server.asked) == 3


def test_certificates_are_checked():
    with Web(QUICK) as web:
        context = web._client._transport._pool._ssl_context
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
