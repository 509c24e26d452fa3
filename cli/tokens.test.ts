/** Personal access tokens by the command line, against a real server. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openCommandLine } from '../server/testing/command-line.ts'
import { givenMember, givenProject } from '../server/testing/given.ts'
import { openTestMarina } from '../server/testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())

test('a token is made, shown once, used to log in, listed and revoked', async () => {
  const project = await givenProject(marina)
  const person = await givenMember(marina, project, 'developer')
  const as = (password: string) =>
    openCommandLine({ MARINA_CLI_URL: marina.url, MARINA_CLI_USERNAME: person.name, MARINA_CLI_PASSWORD: password })
  await using mine = await as(person.password)
  const made = await mine.run(['tokens', 'create', 'laptop', '--allow', 'pull', '--in', project.name])
  assert.equal(made.code, 0, made.stderr)
  const [, secret = ''] = /^secret {2}(marina_pat_\S+)$/m.exec(made.stdout) ?? []
  await using byToken = await as(secret)
  assert.equal((await byToken.run(['projects', 'show', project.name])).code, 3)
  assert.match((await byToken.run(['whoami'])).stdout, new RegExp(person.name))
  const shown = await mine.run(['tokens', 'list'])
  assert.match(shown.stdout, new RegExp(`laptop.*${project.name}: repository:pull`))
  assert.equal(shown.stdout.includes(secret), false)
  assert.equal((await mine.run(['tokens', 'create', 'laptop', '--in', project.name])).code, 2)
  assert.equal((await mine.run(['tokens', 'revoke', 'laptop', '--yes'])).code, 0)
  assert.notEqual((await byToken.run(['whoami'])).code, 0)
  assert.equal((await mine.run(['tokens', 'revoke', 'laptop', '--yes'])).code, 4)
})
