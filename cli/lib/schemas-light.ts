type Schema = { properties?: Record<string, unknown> }

/** In place of TypeBox: each function answers with an object that has the fields of its argument, and nothing else. */
export const Type = new Proxy({} as Record<string, (given?: unknown) => Schema>, {
  get: (_, name) => makers[String(name)] ?? any,
})

const same = (schema: unknown) => schema as Schema
const any = (): Schema => ({})

const makers: Record<string, (given?: unknown) => Schema> = {
  Object: (properties) => ({ properties: properties as Record<string, unknown> }),
  Partial: same,
  Required: same,
  Optional: same,
}
