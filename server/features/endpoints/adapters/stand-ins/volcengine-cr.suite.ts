import { signForVolcengine } from '../sign.ts'
import type { Backing } from './backing.suite.ts'
import { signableOf, timeOf } from './signed.suite.ts'
import { pageOf, type Answer, type Asked, type StandIn } from './stand-in.suite.ts'

const keys = { id: 'AKLTTest', secret: 'secret-of-AKLT' }
const login = { username: 'test@2100000000', password: 'token-of-volc' }

type Body = Asked['body']
type Operations = Record<string, (body: Body) => Promise<Answer>>
type Known = (namespace?: string) => Promise<string[]>
const failure = (status: number, Code: string): Answer => ({
  status,
  json: { ResponseMetadata: { RequestId: 'r', Error: { Code, Message: Code } } },
})
const good = (Result: object = {}): Answer => ({ json: { ResponseMetadata: { RequestId: 'r' }, Result } })

/** Volcano Engine (https://www.volcengine.com/docs/6420). */
export const volcengineCrStandIn: StandIn = {
  type: 'volcengine-cr',
  saved: () => ({ accessKey: keys.id, accessSecret: keys.secret }),
  listsDigests: true,
  makesNamespaces: true,
  open(backing) {
    const made = new Set<string>()
    const known: Known = async (namespace) => {
      const all = new Set([...(await backing.repositories(namespace)), ...made])
      return [...all].filter((name) => !namespace || name.startsWith(`${namespace}/`))
    }
    const operations = { ...reading(backing, known), ...writing(backing, made) }
    return {
      login,
      service: 'harbor-registry',
      mayPush: async (name) => (await known(name.split('/')[0])).includes(name),
      routes: [
        [
          /^POST \/$/,
          async (asked) => {
            if (!isSigned(asked)) return failure(401, 'SignatureDoesNotMatch')
            if (asked.query.get('Version') !== '2022-05-12') return failure(400, 'InvalidActionOrVersion')
            if (asked.body['Registry'] !== '127.0.0.1') return failure(404, 'NotFound.Registry')
            const operation = operations[String(asked.query.get('Action'))]
            return operation?.(asked.body) ?? failure(400, 'InvalidActionOrVersion')
          },
        ],
      ],
    }
  },
}

function isSigned(asked: Asked): boolean {
  const request = signableOf(asked, ['x-date'])
  const at = timeOf(asked.headers['x-date'])
  const wanted = signForVolcengine(request, keys, { service: 'cr', region: 'cn-beijing' }, at).authorization
  return asked.headers.authorization === wanted
}

const page = ({ PageNumber }: Body, all: object[]): Answer =>
  good({ Items: pageOf(all, Number(PageNumber)).rows, TotalCount: all.length, PageNumber })
const nameIn = ({ Namespace, Repository }: Body) => `${String(Namespace)}/${String(Repository)}`
const filterIn = ({ Filter }: Body) => (Filter ?? {}) as { Names?: string[]; Namespaces?: string[] }

const reading = (backing: Backing, known: Known): Operations => ({
  async GetAuthorizationToken() {
    const ExpireTime = new Date(Date.now() + 3_600_000).toISOString()
    return good({ Username: login.username, Token: login.password, ExpireTime })
  },
  async ListNamespaces(body) {
    const { Names } = filterIn(body)
    const found = (await backing.namespaces()).filter((one) => !Names || Names.includes(one))
    return page(
      body,
      found.map((Name) => ({ Name })),
    )
  },
  async ListRepositories(body) {
    const { Names, Namespaces } = filterIn(body)
    const rows = (await known(Namespaces?.[0])).map((name) => ({
      Namespace: name.split('/')[0]!,
      Name: name.split('/').slice(1).join('/'),
    }))
    return page(
      body,
      rows.filter(({ Name }) => !Names || Names.includes(Name)),
    )
  },
  async ListTags(body) {
    const tags = await backing.tags(nameIn(body))
    if (!tags) return failure(404, 'NotFound.Repository')
    return page(
      body,
      tags.map(({ name, digest }) => ({ Name: name, Digest: digest })),
    )
  },
})

const writing = (backing: Backing, made: Set<string>): Operations => ({
  async CreateNamespace({ Name }) {
    await backing.makeNamespace(String(Name))
    return good()
  },
  async CreateRepository({ Namespace, Name }) {
    made.add(`${String(Namespace)}/${String(Name)}`)
    return good()
  },
  async DeleteTags(body) {
    const [tag = ''] = body['Names'] as string[]
    return (await backing.deleteTag(nameIn(body), tag)) ? good() : failure(404, 'NotFound.Tag')
  },
})
