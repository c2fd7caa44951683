/**
 * How long the page itself was too busy to listen. What arrived in that time has waited here, not
 * on the way, and so a silence before it is no evidence against the network.
 */

const PERIOD = 16; // ms between looks at the clock
const SLACK = 40; // ms that a timer may be late: less makes no burst

export class Watch {
  readonly #now: () => number;
  readonly #hidden: () => boolean;
  #last: number;
  #busy = 0;
  #wasHidden = false;

  constructor(now = () => performance.now(), hidden = () => document.hidden) {
    this.#now = now;
    this.#hidden = hidden;
    this.#last = now();
  }

  /** Begins to watch; what it returns ends that. */
  start(): () => void {
    const timer = setInterval(() => this.look(), PERIOD);
    return () => clearInterval(timer);
  }

  /** Milliseconds since it was last asked. */
  taken(): number {
    this.look();
    const busy = this.#busy;
    this.#busy = 0;
    return busy;
  }

  look(): void {
    const now = this.#now();
    const late = now - this.#last - PERIOD;
    const hidden = this.#hidden();
    // Of a page that is not seen timers are slow, not late.
    if (late > SLACK && !hidden && !this.#wasHidden) this.#busy += late;
    this.#last = now;
    this.#wasHidden = hidden;
  }
}
