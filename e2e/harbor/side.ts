/** One of the two registries that get the same requests: a Harbor or a Marina. */
export type Side = {
  name: string
  /** Scheme, host and port. */
  url: string
  /** Passwords by account; `admin` is the administrator's. */
  passwords: Record<string, string>
  /** What earlier answers gave: ids, names and digests, by the words in braces of later steps. */
  known: Record<string, string>
}

export type Step = {
  /** What is tried; unique among the steps of its area. */
  what: string
  /** Method and path; a path that does not begin with /v2, /service, /c or /api is below /api/v2.0. */
  ask: string
  /** An account of `Side.passwords`; nobody when it is `nobody`, the administrator when it is missing. */
  as?: string
  body?: unknown
  headers?: Record<string, string>
  /** Kept for later steps: the last part of `Location`, or a value of the body by its path (`0.id`, `secret`). */
  keep?: Record<string, string>
  /** Asked again, for at most 30 s, until this member of the body has one of these values. */
  until?: { at: string; is: string[] }
}

export type Answer = { status: number; headers: Record<string, string>; body: unknown }

const compared = ['content-type', 'location', 'link', 'x-total-count', 'www-authenticate', 'docker-content-digest']

export async function take(side: Side, step: Step): Promise<Answer> {
  const end = Date.now() + 30_000
  for (;;) {
    const answer = await send(side, step)
    const isThere = !step.until || step.until.is.includes(String(valueAt(answer.body, step.until.at)))
    if (!isThere && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 300))
      continue
    }
    for (const [word, where] of Object.entries(step.keep ?? {})) side.known[fill(word, side)] = readKept(answer, where)
    return answer
  }
}

async function send(side: Side, { ask, as = 'admin', body, headers }: Step): Promise<Answer> {
  const [method = '', asked = ''] = fill(ask, side).split(/ (.*)/s)
  const path = /^\/(v2|service|c|api)(\/|$|\?)/.test(asked) ? asked : `/api/v2.0${asked}`
  const account = fill(as, side)
  const response = await fetch(`${side.url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(as !== 'nobody' && { authorization: `Basic ${btoa(`${account}:${passwordOf(side, account)}`)}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: fill(typeof body === 'string' ? body : JSON.stringify(body), side) }),
  })
  const text = await response.text()
  const named = compared.flatMap((name) => (response.headers.has(name) ? [[name, response.headers.get(name)!]] : []))
  return { status: response.status, headers: Object.fromEntries(named) as Answer['headers'], body: parse(text) }
}

/** Puts what is known in the place of words in braces, `"{id as number}"` without its quotes; other braces stay. */
function fill(text: string, { known }: Side): string {
  return text
    .replaceAll(/"\{(\w+) as number\}"/g, (whole, word: string) => known[word] ?? whole)
    .replaceAll(/\{(\w+)\}/g, (whole, word: string) => known[word] ?? whole)
}

function passwordOf({ passwords, known }: Side, as: string): string {
  return passwords[as] ?? known[`secret of ${as}`] ?? ''
}

function readKept({ headers, body }: Answer, where: string): string {
  if (where === 'location') return headers['location']?.split('/').at(-1) ?? ''
  return String(valueAt(body, where))
}

function valueAt(body: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined | null)?.[key], body)
}

function parse(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
