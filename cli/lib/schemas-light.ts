type Schema = { properties?: Record<string, unknown> }

/** In place of TypeBox: each function answers with an object that has the fields of its argument, and nothing else. */
export const Type: Record<string, (given?: unknown) => Schema> = new Proxy(
  {},
  {
    get: (_target, name) => makers[String(name)] ?? any,
  },
)

const same = (schema: unknown) => schema as Schema
const any = (): Schema => ({})

const makers: Record<string, (given?: unknown) => Schema> = {
  Object: (properties) => ({ properties: properties as Record<string, unknown> }),
  Partial: same,
  Required: same,
  Optional: same,
}
