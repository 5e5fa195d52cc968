// A device's page follows its device; what is being filled in is left alone.

import { follow, refresh } from "./live.js";

const address = document.getElementById("device")?.dataset.live;
if (address) {
  follow(address, () => {
    if (!document.querySelector("#device details[open]")) {
      refresh("#device");
    }
  });
}
