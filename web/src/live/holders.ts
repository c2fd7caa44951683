/**
 * Which tab reads which run from the server. Pure but for the clock it is given.
 *
 * Over HTTP/1.1 a browser keeps six connections to a server, for all tabs together: of the tabs
 * that hold a stream the first few go on, and the others take sips. Each tab comes to the same
 * conclusion by itself, from what all of them say.
 */

const MOST = 3; // streams that are held; the other connections are for everything else
const BELIEVED = 70_000; // ms that a tab is believed to hold on; in the background timers are slow

export class Holders {
  readonly #tab: string;
  readonly #now: () => number;
  readonly #others = new Map<string, { tab: string; at: number }>(); // by run

  constructor(tab: string, now: () => number) {
    this.#tab = tab;
    this.#now = now;
  }

  /** Another tab says that it holds a run. */
  hold(tab: string, run: string): void {
    this.#others.set(run, { tab, at: this.#now() });
  }

  left(tab: string, run: string): void {
    if (this.#others.get(run)?.tab === tab) this.#others.delete(run);
  }

  /** Of two tabs that hold the same run, whether this one is to let go. */
  yields(tab: string): boolean {
    return tab < this.#tab;
  }

  /** Whether this tab may keep a stream open, or is to take sips. */
  keeps(): boolean {
    const limit = this.#now() - BELIEVED;
    let before = 0;
    for (const { tab, at } of this.#others.values()) {
      if (at > limit && tab < this.#tab) before += 1;
    }
    return before < MOST;
  }
}
