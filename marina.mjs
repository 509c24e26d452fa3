#!/usr/bin/env node
// `./marina.mjs <command>`: installs the packages on first use, and runs Marina on the Node that comes with them. Plain
// JavaScript for any Node from 20 on.
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(fileURLToPath(import.meta.url))
const install = spawnSync(process.execPath, [path.join(root, 'tools', 'install.mjs')], { stdio: ['ignore', 2, 2] })
if (install.status !== 0) process.exit(install.status ?? 1)

const own = path.join(root, 'node_modules', '.bin', 'node')
const child = spawn(
  fs.existsSync(own) ? own : process.execPath,
  [path.join(root, 'server', 'main.ts'), ...process.argv.slice(2)],
  // Also the first file is then compiled once. server/main.ts sets the same folder for all others.
  { stdio: 'inherit', env: { ...process.env, NODE_COMPILE_CACHE: path.join(root, '.cache/compile') } },
)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) process.on(signal, () => child.kill(signal))
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
