// Sets the wall clock of a test process (its workers and children too) off by up to a day either way, and lets it jump
// at random between readings: what passes under it does not measure time by the wall clock. `X_WALL_CLOCK=true` leaves
// the clock alone; `X_WALL_CLOCK=<number>` repeats the jumps of that seed.
const DAY_MS = 86_400_000
const setting = process.env['X_WALL_CLOCK']

if (setting !== 'true') {
  let state = setting === undefined ? (Math.random() * 2 ** 32) >>> 0 : Number(setting) >>> 0
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  let offset = (next() * 2 - 1) * DAY_MS
  const RealDate = Date
  const now = () => {
    if (next() < 0.05) offset = (next() * 2 - 1) * DAY_MS
    return Math.trunc(RealDate.now() + offset)
  }
  const JumpingDate = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget === JumpingDate ? target : newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  })
  RealDate.prototype.constructor = JumpingDate
  globalThis.Date = JumpingDate
}
