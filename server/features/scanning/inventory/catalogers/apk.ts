import { textOf } from '../bytes.ts'
import type { Component } from '../component.ts'
import type { Cataloger } from './cataloger.ts'
import { linesOf } from './stanzas.ts'

/** Packages of Alpine and its relatives: the list of apk (wiki.alpinelinux.org, "Apk spec", installed database). */
export const apk: Cataloger = {
  name: 'apk',
  wants: (path) => /^(?:usr\/)?lib\/apk\/db\/installed$/.test(path),
  isList: true,
  isLarge: false,
  read(_, bytes) {
    const found: Component[] = []
    let fields: Partial<Record<string, string>> = {}
    for (const line of [...linesOf(textOf(bytes)), '']) {
      if (line === '') {
        found.push(...componentOf(fields))
        fields = {}
      } else if (line[1] === ':' && 'PVALo'.includes(line[0]!)) fields[line[0]!] ??= line.slice(2)
    }
    return found
  },
}

function componentOf({ P: name, V: version, A: arch, L: license, o: origin }: Partial<Record<string, string>>) {
  if (!name || !version) return []
  return [
    {
      type: 'apk' as const,
      name,
      version,
      ...(arch ? { qualifiers: { arch } } : {}),
      ...(license ? { license } : {}),
      ...(origin && origin !== name ? { source: { name: origin, version } } : {}),
    },
  ]
}
