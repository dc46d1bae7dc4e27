/**
 * A remark that says how something went.
 *
 * @module
 */

/** How things go, as a remark begins with it, and whether that is good. */
const WORDS = { MET: true, WIN: true, MISSED: false, LOSS: false } as const;

/** The first word of a verdict. */
export type Word = keyof typeof WORDS;

/** A remark that says how something went. */
export interface Verdict {
  readonly word: Word;
  readonly isGood: boolean;
  /** What follows the word. */
  readonly text: string;
}

/** Reads a remark; `undefined` for one that is no verdict. */
export function readVerdict(remark: string): Verdict | undefined {
  const [, word, text] = /^(MET|WIN|MISSED|LOSS)\b\s*(.*)$/s.exec(remark) ?? [];
  if (word === undefined) return undefined;
  return { word: word as Word, isGood: WORDS[word as Word], text: text! };
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
