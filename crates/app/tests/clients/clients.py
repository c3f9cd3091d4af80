"""Sends what a plan says with `requests`, as it comes, and prints the answers.

The plan is a JSON list of scenes: what is sent `before`, what is then asked of the API `direct` (or
null), what is sent `again`, and what is asked `through` the gateway. A request has a method, a URL,
header fields, a body and how often it is sent. Printed is a JSON list of the answers, their bodies in
base64.
"""

import base64
import json
import sys

import requests

SECONDS = 10


def send(session, step, follow=True):
    """The answer to the last of the times that the request is sent."""
    body = step["body"].encode() or None
    headers = dict(step["headers"])
    for _ in range(max(step["times"], 1)):
        answer = session.request(
            step["method"],
            step["url"],
            headers=headers,
            data=body,
            timeout=SECONDS,
            allow_redirects=follow,
        )
    return answer


def told(answer):
    return {
        "status": answer.status_code,
        "headers": {name.lower(): value for name, value in answer.headers.items()},
        "body": base64.b64encode(answer.content).decode(),
    }


def play(session, scene):
    for step in scene["before"]:
        send(session, step)
    direct = None
    if scene["direct"]:
        # An answer that leads elsewhere is the API's answer as well.
        direct = told(send(session, scene["direct"], follow=False))
    for step in scene["again"]:
        send(session, step)
    return {"direct": direct, "through": told(send(session, scene["through"]))}


with open(sys.argv[1], encoding="utf-8") as plan, requests.Session() as session:
    json.dump([play(session, scene) for scene in json.load(plan)], sys.stdout)
