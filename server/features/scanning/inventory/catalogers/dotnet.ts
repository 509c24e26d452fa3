import { isObject, jsonOf } from '../bytes.ts'
import type { Cataloger } from './cataloger.ts'

/** NuGet packages of a .NET program: `*.deps.json`, which is built beside it. */
export const dotnet: Cataloger = {
  name: 'dotnet',
  wants: (path) => path.endsWith('.deps.json'),
  isList: false,
  isLarge: false,
  read(_, bytes) {
    const { libraries } = jsonOf(bytes)
    return Object.entries(isObject(libraries) ? libraries : {}).flatMap(([key, about]) => {
      const [, name, version] = /^([^/]+)\/([^/]+)$/.exec(key) ?? []
      // Others are the program itself, and the runtime that it brings along.
      if (name === undefined || version === undefined || !isObject(about) || about['type'] !== 'package') return []
      return [{ type: 'nuget' as const, name, version }]
    })
  },
}
