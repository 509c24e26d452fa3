/** A value that is here already, or a promise of it: what memory knows is answered without a promise. */
export type Maybe<Value> = Value | Promise<Value>

/**
 * Goes on with a value, at once where it is here. So a recipe is written once and waits for nothing on the hot path: a
 * promise for each step of a pull would cost about a quarter of it. What fails at once throws at once.
 */
export function andThen<Value, Result>(maybe: Maybe<Value>, step: (value: Value) => Maybe<Result>): Maybe<Result> {
  return maybe instanceof Promise ? maybe.then(step) : step(maybe)
}
