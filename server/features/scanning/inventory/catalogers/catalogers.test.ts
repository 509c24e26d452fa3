import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { elfOf } from '../../../../testing/elf.ts'
import { inventoryOf, inventoryOfLayer, shownOf } from '../../../../testing/inventories.ts'
import type { LayerFile } from '../../../../testing/layers.ts'
import { zipOf } from '../../../../testing/zip.ts'
import type { Component } from '../component.ts'
import { purlOf } from '../purl.ts'
import { catalogers } from './list.ts'

type Case = {
  /** What the files say. */
  says: string
  files: LayerFile[]
  /** The package URLs of what is found, in their order. */
  found: string[]
}

const auditable = deflateSync(
  JSON.stringify({
    packages: [
      { name: 'app', version: '0.1.0', source: 'local', root: true },
      { name: 'serde', version: '1.0.200', source: 'crates.io' },
      { name: 'cc', version: '1.0.90', source: 'crates.io', kind: 'build' },
    ],
  }),
)

/** Go's build information (debug/buildinfo, inline): two strings after their lengths, modules between two marks. */
function goInfo(version: string, modules: string): Buffer {
  const text = Buffer.concat([Buffer.alloc(16, 1), Buffer.from(modules), Buffer.alloc(16, 2)])
  const length = (bytes: number) => Buffer.from([(bytes & 0x7f) | 0x80, bytes >> 7])
  const head = Buffer.alloc(32)
  head.write('\xff Go buildinf:', 'latin1')
  head.set([8, 2], 14)
  return Buffer.concat([head, length(version.length), Buffer.from(version), length(text.length), text])
}
const modules =
  'path\texample.com/app\nmod\texample.com/app\t(devel)\t\n' +
  'dep\tgithub.com/Pkg/errors\tv0.9.1\th1:x=\ndep\tgolang.org/x/text\tv0.3.0\th1:y=\n' +
  '=>\texample.com/fork/text\tv0.3.1\th1:z=\nbuild\t-compiler=gc\n'

