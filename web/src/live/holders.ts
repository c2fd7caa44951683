/**
 * Which tab reads which run from the server. Pure but for the clock it is given.
 *
 * Over HTTP/1.1 a browser keeps six connections to a server, for all tabs together: of the tabs
 * that hold a stream a few go on, and the others take sips: first those that are looked at, then
 * the older ones. Each tab comes to the same conclusion by itself, from what all of them say.
 */

const MOST = 3; // streams that are held; the other connections are for everything else
const BELIEVED = 70_000; // ms that a tab is believed to hold on; in the background timers are slow

export class Holders {
  readonly #tab: string;
  readonly #seen: () => boolean;
  readonly #now: () => number;
  readonly #others = new Map<string, { tab: string; rank: string; at: number }>(); // by run

  /** `seen`: whether this tab is looked at. */
  constructor(tab: string, seen: () => boolean, now: () => number) {
    this.#tab = tab;
    this.#seen = seen;
    this.#now = now;
  }

  /** Another tab, which is looked at or not, says that it holds a run. */
  hold(tab: string, run: string, seen: boolean): void {
    this.#others.set(run, { tab, rank: rank(tab, seen), at: this.#now() });
  }

  left(tab: string, run: string): void {
    if (this.#others.get(run)?.tab === tab) this.#others.delete(run);
  }

  /** Of two tabs that hold the same run, whether this one is to let go. */
  yields(tab: string, seen: boolean): boolean {
    return rank(tab, seen) < this.#rank;
  }

  /** Whether this tab may keep a stream open, or is to take sips. */
  keeps(): boolean {
    const limit = this.#now() - BELIEVED;
    let before = 0;
    for (const other of this.#others.values()) {
      if (other.at > limit && other.rank < this.#rank) before += 1;
    }
    return before < MOST;
  }

  get #rank(): string {
    return rank(this.#tab, this.#seen());
  }
}

const rank = (tab: string, seen: boolean) => `${seen ? 0 : 1} ${tab}`; // the lesser goes first
