import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { cleanEnvironment, root } from './marina.ts'

/** Starts a process that only works for the Marina of this folder; a killed one's jobs are free after 5 s. */
export const startWorker = (dataDir: string, env: NodeJS.ProcessEnv = {}): ChildProcess =>
  spawn(process.execPath, [path.join(root, 'server/main.ts'), 'work'], {
    cwd: dataDir,
    stdio: 'ignore',
    env: cleanEnvironment({
      MARINA_DATA_DIR: dataDir,
      MARINA_METRICS_PORT: 'off',
      MARINA_WORKER_LEASE: '5s',
      ...env,
    }),
  })
