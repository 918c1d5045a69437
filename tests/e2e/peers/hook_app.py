"""Takes webhooks with Flask: hook_app.py PORT FILE. Each POST adds its path to the file and is its response; /events is
an event stream."""

import logging
import os
import sys
import threading

import flask

PORT, FILE = int(sys.argv[1]), sys.argv[2]
app = flask.Flask(__name__)
lock = threading.Lock()


@app.post("/<path:name>")
def hook(name):
    flask.request.get_data()
    with lock, open(FILE, "a", encoding="ascii") as log:
        log.write(f"/{name}\n")
    return f"/{name}"


@app.get("/events")
def events():
    def stream():
        yield f"data: {os.getpid()}\n\n"
        threading.Event().wait()

    return flask.Response(stream(), mimetype="text/event-stream")


logging.getLogger("werkzeug").disabled = True
app.run(host="127.0.0.1", port=PORT, threaded=True)
