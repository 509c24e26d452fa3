import { signForAlibaba } from '../sign.ts'
import type { Backing } from './backing.suite.ts'
import { signableOf } from './signed.suite.ts'
import { pageOf, type Answer, type Asked, type Route, type StandIn, type Vendor } from './stand-in.suite.ts'

const keys = { id: 'LTAITest', secret: 'secret-of-LTAI' }
const login = { username: 'cr_temp_user', password: 'temp-token' }
const instance = 'cri-test'
const added = ['x-acs-content-sha256', 'x-acs-date', 'x-acs-signature-nonce']

/** Signature version 3 (https://www.alibabacloud.com/help/sdk/product-overview/v3-request-structure-and-signature). */
function isSigned(asked: Asked): boolean {
  const nonce = String(asked.headers['x-acs-signature-nonce'])
  const at = new Date(String(asked.headers['x-acs-date']))
  return asked.headers.authorization === signForAlibaba(signableOf(asked, added), keys, nonce, at).authorization
}

const failure = (status: number, Code: string): Answer => ({ status, json: { Code, Message: Code } })
const lower = (status: number, code: string): Answer => ({ status, json: { code, message: code } })
const place = (name: string) => ({ namespace: name.split('/')[0]!, app: name.split('/').slice(1).join('/') })
const hexOf = (digest: string) => digest.replace('sha256:', '')

/** The Enterprise Edition (API of version 2018-12-01). */
export const aliEnterpriseStandIn: StandIn = {
  type: 'ali-acr',
  kind: 'Enterprise Edition',
  saved: () => ({ accessKey: keys.id, accessSecret: keys.secret }),
  listsDigests: true,
  makesNamespaces: true,
  open(backing) {
    const operations = { ...ofNamespaces(backing), ...ofRepositories(backing) }
    const handle = async (asked: Asked) => {
      if (!isSigned(asked)) return failure(400, 'SignatureDoesNotMatch')
      if (asked.query.get('InstanceId') !== instance) return failure(400, 'INSTANCE_NOT_EXIST')
      const operation = operations[String(asked.headers['x-acs-action'])]
      return operation ? operation(Object.fromEntries(asked.query)) : failure(404, 'InvalidAction.NotFound')
    }
    return vendorOf(backing, instance, [[/^POST \/$/, handle]])
  },
}

function vendorOf(backing: Backing, end: string, routes: Route[]): Vendor {
  const mayPush = async (name: string) => (await backing.namespaces()).includes(place(name).namespace)
  return { login, service: `registry.aliyuncs.com:cn-hangzhou:${end}`, mayPush, routes }
}

type Query = Record<string, string>

type Operations = Record<string, (query: Query) => Promise<Answer>>

function page({ PageNo = '1' }: Query, all: object[], key: string): Answer {
  const { rows } = pageOf(all, Number(PageNo))
  const json = { Code: 'success', IsSuccess: true, TotalCount: String(all.length), PageNo: Number(PageNo), [key]: rows }
  return { json }
}

const ofNamespaces = (backing: Backing): Operations => ({
  async GetAuthorizationToken() {
    const end = { ExpireTime: Date.now() + 3_600_000 }
    return { json: { Code: 'success', TempUsername: login.username, AuthorizationToken: login.password, ...end } }
  },
  async GetNamespace({ NamespaceName = '' }) {
    const isThere = (await backing.namespaces()).includes(NamespaceName)
    return isThere ? { json: { Code: 'success', NamespaceName } } : failure(400, 'NAMESPACE_NOT_EXIST')
  },
  async CreateNamespace({ NamespaceName = '' }) {
    await backing.makeNamespace(NamespaceName)
    return { json: { Code: 'success', IsSuccess: true } }
  },
})

