/** Logging in and out, saved logins, TLS, and servers that cannot be asked. */
import assert from 'node:assert/strict'
import { chmod, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, test } from 'node:test'
import { givenRobot } from '../server/testing/api.ts'
import { makeCertificate } from '../server/testing/certificate.ts'
import { openCommandLine } from '../server/testing/command-line.ts'
import { givenUser } from '../server/testing/given.ts'
import { openReceiver } from '../server/testing/receiver.ts'
import { openTestMarina } from '../server/testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin, url, port } = marina
const host = `127.0.0.1:${port}`

test('login takes a password from stdin, and saves it in a file for its owner alone', async () => {
  await using cli = await openCommandLine()
  const { code, stdout, stderr } = await cli.run(['login', host, '-u', 'admin', '--password-stdin'], {
    stdin: `${admin.password}\n`,
  })
  assert.deepEqual({ code, stdout }, { code: 0, stdout: `logged in to ${url} as admin\n` }, stderr)
  const file = path.join(cli.configDir, 'marina/config.json')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.equal((await stat(path.dirname(file))).mode & 0o777, 0o700)
  const me = await cli.run(['whoami', '-o', 'json'])
  assert.deepEqual(JSON.parse(me.stdout), { server: url, name: 'admin', kind: 'user', administrator: true })
})

test('at a terminal login asks for name and password, and does not show the password', async () => {
  await using cli = await openCommandLine()
  const { code, output } = await cli.atTerminal(
    ['login', host],
    [
      ['Username', 'admin\r'],
      // A wrong character is taken back by Backspace.
      ['Password', `${admin.password}x\u007F\r`],
    ],
  )
  assert.equal(code, 0, output)
  assert.match(output, /logged in to .* as admin/)
  assert.ok(!output.includes(admin.password.slice(0, 6)), output)
  assert.match((await cli.run(['whoami'])).stdout, /system administrator/)
})

test('Ctrl-C at the password ends login, and nothing is saved', async () => {
  await using cli = await openCommandLine()
  const { code, output } = await cli.atTerminal(['login', host, '-u', 'admin'], [['Password', 'abc\u0003']])
  assert.equal(code, 130, output)
  assert.match(output, /interrupted; nothing was changed/)
  await assert.rejects(cli.saved(), { code: 'ENOENT' })
})

test('a wrong password is refused with the status, the request and the way out, and nothing is saved', async () => {
  await using cli = await openCommandLine()
  const { code, stdout, stderr } = await cli.run(['login', host, '-u', 'admin', '--password-stdin'], { stdin: 'wrong' })
  assert.deepEqual({ code, stdout }, { code: 3, stdout: '' })
  assert.match(stderr, /^marina: login .*: wrong name or password \(401, UNAUTHORIZED, request \S+\)\n +→ marina login/)
  await assert.rejects(cli.saved(), { code: 'ENOENT' })
})

test('a robot logs in, and whoami says that it is one', async () => {
  await using cli = await openCommandLine()
  const robot = await givenRobot(marina, 'cli', { access: [{ resource: 'project', action: 'list' }] })
  await cli.run(['login', host, '-u', robot.name, '--password-stdin'], { stdin: robot.password })
  const { stdout } = await cli.run(['whoami', '-o', 'json'])
  assert.deepEqual(JSON.parse(stdout), { server: url, name: robot.name, kind: 'robot', administrator: false })
})

test('several logins are kept side by side: used in turn, by name, and forgotten', async () => {
  await using cli = await openCommandLine()
  const user = await givenUser(marina)
  const login = (name: string, as: { name: string; password: string }) =>
    cli.run(['login', url, '--name', name, '-u', as.name, '--password-stdin'], { stdin: as.password })
  await login('one', admin)
  await login('two', user)
  const whoami = async (...words: string[]) => (await cli.run(['whoami', '-o', 'name', ...words])).stdout.trim()
  assert.deepEqual([await whoami(), await whoami('--context', 'one')], [user.name, 'admin'])
  await cli.run(['contexts', 'use', 'one'])
  assert.equal(await whoami(), 'admin')
  const listed = await cli.run(['contexts', 'list'])
  assert.match(listed.stdout, /^NAME +CURRENT +USERNAME +URL\none +yes +admin +http/)
  assert.ok(!listed.stdout.includes(user.password))
  assert.equal((await cli.run(['logout', 'two'])).stdout, 'logged out of two\n')
  assert.ok(!(await cli.saved()).includes(user.password))
  const gone = await cli.run(['projects', 'list', '--context', 'two'])
  assert.deepEqual([gone.code, gone.stderr.split('\n')[0]], [2, 'marina: no login is saved under the name two'])
})

