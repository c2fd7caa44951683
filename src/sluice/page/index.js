// The landing page: the server's own address in the command, and who answers whom.

import { announce, providers, welcome } from "./health.js";

const address = new URL("api/v1/query/stream", document.baseURI);
document.getElementById("address").textContent = address.href;
announce(await providers(), document.getElementById("notice"));
document.getElementById("bearer").hidden = await welcome();
