import { chooseLocale, type Locale, type Params, say, type Sentence } from '#core/messages'

const MESSAGES = {
  usage: {
    pt: `Workflows do SynapScale como arquivos.

  synapscale pull [pasta] [--force]       baixa cada workflow para pasta/<slug>.yaml
  synapscale push [pasta] [--dry-run] [--publish] [--notes TEXTO]
                                          cria ou muda os workflows; --publish também os publica
  synapscale validate [arquivos ou pastas]
                                          confere os arquivos, sem servidor

A pasta é "workflows" se não for dada. O servidor vem do ambiente: SYNAPSCALE_URL (http://localhost:8000),
SYNAPSCALE_API_KEY e, para outro workspace que não o pessoal, SYNAPSCALE_WORKSPACE.
Termina com 0 (tudo certo), 1 (há problemas) ou 2 (comando ou configuração errados).`,
    en: `SynapScale's workflows as files.

  synapscale pull [folder] [--force]      downloads each workflow to folder/<slug>.yaml
  synapscale push [folder] [--dry-run] [--publish] [--notes TEXT]
                                          creates or changes the workflows; --publish publishes them too
  synapscale validate [files or folders]  checks the files, without a server

The folder is "workflows" unless given. The server comes from the environment: SYNAPSCALE_URL (http://localhost:8000),
SYNAPSCALE_API_KEY and, for a workspace other than the personal one, SYNAPSCALE_WORKSPACE.
Ends with 0 (all well), 1 (there are problems) or 2 (wrong command or configuration).`,
  },
  no_key: {
    pt: 'Falta SYNAPSCALE_API_KEY no ambiente.',
    en: 'SYNAPSCALE_API_KEY is not in the environment.',
  },
  bad_url: { pt: 'SYNAPSCALE_URL não é um endereço: {url}', en: 'SYNAPSCALE_URL is no address: {url}' },
  unreachable: { pt: 'Não se chega a {url}: {detail}', en: 'Cannot reach {url}: {detail}' },
  refused: { pt: 'O servidor recusou ({status}): {detail}', en: 'The server refused ({status}): {detail}' },
  no_workflows: { pt: 'O workspace não tem workflows.', en: 'The workspace has no workflows.' },
  no_files: { pt: 'Nenhum arquivo de workflow em {path}.', en: 'No workflow files in {path}.' },
  unreadable: { pt: 'Não se consegue ler {path}.', en: 'Cannot read {path}.' },
  written: { pt: 'novo       {path}', en: 'new        {path}' },
  overwritten: { pt: 'mudado     {path}', en: 'changed    {path}' },
  same: { pt: 'igual      {path}', en: 'unchanged  {path}' },
  conflict: { pt: 'conflito   {path}', en: 'conflict   {path}' },
  only_here: { pt: 'só aqui    {path}', en: 'only here  {path}' },
  conflicts: {
    pt: 'Nada foi escrito: estes arquivos diferem do servidor e o git não tem como devolvê-los. Faça commit deles, ou --force.',
    en: 'Nothing was written: these files differ from the server and git could not bring them back. Commit them, or --force.',
  },
  masked: {
    pt: 'atenção    {path}: {count} valor(es) com cara de credencial saíram como <masked>; prefira {{ $secrets.NOME }}',
    en: 'note       {path}: {count} value(s) that look like credentials left as <masked>; better use {{ $secrets.NAME }}',
  },
  created: { pt: 'criado     {slug}', en: 'created    {slug}' },
  updated: { pt: 'mudado     {slug}  {what}', en: 'updated    {slug}  {what}' },
  unchanged: { pt: 'igual      {slug}', en: 'unchanged  {slug}' },
  published: { pt: 'publicado  {slug}  versão {version}', en: 'published  {slug}  version {version}' },
  would_publish: { pt: 'publicaria {slug}  versão {version}', en: 'would publish  {slug}  version {version}' },
  dry: { pt: 'Só um ensaio: nada mudou.', en: 'A dry run: nothing has changed.' },
  has_problems: {
    pt: 'Nada foi mudado: workflows com problemas não podem ser publicados.',
    en: 'Nothing was changed: workflows with problems cannot be published.',
  },
  valid: { pt: '{count} workflow(s) sem problemas.', en: '{count} workflow(s) without problems.' },
  invalid: { pt: '{count} problema(s).', en: '{count} problem(s).' },
  slug_twice: { pt: 'O slug {slug} já está em {path}.', en: 'The slug {slug} is in {path} already.' },
} as const satisfies Record<string, Sentence>

export type MessageCode = keyof typeof MESSAGES
export type Say = (code: MessageCode, params?: Params) => string

/** `pt_BR.UTF-8` and so on; Portuguese, as everywhere here, for what we do not speak. */
export function readLocale(env: NodeJS.ProcessEnv): Locale {
  const name = env['LC_ALL'] ?? env['LC_MESSAGES'] ?? env['LANG'] ?? ''
  return chooseLocale(name.split('.', 1).join('').replaceAll('_', '-'))
}

export function sayIn(locale: Locale): Say {
  return (code, params) => say(MESSAGES[code], locale, params)
}

/** What ends a command with a sentence: 1 for what is wrong out there, 2 for a wrong command or configuration. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2) {
    super(message)
    this.exitCode = exitCode
  }
}
