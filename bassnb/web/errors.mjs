/** What a reader can get wrong, or can mend, in one sentence. */
export class EngineError extends Error {
  /** @param {string} sentence */
  constructor(sentence) {
    super(sentence);
    this.name = "EngineError";
  }
}

/**
 * A sentence about any error.
 * @param {unknown} error
 * @returns {string}
 */
export function sentenceOf(error) {
  if (error instanceof EngineError) return error.message;
  const reason = error instanceof Error ? error.message : String(error);
  if (/memory|allocation|out of bounds|array length/i.test(reason)) {
    return "The browser has too little memory for this song; close other pages or take a shorter one.";
  }
  return `The engine met an error that it does not know (${reason.slice(0, 200)}); reload the page.`;
}
