/**
 * The first code in every context: QuickJS's JavaScript, which no bundler may touch. It keeps what it needs before
 * anybody's code can replace it, stops the clock at `now`, and turns whatever comes out into JSON.
 *
 * `run(fn, ...texts)` calls the function with the values of these JSON texts, fresh ones for every program, so that
 * `$input.list.sort()` changes nothing for the next. `runEach(fn, items, ...texts)` calls it for each item.
 * `read()` gives the outcome as JSON, or undefined while a promise has not settled.
 */
export const HARNESS = String.raw`(function (now) {
  'use strict'
  const { parse, stringify } = JSON
  const { apply, construct, defineProperty } = Reflect
  const Later = Promise
  const { then } = Promise.prototype
  const { exec } = RegExp.prototype
  const Native = Date
  const text = String
  const moment = Native.parse(now)
  let outcome

  function Clock(...args) {
    if (new.target === undefined) return text(new Native(moment))
    return construct(Native, args.length === 0 ? [moment] : args, new.target === Clock ? Native : new.target)
  }
  const hide = (object, key, value) => defineProperty(object, key, { value, writable: true, configurable: true })
  hide(Clock, 'name', 'Date')
  hide(Clock, 'now', () => moment)
  hide(Clock, 'parse', Native.parse)
  hide(Clock, 'UTC', Native.UTC)
  defineProperty(Clock, 'prototype', { value: Native.prototype, writable: false })
  hide(Native.prototype, 'constructor', Clock)
  hide(globalThis, 'Date', Clock)

  function describe(error) {
    try {
      if (typeof error !== 'object' || error === null) return 'thrown: ' + text(error)
      const line = apply(exec, /code:(\d+)/, [text(error.stack)])
      return error.name + ': ' + error.message + (line === null ? '' : ' (line ' + line[1] + ')')
    } catch {
      return 'thrown: something that cannot be read'
    }
  }

  function finish(value) {
    try {
      const json = stringify(value)
      outcome = json === undefined ? '{}' : '{"value":' + json + '}'
    } catch (error) {
      fail(error)
    }
  }

  function fail(error, index) {
    outcome = stringify({ error: describe(error), index })
  }

  function parseAll(texts) {
    const values = []
    for (let at = 0; at < texts.length; at += 1) values[at] = parse(texts[at])
    return values
  }

  return {
    run(fn, ...texts) {
      outcome = undefined
      try {
        const value = apply(fn, undefined, parseAll(texts))
        if (value instanceof Later) apply(then, value, [finish, (error) => fail(error)])
        else finish(value)
      } catch (error) {
        fail(error)
      }
    },
    runEach(fn, items, ...texts) {
      outcome = undefined
      let at = 0
      try {
        const given = parseAll(texts)
        const list = parse(items)
        const values = []
        for (; at < list.length; at += 1) {
          const value = apply(fn, undefined, [list[at], at, ...given])
          if (value instanceof Later) throw new TypeError('a promise is no value')
          values[at] = value === undefined ? null : value
        }
        finish(values)
      } catch (error) {
        fail(error, at)
      }
    },
    read: () => outcome,
  }
})`
