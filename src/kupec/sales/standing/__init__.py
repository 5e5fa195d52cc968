"""Standing orders: what is ordered again and again by itself. Why it is cut so: docs/algorithms/standing-orders.md."""
