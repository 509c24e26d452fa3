import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run, type Marina } from './marina.ts'

/** An OCI image with the list of dpkg, pushed by skopeo as `library/app:1.0`. */
export async function pushImage(dir: string, { host, password }: Marina): Promise<void> {
  const files = path.join(dir, 'files')
  await mkdir(path.join(files, 'var/lib/dpkg'), { recursive: true })
  await mkdir(path.join(files, 'etc'), { recursive: true })
  await writeFile(path.join(files, 'etc/os-release'), 'ID=debian\nVERSION_ID="12"\n')
  await writeFile(
    path.join(files, 'var/lib/dpkg/status'),
    'Package: base-files\nStatus: install ok installed\nVersion: 12.4\nArchitecture: amd64\n',
  )
  const image = path.join(dir, 'image')
  await run(['umoci', 'init', '--layout', image])
  await run(['umoci', 'new', '--image', `${image}:one`])
  for (const folder of ['etc', 'var'])
    await run(['umoci', 'insert', '--image', `${image}:one`, path.join(files, folder), `/${folder}`])
  await run([
    'skopeo',
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    '--dest-creds',
    `admin:${password!}`,
    `oci:${image}:one`,
    `docker://${host}/library/app:1.0`,
  ])
}
