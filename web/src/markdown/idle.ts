/** Work that can wait, done a little at a time while the page has nothing else to do. */

const SLICE = 8; // ms of work in a row, when nothing says how long there is
const PATIENCE = 500; // ms after which it is done though the page is busy

type Job = () => void;

const jobs = new Set<Job>();
let due = false;

/** Does the job later; gives what calls it off. */
export function later(job: Job): () => void {
  jobs.add(job);
  if (!due) schedule();
  return () => {
    jobs.delete(job);
  };
}

function schedule(): void {
  due = true;
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: PATIENCE });
  else setTimeout(work, 1);
}

function work(deadline?: IdleDeadline): void {
  const end = performance.now() + Math.min(SLICE, deadline?.timeRemaining() || SLICE);
  for (const job of jobs) {
    jobs.delete(job);
    job();
    if (performance.now() >= end) break;
  }
  due = false;
  if (jobs.size > 0) schedule();
}