const ofRepositories = (backing: Backing): Operations => ({
  async ListRepository(query) {
    const rows = (await backing.repositories(query['RepoNamespaceName'])).map((name) => ({
      RepoId: `crr-${name}`,
      RepoNamespaceName: place(name).namespace,
      RepoName: place(name).app,
    }))
    return page(query, rows, 'Repositories')
  },
  async GetRepository({ RepoNamespaceName, RepoName }) {
    const name = `${RepoNamespaceName}/${RepoName}`
    const isThere = (await backing.tags(name)) !== undefined
    return isThere ? { json: { Code: 'success', RepoId: `crr-${name}` } } : failure(400, 'REPO_NOT_EXIST')
  },
  async ListRepoTag(query) {
    const tags = (await backing.tags(query['RepoId']!.replace('crr-', '')))!
    return page(
      query,
      tags.map(({ name, digest }) => ({ Tag: name, Digest: hexOf(digest) })),
      'Images',
    )
  },
  async DeleteRepoTag({ RepoId = '', Tag = '' }) {
    const isGone = !(await backing.deleteTag(RepoId.replace('crr-', ''), Tag))
    return isGone ? failure(400, 'TAG_NOT_EXIST') : { json: { Code: 'success' } }
  },
})

/** The Personal Edition (API of version 2016-06-07). */
export const aliPersonalStandIn: StandIn = {
  ...aliEnterpriseStandIn,
  kind: 'Personal Edition',
  open: (backing) => vendorOf(backing, '26842', [tokenRoute, ...personalLists(backing), ...personalChanges(backing)]),
}

const guarded = (handle: (asked: Asked) => Promise<Answer>) => async (asked: Asked) =>
  isSigned(asked) ? handle(asked) : lower(403, 'SignatureDoesNotMatch')

function personalPage({ query }: Asked, all: object[], key: string): Answer {
  const number = Number(query.get('Page'))
  return { json: { data: { page: number, pageSize: 2, total: all.length, [key]: pageOf(all, number).rows } } }
}

const tokenRoute: Route = [
  /^GET \/tokens$/,
  guarded(async () => {
    const expireDate = Date.now() + 3_600_000
    return { json: { data: { tempUserName: login.username, authorizationToken: login.password, expireDate } } }
  }),
]

function personalLists(backing: Backing): Route[] {
  const repositories = guarded(async (asked) => {
    const names = await backing.repositories(asked.match[0])
    const rows = names.map((name) => ({ repoNamespace: place(name).namespace, repoName: place(name).app, repoId: 7 }))
    return personalPage(asked, rows, 'repos')
  })
  return [
    [/^GET \/repos$/, repositories],
    [/^GET \/repos\/([^/]+)$/, repositories],
    [
      /^GET \/repos\/(.+)\/tags$/,
      guarded(async (asked) => {
        const tags = await backing.tags(asked.match[0]!)
        if (!tags) return lower(404, 'REPO_NOT_EXIST')
        const rows = tags.map(({ name, digest }) => ({ tag: name, digest: hexOf(digest) }))
        return personalPage(asked, rows, 'tags')
      }),
    ],
  ]
}

const personalChanges = (backing: Backing): Route[] => [
  [
    /^DELETE \/repos\/(.+)\/tags\/([^/]+)$/,
    guarded(async ({ match: [name = '', tag = ''] }) =>
      (await backing.deleteTag(name, tag)) ? { json: { data: {} } } : lower(404, 'TAG_NOT_EXIST'),
    ),
  ],
  [
    /^GET \/namespace\/([^/]+)$/,
    guarded(async ({ match: [name = ''] }) =>
      (await backing.namespaces()).includes(name)
        ? { json: { data: { namespace: { namespace: name } } } }
        : lower(404, 'NAMESPACE_NOT_EXIST'),
    ),
  ],
  [
    /^PUT \/namespace$/,
    guarded(async ({ body }) => {
      await backing.makeNamespace((body['Namespace'] as { Namespace: string }).Namespace)
      return { json: { data: { namespaceId: 1 } } }
    }),
  ],
]
