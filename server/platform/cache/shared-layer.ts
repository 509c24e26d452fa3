/**
 * A second layer that other processes see, too. It returns no fact that it does not know to be true; undefined is safe.
 */
export interface SharedLayer {
  /** The facts in the order of the keys. Never rejects. */
  read(keys: string[]): Promise<(object | undefined)[]>
  /** Keeps a fact that was read while its key was not blocked. Returns at once. */
  write(key: string, value: object): void
  /** Removes facts that a commit made untrue. Only frees space: no process believes them. Returns at once. */
  forget(keys: string[]): void
}
