// A worker that never calls serveLoop.
setInterval(() => undefined, 1000)
