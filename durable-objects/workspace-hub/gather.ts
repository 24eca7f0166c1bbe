/**
 * Makes one question of all that come while the last one is out: a crowd that comes back at once costs few queries.
 * Each answer was asked for after its question had come.
 *
 * @param ask answers several questions together
 */
export function gather<Question, Answer>(
  ask: (questions: readonly Question[]) => Promise<Answer>,
): (question: Question) => Promise<Answer> {
  let next: { readonly questions: Question[]; readonly answer: Promise<Answer> } | undefined
  let last: Promise<unknown> = Promise.resolve()

  function begin() {
    const questions: Question[] = []
    const answer = last.then(() => {
      next = undefined
      return ask(questions)
    })
    last = answer.catch(() => undefined)
    return { questions, answer }
  }

  return (question) => {
    next ??= begin()
    next.questions.push(question)
    return next.answer
  }
}
