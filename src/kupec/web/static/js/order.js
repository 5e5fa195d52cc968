// The order's page follows its order.

import { follow, refresh } from "./live.js";

const address = document.getElementById("order")?.dataset.live;
if (address) {
  follow(address, () => refresh("#order"));
}
