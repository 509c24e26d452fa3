import { after } from 'node:test'
import { openCommandLine, succeeding } from '../server/testing/command-line.ts'
import { openDockerRegistry } from '../server/testing/docker-registry.ts'
import { openTestMarina } from '../server/testing/server.ts'

/**
 * A Marina, a real docker-registry that it may call, and the command line as its administrator runs it; all closed
 * after the file's tests.
 */
export async function openCliScene() {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const marina = opened.use(await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' }))
  const other = opened.use(await openDockerRegistry())
  const { name, password } = marina.admin
  const login = { MARINA_CLI_URL: marina.url, MARINA_CLI_USERNAME: name, MARINA_CLI_PASSWORD: password }
  const cli = opened.use(await openCommandLine(login))
  return { marina, other, cli, ...succeeding(() => cli) }
}
