import { isObject, jsonOf, textIn } from '../bytes.ts'
import type { Cataloger } from './cataloger.ts'

/** Packages of PHP that Composer installed (`vendor/composer/installed.json`, of Composer 1 and 2). */
export const php: Cataloger = {
  name: 'php',
  wants: (path) => /(?:^|\/)composer\/installed\.json$/.test(path),
  isList: false,
  isLarge: false,
  read(_, bytes) {
    const { packages, value } = jsonOf(bytes)
    const all: unknown[] = Array.isArray(packages) ? packages : Array.isArray(value) ? value : []
    return all.filter(isObject).flatMap(({ name: whole, version, license }) => {
      const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(textIn(whole)) ?? []
      if (namespace === undefined || name === undefined || textIn(version) === '') return []
      const said = (Array.isArray(license) ? license : [license]).filter((one) => typeof one === 'string').join(' OR ')
      // `v1.2.3` and `1.2.3` are one version.
      const bare = textIn(version).replace(/^v(?=\d)/, '')
      return [{ type: 'composer' as const, namespace, name, version: bare, ...(said ? { license: said } : {}) }]
    })
  },
}
