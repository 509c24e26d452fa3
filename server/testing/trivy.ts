import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How the stand-in goes about its next runs. */
type TrivyPlan = {
  /** `slow` never ends, `loud` writes without end, `large` takes 400 MiB, `failing` ends with an error. */
  how?: 'well' | 'slow' | 'loud' | 'large' | 'failing' | 'no JSON'
  /** The time of its database; none: it has no database. */
  updatedAt?: string
  /** Whether it knows the distribution of images. */
  knowsSystem?: boolean
  /** Vulnerabilities by the names of packages, as Trivy writes them. */
  vulnerabilities?: Record<string, object[]>
}
type TrivyCall = { args: string[]; env: string[]; document?: { components: Component[] } }
type Component = { name: string; type: string; purl?: string; properties?: { name: string; value: string }[] }

type Trivy = AsyncDisposable & {
  program: string
  plan(plan: TrivyPlan): Promise<void>
  /** How it was called so far. */
  calls(): Promise<TrivyCall[]>
}

/**
 * A stand-in for the program trivy, written from the documentation of its command line and of its report in JSON: a
 * program of its own that reads the document that it is given.
 */
export async function openTrivy(): Promise<Trivy> {
  const folder = await mkdtemp(join(tmpdir(), 'marina-test-trivy-'))
  const [program, plan, log] = ['trivy.mjs', 'plan.json', 'calls.jsonl'].map((name) => join(folder, name))
  await writeFile(program!, `#!${process.execPath}\n${script(plan!, log!)}`)
  await chmod(program!, 0o755)
  await writeFile(plan!, '{}')
  await writeFile(log!, '')
  return {
    program: program!,
    plan: (wanted) => writeFile(plan!, JSON.stringify(wanted)),
    async calls() {
      const text = await readFile(log!, 'utf8')
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as TrivyCall)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const script = (plan: string, log: string) => `
import { appendFileSync, readFileSync, writeSync } from 'node:fs'

const args = process.argv.slice(2)
const plan = JSON.parse(readFileSync(${JSON.stringify(plan)}, 'utf8'))
const { how = 'well', updatedAt, knowsSystem = true, vulnerabilities = {} } = plan
const isVersion = args[0] === 'version'
const document = isVersion ? undefined : JSON.parse(readFileSync(args.at(-1), 'utf8'))
const call = { args, env: Object.keys(process.env).sort(), document }
appendFileSync(${JSON.stringify(log)}, JSON.stringify(call) + '\\n')
const say = (value) => writeSync(1, JSON.stringify(value))
if (isVersion) {
  say({ Version: '0.74.0', ...(updatedAt ? { VulnerabilityDB: { Version: 2, UpdatedAt: updatedAt } } : {}) })
} else if (how === 'slow') {
  setInterval(() => {}, 1000)
} else if (how === 'loud') {
  for (;;) writeSync(1, 'x'.repeat(65536))
} else if (how === 'large') {
  globalThis.kept = Buffer.alloc(400 * 2 ** 20, 1)
  setInterval(() => {}, 1000)
} else if (how === 'failing') {
  const why = 'Error: --skip-db-update cannot be specified on the first run'
  writeSync(2, 'a first line\\n\\u001b[31mFATAL\\u001b[0m\\t' + why + '\\n')
  process.exit(1)
} else if (how === 'no JSON') {
  writeSync(1, '<html>')
} else {
  const packages = document.components.filter(({ type }) => type === 'library')
  const isOfSystem = ({ purl }) => /^pkg:(deb|apk|rpm)/.test(purl)
  const found = (all) =>
    all.flatMap(({ name, version }) =>
      (vulnerabilities[name] ?? []).map((one) => ({ PkgName: name, InstalledVersion: version, ...one })))
  const [system, others] = [packages.filter(isOfSystem), packages.filter((one) => !isOfSystem(one))]
  const result = (Class, Type, all) => ({ Target: 'x', Class, Type, Vulnerabilities: found(all) })
  say({
    SchemaVersion: 2,
    ArtifactType: 'cyclonedx',
    Results: [
      ...(knowsSystem && system.length > 0 ? [result('os-pkgs', 'debian', system)] : []),
      ...(others.length > 0 ? [result('lang-pkgs', 'node-pkg', others)] : []),
    ],
  })
}
`
