import type { Difference } from './differences.ts'

/** A class of differences that is meant to be, and why. */
export interface ExplainedClass {
  readonly name: string
  /** What the policy says. */
  readonly policy: string
  explains(difference: Difference): boolean
}

/** We refuse what CPython takes, because the strict reader objects to it, too. */
function refused(word: string, policy: string): ExplainedClass {
  return {
    name: `refused: ${word}`,
    policy,
    explains: ({ with: peer, how, verdict }) =>
      peer === 'cpython' && how === 'only-theirs' && verdict.grammar.includes(word),
  }
}

function refusedFor(reason: string, policy: string): ExplainedClass {
  return {
    name: `refused for its ${reason}`,
    policy,
    explains: ({ how, reading }) =>
      how === 'only-theirs' && reading.kind === 'refused' && reading.error.reason === reason,
  }
}

/** We take what CPython fails on with an error like this. */
function taken(name: string, error: RegExp, policy: string): ExplainedClass {
  return {
    name: `taken: ${name}`,
    policy,
    explains: ({ with: peer, how, verdict }) =>
      peer === 'cpython' && how === 'only-ours' && error.test(verdict.loads.error ?? ''),
  }
}

function tolerated(what: string, policy: string): ExplainedClass {
  return {
    name: `tolerated: ${what}`,
    policy,
    explains: ({ how, reading }) => how === 'only-ours' && 'tolerated' in reading && reading.tolerated.includes(what),
  }
}

/** Both take it, CPython with another value. */
function valued(name: string, policy: string, isCase: (difference: Difference) => boolean): ExplainedClass {
  return {
    name: `valued: ${name}`,
    policy,
    explains: (difference) => difference.with === 'cpython' && difference.how === 'values' && isCase(difference),
  }
}

/** All classes; a difference that none of them explains is a finding. */
export const EXPLAINED: readonly ExplainedClass[] = [
  refused('doctype', 'every document type is refused, whatever it says'),
  refused('root', 'a call is a methodCall, a response a methodResponse; CPython takes any root'),
  refused('structure', 'elements stand where the specification has them; CPython looks at values only'),
  refused('text', 'there is no text beside elements'),
  refused('type', 'a value is of a known type; CPython passes over what it does not know'),
  refused('fault', 'a fault has an integer faultCode and a faultString that is text'),
  refused('method-name', 'a method name has 1 to 255 letters, digits and _.:/'),
  refused('depth', 'no more than maxDepth levels'),
  ...['int', 'i4', 'i8', 'i1', 'i2', 'biginteger'].map((type) =>
    refused(`scalar-${type}`, 'ASCII digits with a sign, within the bits of the type; CPython takes 1_000 and ٣'),
  ),
  ...['double', 'float', 'bigdecimal'].map((type) =>
    refused(`scalar-${type}`, 'a finite decimal number; CPython takes inf, nan and 1_0'),
  ),
  refused('scalar-dateTime.iso8601', 'a date and time that exist; CPython keeps any text'),
  refused('scalar-base64', 'nothing but the alphabet, of a possible length; CPython passes over the rest'),
  refused('scalar-nil', 'nil is empty'),
  refusedFor('encoding', 'UTF-8, US-ASCII, ISO-8859-1 and -15, Windows-1252, and UTF-16 by its mark; no others'),
  {
    name: 'refused for its declaration',
    policy: 'an XML declaration states a version 1.x, as XML 1.0 says; expat takes any text',
    explains: ({ how, reading }) =>
      how === 'only-theirs' &&
      reading.kind === 'refused' &&
      /the XML declaration is malformed/.test(reading.error.message),
  },
  {
    name: 'taken: characters of names',
    policy: 'names of attributes and instructions, which mean nothing here, may have any character beyond ASCII',
    explains: ({ how, verdict, document }) =>
      how === 'only-ours' &&
      verdict.grammar.includes('xml: not well-formed (invalid token)') &&
      hasForeignName(document.bytes),
  },
  {
    name: 'refused: UTF-16 without its mark',
    policy: 'UTF-16 begins with a byte order mark; expat guesses it from the first two bytes',
    explains: ({ how, document: { bytes } }) =>
      how === 'only-theirs' && bytes[0] !== bytes[1] && (bytes[0] === 0) !== (bytes[1] === 0),
  },
  tolerated('leading-space', 'white space before the XML declaration is passed over: peers written in C send it'),
  tolerated('trailing-nul', 'NULs after the document are passed over: peers written in C send them'),
  taken('ex:dateTime', /unknown tag 'dateTime'/, "Apache's ex:dateTime is a dateTime"),
  taken('base64 without padding', /^Error: Incorrect padding/, 'missing padding of base64 is made up for'),
  {
    name: 'taken: value before name',
    policy: 'a member may have its value first; CPython then takes a struct or an array for the name',
    explains: ({ with: peer, how, verdict }) =>
      peer === 'cpython' &&
      how === 'only-ours' &&
      verdict.grammar.includes('member-order') &&
      /unhashable/.test(verdict.loads.error ?? ''),
  },
  taken('boolean with white space', /bad boolean value/, 'white space around a scalar means nothing'),
  valued(
    'order of name and value',
    'a member may have its value first; CPython then takes the value for the name',
    ({ verdict }) => verdict.grammar.includes('member-order'),
  ),
  valued(
    'fault as nil or a whole double',
    'a faultString that is nil is empty; a faultCode that is a whole double is an integer',
    ({ verdict: { loads } }) => loads.fault?.[1].t === 'nil' || loads.fault?.[0].t === 'double',
  ),
]

/** Whether a tag or an instruction has characters beyond ASCII. */
function hasForeignName(bytes: Uint8Array): boolean {
  return /<[?/]?[^<>!]*[\u0080-\u{10ffff}]/u.test(Buffer.from(bytes).toString('utf8'))
}
