/** Harbor's modes; '' was left out, and means NONE. */
export const authModes = ['', 'NONE', 'BASIC', 'OAUTH', 'CUSTOM'] as const
export type AuthMode = (typeof authModes)[number]

/** How a service is asked. `info`: Harbor's `auth_info`, in plain text. */
export type Auth = { mode: AuthMode; info: Record<string, string> }

/** A header that says how the message is to be read, which no credential may replace. */
const reserved = /^(?:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|accept.*|proxy-.*)$/i
/** RFC 9110, 5.6.2: token. */
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/i

/** Why these cannot be used, or undefined. The text never holds a secret. */
export function authProblem({ mode, info }: Auth): string | undefined {
  const entries = Object.entries(info)
  if (entries.length > 10) return 'auth_info has at most 10 fields'
  if (entries.some(([name, value]) => name.length > 1024 || value.length > 16 * 1024))
    return 'auth_info is too long: a name has at most 1024 characters, a value 16384'
  if (entries.some((pair) => pair.some((text) => /[\r\n\0]/.test(text)))) return 'auth_info must hold no line breaks'
  switch (mode) {
    case '':
    case 'NONE':
      return undefined
    case 'BASIC': {
      const [name, password] = basicOf(info)
      if (name === '' || password === '') return 'auth_mode BASIC needs auth_info with username and password'
      return name.includes(':') ? 'username must hold no colon, as Basic ends the name there (RFC 7617)' : undefined
    }
    case 'OAUTH':
      return tokenOf(info) === '' ? 'auth_mode OAUTH needs auth_info with token' : undefined
    case 'CUSTOM': {
      const [name, value] = entries[0] ?? ['', '']
      if (entries.length !== 1 || value === '') return 'auth_mode CUSTOM needs auth_info with one header and its value'
      if (!headerName.test(name) || reserved.test(name))
        return `auth_info: ${JSON.stringify(name)} is no header for that`
      return undefined
    }
  }
}

export function authHeaders({ mode, info }: Auth): Record<string, string> {
  switch (mode) {
    case '':
    case 'NONE':
      return {}
    case 'BASIC':
      return { authorization: `Basic ${Buffer.from(basicOf(info).join(':')).toString('base64')}` }
    case 'OAUTH':
      return { authorization: `Bearer ${tokenOf(info)}` }
    case 'CUSTOM':
      return Object.fromEntries(Object.entries(info).map(([name, value]) => [name.toLowerCase(), value]))
  }
}

/** What must not be shown. */
export const secretsOf = ({ info }: Auth): string[] => Object.values(info)

/** Name and password: by these words, or, as Harbor takes it, one field whose name is the user's. */
function basicOf(info: Record<string, string>): [name: string, password: string] {
  if (info['username'] !== undefined && info['password'] !== undefined) return [info['username'], info['password']]
  const entries = Object.entries(info)
  return entries.length === 1 ? entries[0]! : ['', '']
}

function tokenOf(info: Record<string, string>): string {
  const values = Object.values(info)
  return info['token'] ?? (values.length === 1 ? values[0]! : '')
}
