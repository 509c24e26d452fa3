#!/usr/bin/env node
// `./marina.mjs <command>`: installs the packages on first use, and runs Marina on the Node that comes with them. Plain
// JavaScript for any Node from 20 on.
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { inRoot, isInstalled } from './tools/installed.mjs'

const own = inRoot('node_modules', '.bin', 'node')
// The installation also checks the Node of this machine, which is used where the packages bring none.
if (!isInstalled(false) || !fs.existsSync(own)) {
  const install = spawnSync(process.execPath, [inRoot('tools', 'install.mjs')], { stdio: ['ignore', 2, 2] })
  if (install.status !== 0) process.exit(install.status ?? 1)
}

// With compiled code kept from the first file on, Node need not load its TypeScript compiler: 40 ms of a start.
// The other two are for glibc: one heap for all threads, and blocks that are given back when they are free (1.5 MiB).
const env = {
  NODE_COMPILE_CACHE: inRoot('.cache', 'compile'),
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '20480',
  ...process.env,
}
const child = spawn(
  fs.existsSync(own) ? own : process.execPath,
  [inRoot('server', 'main.ts'), ...process.argv.slice(2)],
  { stdio: 'inherit', env },
)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) process.on(signal, () => child.kill(signal))
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
