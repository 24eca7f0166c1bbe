import { type ErrorKind, kind } from '#core/error-kind'

/** What can go wrong with files and uploads. */
export const FILE_ERRORS = {
  upload_incomplete: kind(409, 'Faltam partes deste envio: {missing}.', 'Parts of this upload are missing: {missing}.'),
  upload_over: kind(
    409,
    'Este envio já terminou ou expirou: comece outro.',
    'This upload has ended or expired: begin another.',
  ),
  too_many_uploads: kind(
    409,
    'O workspace já tem {limit} envios abertos: complete ou desista de algum.',
    'The workspace already has {limit} open uploads: complete or abort one.',
  ),
  file_too_large: kind(
    413,
    'O arquivo passa do limite de {limit} bytes para o tipo dele ({kind}).',
    'The file exceeds the limit of {limit} bytes for its kind ({kind}).',
  ),
  storage_quota_exceeded: kind(
    413,
    'Não cabe: o workspace guarda {used} de {limit} bytes. Apague arquivos ou aumente a cota.',
    'It does not fit: the workspace keeps {used} of {limit} bytes. Delete files or raise the quota.',
  ),
  range_not_satisfiable: kind(
    416,
    'O arquivo tem {size} bytes; o intervalo pedido começa depois do fim.',
    'The file has {size} bytes; the range that was asked for begins behind its end.',
  ),
  malformed_form: kind(
    400,
    'O formulário não está bem formado, ou foi cortado no meio.',
    'The form is malformed, or was cut in the middle.',
  ),
  part_size_mismatch: kind(
    422,
    'Esta parte precisa ter exatamente {size} bytes, num corpo com Content-Length.',
    'This part must have exactly {size} bytes, in a body with a Content-Length.',
  ),
  checksum_mismatch: kind(
    422,
    'Os bytes que chegaram não têm o SHA-256 anunciado.',
    'The bytes that came do not have the SHA-256 that was announced.',
  ),
  storage_unavailable: kind(
    503,
    'O armazenamento de arquivos não está disponível ou está cheio. Nada foi guardado; tente de novo em instantes.',
    'The file storage is not available or is full. Nothing was kept; try again in a moment.',
  ),
} as const satisfies Record<string, ErrorKind>
