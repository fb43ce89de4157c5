/** The next warning of the process whose message holds `text`; others may come before it. */
export function warning(text: string): Promise<Error> {
  return new Promise((resolve) => {
    const hear = (heard: Error): void => {
      if (!heard.message.includes(text)) return
      process.off('warning', hear)
      resolve(heard)
    }
    process.on('warning', hear)
  })
}
