import { textOf } from '../bytes.ts'
import type { Cataloger } from './cataloger.ts'
import { linesOf } from './stanzas.ts'

/** The name and version of the operating system (os-release(5)); a path that comes first wins. */
export const osReleasePaths = ['etc/os-release', 'usr/lib/os-release']

export const osRelease: Cataloger = {
  name: 'os-release',
  wants: (path) => osReleasePaths.includes(path),
  isList: false,
  isLarge: false,
  read(_, bytes) {
    const values = new Map<string, string>()
    for (const line of linesOf(textOf(bytes).slice(0, 64 * 1024))) {
      const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line.trim()) ?? []
      if (name !== undefined && value !== undefined) values.set(name, value.replace(/^(["'])(.*)\1$/, '$2'))
    }
    const name = values.get('ID')?.toLowerCase() ?? ''
    if (!/^[a-z0-9._-]{1,64}$/.test(name)) return []
    return [{ type: 'os', name, version: (values.get('VERSION_ID') ?? '').slice(0, 64) }]
  },
}
