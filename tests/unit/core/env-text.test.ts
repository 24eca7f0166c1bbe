import { expect, test } from 'vitest'
import { parseEnvText, toEnvText } from '#core/variable/env-text'

test('reads what people write', () => {
  const text = `# comment\n\nPORT=8000\r\nexport NAME = "Ana \\"S\\"\\nB" # why\nRAW='a # b\\n'\n  URL=http://x/#y # z\nEMPTY=\nnonsense\n=x`
  expect(parseEnvText(text)).toEqual([
    { key: 'PORT', value: '8000' },
    { key: 'NAME', value: 'Ana "S"\nB' },
    { key: 'RAW', value: 'a # b\\n' },
    { key: 'URL', value: 'http://x/#y' },
    { key: 'EMPTY', value: '' },
  ])
})

test('what it writes it reads back', () => {
  const lines = ['', 'plain', 'two words', 'a"b\\c', 'line\nline\r\t', "it's # no comment", '$X', 'ção'].map(
    (value, index) => ({ key: `K${index}`, value }),
  )
  expect(parseEnvText(toEnvText(lines))).toEqual(lines)
})
