/**
 * The header of a binary message, numbers most significant byte first:
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 1 | version: 1 |
 * | 1 | 1 | kind: 0 to 254 for the application; 255 says that an answer is an error |
 * | 2 | 1 | flags: the application's own; of an error its reason |
 * | 3 | 1 | `m`, the length of the metadata: 0 to 244 |
 * | 4 | 4 | id: the sender's own; an answer has that of its message |
 * | 8 | 4 | `n`, the length of the body |
 * | 12 | `m` | metadata: the application's own |
 * | 12 + `m` | `n` | body |
 *
 * The longest header with its metadata has 256 bytes: a block of the smallest size class. The body lies
 * apart from it, so that one of exactly a class's size does not need the next class.
 *
 * The length of the body says nothing that the WebSocket would not: where the two disagree somebody
 * has cut or joined messages, and what follows cannot be trusted.
 *
 * @module
 */

/** The only version there is. */
const VERSION = 1;

/** The header without metadata, in bytes. */
export const HEADER_BYTES = 12;

/** The most metadata, in bytes. */
export const MAX_META_BYTES = 244;

/** The kind of answers that are errors. */
export const ERROR_KIND = 255;

/** Whether a message is well-formed: a client may send no error. */
export function isWellFormed(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && bytes[0] === VERSION && bytes[1] !== ERROR_KIND &&
    bytes[3]! <= MAX_META_BYTES && bodyStart(bytes) + readUint32(bytes, 8) === bytes.length;
}

/** The kind of a message. */
export function kindOf(header: Uint8Array): number {
  return header[1]!;
}

/** The flags of a message. */
export function flagsOf(header: Uint8Array): number {
  return header[2]!;
}

/** The id of a message. */
export function idOf(header: Uint8Array): number {
  return readUint32(header, 4);
}

/** Where the body of a message begins, which is where its metadata ends. */
export function bodyStart(header: Uint8Array): number {
  return HEADER_BYTES + header[3]!;
}

/** Writes a header without its metadata. */
export function writeHeader(
  target: Uint8Array,
  kind: number,
  flags: number,
  id: number,
  metaBytes: number,
  bodyBytes: number,
): void {
  target[0] = VERSION;
  target[1] = kind;
  target[2] = flags;
  target[3] = metaBytes;
  writeUint32(target, 4, id);
  writeUint32(target, 8, bodyBytes);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
