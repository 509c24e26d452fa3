/** Trust rules by the command line, against a real server. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openCommandLine } from '../server/testing/command-line.ts'
import { fresh, givenMember, givenProject } from '../server/testing/given.ts'
import { githubClaims, openIssuer } from '../server/testing/issuer.ts'
import { openTestMarina } from '../server/testing/server.ts'

const issuer = await openIssuer()
const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' })
after(async () => {
  await marina[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const loginOf = ({ name, password }: { name: string; password: string }) => ({
  MARINA_CLI_URL: marina.url,
  MARINA_CLI_USERNAME: name,
  MARINA_CLI_PASSWORD: password,
})
const common = ['--issuer', issuer.url, '--audience', 'marina.example', '--allow', 'push']
const create = (...more: string[]) => ['workloads', 'create', 'build', ...common, ...more]

test('a rule of a project is made, tried with a token from stdin or an argument, listed and deleted', async () => {
  const project = await givenProject(marina)
  const of = ['--project', project.name]
  const claims = ['--claim', 'repository=octo/app', '--claim', 'ref~refs/heads/*']
  await using cli = await openCommandLine(loginOf(await givenMember(marina, project, 'projectAdmin')))
  const made = await cli.run(create(...of, ...claims, '--repository', 'web/*', '--duration', '600', '--one-use'))
  assert.equal(made.code, 0, made.stderr)
  assert.match(
    (await cli.run(['workloads', 'list', ...of])).stdout,
    /build .*repository=octo\/app, ref~refs\/heads\/\*/,
  )
  assert.match((await cli.run(['workloads', 'show', 'build', ...of])).stdout, /on: +yes/)
  const given = { audience: 'marina.example', repository: 'octo/app', ref: 'refs/heads/main' }
  const good = await cli.run(['workloads', 'test', ...of], { stdin: `${await issuer.sign(githubClaims(given))}\n` })
  assert.equal(good.code, 0, good.stderr)
  assert.match(good.stderr, /a token of http.* for repo:octo\/app/)
  assert.match(good.stdout, new RegExp(`build +yes +${project.name}: repository:push repository:pull`))
  const other = await issuer.sign(githubClaims({ ...given, repository: 'octo/other' }))
  const bad = await cli.run(['workloads', 'test', other, ...of])
  assert.equal(bad.code, 1)
  assert.match(bad.stdout, /build +no .*repository is "octo\/other", not octo\/app/)
  assert.equal((await cli.run(create(...of, '--claim', 'repository', '--claim', 'x=y'))).code, 2)
  assert.equal((await cli.run(create(...of, ...claims))).code, 5)
  assert.equal((await cli.run(['workloads', 'delete', 'build', ...of, '--yes'])).code, 0)
  assert.equal((await cli.run(['workloads', 'delete', 'build', ...of, '--yes'])).code, 4)
})

test('a rule of the system may bring the keys of its issuer, from a file', async () => {
  await using cli = await openCommandLine(loginOf(marina.admin))
  const project = await givenProject(marina)
  const keys = join(marina.config.server.dataDir, `${fresh('keys')}.json`)
  await writeFile(keys, issuer.jwks())
  const claims = ['--claim', 'sub=system:serviceaccount:ci:builder']
  const made = await cli.run(create(...claims, '--keys', keys, '--in', project.name))
  assert.equal(made.code, 0, made.stderr)
  assert.match((await cli.run(['workloads', 'list'])).stdout, new RegExp(`build .*${project.name}: repository:push`))
  assert.equal((await cli.run(create(...claims, '--keys', `${keys}.none`))).code, 2)
  assert.equal((await cli.run(['workloads', 'delete', 'build', '--yes'])).code, 0)
})
