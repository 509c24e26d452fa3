import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BadName, namingProblem, openNaming } from './names.ts'

const naming = (more: object) => ({ namespace: '', replaceCount: -1, template: '', pattern: '', ...more })
const named = (more: object, source: string, needsProject = false) => openNaming(naming(more), needsProject)(source)

describe('names of target repositories', () => {
  test('S3-24: dest_namespace replaces as many components as dest_namespace_replace_count says', () => {
    const cases: [number, string][] = [
      [-1, 'n/image'],
      [-2, 'n/image'],
      [0, 'n/a/b/c/image'],
      [1, 'n/b/c/image'],
      [2, 'n/c/image'],
      [3, 'n/image'],
    ]
    for (const [replaceCount, made] of cases)
      assert.equal(named({ namespace: 'n', replaceCount }, 'a/b/c/image'), made, String(replaceCount))
    assert.throws(
      () => named({ namespace: 'n', replaceCount: 4 }, 'a/b/c/image'),
      (error) =>
        error instanceof BadName &&
        error.message ===
          'the source repository "a/b/c/image" contains only 3 path components [a b c] excepting the last one, ' +
            'but the destination namespace flattening level is 4',
    )
  })

  test('S3-24: without a namespace the name stays, whatever the count', () => {
    assert.equal(named({ replaceCount: 2 }, 'a/image'), 'a/image')
  })

  test('S3-24: a template names the parts of the source, and the groups of a pattern', () => {
    assert.equal(named({ template: 'mirror/{{project}}/{{path}}' }, 'a/b/image'), 'mirror/a/b/image')
    assert.equal(named({ template: 'all/{{name}}' }, 'a/b/image'), 'all/image')
    assert.equal(named({ template: '{{ repository }}-copy' }, 'a/image'), 'a/image-copy')
    assert.equal(named({ template: '{{2}}/{{1}}', pattern: 'team-([a-z]+)/(.+)' }, 'team-red/app/web'), 'app/web/red')
    assert.throws(() => named({ template: '{{1}}', pattern: 'team-(.+)' }, 'other/app'), /does not match dest_pattern/)
  })

  test('S3-24: a name that cannot be is refused, and names the source', () => {
    assert.throws(() => named({}, 'image', true), /the repository image would become "image": it has no project/)
    assert.equal(named({}, 'image'), 'image')
    assert.equal(named({ namespace: 'team' }, 'image', true), 'team/image')
    assert.throws(() => named({ template: 'a/{{1}}', pattern: '.*?/?(x?)image' }, 'b/image'), /no repository can have/)
  })

  test('X27: templates and patterns that are unknown, broken or slow are refused', () => {
    const problem = (template: string, pattern = '') => namingProblem({ template, pattern }) ?? ''
    assert.equal(problem('{{project}}/{{path}}'), '')
    assert.equal(problem('{{1}}/x', '([a-z]+)/.*'), '')
    assert.match(problem('{{nope}}/x'), /holds \{\{nope\}\}/)
    assert.match(problem('{{1}}/x'), /holds \{\{1\}\}/)
    assert.match(problem('{{2}}/x', '(a)'), /holds \{\{2\}\}; known are .* 1 to 1/)
    assert.match(problem('Upper/{{path}}'), /which no repository can have/)
    assert.match(problem('x'.repeat(300)), /at most 256 characters/)
    assert.match(problem('', 'a'), /needs a dest_template/)
    for (const slow of ['(a+)+b', '(?:a|a)*b', '.*.*.*.*x', 'a?a?a?a?a?aaaaa', '(?:a|a)'.repeat(20)])
      assert.match(problem('x/y', slow), /must/, slow)
    assert.match(problem('x/y', '(?=a)'), /look around/)
    assert.match(problem('x/y', '(a)\\1'), /references/)
    assert.match(problem('x/y', '(a'), /no regular expression/)
  })
})
