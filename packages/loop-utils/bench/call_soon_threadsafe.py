"""Messages from threads to an asyncio loop by call_soon_threadsafe; prints the rate and how late the loop was."""

import asyncio
import json
import sys
import threading
import time

THREADS = int(sys.argv[1])
COUNT = int(sys.argv[2])


async def main() -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    received = 0
    total = 0
    delays = []

    def reading(value: dict) -> None:
        nonlocal received, total
        total += value["id"]
        received += 1
        if received == THREADS * COUNT:
            done.set()

    def send() -> None:
        for i in range(COUNT):
            message = {"id": i, "kind": "reading", "address": "ABC1234567:1", "value": 21.5 + i % 7, "text": "x" * 40}
            loop.call_soon_threadsafe(reading, message)

    async def sample() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            delays.append(max(0.0, (now - last) * 1000 - 1))
            last = now

    sampler = asyncio.create_task(sample())
    threads = [threading.Thread(target=send) for _ in range(THREADS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    await done.wait()
    elapsed = time.perf_counter() - start
    sampler.cancel()
    for thread in threads:
        thread.join()
    delays.sort()
    print(
        json.dumps(
            {
                "rate": THREADS * COUNT / elapsed / 1000,
                "delayP99": delays[min(len(delays) - 1, int(len(delays) * 0.99))] if delays else elapsed * 1000,
                "delayMax": delays[-1] if delays else elapsed * 1000,
            }
        )
    )


asyncio.run(main())
