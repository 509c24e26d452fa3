import { textOf } from '../bytes.ts'
import type { Cataloger } from './cataloger.ts'

/** The value of an attribute, as RubyGems writes specifications: `s.name = "rake".freeze`. */
const attribute = (name: string) =>
  new RegExp(`^[ \\t]*\\w+\\.${name}[ \\t]*=[ \\t]*(?:Gem::Version\\.new\\()?["']([^"'\\n]+)["']`, 'm')
const [nameOf, versionOf, platformOf, licenseOf] = ['name', 'version', 'platform', 'license'].map(attribute)
const licensesOf = /^[ \t]*\w+\.licenses[ \t]*=[ \t]*\[([^\]\n]*)\]/m

/** Gems that are installed: the specifications that RubyGems keeps of them. */
export const ruby: Cataloger = {
  name: 'ruby',
  wants: (path) => /(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/.test(path),
  isList: false,
  isLarge: false,
  read(_, bytes) {
    const text = textOf(bytes).slice(0, 2 ** 20)
    const [name, version] = [nameOf!.exec(text)?.[1], versionOf!.exec(text)?.[1]]
    if (!name || !version) return []
    const platform = platformOf!.exec(text)?.[1]
    const several = licensesOf.exec(text)?.[1]?.match(/["']([^"']+)["']/g)
    const license = several?.map((one) => one.slice(1, -1)).join(' OR ') ?? licenseOf!.exec(text)?.[1]
    return [
      {
        type: 'gem',
        name,
        version,
        ...(platform && platform !== 'ruby' ? { qualifiers: { platform } } : {}),
        ...(license ? { license } : {}),
      },
    ]
  },
}
