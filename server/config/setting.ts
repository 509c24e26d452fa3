import { bytes, duration, showBytes, showDuration, type Parser } from './units.ts'

export const MiB = 2 ** 20
export const minute = 60_000
export const hour = 60 * minute

/** A row of a group's table. */
export type Setting<Env extends string, Value> = {
  /** Environment variable; wins over the file. */
  env: Env
  /** Place in the YAML file, dots between levels. */
  path: string
  parse: Parser<Value>
  fallback: NoInfer<Value>
  help: string
  /** Never printed or logged. */
  secret?: true
  show?: (value: Value) => string
}

type Ranged<Env extends string> = Omit<Setting<Env, number>, 'parse' | 'show'> & { min: number; max: number }

/** Keeps each row's own type of value, and the name of its variable. */
export const setting = <const Env extends string, Value>(row: Setting<Env, Value>) => row

/** A setting in bytes, written with a unit such as 4MiB. */
export const size = <const Env extends string>(row: Ranged<Env>) => ({
  ...row,
  parse: bytes(row.min, row.max),
  show: showBytes,
})

/** A setting in milliseconds, written with a unit such as 30s. */
export const time = <const Env extends string>(row: Ranged<Env>) => ({
  ...row,
  parse: duration(row.min, row.max),
  show: showDuration,
})

/** For a setting that may be left out: undefined is its default. */
export const optional = <Value>(parse: Parser<Value>): Parser<Value | undefined> => parse