const cases: Record<string, Case[]> = {
  'os-release': [],
  dpkg: [
    {
      says: 'those that are installed, with their source packages',
      files: [
        ['etc/os-release', 'ID=debian\nVERSION_ID="12"\n'],
        [
          'var/lib/dpkg/status',
          'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n' +
            'Source: glibc\nVersion: 2.36-9+deb12u4\n' +
            'Description: GNU C Library\n longer: text\n .\n\n' +
            'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n' +
            'Package: libx\nStatus: hold ok installed\nSource: x (1:2.0-1)\nVersion: 2.0-1+b1\nArchitecture: all\n',
        ],
        ['var/lib/dpkg/status.d/tzdata', 'Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n'],
        ['var/lib/dpkg/status.d/tzdata.md5sums', 'Package: no\nVersion: 1\n'],
      ],
      found: [
        'pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream=glibc%402.36-9%2Bdeb12u4',
        'pkg:deb/debian/libx@2.0-1%2Bb1?arch=all&distro=debian-12&upstream=x%401:2.0-1',
        'pkg:deb/debian/tzdata@2024a-0%2Bdeb12u1?arch=all&distro=debian-12',
      ],
    },
  ],
  apk: [
    {
      says: 'those of the list, with origin and license',
      files: [
        ['usr/lib/os-release', "ID=alpine\nVERSION_ID='3.20.1'\n"],
        [
          'lib/apk/db/installed',
          'C:Q1abc=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\nF:lib\nR:ld-musl-x86_64.so.1\n\n' +
            'P:libcrypto3\nV:3.3.1-r0\nA:x86_64\nL:Apache-2.0\no:openssl\n',
        ],
      ],
      found: [
        'pkg:apk/alpine/libcrypto3@3.3.1-r0?arch=x86_64&distro=alpine-3.20.1&upstream=openssl%403.3.1-r0',
        'pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.1',
      ],
    },
  ],
  rpm: [],
  npm: [
    {
      says: 'packages in node_modules, scoped and nested, but not the files within a package',
      files: [
        ['app/package.json', '{"name":"app","version":"1.0.0"}'],
        ['app/node_modules/left-pad/package.json', '{"name":"left-pad","version":"1.3.0","license":"WTFPL"}'],
        ['app/node_modules/@types/node/package.json', '{"name":"@types/node","version":"24.0.0"}'],
        ['app/node_modules/@types/node/node_modules/x/package.json', '\uFEFF{"name":"x","version":"2.0.0"}'],
        ['app/node_modules/left-pad/dist/package.json', '{"name":"no","version":"1.0.0"}'],
        ['app/node_modules/unversioned/package.json', '{"name":"unversioned"}'],
      ],
      found: ['pkg:npm/%40types/node@24.0.0', 'pkg:npm/left-pad@1.3.0', 'pkg:npm/x@2.0.0'],
    },
  ],
  python: [
    {
      says: 'wheels, eggs and single files',
      files: [
        ['usr/lib/python3/dist-packages/Foo_Bar-1.0.dist-info/METADATA', 'Name: Foo_Bar\nVersion: 1.0\n\nVersion: 9\n'],
        ['opt/a.egg-info/PKG-INFO', 'Metadata-Version: 2.1\nName: a\nVersion: 2.0\nLicense: MIT\n'],
        ['opt/b-3.egg-info', 'Name: b\nVersion: 3\n'],
      ],
      found: ['pkg:pypi/a@2.0', 'pkg:pypi/b@3', 'pkg:pypi/foo-bar@1.0'],
    },
  ],
  go: [
    {
      says: 'the modules of an ELF program, with replacements; a module without a version keeps none',
      files: [['usr/bin/app', elfOf({ '.go.buildinfo': goInfo('go1.26.1', modules) })]],
      found: [
        'pkg:golang/example.com/app',
        'pkg:golang/example.com/fork/text@v0.3.1',
        'pkg:golang/github.com/pkg/errors@v0.9.1',
        'pkg:golang/stdlib@1.26.1',
      ],
    },
    {
      says: 'a program of Windows',
      files: [['app.exe', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(4094), goInfo('go1.20', modules)])]],
      found: [
        'pkg:golang/example.com/app',
        'pkg:golang/example.com/fork/text@v0.3.1',
        'pkg:golang/github.com/pkg/errors@v0.9.1',
        'pkg:golang/stdlib@1.20',
      ],
    },
  ],
  rust: [
    {
      says: 'the crates that are in the program, not those that only built it',
      files: [['usr/bin/app', elfOf({ '.dep-v0': auditable })]],
      found: ['pkg:cargo/app@0.1.0', 'pkg:cargo/serde@1.0.200'],
    },
  ],
  ruby: [
    {
      says: 'specifications',
      files: [
        [
          'usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.9.gemspec',
          '# stub: rack 2.2.9 ruby lib\n\nGem::Specification.new do |s|\n  s.name = "rack".freeze\n' +
            '  s.version = "2.2.9"\n\n  s.licenses = ["MIT".freeze]\nend\n',
        ],
        [
          'usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec',
          "Gem::Specification.new do |s|\n  s.name = 'json'\n  s.version = Gem::Version.new('2.6.1')\n" +
            '  s.platform = "x86_64-linux".freeze\nend\n',
        ],
      ],
      found: ['pkg:gem/json@2.6.1?platform=x86_64-linux', 'pkg:gem/rack@2.2.9'],
    },
  ],
  php: [
    {
      says: 'the lists of Composer 1 and 2',
      files: [
        ['a/vendor/composer/installed.json', '{"packages":[{"name":"Monolog/monolog","version":"v3.5.0"}]}'],
        ['b/vendor/composer/installed.json', '[{"name":"psr/log","version":"2.0.0","license":["MIT"]},{"name":"no"}]'],
      ],
      found: ['pkg:composer/monolog/monolog@3.5.0', 'pkg:composer/psr/log@2.0.0'],
    },
  ],
  dotnet: [
    {
      says: 'packages, not the program itself',
      files: [
        [
          'app/App.deps.json',
          '{"libraries":{"App/1.0.0":{"type":"project"},"Newtonsoft.Json/13.0.3":{"type":"package"}}}',
        ],
      ],
      found: ['pkg:nuget/Newtonsoft.Json@13.0.3'],
    },
  ],
  java: [
    {
      says: 'coordinates of Maven, manifests, names of files, and archives within archives',
      files: [
        [
          'app.war',
          zipOf({
            'WEB-INF/lib/log4j-core-2.14.1.jar': zipOf({
              'META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties':
                'version=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n',
            }),
            'WEB-INF/lib/asm-9.6.jar': zipOf({
              'META-INF/MANIFEST.MF':
                'Manifest-Version: 1.0\r\nBundle-SymbolicName: org.objectweb.as\r\n m\r\n\r\nName: x\r\n',
            }),
          }),
        ],
        ['opt/plain-1.2.3.jar', zipOf({ 'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\n' })],
        ['opt/unversioned.jar', zipOf({ 'x.class': '' })],
        ['opt/no.jar', 'not a zip'],
      ],
      found: [
        'pkg:maven/app/app',
        'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1',
        'pkg:maven/org.objectweb/asm@9.6',
        'pkg:maven/plain/plain@1.2.3',
        'pkg:maven/unversioned/unversioned',
      ],
    },
  ],
}

