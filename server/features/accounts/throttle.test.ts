import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { givenRobot } from '../../testing/api.ts'
import { fresh, givenProject, givenUser } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { sql } from '../../platform/db/sql.ts'
import { openLog } from '../../platform/observe/log.ts'
import { openBeside, openTestMarina } from '../../testing/server.ts'

const lines: string[] = []
const stream = { isTTY: false, write: (line: string) => lines.push(line) } as unknown as NodeJS.WriteStream
const settings = { MARINA_SIGN_IN_NAMES: '8', MARINA_TRUSTED_PROXIES: '127.0.0.1', MARINA_LOG_LEVEL: 'warn' } as const
const marina = await openTestMarina(settings, openLog({ level: 'warn', format: 'text', stream }))
after(() => marina[Symbol.asyncDispose]())

const from = (address: string, as: Person, { ask } = marina) =>
  ask('GET', '/v2/', { as, headers: { 'x-forwarded-for': address } })
const wrong = (name: string): Person => ({ kind: 'user', id: 0, name, password: 'Wrong12345' })
const robotOf = async () => {
  const access = [{ resource: 'repository', action: 'pull' }]
  return givenRobot(marina, fresh('ci'), { project: (await givenProject(marina)).name, access })
}

/** As many names as one address may fail with, each once; then it goes on until a minute's wait is reached. */
async function spray(address: string): Promise<void> {
  for (let n = 0; n < 8; n++) expectAnswer(await from(address, wrong(fresh('guess'))), 401, 'UNAUTHORIZED')
  await goOn(`address:${address}`)
}

const goOn = (subject: string) =>
  marina.ground.db.run(
    sql`update login_failure set failures = failures + 10, last_at = now() where starts_with(subject, ${subject})`,
  )

test('C-17: a program that tries a wrong password again and again slows no other name at its address', async () => {
  const [robot, colleague] = [await robotOf(), await givenUser(marina)]
  const answers = []
  for (let n = 0; n < 60; n++) answers.push(await from('10.1.0.1', { ...robot, password: 'Wrong12345' }))
  assert.equal(answers.at(-1)!.status, 429)
  expectAnswer(await from('10.1.0.1', colleague), 200)
  expectAnswer(await from('10.1.0.1', await givenUser(marina)), 200)
})

test('C-17: an address that fails with many names has to wait, and the log names it once', async () => {
  await spray('10.2.0.1')
  expectAnswer(await from('10.2.0.1', await givenUser(marina)), 429, 'TOOMANYREQUESTS')
  const person = await givenUser(marina)
  for (let n = 0; n < 3; n++) expectAnswer(await from('10.2.0.1', person), 429, 'TOOMANYREQUESTS')
  assert.equal(lines.filter((line) => line.includes(`source=${person.name} from 10.2.0.1`)).length, 1)
  expectAnswer(await from('10.2.0.2', person), 200)
})

test('C-17: a name that logged in from an address before is not slowed by others there, on any process', async () => {
  const person = await givenUser(marina)
  expectAnswer(await from('10.3.0.1', person), 200)
  await spray('10.3.0.1')
  await using beside = await openBeside(marina, settings)
  expectAnswer(await from('10.3.0.1', await givenUser(marina), beside), 429, 'TOOMANYREQUESTS')
  expectAnswer(await from('10.3.0.1', person, beside), 200)
})

test('C-17: a right password passes where the name logged in before, whatever a program there sends', async () => {
  const person = await givenUser(marina)
  expectAnswer(await from('10.4.0.1', person), 200)
  for (let n = 0; n < 20; n++) expectAnswer(await from('10.4.0.1', wrong(person.name)), 401, 'UNAUTHORIZED')
  await using beside = await openBeside(marina, settings)
  expectAnswer(await from('10.4.0.1', person, beside), 200)
})

test('C-17: a robot with the right secret is never slowed, even when its name or its address has to wait', async () => {
  const robot = await robotOf()
  await spray('10.5.0.1')
  await from('10.5.0.2', { ...robot, password: 'Wrong12345' })
  await goOn('pair:')
  for (const address of ['10.5.0.1', '10.5.0.2']) {
    expectAnswer(await from(address, { ...robot, password: 'Wrong12345' }), 429, 'TOOMANYREQUESTS')
    expectAnswer(await from(address, robot), 200)
  }
})

test('C-17: with MARINA_SIGN_IN_NAMES=0 an address may fail with any number of names', async () => {
  await using open = await openBeside(marina, { ...settings, MARINA_SIGN_IN_NAMES: '0' })
  await spray('10.6.0.1')
  expectAnswer(await from('10.6.0.1', await givenUser(marina), open), 200)
})
