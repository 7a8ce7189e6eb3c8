#!/usr/bin/python3
"""Serves a folder over http on port 8000 and keeps the count of the files' bytes that it sent in a file: origin.py FOLDER COUNT"""
import functools
import http.server
import sys
import threading

lock, sent = threading.Lock(), 0


class Counting(http.server.SimpleHTTPRequestHandler):
    def copyfile(self, source, target):
        global sent
        while part := source.read(1 << 16):
            target.write(part)
            with lock:
                sent += len(part)
                with open(sys.argv[2], "w") as file:
                    file.write(str(sent))


http.server.ThreadingHTTPServer(("", 8000), functools.partial(Counting, directory=sys.argv[1])).serve_forever()
