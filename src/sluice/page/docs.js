// Swagger UI over this server's own OpenAPI document; nothing comes from elsewhere, and no token
// is stored. What is tried out is asked on behalf of whoever is signed in on the page.

import { Account } from "./account.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dress();
dark.addEventListener("change", dress);

const account = new Account(document.getElementById("account"));

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  requestInterceptor: async (request) => {
    request.headers = { "X-Sluice-Request": "page", ...(await account.headers()), ...request.headers };
    return request;
  },
  validatorUrl: null, // it would send the document to swagger.io
});
