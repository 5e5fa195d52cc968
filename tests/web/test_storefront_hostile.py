"""Whatever is sent, the answer is a page that says what is wrong; never a fault of ours."""

from urllib.parse import quote
from uuid import UUID

from kupec.kit.db import Pool
from tests.web.browsing import HOST, Browser, Served
from tests.web.test_storefront_cart import put_in

NASTY = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "'; drop table cart; --",
    "<script>alert(1)</script>",
    "%s%n%x",
    "{0.__class__}",
    "../../etc/passwd",
    "\ud7ff\U0001f600é\u202eevil",
    "&" * 2000,
    "🦊" * 1000,
    "-1",
    "1e9",
    "NaN",
    "９９",
    "999999999999999999999999",
    "00000000-0000-0000-0000-000000000000",
    "tom:*&!|<->()",
]
QUERIES = {
    "/cs/search": ["q={}", "q=a&page={}", "q=a&sort={}", "{}=x"],
    "/cs/suggest": ["q={}"],
    "/cs/p/beans": ["quantity={}&variant={}"],
}
PATHS = ["/cs/{}", "/{}", "/cs/c/{}", "/cs/p/{}", "/cs/info/{}", "/cs/order/{}", "/cs/checkout/done/{}", "/media/{}"]
RAW = ["%ff%fe", "%00", "%C3%28", "%ED%A0%80", "%2e%2e%2f", "%2F", "a%0d%0aSet-Cookie:x=y", "+", "%", "%zz"]


async def test_addresses(browser: Browser) -> None:
    for pattern in PATHS:
        for text in [quote(text, safe="") for text in NASTY] + RAW:
            answer = await browser.client.get(HOST + pattern.format(text), headers={"Accept": "text/html"})
            assert answer.status_code < 500, (pattern, text, answer.text)
            assert "x=y" not in answer.headers.get("set-cookie", "")


async def test_queries(browser: Browser) -> None:
    for path, patterns in QUERIES.items():
        for pattern in patterns:
            for text in [quote(text, safe="") for text in NASTY] + RAW:
                answer = await browser.get(f"{path}?{pattern.replace('{}', text)}")
                assert answer.status_code < 500, (path, pattern, text, answer.text)


async def test_forms(shop: Served, goods: dict[str, UUID], pool: Pool) -> None:
    browser = shop.browser()
    await put_in(browser, "beans")
    line = await pool.fetchval("select id from cart_line")
    await browser.get("/cs/checkout")
    token = browser.page.partition('name="form_token" value="')[2].partition('"')[0]
    fields = {
        "/cs/cart/add": ["variant", "quantity", "product"],
        "/cs/cart": [f"quantity.{line}", "more", "less", "shipping_method", "checkout", "coupon", "drop_coupon"],
        "/cs/checkout": [
            *("email", "phone", "address.name", "address.street", "address.city", "address.postcode"),
            *("address.country", "shipping_method", "card_token", "key", "expected_total", "update"),
            *("payment_method", "slot_id", "pickup_point", "company.name", "company.company_id", "company.vat_id"),
        ],
    }
    whole = {
        "variant": str(goods["beans"]),
        "email": "a@b.cz",
        "order": "yes",
        "card_token": "x",
        "expected_total": "1",
    }
    for path, names in fields.items():
        everywhere = [dict.fromkeys(names, text) for text in NASTY]
        one_place = [{name: text} for name in names for text in ("", "a\x00b", "-1", "🦊" * 1000)]
        for filled in everywhere + one_place:
            answer = await browser.post(path, whole | filled | {"form_token": token})
            assert answer.status_code < 500, (path, filled, answer.text)
    assert await pool.fetchval("select count(*) from sales_order where state = 'placed'") == 0


BODIES = [
    ("application/json", b'{"variant": 1}'),
    ("text/plain", b"variant=1"),
    ("", b"variant=1"),
    ("multipart/form-data", b"--x"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=variant\r\n\r\n1\r\n--x--"),
    ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(5000))),
    ("application/x-www-form-urlencoded", b"a=" + b"x" * 200_000),
    ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&%00=\x00"),
    ("application/x-www-form-urlencoded; charset=utf-16", b"variant=1"),
]


async def test_bodies(browser: Browser) -> None:
    await browser.get("/cs/p/beans")
    token = browser.page.partition('name="form_token" value="')[2].partition('"')[0]
    for path in ("/cs/cart/add", "/cs/cart", "/cs/checkout", "/cs/checkout/forget"):
        for content_type, body in BODIES:
            headers = {"Content-Type": content_type, "Accept": "text/html"}
            for extra in ({}, {"X-Form-Token": token}):
                answer = await browser.client.post(path, content=body, headers=headers | extra)
                assert 300 <= answer.status_code < 500, (path, content_type, answer.text)


async def test_methods(browser: Browser) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "POST"):
        answer = await browser.client.request(method, "/cs/search", headers={"Accept": "text/html"})
        assert answer.status_code in (403, 405)


async def test_headers(browser: Browser) -> None:
    for name in ("Accept", "Accept-Language", "Accept-Encoding", "Cookie", "Last-Event-ID", "Host", "If-None-Match"):
        for value in (b"", b"\xff\xfe", b",;=;q=a,*;q=-1", b"a" * 6000, b'kupec_form="'):
            answer = await browser.client.get("/cs", headers={b"Accept": b"text/html", name.encode(): value})
            assert answer.status_code < 500, (name, value)
