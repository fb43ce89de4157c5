/** What a contract suite tests, held for the length of one test. Disposing it releases everything it opened. */
export interface Subject<T> extends AsyncDisposable {
  readonly value: T
}

/**
 * Makes the subjects of a contract suite. The suite knows only the interface `T`; a package gives one factory for its
 * own implementation, another for its fake, another for a real peer.
 */
export interface SubjectFactory<T, O = void> {
  /** Shown in the names of the tests. */
  readonly name: string
  /** Resolves once the subject is usable. */
  create(options: O): Promise<Subject<T>>
}
