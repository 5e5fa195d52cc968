"""Keeps an ERP and a Kupec shop in step: stock goes in from a CSV file, new orders come out as JSON lines.

    KUPEC_URL=http://localhost:8000 KUPEC_KEY=kupec_… python3 erp_sync.py stock.csv orders.jsonl state.txt

Run it as often as you like, from cron: what was said already changes nothing, and each order comes out once. Needs the
scopes stock.write, orders.read and changes.read, and nothing but Python 3.11.
"""

import csv
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

AT_ONCE = 500


class Shop:
    """The shop's admin API."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self.key = key

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One request; a refused one ends the program with what the shop says is wrong."""
        address = f"{self.url}/api/v1{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(address, method=method)  # noqa: S310 - the address is the operator's own
        request.add_header("Authorization", f"Bearer {self.key}")
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if problem["code"] == "cursor_unknown":
                sys.exit("The shop was restored from a backup: compare the orders, then delete the state file.")
            sys.exit(f"{method} {path}: {problem['title']} {problem.get('field', '')}")


def put_stock(shop: Shop, file: Path) -> int:
    """Tell the shop what lies on the shelves: a CSV with the columns sku, location, on_hand."""
    with file.open(newline="", encoding="utf-8-sig") as opened:
        lines = [{**row, "on_hand": int(row["on_hand"])} for row in csv.DictReader(opened)]
    for start in range(0, len(lines), AT_ONCE):
        part = lines[start : start + AT_ONCE]
        told = shop.call("PUT", "/stock", {"lines": part, "note": f"ERP {file.name}"})
        for result in told["results"]:
            if result["status"] == "refused":
                print(f"line {start + result['line'] + 2}: {result['problem']['title']}", file=sys.stderr)
    return len(lines)


def new_orders(shop: Shop, state: Path) -> Iterator[tuple[list[Any], str]]:
    """Orders placed since the last run, a page at a time, with the cursor behind them."""
    cursor = state.read_text().strip() if state.exists() else ""
    more = True
    while more:
        page = shop.call("GET", "/changes", cursor=cursor, kinds="order.placed", limit="100")
        ids = [change["data"]["order_id"] for change in page["changes"]]
        orders = shop.call("GET", "/orders", ids=",".join(ids))["orders"] if ids else []
        cursor, more = page["cursor"], page["more"]
        yield orders, cursor


def main() -> None:
    stock, orders, state = (Path(argument) for argument in sys.argv[1:4])
    shop = Shop(os.environ["KUPEC_URL"], os.environ["KUPEC_KEY"])
    print(f"stock: {put_stock(shop, stock)} lines")
    lines = orders.read_text(encoding="utf-8").splitlines() if orders.exists() else []
    known = {json.loads(line)["number"] for line in lines}
    count = 0
    for found, cursor in new_orders(shop, state):
        fresh = [order for order in found if order["number"] not in known]
        # First the orders, then the cursor: broken off in between, they come again, and are known.
        with orders.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(order, ensure_ascii=False) + "\n" for order in fresh)
        state.write_text(cursor)
        count += len(fresh)
    print(f"orders: {count} new")


if __name__ == "__main__":
    main()
