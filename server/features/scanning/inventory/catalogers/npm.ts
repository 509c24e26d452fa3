import { isObject, jsonOf, textIn } from '../bytes.ts'
import type { Cataloger } from './cataloger.ts'

const path = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@][^/]*\/package\.json$/

/** Packages of Node.js that are installed: `package.json` of the folders in `node_modules`. */
export const npm: Cataloger = {
  name: 'npm',
  wants: (name) => path.test(name),
  isList: false,
  isLarge: false,
  read(_, bytes) {
    const { name: whole, version, license } = jsonOf(bytes)
    const [, scope, name] = /^(?:(@[^/]+)\/)?([^/]+)$/.exec(textIn(whole)) ?? []
    if (name === undefined || textIn(version) === '') return []
    const said = textIn(license) || (isObject(license) ? textIn(license['type']) : '')
    return [
      {
        type: 'npm',
        ...(scope === undefined ? {} : { namespace: scope }),
        name,
        version: textIn(version),
        ...(said ? { license: said } : {}),
      },
    ]
  },
}
