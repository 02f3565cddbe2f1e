/** A reason why Clientele cannot start, as a sentence for its operator: it is printed alone, without a stack trace. */
export function startError(sentence: string, cause?: unknown): Error {
  const error = new Error(sentence, cause === undefined ? undefined : { cause });
  error.name = 'StartError';
  return error;
}
