/**
 * The last minutes of some figures, in columns of fixed length: the oldest row makes room.
 *
 * What is not known is NaN within, and `null` to whoever draws, so that a line breaks there.
 *
 * @module
 */

/** Columns of figures over time. */
export class History {
  readonly #capacity: number;
  readonly #times: Float64Array;
  readonly #columns: Map<string, Float64Array> = new Map();
  /** Where the next row goes. */
  #next = 0;
  #length = 0;

  /** Makes an empty history of at most `capacity` rows. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#times = new Float64Array(capacity);
  }

  /** How many rows there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds a row: a time in seconds, and figures by name. A name that is new had none before. */
  add(time: number, row: Readonly<Record<string, number | undefined>>): void {
    for (const name of Object.keys(row)) {
      if (this.#columns.has(name)) continue;
      this.#columns.set(name, new Float64Array(this.#capacity).fill(NaN));
    }
    this.#times[this.#next] = time;
    for (const [name, column] of this.#columns) column[this.#next] = row[name] ?? NaN;
    this.#next = (this.#next + 1) % this.#capacity;
    this.#length = Math.min(this.#length + 1, this.#capacity);
  }

  /** Forgets all rows. */
  clear(): void {
    this.#columns.clear();
    this.#length = this.#next = 0;
  }

  /** The times, oldest first. */
  times(): number[] {
    return this.#unroll(this.#times);
  }

  /** The figures of a column, oldest first. */
  column(name: string): (number | null)[] {
    const column = this.#columns.get(name);
    if (column === undefined) return Array<null>(this.#length).fill(null);
    return this.#unroll(column).map((figure) => Number.isNaN(figure) ? null : figure);
  }

  #unroll(column: Float64Array): number[] {
    const start = this.#next - this.#length;
    if (start >= 0) return [...column.subarray(start, this.#next)];
    return [...column.subarray(start + this.#capacity), ...column.subarray(0, this.#next)];
  }
}
