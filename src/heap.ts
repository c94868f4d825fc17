/**
 * How Node's heap is to grow in a process that passes floods on. Nothing else is set here, and nothing after the start.
 *
 * What a stream brings lies in buffers outside the heap, which V8 counts in when it decides on a full collection, and which
 * the cheap collections of young objects give back. With a live heap of 20 MiB its default limit is reached before the
 * first such collection is due, so that a flood runs into one full collection after the other: a third of its time.
 */
import { setFlagsFromString } from 'node:v8';

/** A full collection when the heap has grown to four times what lived after the last; V8 reads this at each of them. */
const growthPercent = 300;

export function giveBuffersTime(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