for (const { name } of catalogers) {
  for (const { says, files, found } of cases[name] ?? []) {
    test(`${name}: ${says}`, async () => {
      const inventory = await inventoryOf(files)
      assert.deepEqual(
        inventory.found.map(({ component }) => purlOf(component, inventory.os)),
        found,
      )
      assert.deepEqual(inventory.notes, [])
    })
  }
  test(`${name}: a file of any bytes is read or left out, and nothing fails`, async () => {
    const names = (cases[name] ?? []).flatMap(({ files }) => files.map(([file]) => file as string))
    for (const [index, path] of names.entries()) {
      const [, content = ''] = cases[name]!.flatMap(({ files }) => files)[index]!
      for (const bytes of damagedOf(Buffer.from(content as string))) {
        const { files } = await inventoryOfLayer([[path, bytes]])
        for (const component of files.flatMap(({ components }) => components)) assert.ok(shownOf(component).length > 1)
      }
    }
  })
}

/** Cut, doubled, with bytes of zero and of 255 in several places. */
function damagedOf(bytes: Buffer): Buffer[] {
  const places = Array.from({ length: 24 }, (_, index) => Math.floor((bytes.length * index) / 24))
  return [
    Buffer.alloc(0),
    Buffer.concat([bytes, bytes]),
    ...places.map((at) => bytes.subarray(0, at)),
    ...places.flatMap((at) =>
      [0, 255].map((value) => {
        const copy = Buffer.from(bytes)
        copy.fill(value, at, Math.min(at + 4, copy.length))
        return copy
      }),
    ),
  ]
}

test('every cataloger has a case, or a test of its own', () => {
  const without = Object.entries(cases).filter(([, all]) => all.length === 0)
  assert.deepEqual(
    [Object.keys(cases), without.map(([name]) => name)],
    [catalogers.map(({ name }) => name), ['os-release', 'rpm']],
  )
})

test('the operating system comes from /etc before /usr/lib, and is no package', async () => {
  const { os, found } = await inventoryOf([
    ['usr/lib/os-release', 'ID=debian\nVERSION_ID=11\n'],
    ['etc/os-release', 'NAME="x"\nID="ubuntu"\nVERSION_ID="24.04"\n'],
  ])
  assert.deepEqual([os, found], [{ type: 'os', name: 'ubuntu', version: '24.04' } satisfies Component, []])
})
