// An answer on the page: its text, its figures, its raw events. Knows no wire.
// What a model writes is only ever set as text. The page is touched once a frame, and what is
// added never moves what is there: a long answer costs no more per word than a short one.

const ROWS = 500; // raw events shown at most: the last ones
const ROW_LENGTH = 2000; // characters of one raw event shown at most
const BLOCK = 2000; // characters after which the next line begins a block of its own

/** A new element: `make("p", {class: "x"}, "text", child)`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const number = new Intl.NumberFormat("en");
const ms = (value) => `${number.format(Math.round(value))} ms`;
const duration = (value) => (value < 1000 ? ms(value) : `${(value / 1000).toFixed(2)} s`);

const FIGURES = { first: "First text", events: "Events", length: "Characters", time: "Time" };

export class Answer {
  #status = make("p", { class: "status", role: "status" }, "Nothing sent yet.");
  #figures = {};
  #reply;
  #rows;
  #caption = make("span", {}, "Events as they arrive");
  #block = null;
  #blockLength = 0;
  #text = "";
  #pending = [];
  #count = 0;
  #length = 0;
  #first = null;
  #start = 0;
  #frame = 0;

  /** `name` tells this answer from others on the page, for those who do not see it. */
  constructor(host, name) {
    const figures = make("dl", { class: "figures" });
    for (const [key, title] of Object.entries(FIGURES)) {
      this.#figures[key] = make("dd", { "data-figure": key }, "–");
      figures.append(make("div", {}, make("dt", {}, title), this.#figures[key]));
    }
    const region = { role: "region", tabindex: "0" };
    this.#reply = make("div", { ...region, class: "reply", "aria-label": `Answer, ${name}` });
    this.#rows = make("ol", { class: "rows" });
    const log = { ...region, class: "log", "aria-label": `Events, ${name}`, "aria-live": "off" };
    const raw = make("details", { class: "raw", open: "" });
    raw.append(make("summary", {}, this.#caption), make("div", log, this.#rows));
    host.append(this.#status, figures, this.#reply, raw);
  }

  /** A question was sent now. `keep` leaves the earlier turns in sight. */
  begin(question, { keep = false } = {}) {
    this.#flush();
    if (!keep) this.#reply.replaceChildren();
    this.#rows.replaceChildren();
    this.#count = this.#length = 0;
    this.#first = null;
    this.#start = performance.now();
    this.#figures.time.textContent = "–";
    this.#reply.append(make("p", { class: "asked" }, question));
    this.#newBlock();
    this.#reply.scrollTop = this.#reply.scrollHeight;
    this.#reply.setAttribute("aria-busy", "true");
    this.#say("Waiting for the first text…", "busy");
    this.#soon();
  }

  /** Something arrived, just as it stood on the wire. */
  event(raw) {
    this.#count += 1;
    this.note(raw);
  }

  /** A line among the events that is none itself. */
  note(raw) {
    this.#pending.push({ at: this.#now(), raw });
    if (this.#pending.length > ROWS) this.#pending.shift(); // a hidden page paints no frames
    this.#soon();
  }

  /** The next piece of the answer. */
  text(piece) {
    if (!piece) return;
    if (this.#first === null) {
      this.#first = this.#now();
      this.#say("Streaming…", "busy");
    }
    this.#length += [...piece].length;
    this.#text += piece;
    this.#soon();
  }

  done(summary) {
    this.#end(summary, "done");
  }

  fail({ code, text }) {
    this.#end(`Error ${code}: ${text}`, "failed");
  }

  #end(text, state) {
    this.#figures.time.textContent = duration(this.#now());
    this.#flush();
    this.#reply.setAttribute("aria-busy", "false");
    this.#say(text, state);
  }

  #now() {
    return performance.now() - this.#start;
  }

  #say(text, state) {
    this.#status.textContent = text;
    this.#status.dataset.state = state;
  }

  #soon() {
    this.#frame ||= requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { first, events, length } = this.#figures;
    first.textContent = this.#first === null ? "–" : duration(this.#first);
    events.textContent = number.format(this.#count);
    length.textContent = number.format(this.#length);
    if (this.#text) staying(this.#reply, () => this.#write());
    if (this.#pending.length) {
      const end = () => this.#rows.lastElementChild.offsetTop; // a long row is read from its top
      staying(this.#rows.parentElement, () => this.#list(), end);
    }
  }

  #write() {
    const lines = this.#text.split(/(?<=\n)/);
    this.#text = "";
    for (const line of lines) {
      this.#block.append(line);
      this.#blockLength += line.length;
      if (this.#blockLength > BLOCK && line.endsWith("\n")) this.#newBlock();
    }
  }

  #newBlock() {
    this.#block = make("div", { class: "said" });
    this.#blockLength = 0;
    this.#reply.append(this.#block);
  }

  #list() {
    this.#rows.append(...this.#pending.map(row));
    this.#pending = [];
    while (this.#rows.childElementCount > ROWS) this.#rows.firstElementChild.remove();
    const all = this.#count <= ROWS;
    this.#caption.textContent = all ? "Events as they arrive" : `The last ${ROWS} events`;
  }
}

function row({ at, raw }) {
  const more = raw.length - ROW_LENGTH;
  const shown = more > 0 ? `${raw.slice(0, ROW_LENGTH)}… (${number.format(more)} more)` : raw;
  return make("li", {}, make("span", { class: "at" }, ms(at)), make("code", {}, shown));
}

/** Do it, and stay at the end of what scrolls, if that is where the reader was. */
function staying(scroller, change, end = () => scroller.scrollHeight) {
  const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  change();
  if (below < 40) scroller.scrollTop = end();
}

/** A pair of buttons of which one can be pressed at a time; the other keeps its focus. */
export function switchButtons(send, stop, running) {
  send.setAttribute("aria-disabled", String(running));
  stop.setAttribute("aria-disabled", String(!running));
}
