import { AppError } from '#core/errors'

/**
 * What R2 answers.
 *
 * @throws AppError `storage_unavailable` for whatever it cannot do: it is away, or its disk is full
 */
export async function stored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new AppError('storage_unavailable', { cause })
  }
}
