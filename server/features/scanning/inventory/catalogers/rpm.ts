import { Unreadable } from '../bounds.ts'
import type { RandomBytes } from '../bytes.ts'
import { headersOfBerkeley } from '../rpm/berkeley.ts'
import { componentOf } from '../rpm/header.ts'
import { headersOfNdb } from '../rpm/ndb.ts'
import { headersOfSqlite } from '../rpm/sqlite.ts'
import type { Cataloger } from './cataloger.ts'

const folder = '(?:var/lib/rpm|usr/lib/sysimage/rpm|usr/share/rpm)'
const path = new RegExp(`^${folder}/(rpmdb\\.sqlite|Packages\\.db|Packages)$`)

const readers: Record<string, (bytes: RandomBytes) => Generator<Buffer>> = {
  'rpmdb.sqlite': headersOfSqlite,
  'Packages.db': headersOfNdb,
  Packages: headersOfBerkeley,
}

/** Packages of Red Hat, SUSE and their relatives: the three kinds of database that rpm has had. */
export const rpm: Cataloger = {
  name: 'rpm',
  wants: (name) => path.test(name),
  isList: true,
  isLarge: true,
  needsDisk: true,
  read(name, bytes, budget) {
    const [, kind] = path.exec(name)!
    // No two packages have bytes in common: half a million that do would be read for hours.
    let left = bytes.size
    return readers[kind!]!(bytes)
      .flatMap((header) => {
        budget.enter()
        left -= header.length
        if (left < 0) throw new Unreadable('its packages have more bytes than it has')
        return componentOf(header)
      })
      .toArray()
  },
}
