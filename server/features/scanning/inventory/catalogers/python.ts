import { textOf } from '../bytes.ts'
import type { Cataloger } from './cataloger.ts'
import { stanzasOf } from './stanzas.ts'

const path = /\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/

/** Installed distributions of Python (packaging.python.org, "Core metadata" and "Recording installed projects"). */
export const python: Cataloger = {
  name: 'python',
  wants: (name) => path.test(name),
  isList: false,
  isLarge: false,
  read(_, bytes) {
    // The description follows the headers, and may be as long as a book.
    const headers = stanzasOf(textOf(bytes)).next().value
    const [name, version] = [headers?.get('name'), headers?.get('version')]
    if (!name || !version) return []
    const license = headers?.get('license-expression') ?? headers?.get('license')
    const isShort = license !== undefined && license.length <= 200 && !/unknown/i.test(license)
    return [{ type: 'pypi', name, version, ...(isShort && license !== '' ? { license } : {}) }]
  },
}
