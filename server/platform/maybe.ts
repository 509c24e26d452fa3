/** A value, or a promise of it: a value in memory is returned without a promise. */
export type Maybe<Value> = Value | Promise<Value>

/**
 * Continues with a value: at once, or when the promise resolves. So code is written once for both, and the hot path has
 * no promises: one for each step of a pull would cost about a quarter of its time. A step that fails at once throws at
 * once.
 */
export function andThen<Value, Result>(maybe: Maybe<Value>, step: (value: Value) => Maybe<Result>): Maybe<Result> {
  return maybe instanceof Promise ? maybe.then(step) : step(maybe)
}
