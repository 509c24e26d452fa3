/** Why a person is not signed in, as far as the person needs to know. Administrators find more in the log. */
export type Reason =
  | 'mode'
  | 'setup'
  | 'unreachable'
  | 'expired'
  | 'used'
  | 'refused'
  | 'invalid'
  | 'name'
  | 'taken'
  | 'disabled'
  | 'wait'
  | 'path'

type Sentence = { status: number; code: string; en: string; de: string }

/** Codes and statuses are Harbor's where it has the case. */
export const reasons: Readonly<Record<Reason, Sentence>> = {
  mode: {
    status: 412,
    code: 'PRECONDITION_FAILED',
    en: 'Sign-in through a provider is not switched on here.',
    de: 'Die Anmeldung über einen Anbieter ist hier nicht eingeschaltet.',
  },
  setup: {
    status: 503,
    code: 'UNAVAILABLE',
    en: 'Sign-in through the provider is not set up completely: please tell an administrator.',
    de: 'Die Anmeldung über den Anbieter ist nicht vollständig eingerichtet: Bitte wenden Sie sich an die Verwaltung.',
  },
  unreachable: {
    status: 503,
    code: 'UNAVAILABLE',
    en: 'The identity provider does not answer now: please try again later.',
    de: 'Der Anbieter antwortet gerade nicht: Bitte versuchen Sie es später noch einmal.',
  },
  expired: {
    status: 400,
    code: 'BAD_REQUEST',
    en: 'This sign-in took too long, or was begun in another browser: please begin again.',
    de: 'Diese Anmeldung hat zu lange gedauert oder begann in einem anderen Browser: Bitte beginnen Sie noch einmal.',
  },
  used: {
    status: 400,
    code: 'BAD_REQUEST',
    en: 'This sign-in was completed already: please begin again if you are not signed in.',
    de: 'Diese Anmeldung ist schon abgeschlossen: Bitte beginnen Sie noch einmal, falls Sie nicht angemeldet sind.',
  },
  refused: {
    status: 400,
    code: 'BAD_REQUEST',
    en: 'The identity provider did not sign you in.',
    de: 'Der Anbieter hat Sie nicht angemeldet.',
  },
  invalid: {
    status: 400,
    code: 'BAD_REQUEST',
    en: "The identity provider's answer cannot be used: please tell an administrator.",
    de: 'Die Antwort des Anbieters ist nicht brauchbar: Bitte wenden Sie sich an die Verwaltung.',
  },
  name: {
    status: 400,
    code: 'BAD_REQUEST',
    en: 'The identity provider names you in a way that no account here can be named: please tell an administrator.',
    de: 'Unter Ihrem Namen beim Anbieter kann es hier kein Konto geben: Bitte wenden Sie sich an die Verwaltung.',
  },
  taken: {
    status: 409,
    code: 'CONFLICT',
    en: 'Another account here has your name already: please tell an administrator.',
    de: 'Ein anderes Konto hat Ihren Namen schon: Bitte wenden Sie sich an die Verwaltung.',
  },
  disabled: {
    status: 403,
    code: 'FORBIDDEN',
    en: 'Your account is disabled here: please tell an administrator.',
    de: 'Ihr Konto ist hier gesperrt: Bitte wenden Sie sich an die Verwaltung.',
  },
  wait: {
    status: 429,
    code: 'TOO_MANY_REQUESTS',
    en: 'Too many sign-ins failed from your address: please try again in 15 minutes.',
    de: 'Von Ihrer Adresse sind zu viele Anmeldungen gescheitert: Bitte versuchen Sie es in 15 Minuten noch einmal.',
  },
  path: {
    status: 400,
    code: 'BAD_REQUEST',
    en: 'A sign-in leads back to this site only.',
    de: 'Eine Anmeldung führt nur zu dieser Seite zurück.',
  },
}

const labels = {
  en: { title: 'You are not signed in', again: 'Sign in again', home: 'To the start page', id: 'Request' },
  de: { title: 'Sie sind nicht angemeldet', again: 'Noch einmal anmelden', home: 'Zur Startseite', id: 'Anfrage' },
} as const

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

type PageOptions = { requestId: string; languages: string | undefined; prefix: string }

/** A whole page without scripts. `languages`: the header Accept-Language; `prefix`: the path of the external URL. */
export function failurePage(reason: Reason, { requestId, languages, prefix }: PageOptions): string {
  const language = /^\s*de\b/i.test(languages ?? '') ? 'de' : 'en'
  const words = labels[language]
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${words.title}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 15vh auto; padding: 0 1rem }
small { opacity: 0.8 }
</style>
</head>
<body>
<main>
<h1>${words.title}</h1>
<p>${escaped(reasons[reason][language])}</p>
<p><a href="${prefix}/c/oidc/login">${words.again}</a> · <a href="${prefix}/">${words.home}</a></p>
<p><small>${words.id} ${escaped(requestId)}</small></p>
</main>
</body>
</html>
`
}
