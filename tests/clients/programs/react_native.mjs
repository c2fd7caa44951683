// React Native's own XMLHttpRequest in Node, and `examples/react_native.ts` upon it.
//
//   node react_native.mjs SOURCES TYPES MODULE SERVER TOKEN QUESTION STOP
//
// SOURCES is the package `react-native` as it is published, of which this loads what a request runs
// through in JavaScript: XMLHttpRequest, its events, RCTNetworking and the emitter between them.
// Native code cannot run here. What stands in for it below does what RCTNetworking.mm does: text is
// sent on as it arrives, whole characters only, if the request asks for that; else all at once, at
// the end. Blobs and forms, which no request here has, are left out.
//
// Prints what the handlers are told, as a JSON document a line, each with what `responseText` came
// to in so many progress events; it stops after so many tokens, if STOP is not 0.
import { readFileSync } from "node:fs";
import http from "node:http";
import { createRequire, registerHooks } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [sources, types, module, server, token, question, stop] = process.argv.slice(2);
const removeTypes = createRequire(import.meta.url)(types);
const root = pathToFileURL(sources).href;

const live = new Map(); // requests, by number
let progress = 0;

// The module that is native code: `sendRequest` is given what NativeNetworkingIOS.js declares.
globalThis.native = {
  sendRequest(query, created) {
    const id = live.size + 1;
    const emit = (name, ...told) => setImmediate(() => live.has(id) && native.emitter.emit(name, [id, ...told]));
    const request = http.request(query.url, { method: query.method, headers: query.headers });
    live.set(id, request);
    request.on("response", (response) => receive(query, response, emit));
    request.on("error", (error) => emit("didCompleteNetworkResponse", error.message, false));
    request.end(query.data.string);
    created(id);
  },
  abortRequest(id) {
    live.get(id).destroy();
    live.delete(id);
  },
  addListener() {},
  removeListeners() {},
};

function receive(query, response, emit) {
  const decoder = new TextDecoder(); // keeps half a character until the rest is there
  let whole = "";
  emit("didReceiveNetworkResponse", response.statusCode, response.headers, query.url);
  response.on("data", (data) => {
    const text = decoder.decode(data, { stream: true });
    whole += text;
    if (!query.incrementalUpdates) return;
    progress += 1;
    emit("didReceiveNetworkIncrementalData", text, whole.length, -1);
  });
  response.on("error", (error) => emit("didCompleteNetworkResponse", error.message, false));
  response.on("end", () => {
    if (!query.incrementalUpdates) emit("didReceiveNetworkData", whole);
    emit("didCompleteNetworkResponse", null, false);
  });
}

const STANDING_IN = {
  NativeNetworkingIOS: "export default globalThis.native;",
  BlobManager: "export default { isAvailable: false };",
  Blob: "export default class Blob {}",
  FormData: "export default class FormData {}",
  binaryToBase64: "export default null;",
  Systrace: "export const trace = (name, work) => work(); export const beginEvent = () => {}, endEvent = () => {};",
  ReactNativeFeatureFlags: "export const enableNativeEventTargetEventDispatching = () => false;",
  "base64-js": "module.exports = null;",
  invariant: "module.exports = (true_, text) => { if (!true_) throw new Error(text); };",
};

registerHooks({
  resolve(specifier, context, next) {
    if (!context.parentURL?.startsWith(root) || specifier.startsWith("node:")) {
      return next(specifier, context);
    }
    const name = specifier.split("/").pop();
    if (name in STANDING_IN) return { url: `${root}/standing-in/${name}`, shortCircuit: true };
    const path = resolve(dirname(fileURLToPath(context.parentURL)), specifier);
    const file = [`${path}.ios.js`, `${path}.js`].find(exists); // as Metro does, for iOS
    return { url: pathToFileURL(file).href, shortCircuit: true };
  },
  load(url, context, next) {
    if (!url.startsWith(root)) return next(url, context);
    const name = url.split("/").pop();
    const source = name in STANDING_IN ? STANDING_IN[name] : plain(fileURLToPath(url));
    const format = /^(import|export) /m.test(source) ? "module" : "commonjs";
    const head = 'import { createRequire as _ } from "node:module"; const require = _(import.meta.url);';
    return { format, source: format === "module" ? head + source : source, shortCircuit: true };
  },
});

function exists(path) {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

// An import of nothing but types is none, as Babel has it.
function plain(path) {
  const source = removeTypes(readFileSync(path, "utf8"), { all: true }).toString();
  return source.replace(/^import\s*{\s*,?\s*} from .*$/gm, "");
}

const load = (path) => import(pathToFileURL(`${sources}/${path}`).href);
globalThis.XMLHttpRequest = (await load("Libraries/Network/XMLHttpRequest.js")).default;
native.emitter = (await load("Libraries/EventEmitter/RCTDeviceEventEmitter.js")).default;

const { streamConversation } = await import(module);
let tokens = 0;

function tell(name, told) {
  process.stdout.write(`${JSON.stringify([name, told, progress])}\n`);
}

const cancel = streamConversation(server, token, JSON.parse(question), {
  onMetadata: (metadata) => tell("metadata", metadata),
  onToken: (text) => {
    tell("token", text);
    tokens += 1;
    if (tokens === Number(stop)) cancel();
  },
  onComplete: (complete) => tell("complete", complete),
  onError: (problem) => tell("error", problem),
});