test('variables stand in for a saved login in scripts, and one without the other is an error', async () => {
  await using cli = await openCommandLine({ MARINA_CLI_URL: url })
  const user = await givenUser(marina)
  const env = { MARINA_CLI_USERNAME: user.name, MARINA_CLI_PASSWORD: user.password }
  assert.equal((await cli.run(['whoami', '-o', 'name'], { env })).stdout, `${user.name}\n`)
  assert.equal((await cli.run(['whoami', '-o', 'name'])).stdout, 'anonymous\n')
  const half = await cli.run(['whoami'], { env: { MARINA_CLI_USERNAME: user.name } })
  assert.deepEqual([half.code, half.stdout], [2, ''])
  assert.match(half.stderr, /MARINA_CLI_USERNAME and MARINA_CLI_PASSWORD go together/)
})

test('without a login a command says how to get one', async () => {
  await using cli = await openCommandLine()
  const { code, stderr } = await cli.run(['projects', 'list'])
  assert.equal(code, 3)
  assert.equal(stderr, 'marina: no server to ask\n        → marina login <host>, or set MARINA_CLI_URL\n')
})

test('TLS: a certificate is refused unless its authority is named or the check is off, which is saved', async () => {
  await using cli = await openCommandLine()
  const { key, cert } = await makeCertificate()
  const [keyFile, certFile] = [path.join(cli.configDir, 'key.pem'), path.join(cli.configDir, 'cert.pem')]
  await writeFile(keyFile, key)
  await writeFile(certFile, cert)
  await using secure = await openTestMarina({ MARINA_TLS_CERT: certFile, MARINA_TLS_KEY: keyFile })
  const login = (...words: string[]) =>
    cli.run(['login', `https://127.0.0.1:${secure.port}`, '-u', 'admin', '--password-stdin', ...words], {
      stdin: secure.admin.password,
    })
  const refused = await login()
  assert.equal(refused.code, 6)
  assert.match(refused.stderr, /its certificate is not trusted\n +→ name the authority by --ca <file>/)
  for (const words of [['--ca', 'cert.pem'], ['--insecure']]) {
    const { code, stderr } = await login(...words)
    assert.equal(code, 0, stderr)
    assert.ok((await cli.saved()).includes(words.length === 2 ? `"ca": "${certFile}"` : '"isInsecure": true'))
    assert.equal((await cli.run(['projects', 'list', '-o', 'name'])).stdout, 'library\n')
    await cli.run(['logout'])
  }
})

test('a server that is not there, is no Marina, or answers by a redirect is named with what to do', async () => {
  await using cli = await openCommandLine()
  const nobody = await cli.run(['login', 'http://127.0.0.1:1', '-u', 'x', '--password-stdin'], { stdin: 'x' })
  assert.equal(nobody.code, 6)
  assert.match(nobody.stderr, /cannot be asked: nothing listens there\n +→ is Marina running/)
  await using other = await openReceiver()
  other.answer(() => ({ status: 200, body: '<html>hello</html>' }))
  const html = await cli.run(['login', other.url, '-u', 'x', '--password-stdin'], { stdin: 'x' })
  assert.equal(html.code, 6)
  assert.match(html.stderr, /answers, but not as a Marina or a Harbor does/)
  other.answer(() => ({ status: 301, headers: { location: 'https://example.com/' } }))
  const moved = await cli.run(['projects', 'list', '--url', other.url])
  assert.equal(moved.code, 6)
  assert.match(moved.stderr, /301.*\n +→ the address leads elsewhere/)
  assert.ok(
    other.received.every(({ headers }) => headers.authorization === undefined),
    'no password was sent',
  )
  const tls = await cli.run(['projects', 'list', '--url', url.replace('http:', 'https:')])
  assert.match(tls.stderr, /it does not speak TLS\n +→ is it http:/)
})

test('a server that does not answer ends a command after --timeout', async () => {
  await using cli = await openCommandLine()
  await using silent = await openReceiver()
  silent.answer(() => 'never')
  const { code, stderr } = await cli.run(['projects', 'list', '--url', silent.url, '--timeout', '1'])
  assert.equal(code, 6)
  assert.match(stderr, /no answer in time\n +→ try again, or wait longer by --timeout/)
  assert.equal((await cli.run(['projects', 'list', '--url', silent.url, '--timeout', 'long'])).code, 2)
})

test('a file of logins that others can read is named at every command, with the way to mend that', async () => {
  await using cli = await openCommandLine()
  await cli.run(['login', host, '-u', 'admin', '--password-stdin'], { stdin: admin.password })
  await chmod(path.join(cli.configDir, 'marina/config.json'), 0o644)
  const { code, stderr } = await cli.run(['projects', 'list'])
  assert.equal(code, 0)
  assert.match(stderr, /^marina: others can read .*config\.json, which holds passwords: chmod 600 /)
})

test('a damaged file of logins is named, and left as it is', async () => {
  await using cli = await openCommandLine()
  await cli.run(['login', host, '-u', 'admin', '--password-stdin'], { stdin: admin.password })
  const file = path.join(cli.configDir, 'marina/config.json')
  await writeFile(file, '{"contexts": ')
  const { code, stderr } = await cli.run(['projects', 'list'])
  assert.equal(code, 1)
  assert.match(stderr, /config\.json is damaged: .*\n +→ remove it and log in again/)
  assert.equal(await cli.saved(), '{"contexts": ')
})
