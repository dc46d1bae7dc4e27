/**
 * What a message gateway counts.
 *
 * @module
 */

/** A message gateway at one moment. */
export interface MessageStats {
  /** Connections that are open. */
  readonly connections: number;
  /** Messages that handlers were given so far. */
  readonly messages: number;
  /** Their bodies together, in bytes. */
  readonly bytes: number;
  /** Messages whose handlers are at work; those that are late no longer count. */
  readonly inFlight: number;
  /** Answers that sockets were given so far, errors included. */
  readonly answers: number;
  /** Their bodies together, in bytes. */
  readonly answerBytes: number;
  /** Answers that could not be sent: the connection had closed, or the client did not read. */
  readonly dropped: number;
  /** Handlers that threw or rejected. */
  readonly failed: number;
  /** Handlers that were at work for longer than `maxHoldMs`. */
  readonly late: number;
  /** Messages that no handler was given. */
  readonly refused: {
    /** Texts. */
    readonly text: number;
    /** Those that do not have the form of a message. */
    readonly malformed: number;
    /** Those larger than `maxBytes`. */
    readonly large: number;
    /** Those beyond `maxInFlight`. */
    readonly busy: number;
    /** Those that there was no block for. */
    readonly memory: number;
  };
}

type Counting<T> = {
  -readonly [Key in keyof T]: T[Key] extends number ? number : Counting<T[Key]>;
};

/** The same while it is counted. */
export type MessageCounts = Counting<MessageStats>;

/** Counts from zero. */
export function newCounts(): MessageCounts {
  return {
    connections: 0,
    messages: 0,
    bytes: 0,
    inFlight: 0,
    answers: 0,
    answerBytes: 0,
    dropped: 0,
    failed: 0,
    late: 0,
    refused: { text: 0, malformed: 0, large: 0, busy: 0, memory: 0 },
  };
}
