import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { callApi, create } from '../../testing/api.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openReceiver, type Received } from '../../testing/receiver.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { signatureOf } from './signature.ts'

const [old, young] = ['the-old-secret-of-ours', 'the-new-secret-of-ours']
const languages = {
  js: [process.execPath, 'verify.mjs'],
  python: ['python3', 'verify.py'],
  bash: ['bash', 'verify.sh'],
} as const

let marina: TestMarina
let dir: string
let delivered: Received
before(async () => {
  marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' })
  dir = await mkdtemp(join(tmpdir(), 'marina-guide-'))
  const guide = await readFile(join(import.meta.dirname, '../../../docs/webhooks.md'), 'utf8')
  for (const [language, [, file]] of Object.entries(languages)) {
    const [, code] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(guide) ?? []
    assert.ok(code, `the guide has no code in ${language}`)
    await writeFile(join(dir, file), code)
  }
  delivered = await deliver()
})
after(async () => {
  await rm(dir, { recursive: true })
  await marina[Symbol.asyncDispose]()
})

/** One push, delivered while a new secret takes over from an old one. */
async function deliver(): Promise<Received> {
  await using receiver = await openReceiver()
  const project = await givenProject(marina)
  const path = `/projects/${project.name}/webhook/policies`
  const policy = (secret: string) => ({
    name: fresh('policy'),
    event_types: ['PUSH_ARTIFACT'],
    targets: [{ type: 'http', address: receiver.url, secret }],
  })
  const id = await create(marina, path, marina.admin, policy(old))
  expectAnswer(await callApi(marina, 'PUT', `${path}/${id}`, { as: marina.admin, body: policy(young) }), 200)
  await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
  await eventually(() => assert.equal(receiver.received.length, 1))
  return receiver.received[0]!
}

/** Runs the code of the guide; resolves with its exit code. */
function verify(
  language: keyof typeof languages,
  body: string,
  signature: string,
  secret: string,
): Promise<number | null> {
  const [command, file] = languages[language]
  const child = spawn(command, [join(dir, file), signature], {
    env: { ...process.env, WEBHOOK_SECRET: secret },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // A program that ends before it has read its input must not end this test.
  child.stdin.on('error', () => {})
  child.stdin.end(body)
  return new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
}

for (const language of Object.keys(languages) as (keyof typeof languages)[]) {
  test(`the guide's code in ${language} accepts the old and the new secret, and no wrong request`, async () => {
    const { body, headers } = delivered
    const signature = String(headers['marina-signature'])
    const now = Date.now()
    const at = (ms: number) => signatureOf(body, [young], new Date(now + ms))
    const good: [string, string, string][] = [
      [body, signature, young],
      [body, signature, old],
      [body, at(-290_000), young],
    ]
    const bad: [string, string, string][] = [
      [`${body} `, signature, young],
      [body.replace('PUSH', 'PULL'), signature, young],
      [body, signature, 'another-secret-of-ours'],
      [body, at(-310_000), young],
      [body, at(310_000), young],
      [body, signature.replace(/t=\d+/, `t=${Math.floor(now / 1000) + 1}`), young],
      [body, signature.replaceAll('v1=', 'v0='), 'another-secret-of-ours'],
      [body, '', young],
      [body, 'v1=', young],
      [body, `t=${Math.floor(now / 1000)}`, young],
      [body, `t=${Math.floor(now / 1000)},v1=`, young],
    ]
    for (const one of good) assert.equal(await verify(language, ...one), 0, JSON.stringify(one))
    for (const one of bad) assert.equal(await verify(language, ...one), 1, JSON.stringify(one))
  })
}
