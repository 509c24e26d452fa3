import { buildConfig, describeConfig } from '../server/config/config.ts'

/** docs/operate/configuration.md, made from the settings; configuration-page.test.ts keeps the file up to date. */
export function configurationPage(): string {
  const rows = describeConfig(buildConfig({}), {})
  const cell = (text: string) => text.replaceAll('|', '\\|')
  return [
    '# Configuration',
    '',
    'Environment variables win over the YAML file; the file is `--config <file>`, `MARINA_CONFIG`, ' +
      'or `./marina.yaml` when it is there.',
    'Sizes have a unit (`4MiB`), so have times (`30s`, `168h`). ' +
      'An unknown setting or a wrong value stops the start with a sentence that names it.',
    '`./marina.mjs config` prints what is in force and where each value comes from, secrets only as `(set)`.',
    '',
    '```yaml',
    'port: 8080',
    'external_url: https://registry.example.com',
    'storage:',
    '  driver: s3',
    's3:',
    '  bucket: images',
    '```',
    '',
    '| variable | in the file | default | what |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ env, path, value, help }) =>
        `| \`${env}\` | \`${path}\` | ${value === '' ? 'none' : cell(shorten(value))} | ${cell(help)} |`,
    ),
    '',
  ].join('\n')
}

/** Shows a default that was resolved against the current folder as it was written. */
function shorten(value: string): string {
  return value.replace(`${process.cwd()}/`, './').replace('(none)', 'none')
}

if (import.meta.main) process.stdout.write(configurationPage())
