"""Webhooks go out, never in: no address of ours is reached, however it is spelled and whatever a name resolves to."""

import pytest

from kupec.integrations import Courier, Reach, reach_of
from kupec.integrations.courier import Reply
from kupec.kit.addresses import Resolve, check_url
from kupec.kit.errors import InvalidValue
from tests.integrations.receiver import Receiver

PUBLIC = Reach()


def names(*answers: str | list[str]) -> Resolve:
    """A name server that says something else every time it is asked; the last answer stays."""
    left = [[answer] if isinstance(answer, str) else answer for answer in answers]

    async def resolve(_host: str, _port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def attempt(url: str, reach: Reach, resolve: Resolve) -> Reply:
    courier = Courier(reach, resolve=resolve, timeout=30.0)
    async with courier.opened() as session:
        return await courier.attempt(session, url, b"{}", {})


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "①②⑦.0.0.1",
    ],
)
def test_an_address_of_ours_is_refused_when_it_is_typed(host: str) -> None:
    with pytest.raises(InvalidValue):
        check_url(f"https://{host}/hook", PUBLIC)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost", "a.example"])
async def test_an_address_of_ours_is_refused_when_it_is_called(host: str) -> None:
    """However it is written: what the system's resolver makes of it is looked at."""
    reply = await attempt(f"https://{host}/hook", PUBLIC, names("127.0.0.1"))
    assert reply.status is None
    assert reply.error in ("forbidden_address", "broken_answer")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1%eth0"]
)
async def test_a_name_that_leads_to_us_is_refused(address: str) -> None:
    reply = await attempt("https://rebound.example/", PUBLIC, names(address))
    assert reply.error == "forbidden_address"
    mixed = await attempt("https://rebound.example/", PUBLIC, names(["93.184.215.14", address]))
    assert mixed.error == "forbidden_address"


async def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(receiver: Receiver) -> None:
    """Rebinding: what was checked is what is connected to, and a second answer is checked again."""
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    reach = Reach(allowed=("203.0.113.9",))
    courier = Courier(reach, resolve=names("203.0.113.9", "127.0.0.1"))
    for patience in (0.5, 30.0):  # nobody answers at the first address
        courier._timeout = patience
        async with courier.opened() as session:
            reply = await courier.attempt(session, f"https://rebound.example:{port}/", b"{}", {})
        assert reply.status is None
    assert receiver.requests == []
    assert reply.error == "forbidden_address"


async def test_the_control_the_same_name_is_reached_when_it_is_allowed(receiver: Receiver) -> None:
    """Without the check the connection would be made: the receiver is there."""
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    reply = await attempt(f"https://erp.lan:{port}/", reach_of("erp.lan", local=False), names("127.0.0.1"))
    assert reply.error == "tls", "it was connected to, and speaks no TLS"
    in_a_network = await attempt(f"https://x.example:{port}/", reach_of("127.0.0.0/8", local=False), names("127.0.0.1"))
    assert in_a_network.error == "tls"


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/",
        "http://localhost/",
        "ftp://erp.example/",
        "//erp.example/",
        "https://",
        "https:///x",
        "https://a:b@erp.example/",
        "https://erp.example/#x",
        "https://erp.example:0/",
        "https://erp.example:99999/",
        "https://erp.example/ x",
        "https://erp.example/\r\nX: y",
        "https://" + "x" * 3000 + ".example/",
        "javascript:alert(1)",
    ],
)
def test_only_https_and_nothing_odd(url: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_url(url, PUBLIC)
    assert caught.value.field == "url"


def test_plain_http_stays_on_this_machine_and_in_the_demo() -> None:
    assert check_url("http://localhost:9000/x", Reach(local=True))
    with pytest.raises(InvalidValue):
        check_url("http://192.168.0.7/x", Reach(local=True, allowed=("192.168.0.7",)))
    assert check_url("https://192.168.0.7/x", Reach(allowed=("192.168.0.0/24",)))
    assert check_url("https://erp.example:8443/hooks?tenant=1", PUBLIC)
