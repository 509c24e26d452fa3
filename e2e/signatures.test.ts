/** docs/operate/signatures.md, command by command. cosign and notation are sign.ts, which signs as they do. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { end, makeFolder, root, run, startMarina } from './marina.ts'

/** An OCI layout with the images `one` and `two`. */
async function makeImages(dir: string): Promise<void> {
  const image = path.join(dir, 'image')
  await run(['umoci', 'init', '--layout', image])
  for (const name of ['one', 'two']) {
    const files = path.join(dir, 'files')
    await mkdir(files, { recursive: true })
    await writeFile(path.join(files, 'name'), name)
    await run(['umoci', 'new', '--image', `${image}:${name}`])
    await run(['umoci', 'insert', '--image', `${image}:${name}`, files, '/files'])
  }
}

/** The keys and certificates that the page names. */
async function makeKeys(dir: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  await writeFile(path.join(dir, 'cosign.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  await writeFile(path.join(dir, 'cosign.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const script = `
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/C=DE/O=Example/CN=root' \\
      -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/C=DE/O=Example/CN=builder' \\
      -keyout notation.key -out notation.csr
    printf '%s\\n' basicConstraints=CA:false keyUsage=digitalSignature extendedKeyUsage=codeSigning > ext
    openssl x509 -req -in notation.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile ext -out leaf.pem
    cat leaf.pem ca.pem > notation.pem`
  const { code, stderr } = await end(['bash', '-euc', script], { cwd: dir })
  assert.equal(code, 0, stderr)
  const fixture = path.join(root, 'server/features/signatures/fixtures/trusted-root.json')
  await copyFile(fixture, path.join(dir, 'trusted_root.json'))
}

test('all commands of the page about signatures work in their order', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir })
  await Promise.all([makeImages(top.dir), makeKeys(top.dir)])
  await writeFile(path.join(top.dir, 'password'), marina.password!)
  const page = await readFile(path.join(root, 'docs/operate/signatures.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  assert.equal(blocks.length, 8)
  const node = `'${process.execPath}'`
  const commands = `
    at=${marina.url}
    host=${marina.host}
    export HOME=${top.dir}
    marina() { ${node} '${path.join(root, 'server/main.ts')}' "$@"; }
    cosign() { ${node} '${path.join(root, 'e2e/sign.ts')}' cosign "$@"; }
    notation() { ${node} '${path.join(root, 'e2e/sign.ts')}' notation "$@"; }\n`
  const script = [commands, ...blocks].join('\necho "== next"\n').replaceAll('http://$at', '$at')
  const { code, stdout, stderr } = await end(['bash', '-euo', 'pipefail', '-c', script], { cwd: top.dir })
  assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)
  const [, trust, signed, api, , refused, builds, accounts, removed] = stdout.split('== next\n')
  assert.match(trust!, /^release +key/m)
  assert.match(signed!, /^cosign +signature +yes +release +key sha256:/m)
  assert.match(api!, /"verified":true/)
  assert.match(refused!, /"PROJECTPOLICYVIOLATION".*no verified signature: it has no signature/)
  assert.match(builds!, /^notation +signature +yes +builds +C=DE, O=Example, CN=builder/m)
  assert.match(accounts!, /^sigstore +1 +1 +1/m)
  assert.match(removed!, /^cosign +signature +no/m)
  await marina.stop()
})
