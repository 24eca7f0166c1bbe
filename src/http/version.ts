// oxlint-disable-next-line no-restricted-imports -- the version is written in one place, which is above all folders
import packageJson from '../../package.json' with { type: 'json' }

export const VERSION: string = packageJson.version
