// What makes the shop's pages quicker. Every page works without it.

import "./search.js";
import "./buy.js";
import "./cart.js";
import "./chat.js";
import "./copy.js";
import "./filters.js";
import "./help.js";
import "./opinion.js";
