/**
 * A remark that says how something went.
 *
 * @module
 */

/** How things go, as a remark begins with it: well, badly, or neither. */
const WORDS = {
  MET: "good",
  WIN: "good",
  HOLDS: "good",
  MISSED: "bad",
  LOSS: "bad",
  FAILS: "bad",
  SUSPECT: "bad",
  MIXED: "neither",
  EVEN: "neither",
  UNKNOWN: "neither",
} as const;

const VERDICT = new RegExp(`^(${Object.keys(WORDS).join("|")})\\b\\s*(.*)$`, "s");

/** The first word of a verdict. */
export type Word = keyof typeof WORDS;

/** A remark that says how something went. */
export interface Verdict {
  readonly word: Word;
  readonly outcome: typeof WORDS[Word];
  /** What follows the word. */
  readonly text: string;
}

/** Reads a remark; `undefined` for one that is no verdict. */
export function readVerdict(remark: string): Verdict | undefined {
  const [, word, text] = VERDICT.exec(remark) ?? [];
  if (word === undefined) return undefined;
  return { word: word as Word, outcome: WORDS[word as Word], text: text! };
}

/** How often each word was said, in the order in which they came up. */
export function countVerdicts(remarks: readonly string[]): Map<Word, number> {
  const counts = new Map<Word, number>();
  for (const remark of remarks) {
    const word = readVerdict(remark)?.word;
    if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}
