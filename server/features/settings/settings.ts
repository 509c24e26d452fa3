import type { Reader } from '../../catalog/reader.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { isItem, isSecret, itemProblem, items, type ItemName, type Settings } from './items.ts'
import { listStored, saveStored, settingsKey } from './store.ts'
import { facts } from './topics.ts'

/** Reads items through the cache. After a change every process reads the new value with its next request. */
export type SettingsReader = {
  get<Name extends ItemName>(name: Name): Promise<Settings[Name]>
  all(): Promise<Settings>
  /** Reads in a transaction, past the cache. */
  getIn<Name extends ItemName>(tx: Tx, name: Name): Promise<Settings[Name]>
}

export type SettingsAccess = SettingsReader & {
  /** False for an item that the environment sets (MARINA_CONFIG_OVERWRITE_JSON), and for one that is fixed by now. */
  isEditable(name: ItemName): Promise<boolean>
  /** Changes the named items, all or none. Unknown names are ignored. Throws BAD_REQUEST or FORBIDDEN. */
  update(by: Actor, wanted: Record<string, unknown>): Promise<void>
}

type Seal = { seal(plain: string, purpose: string): string; unseal(sealed: string, purpose: string): string }

type Options = {
  db: Db
  cache: Reader['cache']
  secrets: Seal
  /** A JSON object of items that the environment sets, as Harbor's CONFIG_OVERWRITE_JSON does. */
  overwrite: string | undefined
  /** Defaults of this installation that differ from Harbor's. */
  defaults?: Partial<Settings>
  /** Further rules of other parts: why a new value that the item's own rule accepts cannot be used. */
  problems?: Partial<Record<ItemName, (value: unknown) => string | undefined | Promise<string | undefined>>>
  /** Items that may have become fixed, so that no other value is taken any more. */
  fixed?: Partial<Record<ItemName, Fixing>>
}

/** `text`: why no other value is taken. `isNowIn`: as `isNow`, with an answer that holds until the transaction ends. */
type Fixing = { text: string; isNow(): Promise<boolean>; isNowIn(tx: Tx): Promise<boolean> }

/** Throws Error when `overwrite` cannot be used. */
export function openSettings(options: Options): SettingsAccess {
  const { db, cache, secrets, overwrite, defaults = {}, problems = {}, fixed = {} } = options
  const locked = parseOverwrite(overwrite)
  const fallbacks = {
    ...Object.fromEntries(Object.entries(items).map(([name, { fallback }]) => [name, fallback])),
    ...defaults,
  }

  const all = async (): Promise<Settings> => (await cache.get(settingsKey, load))!

  async function load(): Promise<Settings> {
    const stored = (await listStored(db)).flatMap(({ name, value }) =>
      isItem(name) ? [[name, read(name, value)]] : [],
    )
    return { ...fallbacks, ...Object.fromEntries(stored), ...locked } as Settings
  }

  const read = (name: ItemName, value: string): unknown =>
    JSON.parse(isSecret(name) ? secrets.unseal(value, purposeOf(name)) : value)
  const written = (name: ItemName, value: unknown): string =>
    isSecret(name) ? secrets.seal(JSON.stringify(value), purposeOf(name)) : JSON.stringify(value)

  return {
    all,
    get: async (name) => (await all())[name],
    async getIn(tx, name) {
      if (Object.hasOwn(locked, name)) return locked[name] as Settings[typeof name]
      const stored = (await listStored(tx)).find((one) => one.name === name)
      return (stored ? read(name, stored.value) : fallbacks[name]) as Settings[typeof name]
    },
    isEditable: async (name) => !Object.hasOwn(locked, name) && !(await fixed[name]?.isNow()),
    async update(by, wanted) {
      const now = await all()
      const changes = Object.entries(wanted).filter(
        (entry): entry is [ItemName, unknown] => isItem(entry[0]) && entry[1] !== null,
      )
      for (const [name, value] of changes) {
        const problem = itemProblem(name, value) ?? (now[name] === value ? undefined : await problems[name]?.(value))
        if (problem) throw new Failure('BAD_REQUEST', problem)
        if (Object.hasOwn(locked, name) && locked[name] !== value)
          throw new Failure('FORBIDDEN', `${name} is set by MARINA_CONFIG_OVERWRITE_JSON and cannot be changed here`)
      }
      const after = { ...now, ...Object.fromEntries(changes) }
      // Without either of the two the audit log would be written nowhere.
      if (after.skip_audit_log_database && after.audit_log_forward_endpoint === '')
        throw new Failure('BAD_REQUEST', 'skip_audit_log_database needs audit_log_forward_endpoint')
      const real = changes.filter(([name, value]) => now[name] !== value)
      if (real.length === 0) return
      await db.transaction(async (tx: Tx) => {
        for (const [name] of real)
          if (await fixed[name]?.isNowIn(tx)) throw new Failure('BAD_REQUEST', fixed[name]!.text)
        await saveStored(
          tx,
          real.map(([name, value]) => ({ name, value: written(name, value) })),
        )
        await emit(tx, [
          facts.configurationUpdated(
            { changed: Object.fromEntries(real.map(([name, value]) => [name, isSecret(name) ? '***' : value])) },
            by,
          ),
        ])
      })
    },
  }
}

/** Binds a sealed value to its item: it cannot be decrypted as that of another one. */
const purposeOf = (name: ItemName) => `configuration ${name}`

function parseOverwrite(text: string | undefined): Partial<Record<ItemName, unknown>> {
  if (text === undefined) return {}
  const refuse = (why: string) => new Error(`MARINA_CONFIG_OVERWRITE_JSON ${why}`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw refuse('is not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw refuse('must be a JSON object of configuration items')
  for (const [name, value] of Object.entries(parsed)) {
    // SQL reads this item from its table (migrations/0003-quotas.sql), which the environment does not change.
    if (name === 'quota_per_project_enable') throw refuse(`cannot set ${name}: change it over the API`)
    const problem = isItem(name) ? itemProblem(name, value) : `knows no item ${JSON.stringify(name.slice(0, 60))}`
    if (problem) throw refuse(problem)
  }
  return parsed
}
