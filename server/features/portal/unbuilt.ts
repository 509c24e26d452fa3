/** The page at / without a build: says how to make one, and what works without it. `host` is never trusted. */
export function unbuiltPage(host: string): string {
  const shown = host.replace(/[^A-Za-z0-9.:[\]-]/g, '').slice(0, 255)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Marina</title>
<style>
  body { font: 16px/1.6 system-ui, sans-serif; color: #12303d; background: #f3f8fa; margin: 0; }
  main {
    max-width: 44rem; margin: 12vh auto; padding: 2.5rem 3rem;
    background: #fff; border-radius: 12px; box-shadow: 0 2px 24px #12303d14;
  }
  h1 { margin: 0 0 .25rem; font-size: 1.9rem; } p { margin: .75rem 0; }
  pre {
    background: #12303d; color: #e6f4f8; padding: 1rem 1.25rem; border-radius: 8px; overflow-x: auto; font-size: .9rem;
  }
  code { font-size: .95em; } a { color: #0b7285; }
</style></head><body><main>
<h1>Marina is running</h1>
<p>Its portal is not built yet: <code>npm start</code> does that first, and by hand
<code>node_modules/.bin/node portal/build.ts</code> does. Everything else works without it.</p>
<p>This is a container registry. Log in with the name <code>admin</code> and the password that the first start
printed, then push to the public project <code>library</code>:</p>
<pre>docker login ${shown}
docker tag alpine:latest ${shown}/library/alpine:latest
docker push ${shown}/library/alpine:latest</pre>
<p>Lost the password? On the machine that runs Marina: <code>./marina.mjs admin reset-password</code>.</p>
<p>State of the parts: <a href="/api/v2.0/health">/api/v2.0/health</a>.
Projects: <a href="/api/v2.0/projects">/api/v2.0/projects</a>.</p>
</main></body></html>
`
}
