"""Stands between a client and an agent, and writes down each line that passes.

    python3 tap.py LOG COMMAND...

The log has one JSON line for each: who said it, and the line.
"""

import json
import subprocess
import sys
import threading


def main():
    log = open(sys.argv[1], "a", encoding="utf8")
    lock = threading.Lock()
    agent = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def pass_on(source, target, who):
        for line in iter(source.readline, b""):
            with lock:
                log.write(json.dumps([who, line.decode("utf8")]) + "\n")
                log.flush()
            target.write(line)
            target.flush()
        target.close()

    heard = threading.Thread(target=pass_on, args=(agent.stdout, sys.stdout.buffer, "agent"))
    heard.start()
    pass_on(sys.stdin.buffer, agent.stdin, "client")
    heard.join()
    sys.exit(agent.wait())


main()
